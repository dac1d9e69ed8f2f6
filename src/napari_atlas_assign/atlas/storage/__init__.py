"""What stays of atlases that were read: the stored index on disk, and the atlases in use in this process.

Imports the `Atlas` and the protocol of a format; formats and sources do not know whether what they read is stored.
"""
