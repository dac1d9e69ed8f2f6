"""The region tables of many subjects, by groups of subjects: mean, standard deviation and number."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...atlas.files.pairs import read_pairs
from ...errors import InputError
from ...tables.frames import pd
from ..columns import DESCRIPTION, GROUPS, REGIONS
from ..point_result import PointResult
from ..result import Result

Design = Mapping[str, str] | str | os.PathLike[str]
"""Subject -> group, or a table with the columns ``subject`` and ``group``."""


def regions_by_group(
    subjects: Mapping[str, Result | PointResult | pd.DataFrame], design: Design, column: str
) -> pd.DataFrame:
    """Describe one column of the region tables of many subjects, by region and group.

    Nothing is tested here: the tables of the subjects go into the statistics of your choice.

    Parameters
    ----------
    subjects : mapping of str
        Of each subject the result of one map or set of points, or its table ``regions``.
    design : mapping of str to str, or path
        The group of each subject, or a TSV or CSV file with the columns ``subject`` and ``group``.
    column : str
        Of the region tables, such as ``mean``, ``count`` or ``active mm3``.

    Returns
    -------
    DataFrame
        One row per region and group: what the region is (as in the region table), ``group``, ``n``, ``mean``, ``sd``.
        Regions are in the order of the tables, groups in that of the design.

    Raises
    ------
    InputError
        If a subject has no group or no table, the tables are not of the same regions, or have no such column.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> atlas = naa.load_atlas(naa.sample_data_folder() / "synthetic-fusiform_probseg.nii.gz")
    >>> cells = {"m1": [[-30, -50, -15]] * 2, "m2": [[-30, -50, -15]] * 4, "m3": [[30, -50, -15]] * 6}
    >>> results = {name: naa.assign(xyz, atlas) for name, xyz in cells.items()}
    >>> table = naa.regions_by_group(results, {"m1": "sham", "m2": "sham", "m3": "drug"}, "count")
    >>> table[table["region"] == "(none)"][["group", "n"]].values.tolist()
    [['sham', 2], ['drug', 1]]
    """
    tables = {name: one if isinstance(one, pd.DataFrame) else one.regions for name, one in subjects.items()}
    return summarised(*values_of_subjects(tables, column), groups_of(design, list(tables)))


def groups_of(design: Design, subjects: list[str]) -> dict[str, str]:
    """The group of each subject, in the order of the design.

    Raises
    ------
    InputError
        If the design cannot be read, lacks a subject, or names one that there is not.
    """
    name, group_of = _groups_of(design)
    if not subjects:
        raise InputError("there is no subject; give at least one")
    for subject in subjects:
        if subject not in group_of:
            raise InputError(f"{name} has no group of {subject!r}; add a line for it")
    for subject in group_of:
        if subject not in subjects:
            raise InputError(f"{name} names {subject!r}, of which there is no table of regions; check the name")
    return group_of


def _groups_of(design: Design) -> tuple[str, dict[str, str]]:
    """What a design is called, and what it says."""
    if isinstance(design, Mapping):
        return "the design", dict(design)
    return Path(design).name, read_pairs(Path(design), "subject")


def values_of_subjects(tables: Mapping[str, pd.DataFrame], column: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the rows of the tables are of (rows), and one of their columns (subjects, rows).

    Raises
    ------
    InputError
        See `regions_by_group`.
    """
    described: pd.DataFrame | None = None
    for name, table in tables.items():
        if "map" in table:
            raise InputError(f"{name} has several maps; give one map for each subject")
        if column not in table or column not in REGIONS or REGIONS[column].kind not in ("number", "fraction"):
            numbers = (name for name in REGIONS if name in table and REGIONS[name].kind in ("number", "fraction"))
            raise InputError(f"the regions of {name} have no numbers {column!r}; give one of {', '.join(numbers)}")
        own = table[[c for c in ("atlas", *DESCRIPTION) if c in table]].reset_index(drop=True)
        described = own if described is None else described
        if (
            not described.astype(object)
            .where(described.notna(), None)
            .equals(own.astype(object).where(own.notna(), None))
        ):
            raise InputError(f"{name} has other regions than {next(iter(tables))}; use the same atlas for all subjects")
    assert described is not None
    values = {name: table[column].to_numpy(float) for name, table in tables.items()}
    return described, pd.DataFrame.from_dict(values, orient="index")


def summarised(described: pd.DataFrame, values: pd.DataFrame, group_of: Mapping[str, str]) -> pd.DataFrame:
    """The table of `regions_by_group` of what `values_of_subjects` gives."""
    groups = list(dict.fromkeys(group_of.values()))
    of_groups = []
    for group in groups:
        own = values.loc[[name for name in values.index if group_of[name] == group]]
        of_groups.append(described.assign(group=group, n=own.count(), mean=own.mean(), sd=own.std()))
    table = pd.concat(of_groups).sort_index(kind="stable")
    names = [*(["atlas"] if "atlas" in table else []), *GROUPS]
    return table[names].reset_index(drop=True)
