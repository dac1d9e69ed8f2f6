"""The registry of atlas file dialects.

A dialect is one small module that turns a path into an `Atlas`. It offers

- ``NAME``: a short name, which `load_atlas(path, dialect=NAME)` takes;
- ``sniff(path)``: whether the path is of this dialect, told by looking at the content; cheap, and never raises;
- ``read(path, labels=None)``: the `Atlas`; raises `AtlasError` in one clear sentence, and makes a `remark` of what the
  user should know besides;
- ``files(path, labels=None)``: all files that `read` looks at, for the stored index; without it, atlases of the dialect
  are read anew each time;
- ``SEVERAL_RESOLUTIONS = True``, if `read` and `files` also take ``near``, the grid to pick a resolution by.
"""

from __future__ import annotations

from . import (
    afni,
    bids,
    brainglobe,
    difumo,
    fsl_xml,
    julich_brain,
    mricron,
    niivue,
    region_folder,
    siibra_map,
    slicer_segmentation,
    sparse_index,
    spm_xml,
)
from .format import Dialect
from .tiff import brainreg
from .tiff import stack as tiff_stack

DIALECTS: tuple[Dialect, ...] = (
    fsl_xml, spm_xml, bids, afni, mricron, niivue,
    siibra_map, sparse_index, julich_brain, region_folder, brainglobe, brainreg, difumo, slicer_segmentation,
    tiff_stack,
)  # fmt: skip
"""All dialects but plain NIfTI, which reads what none of these claims."""
