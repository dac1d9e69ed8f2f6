"""What is assigned: modes of an image above a threshold, their peaks, regions of interest, and points.

May import image and grid; knows no atlas.
"""
