"""One module for each file format of atlases, told by content; `registry` lists them all.

A format reads files into an `Atlas`; it may import `atlas.files`, `atlas.label_tables` and `build`, never another
format's reader, the catalogue or the stored index.
"""
