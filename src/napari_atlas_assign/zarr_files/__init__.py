"""What is special to zarr: its chunks, checked before they are unpacked, and the metadata of OME-Zarr.

Imported on demand; imports only what stands beside the package's top (errors, limits, schema).
"""
