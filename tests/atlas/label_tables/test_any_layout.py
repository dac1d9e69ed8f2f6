"""Whatever the layout, separator, language of the header, encoding and names: each label gets its own name."""

from __future__ import annotations

import json
from html import escape

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.label_tables import Wanted, read_table

HEADERS = [
    *(("index", "name"), ("Index", "Name"), ("ID", "Label"), ("id", "region"), ("label", "name"), ("value", "label")),
    *(("ROI", "Region"), ("Nummer", "Bezeichnung"), ("Nr.", "Name"), ("numéro", "nom"), ("número", "nombre")),
    *(("numero", "nome"), ("编号", "名称"), ("番号", "名前"), ("nummer", "naam"), ("номер", "название")),
    *(("Label ID", "Structure Name"), ("label_id", "structure"), ("Intensity", "Area"), ("idx", "abbreviation")),
    None,
]
WORDS = [
    *(
        "North",
        "South",
        "Gyrus frontalis, pars a",
        "Lobule VI (Hem)",
        "None",
        "NA",
        "null",
        "n/a",
        "Précuneus",
        "Größe",
    ),
    *(
        "Größe",
        "Left-Hippocampus",
        "L_V1_ROI",
        "7Networks_LH_Vis_1",
        "Area 1",
        "hOc1 [V1]",
        "3b",
        "a",
        "Area 4a; upper",
    ),
]
SAFE_HERE = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

regions = st.dictionaries(
    st.integers(1, 3000), st.sampled_from(WORDS), min_size=3, max_size=9
).filter(lambda rows: len(set(rows.values())) == len(rows))  # fmt: skip


