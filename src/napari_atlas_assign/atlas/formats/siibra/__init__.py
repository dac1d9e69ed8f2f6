"""The formats of siibra and of Julich-Brain: maps by JSON, folders of probability maps, and sparse indices.

May import what the formats may.
"""
