"""Between napari layers and the engine: what a layer is assigned as, and the layers that results become.

Makes and reads layers; never touches a viewer or a window.
"""
