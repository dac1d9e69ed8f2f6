"""Reading untrusted files of atlases safely: text, XML, names of files in a folder, volumes.

Imports only what stands beside the package's top (grid, image, limits, errors); every format and label table uses it.
"""
