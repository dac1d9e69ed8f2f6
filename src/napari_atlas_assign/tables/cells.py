"""Single values of tables."""

from __future__ import annotations

from typing import Any

import numpy as np

_TRUTH = bool | np.bool_


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or pandas' NA, of which nobody knows whether it is unequal to itself."""
    if value is None:
        return True
    is_unequal = value != value
    return not isinstance(is_unequal, _TRUTH) or bool(is_unequal)
