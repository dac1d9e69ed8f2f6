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
    modules = [module for module in map(import_module, names) if hasattr(module, "PRECEDENCE")]
    return tuple(sorted(modules, key=lambda module: int(module.PRECEDENCE)))
