"""What is special to zarr: OME-Zarr images, their metadata, and chunks that are checked before they are unpacked.

All but `ome_zarr`, which reads an image, is imported on demand and imports only errors, limits and schema.
"""
