"""From sums to answers: overlap sums of modes and regions, scores as functions of those sums, tables, results.

May import modes, atlas, image and grid; `saving` alone reaches up to report, so that a result saves itself.
"""
