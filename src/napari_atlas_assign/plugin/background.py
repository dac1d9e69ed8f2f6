"""A template brain behind everything else."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..image import Image
from ..report.template import template_for
from .frames import active_kept, view_frame
from .geometry import KEY
from .layers import describe, intensity, layer_kind, own_metadata
from .overlays import Frame
from .session import results_in

ROLE = "template"

_DIM = {"colormap": "gray", "opacity": 0.5}
"""How a template looks: what is added onto it has to stand out."""


def add_template(viewer: Any, space: str | None = None) -> Any:
    """Add the template image of a space as the lowest layer; returns the layer.

    Maps that this plugin opened are blended additively from then on, since they would hide the template: they are
    black where they are 0. Other layers are left as they are.

    Parameters
    ----------
    viewer : napari.Viewer
    space : str, optional
        Name of the space, such as ``MNI152NLin6Asym``. Without it, the space that a layer or a result of the viewer
        names; an MNI brain where none is named.

    Raises
    ------
    InputError
        If no template of the space is installed.
    """
    space = space or space_shown(viewer) or "MNI152"
    template = template_for(space)
    if template is None:
        raise InputError(
            f'no template of the space {space} is installed; pip install "napari-atlas-assign[atlases]" brings MNI '
            "brains, or open an image of your own"
        )
    earlier = next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)
    if earlier is not None:
        viewer.layers.remove(earlier)
    data, options = _lay_out(template, view_frame(viewer) or Frame())
    with active_kept(viewer):
        layer = viewer.add_image(data, **options)
        viewer.layers.move(len(viewer.layers) - 1, 0)
    for other in viewer.layers:
        if layer_kind(other) == "image" and _is_opened_map(other):
            other.blending = "additive"
    return layer


def space_shown(viewer: Any) -> str | None:
    """The space that the uppermost layer, or a result, names; None where all are silent."""
    named = [own_metadata(layer).get("space") for layer in reversed(list(viewer.layers))]
    named += [result.atlas.space for result in results_in(viewer)]
    return next((space for space in named if space), None)


def _lay_out(template: Image, frame: Frame) -> tuple[Any, dict[str, Any]]:
    data, transform = frame.lay_out(template.data, template.grid)
    about = describe(frame.view_from_world, role=ROLE, space=template.space)
    name = f"{template.space} template"
    return data, {"name": name, "metadata": {KEY: about}, **_DIM, **intensity(data), **transform}


def _is_opened_map(layer: Any) -> bool:
    about = own_metadata(layer)
    return bool(about) and "role" not in about and str(layer.blending).startswith("translucent")
