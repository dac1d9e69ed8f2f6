"""One atlas, one object: what was worked out for an atlas serves everybody who loads it again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec
from weakref import WeakValueDictionary

import numpy as np

from ..atlas import Atlas
from ..remarks import listening

Arguments = ParamSpec("Arguments")

_in_use: WeakValueDictionary[Any, Atlas] = WeakValueDictionary()
_lock = Lock()


def shared(load: Callable[Arguments, Atlas]) -> Callable[Arguments, Atlas]:
    """Decorate a function that loads an atlas: an equal one that is still in use is returned in its stead.

    Integrals, surfaces and the like are kept with the object that they were worked out for. The atlas that is returned
    also holds the remarks that were made while it was loaded.
    """

    @wraps(load)
    def load_shared(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Atlas:
        with listening() as heard:
            atlas = load(*args, **kwargs)
        if heard:
            atlas = atlas.described(remarks=tuple(dict.fromkeys(heard)))
        key = (atlas.name, atlas.space, atlas.grid, len(atlas.value))
        with _lock:
            earlier = _in_use.get(key)
            if earlier is not None and _are_equal(earlier, atlas):
                return earlier
            _in_use[key] = atlas
        return atlas

    return load_shared


def _are_equal(a: Atlas, b: Atlas) -> bool:
    """Whether two atlases of equal grid, name and space are equal in all else, too."""
    return (
        a.source == b.source
        and a.remarks == b.remarks
        and a.regions.equals(b.regions)
        and a.content().keys() == b.content().keys()
        and all(np.array_equal(a.content()[name], b.content()[name]) for name in a.content())
    )
