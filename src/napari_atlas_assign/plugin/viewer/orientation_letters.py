"""Letters at the edges of the canvas that say where left, right, anterior, posterior, superior and inferior are."""

from __future__ import annotations

from typing import Any

from .anatomical import convention_of, letters_of, plane_shown, screen_directions
from .viewer_frame import view_frame

_EDGES = {
    "anatomy_up": "top_center",
    "anatomy_down": "bottom_center",
    "anatomy_left": "middle_left",
    "anatomy_right": "middle_right",
}
"""Names of the text overlays (``viewer.canvas.overlays``) and their places."""

CAPTION = "anatomy_caption"
"""The text overlay that names the plane and the convention."""

_NAMES = (*_EDGES, CAPTION)


LARGE, SMALL = 14, 9
"""Sizes of letters, the second in views too small for a caption."""


def show_letters(viewer: Any, visible: bool = True, size: int = LARGE) -> None:
    """Show letters at the edges and a caption, or hide them; they follow axes, camera and layers by themselves.

    Nothing is shown while no layer says where its voxels lie in the brain: left and right are not guessed.

    Parameters
    ----------
    viewer : napari.Viewer
    visible : bool
        Whether to show or to hide them.
    size : int
        Of the letters; there is no caption where they are `SMALL`.
    """
    if CAPTION not in viewer.canvas.overlays:
        if not visible:
            return
        _add(viewer, size)
    for name in _NAMES:
        viewer.canvas.overlays[name].visible = visible and (name != CAPTION or size > SMALL)
    refresh(viewer)


def letters_shown(viewer: Any) -> bool:
    """Whether letters were asked for."""
    overlays = viewer.canvas.overlays
    first = next(iter(_EDGES))
    return first in overlays and bool(overlays[first].visible)


def refresh(viewer: Any) -> None:
    """Set the letters to what the viewer shows."""
    if not letters_shown(viewer):
        return
    for name, text in zip(_NAMES, _texts(viewer), strict=True):
        overlay = viewer.canvas.overlays[name]
        if name == CAPTION and reaches_letter(viewer, text):
            text = ""  # the letters tell it
        overlay.text, overlay.box = text, bool(text)


def reaches_letter(viewer: Any, text: str) -> bool:
    """Whether a text of size 9 in a corner of the canvas reaches the letter in the middle of the edge."""
    widest = max(len(line) for line in text.split("\n")[:2])  # as high as the letter
    return bool(widest * CHARACTER + BESIDE_LETTER > viewer.canvas.size[1] / 2)


CHARACTER, BESIDE_LETTER = 7.5, 30
"""Pixels of a character of size 9, and of half a letter with what is left free on both sides."""


def _texts(viewer: Any) -> tuple[str, str, str, str, str]:
    """Letters up, down, left and right, and the caption."""
    frame = view_frame(viewer)
    directions = None if frame is None else screen_directions(viewer, frame.view_from_world)
    if frame is None or directions is None:
        return "", "", "", "", ""
    towards, up, right = directions
    left = letters_of(-right)
    plane = plane_shown(viewer, frame.view_from_world)
    if plane is not None:
        text = caption(plane, convention_of(viewer, frame.view_from_world), left)
    elif directions.is_mirrored:
        text = "mirror image!\nchoose an anatomical view"
    else:
        text = f"3D, seen from {_SIDES[letters_of(towards)[0]]}"
    above, below = (_SHOWN.get(letters_of(way), letters_of(way)) for way in (up, -up))
    return above, below, left, letters_of(right), text


_SHOWN = {"S": "Sup", "I": "Inf"}
"""A lone I would be read as a stroke."""


def caption(plane: str, convention: str, left: str) -> str:
    """What a plane is, and which convention, in words that need no knowledge of conventions."""
    names = {"L": "left", "R": "right", "A": "the front", "P": "the back"}
    return f"{plane}, {convention}\n{names.get(left, left)} is on the left"


_SIDES = {
    "R": "the right",
    "L": "the left",
    "A": "the front",
    "P": "behind",
    "S": "above",
    "I": "below",
}


def _add(viewer: Any, size: int) -> None:
    from napari.components.overlays import TextOverlay

    overlays = viewer.canvas.overlays
    for name, position in _EDGES.items():
        overlays[name] = TextOverlay(position=position, font_size=size, gridded=True)
    overlays[CAPTION] = TextOverlay(position="bottom_left", font_size=9, gridded=True)

    # A closure is kept by the events that it listens to, and so lives and dies with the viewer.
    def follow(event: Any = None) -> None:
        refresh(viewer)

    dims, camera, layers = viewer.dims.events, viewer.scene.camera.events, viewer.layers.events
    for event in (dims.order, dims.ndisplay, dims.ndim, camera.orientation, camera.angles):
        event.connect(follow)
    for event in (layers.inserted, layers.removed, viewer.layers.selection.events.active, viewer.canvas.events.size):
        event.connect(follow)
