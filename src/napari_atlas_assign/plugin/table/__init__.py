"""The docked table of results: rows, columns, filters, copies, and its link with the viewer.

`rows`, `values`, `columns` and `filters` know no Qt; the other files show them.
"""
