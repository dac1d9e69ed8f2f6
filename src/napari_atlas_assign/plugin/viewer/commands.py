"""Commands and keys for anatomical views, so that each is one click or one key away."""

# No `from __future__ import annotations` here: napari finds what to hand over by the type.

from contextlib import suppress
from typing import Any

import napari

from ...errors import InputError
from ..plain_text import show_error, show_info
from .anatomical import Convention, Plane, anatomical_view, convention_of, set_upright
from .orientation_letters import letters_shown, show_letters
from .overlays import close_overlays as close_overlays_of
from .template import add_template as add_template_to
from .viewer_frame import view_from_world

KEYS: dict[str, Plane] = {"Alt-1": "axial", "Alt-2": "coronal", "Alt-3": "sagittal"}
"""Keys for the three planes; Alt-R switches between neurological and radiological.

No letters of the planes: Alt-C and Alt-S are screenshots in napari's own menu.
"""


def axial(viewer: napari.Viewer) -> None:
    """Show axial slices upright."""
    show_plane(viewer, "axial")


def coronal(viewer: napari.Viewer) -> None:
    """Show coronal slices upright."""
    show_plane(viewer, "coronal")


def sagittal(viewer: napari.Viewer) -> None:
    """Show sagittal slices upright."""
    show_plane(viewer, "sagittal")


def switch_convention(viewer: napari.Viewer) -> None:
    """Switch between neurological and radiological."""
    shown = convention_of(viewer, view_from_world(viewer))
    show_convention(viewer, "radiological" if shown == "neurological" else "neurological")


def toggle_letters(viewer: napari.Viewer) -> None:
    """Show or hide the letters at the edges."""
    show_letters(viewer, not letters_shown(viewer))


def add_template(viewer: napari.Viewer) -> None:
    """Add the template of the space behind everything else."""
    try:
        add_template_to(viewer)
    except InputError as error:
        show_error(str(error))


def close_overlays(viewer: napari.Viewer) -> None:
    """Remove region maps, shares and peaks."""
    n = close_overlays_of(viewer)
    if not n:
        show_info("There are no region maps, shares or peaks to be closed.")


def show_plane(viewer: Any, plane: Plane) -> None:
    """Show a plane upright with its letters, in the convention that the viewer is in."""
    anatomical_view(viewer, plane, view_from_world(viewer))
    show_letters(viewer)


def show_convention(viewer: Any, convention: Convention) -> None:
    """Show what the viewer shows upright with its letters, in a convention."""
    set_upright(viewer, view_from_world(viewer), convention)
    show_letters(viewer)


def bind_view_keys(viewer: Any) -> None:
    """Give a viewer the keys `KEYS` and Alt-R; a key that the user has bound stays theirs."""
    commands = dict(zip(KEYS, (axial, coronal, sagittal), strict=True)) | {"Alt-R": switch_convention}
    for key, command in commands.items():
        with suppress(ValueError):  # bound already
            viewer.bind_key(key, command)
