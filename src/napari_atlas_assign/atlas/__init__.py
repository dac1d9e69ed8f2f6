"""Atlases: from files, or from the catalogue, to one sparse matrix and a region table."""
