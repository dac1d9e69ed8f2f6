"""Atlases: from files or by name to one sparse matrix and a table of regions.

Folders: `formats`, `label_tables`, `files` (safe reading), `sources` (other libraries), `storage`. May import image and
grid; knows nothing of modes.
"""
