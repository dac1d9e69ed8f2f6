"""The dock *Three planes*: axial, coronal and sagittal side by side, linked with the viewer and with one another.

Imports the viewer's parts and the probe's look-up; no other dock knows it.
"""
