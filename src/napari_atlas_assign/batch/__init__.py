"""Many maps: thousands against the same atlases, on all cores or on a cluster, into one combined table.

May import report and all below it; the command line calls it.
"""
