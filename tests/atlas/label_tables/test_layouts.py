"""A random table reads back the same from every layout that can hold it."""

from __future__ import annotations

import json
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.label_tables import Wanted, parse_table, read_table

WORD = st.text(string.ascii_letters, min_size=2, max_size=8).filter(lambda word: word.lower() not in RESERVED)
RESERVED = {"left", "right", "lh", "rh", "both", "bi", "lr", "mid", "midline", "bilateral", "none", "na", "nan", "inf"}
RESERVED |= {"name", "names", "label", "labels", "region", "regions", "roi", "index", "id", "area", "infinity", "null"}
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
LEVELS = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def tables(draw):
    """Ids, names, colours and hemispheres of 3 to 12 regions, at least one of which has a side and a bright colour."""
    n = draw(st.integers(3, 12))
    ids = sorted(draw(st.sets(st.integers(1, 3000), min_size=n, max_size=n)))
    names = draw(st.lists(NAME, min_size=n, max_size=n, unique_by=str.lower))
    colors = [(200, 2, 3), *draw(st.lists(LEVELS, min_size=n - 1, max_size=n - 1))]
    sides = ["left", *draw(st.lists(st.sampled_from(["left", "right"]), min_size=n - 1, max_size=n - 1))]
    return pd.DataFrame({"id": ids, "name": names, "color": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colors],
                         "hemisphere": sides, "rgb": colors})  # fmt: skip


def separated(mark, header, columns):
    def write(table):
        rows = [[str(get(row)) for get in columns] for row in table.itertuples()]
        return "\n".join(mark.join(row) for row in ([header] if header else []) + rows) + "\n"

    return write


def level(part):
    return lambda row: row.rgb[part]


ID, NAMED, COLOR = (lambda row: row.id), (lambda row: row.name), (lambda row: row.color)
R, G, B, SIDE = level(0), level(1), level(2), (lambda row: row.hemisphere[0].upper())

# ruff: noqa: E501 (a layout on each line)

