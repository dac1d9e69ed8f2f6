"""TIFF: a file of planes, or a folder of files with one plane each (`volumes`), as images (`images`)."""
