"""TIFF: a file of planes, or a folder of files with one plane each (`volumes`), as images (`images`), and the folders
of brainreg and brainmapper, which are made of them (`registration`).
"""
