"""Modes: the connected components of an image above a threshold."""