LAYOUTS = {
    "CSV": ("a.csv", separated(",", ["index", "name", "color", "hemisphere"], [ID, NAMED, COLOR, SIDE])),
    "TSV in another order": ("a.tsv", separated("\t", ["hemi", "R", "G", "B", "region", "roi"], [SIDE, R, G, B, NAMED, ID])),
    "semicolons": ("a.csv", separated(";", ["no", "label", "hex", "side"], [ID, NAMED, COLOR, SIDE])),
    "rgb()": ("a.csv", separated(",", ["id", "label", "rgb"], [ID, NAMED, lambda row: "rgb({}, {}, {})".format(*row.rgb)])),
    "a shared column": ("a.csv", separated(",", ["id", "label", "structure"], [ID, NAMED, lambda row: "cortex"])),
    "without a header": ("a.csv", separated(",", None, [ID, NAMED, COLOR])),
    "levels without a header": ("a.csv", separated(",", None, [ID, NAMED, R, G, B])),
    "trailing empty cells": ("a.csv", separated(",", None, [ID, NAMED, lambda row: "", lambda row: ""])),
    "tabs": ("a.txt", separated("\t", None, [ID, NAMED])),
    "blanks": ("a.txt", separated(" ", None, [ID, NAMED])),
    "strokes": ("a.txt", separated("|", None, [ID, lambda row: f"s{row.id}", lambda row: f"{row.name} {row.name}"])),
    "FSLeyes": ("a.lut", separated(" ", None, [ID, R, G, B, NAMED])),
    "FreeSurfer": ("a.txt", separated(" ", None, [ID, lambda row: row.name.replace(" ", "_"), R, G, B, lambda row: 0])),
    "ITK-SNAP": ("a.label", separated(" ", None, [ID, R, G, B, lambda row: "1 1 1", lambda row: f'"{row.name}"'])),
    "Workbench": ("a.txt", separated("\n", None, [NAMED, lambda row: "{} {} {} {} 255".format(row.id, *row.rgb)])),
    "AFNI": ("a.niml.lt", lambda table: "<VALUE_LABEL_DTABLE >\n"
             + "\n".join(f'"{row.id}" "{row.name}"' for row in table.itertuples()) + "\n</VALUE_LABEL_DTABLE>"),
    "SPM": ("a.xml", lambda table: "<atlas><data>" + "".join(
        f"<label><index>{row.id}</index><name>{row.name}</name></label>" for row in table.itertuples()) + "</data></atlas>"),
    "NiiVue": ("a.json", lambda table: json.dumps({"I": table["id"].tolist(), "labels": table["name"].tolist()} | {
        part: [rgb[n] for rgb in table["rgb"]] for n, part in enumerate("RGB")})),
    "rois": ("a.json", lambda table: json.dumps({"rois": [
        {"index": row.id, "label": row.name, "color": row.color} for row in table.itertuples()]})),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@given(table=tables())
@settings(max_examples=15, deadline=None)
def test_a_table_reads_back_the_same_from_every_layout(tmp_path_factory, layout, table):
    file, write = LAYOUTS[layout]
    path = tmp_path_factory.getbasetemp() / file
    path.write_text(write(table), "utf-8")
    read = read_table(path, Wanted(table["id"].to_numpy(np.int64)))
    plain = [name.replace("_", " ") for name in read["name"]]
    expected = [f"{name} {name}" if layout == "strokes" else name for name in table["name"]]
    assert read["id"].tolist() == table["id"].tolist()
    assert plain == expected
    for column in {"color", "hemisphere"} & set(read.columns):
        assert read[column].tolist() == table[column].tolist() or layout not in COMPLETE
    assert "color" in read or layout not in COLOURED


COMPLETE = {"CSV", "TSV in another order", "semicolons"}
COLOURED = {
    *("CSV", "TSV in another order", "semicolons", "rgb()", "without a header", "levels without a header", "FSLeyes"),
    *("FreeSurfer", "ITK-SNAP", "Workbench", "NiiVue", "rois"),
}


@given(names=st.lists(NAME, min_size=2, max_size=12, unique_by=str.lower), title=st.booleans())
@settings(max_examples=20, deadline=None)
def test_names_alone_count_from_one_and_a_title_is_told_by_the_count(tmp_path_factory, names, title):
    path = tmp_path_factory.getbasetemp() / "names.txt"
    path.write_text("\n".join((["All of them"] if title else []) + names))
    read = read_table(path, Wanted(np.arange(1, len(names) + 1)))
    assert read["id"].tolist() == list(range(1, len(names) + 1))
    assert read["name"].tolist() == names


def test_the_labels_of_the_image_tell_which_column_holds_the_ids(tmp_path):
    path = tmp_path / "aal.txt"
    path.write_text("1\tPrecentral_L\t2001\n2\tPrecentral_R\t2002\n")
    assert read_table(path, Wanted(np.array([1, 2])))["id"].tolist() == [1, 2]
    assert read_table(path, Wanted(np.array([2001, 2002])))["id"].tolist() == [2001, 2002]


def test_numbers_of_names_come_from_the_index_beside_them(tmp_path):
    (tmp_path / "glasserNodeNames.txt").write_text("North\nSouth\nEast\n")
    (tmp_path / "glasserNodeIndex.1D").write_text("7\n9\n12\n")
    read = read_table(tmp_path / "glasserNodeNames.txt", Wanted(np.array([7, 9, 12])))
    assert dict(zip(read["id"], read["name"], strict=True)) == {7: "North", 9: "South", 12: "East"}


def test_rows_without_numbers_name_the_volumes_in_order(tmp_path):
    text = "x, y, z, name, net name\n-53.28,-8.9,32.36, L Aud,Aud\n53.47,-6.49,27.52, R Aud,Aud\n"
    read = parse_table(text, tmp_path / "msdl.csv", Wanted(np.arange(2), volumes=True))
    assert (read["id"].tolist(), read["name"].tolist()) == ([0, 1], ["L Aud", "R Aud"])
