"""An independent way to write a table."""

from __future__ import annotations

import pandas as pd

from napari_atlas_assign.encoding import no_formula


def text_by_pandas(table: pd.DataFrame) -> str:
    """A table as pandas writes it: every digit, ``n/a`` for what is missing, nothing that a spreadsheet calculates."""
    texts = [name for name in table.columns if table[name].dtype.kind not in "iufb"]
    safe = table.assign(**{name: table[name].map(no_formula) for name in texts})
    return safe.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n")
