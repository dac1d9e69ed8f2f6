"""The napari side: the only place that knows napari, magicgui and Qt. Begin with show.py and widget.py."""
