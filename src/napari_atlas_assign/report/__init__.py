"""What an assignment leaves behind: the output folder, the record and its rerun, the HTML page, figures.

May import assignment and all below it; nothing of napari.
"""
