"""NRRD: the images and segmentations of 3D Slicer and of ITK's programs."""
