"""Names for tables that other programs made: of clusters, peaks, foci and electrodes.

`table` keeps a file's text and adds columns to it; `layout` finds the coordinates in it; `label` names the places.
"""
