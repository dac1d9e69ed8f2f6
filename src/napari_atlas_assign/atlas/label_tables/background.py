"""Rows of a label table that name no region but what is outside all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...tables.frames import pd

_WORDS = {
    *("???", "background", "back ground", "bg", "clear label", "exterior", "no label", "nolabel", "not labeled"),
    *("outside", "unassigned", "undefined", "unknown", "unlabeled", "unlabelled"),
}
"""What tables call the background under any number, in lower case."""

_WORDS_OF_ZERO = _WORDS | {"", "0", "air", "empty", "n/a", "na", "none", "nothing"}
"""What tables call number 0 where it is no region; under another number, a region may really be called so."""


def background_rows(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows (R,) of a table name the background: by a usual word, or by the table's own word for number 0.

    Whether number 0 is a region cannot be told here for certain, since tables may count from 0: its row is background
    only if its name says so.
    """
    names = table["name"].astype(str).str.replace(r"[\s_*-]+", " ", regex=True).str.strip().str.lower()
    zero = (table["id"] == 0).to_numpy()
    rows = names.isin(_WORDS).to_numpy() | (zero & names.isin(_WORDS_OF_ZERO).to_numpy())
    own = set(names[zero & rows]) - {"", "0", "none", "na", "n/a"}
    return np.asarray(rows | names.isin(own).to_numpy(), bool)


def names_background(table: pd.DataFrame) -> bool:
    """Whether number 0 has a row that calls it background."""
    return bool(background_rows(table)[(table["id"] == 0).to_numpy()].any())
