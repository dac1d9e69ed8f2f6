"""Labelled volumes: read slab by slab, and held as runs of voxels.

Imports neither the `Atlas` nor a format.
"""
