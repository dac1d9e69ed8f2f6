"""A template brain behind everything else."""

from __future__ import annotations

from typing import Any

from ...atlas.templates import template_for
from ...errors import InputError
from ...image import Image
from ..layers.frame import Frame
from ..layers.geometry import KEY
from ..layers.layer_results import results_in
from ..layers.metadata import describe, layer_kind, own_metadata
from .viewer_frame import active_kept, view_frame

ROLE = "template"

_BRIGHTNESS = 0.8
"""How bright a template is: what is added onto it has to stand out, on light canvases too, where it is not see-through.
"""


def add_template(viewer: Any, space: str | None = None) -> Any:
    """Add the template image of a space as the lowest layer; returns the layer.

    Maps that this plugin opened and that are black where they are 0 would hide it: they are blended additively until
    the template is removed. Other layers are left as they are.

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
    _see_through(viewer, layer)
    return layer


def space_shown(viewer: Any) -> str | None:
    """The space that the uppermost layer, or a result, names; None where all are silent."""
    named = [own_metadata(layer).get("space") for layer in reversed(list(viewer.layers))]
    named += [result.atlas.space for result in results_in(viewer)]
    return next((space for space in named if space), None)


def _see_through(viewer: Any, template: Any) -> None:
    """Blend maps additively for as long as the template is there."""
    before = [
        (other, str(other.blending))
        for other in viewer.layers
        if layer_kind(other) == "image" and _is_opened_map(other) and other.colormap.colors[:, 3].min() == 1
    ]
    for other, _ in before:
        other.blending = "additive"

    def restore(event: Any) -> None:
        if event.value == template:
            viewer.layers.events.removed.disconnect(restore)
            for other, blending in before:
                if str(other.blending) == "additive":
                    other.blending = blending

    viewer.layers.events.removed.connect(restore)


def _lay_out(template: Image, frame: Frame) -> tuple[Any, dict[str, Any]]:
    data, transform = frame.lay_out(template.data, template.grid)
    metadata = describe(frame.view_from_world, role=ROLE, space=template.space)
    name = f"{template.space} template"
    low, high = float(data.min()), float(data.max())
    limits = (low, low + (high - low) / _BRIGHTNESS)
    looks = {"colormap": GREY, "contrast_limits": limits, "blending": "translucent_no_depth"}
    return data, {"name": name, "metadata": {KEY: metadata}, **looks, **transform}


GREY = {"name": "clear to white", "colors": [[0.0] * 4, [0.02, 0.02, 0.02, 1.0], [1.0] * 4], "controls": [0, 0.02, 1]}
"""Clear outside of the brain, where a template is 0: no black box on a light canvas."""


def _is_opened_map(layer: Any) -> bool:
    metadata = own_metadata(layer)
    return bool(metadata) and "role" not in metadata and str(layer.blending).startswith("translucent")
