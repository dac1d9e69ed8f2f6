"""The numbers that scores are made of: sums over the overlaps of modes or points with region maps.

Imports integrals, modes and atlases; knows no score and no table.
"""
