"""Views of regions: as surfaces in 3D, and all of an atlas coloured by a column of the table of regions.

Imports layers and the viewer's parts; the table asks for them, and so do scripts.
"""
