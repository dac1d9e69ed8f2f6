"""Batches: thousands of maps against the same atlases, on all cores or on a cluster, into one combined table."""
