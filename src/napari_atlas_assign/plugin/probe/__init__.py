"""The dock widget *What is here?*: the regions, value and mode under the cursor, and pinned places.

Imports layers and the viewer's parts; the widget looks up, `lookup` answers without Qt.
"""