def read(folder, text, ids, name="t.txt", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    table = read_table(folder / name, Wanted(np.sort(np.array(list(ids)))))
    return {id_: name for id_, name in zip(table["id"].tolist(), table["name"], strict=True) if id_ in ids}


def quoted(text, separator):
    return f'"{text}"' if separator in text else text


@SAFE_HERE
@given(
    rows=regions,
    header=st.sampled_from(HEADERS),
    separator=st.sampled_from(",\t;|"),
    variant=st.sampled_from(["", "quoted", "trailing", "comments", "background", "swapped", "more", "shuffled"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_columns_are_told_by_their_content(tmp_path, rows, header, separator, variant, ends, encoding):
    lines = [(str(id_), f'"{name}"' if variant == "quoted" else quoted(name, separator)) for id_, name in rows.items()]
    if variant == "background":
        lines.insert(0, ("0", "Background"))
    if variant == "shuffled":
        lines.reverse()
    lines = [header, *lines] if header else lines
    if variant == "swapped" and header:
        lines = [line[::-1] for line in lines]
    if variant == "more":
        lines = [(*line, *more) for line, more in zip(lines, more_columns(len(lines), header), strict=True)]
    text = [separator.join(line) + separator * 2 * (variant == "trailing") for line in lines]
    text = ["# made by hand", "# in one go", *text] if variant == "comments" else text
    try:
        "".join(text).encode(encoding)
    except UnicodeEncodeError:
        encoding = "utf-8"
    assert read(tmp_path, ends.join([*text, ""]), rows, "t.csv", encoding) == rows


def more_columns(n, header):
    heads = [("voxels", "x")] if header else []
    return heads + [(str(100 * k + 7000), f"{k}.5") for k in range(n - len(heads))]


def colours(rows):
    return {id_: (id_ * 7 % 256, id_ * 13 % 256, 200) for id_ in rows}


def freesurfer(rows):
    lines = [f"{i}  {name.replace(' ', '_')}  {r} {g} {b} 0" for (i, name), (r, g, b) in paired(rows)]
    return "\n".join(["#No. Label Name: R G B A", "0 Unknown 0 0 0 0", *lines, ""])


def itksnap(rows):
    lines = [f'{i:5d} {r:5d} {g} {b} 1 1 1    "{name}"' for (i, name), (r, g, b) in paired(rows)]
    return "\n".join(["#" * 48, "# ITK-SnAP Label Description File", '0 0 0 0 0 0 0 "Clear Label"', *lines, ""])


def workbench(rows):
    return "".join(f"{name}\n{i} {r} {g} {b} 255\n" for (i, name), (r, g, b) in paired(rows))


def fsleyes(rows):
    return "".join(f"{i} {r / 255:.3f} {g / 255:.3f} {b / 255:.3f} {n}\n" for (i, n), (r, g, b) in paired(rows))


def slicer(rows):
    lines = [f"{i} {name.replace(' ', '_')} {r} {g} {b} 255" for (i, name), (r, g, b) in paired(rows)]
    return "\n".join(["# Color table file C:/x.ctbl", f"# {len(rows)} values", *lines, ""])


def fsl(rows):
    data = "".join(f'<label index="{i}" x="1" y="2" z="3">{escape(name)}</label>' for i, name in rows.items())
    return f'<atlas version="1.0"><header><type>Label</type></header><data>{data}</data></atlas>'


def spm(rows):
    data = "".join(f"<label><index>{i}</index><name>{escape(name)}</name></label>" for i, name in rows.items())
    return f'<?xml version="1.0"?><atlas version="2.0"><data>{data}</data></atlas>'


def afni(rows):
    pairs = "".join(f'"{i}" "{name}"\n' for i, name in rows.items())
    return f'<VALUE_LABEL_DTABLE ni_type="2*String" ni_dimen="{len(rows)}" >\n{pairs}</VALUE_LABEL_DTABLE>'


def paired(rows):
    return zip(rows.items(), colours(rows).values(), strict=True)


KINDS = {
    **{"mricron": lambda rows: "".join(f"{i}\t{name}\n" for i, name in rows.items())},
    **{"blanks": lambda rows: "".join(f"{i} {name}\n" for i, name in rows.items())},
    **{"freesurfer": freesurfer, "itksnap": itksnap, "workbench": workbench, "fsleyes": fsleyes, "slicer": slicer},
    **{"fsl": fsl, "spm": spm, "afni": afni},
}
JSON_KINDS = {
    "numbers": lambda rows: {str(i): name for i, name in rows.items()},
    "names": lambda rows: {name: i for i, name in rows.items()},
    "records": lambda rows: [{"index": i, "name": name} for i, name in rows.items()],
    "records under a key": lambda rows: {"labels": [{"id": i, "label": name} for i, name in rows.items()]},
    "records by number": lambda rows: {str(i): {"name": name, "color": [1, 2, 3]} for i, name in rows.items()},
    "pairs": lambda rows: [[i, name] for i, name in rows.items()],
    "columns": lambda rows: {"Index": list(rows), "Name": list(rows.values())},
    "niivue": lambda rows: {"labels": list(rows.values()), "I": list(rows), "R": [1] * len(rows)},
}


@pytest.mark.parametrize("kind", KINDS)
@SAFE_HERE
@given(rows=regions)
def test_each_programs_own_table_names_every_label(tmp_path, kind, rows):
    blanks_lost = kind in ("freesurfer", "slicer")
    expected = {i: name.replace(" ", "_") if blanks_lost else name for i, name in rows.items()}
    assert read(tmp_path, KINDS[kind](rows), rows) == expected


@pytest.mark.parametrize("kind", JSON_KINDS)
@SAFE_HERE
@given(rows=regions)
def test_each_shape_of_json_names_every_label(tmp_path, kind, rows):
    assert read(tmp_path, json.dumps(JSON_KINDS[kind](rows)), rows, "t.json") == rows


@SAFE_HERE
@given(names=st.lists(st.sampled_from(WORDS), min_size=3, max_size=9, unique=True), title=st.booleans())
def test_of_a_list_each_line_names_the_label_of_its_number(tmp_path, names, title):
    text = "Names of regions\n" * title + "".join(f"{name}\n" for name in names)
    rows = dict(enumerate(names, 1))
    assert read(tmp_path, text, rows) == rows


def test_a_quotation_mark_that_belongs_to_a_name_stays(tmp_path):
    rows = {1: 'FG1 "x"', 2: '"outer" belt', 3: "plain"}
    assert read(tmp_path, "".join(f"{i} {name}\n" for i, name in rows.items()), rows) == rows
