"""Assign the modes of brain activation maps to the regions of an atlas.

Every public name is imported from here, but for those that need a viewer, which stand in `napari_atlas_assign.viewer`;
all other modules are internal. Importing this package brings in neither napari nor Qt nor any optional library: the
names are listed in ``__init__.pyi``, and each is imported at its first use.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.2.0"

_PUBLIC = re.findall(
    r"^from (\S+) import (\w+) as \2$", Path(__file__).with_suffix(".pyi").read_text("utf-8"), re.MULTILINE
)
_MODULES = {name: module for module, name in _PUBLIC}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
