"""The modules of a folder that read one dialect each, in the order in which they are asked."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any


def dialects_in(package: str) -> tuple[Any, ...]:
    """All modules below a package that say their `PRECEDENCE`, the lowest first.

    Parameters
    ----------
    package : str
        Its full name.
    """
    folder = import_module(package)
    names = [module.name for module in pkgutil.walk_packages(folder.__path__, f"{package}.")]
    # A schema is made of pydantic's heavy classes, and is no dialect.
    modules = [import_module(name) for name in names if not name.endswith("_schema")]
    dialects = [module for module in modules if hasattr(module, "PRECEDENCE")]
    return tuple(sorted(dialects, key=lambda module: int(module.PRECEDENCE)))
