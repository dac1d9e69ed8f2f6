"""The registry of atlas file dialects.

A dialect is one small module that turns a path into an `Atlas`. It offers

- ``NAME``: a short name, which `load_atlas(path, dialect=NAME)` takes;
- ``PRECEDENCE``: where it stands among the others, of which the first that claims a path reads it;
- ``sniff(path)``: whether the path is of this dialect, told by looking at the content; cheap, and never raises;
- ``read(path, labels=None)``: the `Atlas`; raises `AtlasError` in one clear sentence, and makes a `remark` of what the
  user should know besides;
- ``files(path, labels=None)``: all files that `read` looks at, for the stored index; without it, atlases of the dialect
  are read anew each time;
- ``SEVERAL_RESOLUTIONS = True``, if `read` and `files` also take ``near``, the grid to pick a resolution by.
"""

from __future__ import annotations

from ..dialects import dialects_in
from .format import Dialect

DIALECTS: tuple[Dialect, ...] = dialects_in(__package__)
"""All dialects but plain NIfTI, which reads what none of these claims."""
