"""Assign the modes of brain activation maps to the regions of an atlas.

Importing this package brings in neither napari nor Qt nor any optional library; each public name is imported at its
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import assign, load_atlas, show
    from .assignment.result import Result
    from .atlas.atlas import Atlas
    from .errors import AssignmentWarning, AtlasError, InputError
    from .grid import Grid
    from .image import Image

_HOMES = {
    "assign": ".api",
    "load_atlas": ".api",
    "show": ".api",
    "Result": ".assignment.result",
    "Atlas": ".atlas.atlas",
    "AssignmentWarning": ".errors",
    "AtlasError": ".errors",
    "InputError": ".errors",
    "Image": ".image",
    "Grid": ".grid",
}

__all__ = [
    "AssignmentWarning",
    "Atlas",
    "AtlasError",
    "Grid",
    "Image",
    "InputError",
    "Result",
    "assign",
    "load_atlas",
    "show",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
