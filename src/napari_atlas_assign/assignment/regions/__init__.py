"""What is in every region: integrals by region (`amounts`), and the table that they make along the tree of regions
(`table`).
"""
