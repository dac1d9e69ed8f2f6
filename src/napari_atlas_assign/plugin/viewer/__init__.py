"""What happens to a viewer: layers are put and updated, views turned upright, letters and the template drawn.

Imports layers; knows no dock widget.
"""
