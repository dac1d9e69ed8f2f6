"""The napari side, the only place that knows napari, magicgui and Qt; begin with `show.py` and `assign/widget.py`.

May import everything below it; nothing imports it but `api.show` and the manifest.
"""
