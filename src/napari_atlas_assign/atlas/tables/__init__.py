"""Label tables (placeholder of the first minutes: delimited text with the columns index and name)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def read_table(path: Path) -> pd.DataFrame:
    """Read a table with the columns index and name."""
    table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
    return table.rename(columns={"index": "id"})
