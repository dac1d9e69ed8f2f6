"""Integrals of region maps over the voxels of an image: worked out tile by tile, kept with the atlas, asked for here.

Imports grids, images and atlases; knows nothing of modes, scores or tables.
"""
