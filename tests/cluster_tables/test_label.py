"""Names beside the coordinates of tables that other programs made."""

from __future__ import annotations

import io
import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_atlas_assign as naa
from napari_atlas_assign.cli import main
from napari_atlas_assign.cluster_tables.table import decoded, encoded, lines_of, text_of
from tests.cluster_tables.helpers import AFNI, FSL_VOXELS, LAYOUTS, NIMARE, SLEUTH, SPM, halves


def label(folder, name, text, encoding="utf-8", **options):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    output = folder / f"labelled_{name}"
    said = naa.label_table(path, options.pop("atlas", halves()), output=output, **options)
    return said, output.read_bytes()


def added(before, after):
    """What was added to each line, if that is all that has changed."""
    pairs = list(zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True))
    for old, new in pairs:
        body = old.rstrip("\r\n")
        assert new.startswith(body)
        assert new[len(new.rstrip("\r\n")) :] == old[len(body) :]
    return [new.rstrip("\r\n")[len(old.rstrip("\r\n")) :] for old, new in pairs]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_programs_table_gets_names_and_is_else_as_it_was(tmp_path, name):
    said, written = label(tmp_path, name, LAYOUTS[name])
    assert written.decode() == said
    new = [text.replace("_", " ") for text in added(LAYOUTS[name], said) if text]
    rows = [text for text in new if "half" in text and "region" not in text]
    assert len(rows) == 2
    assert "Left half" in rows[0]
    assert "0.75" in rows[0]
    assert "Right, half" in rows[1]
    assert "0.5" in rows[1]
    assert (name == "foci.txt") == (not any("halves probability" in text for text in new))


def test_spms_second_line_of_names_is_extended_and_the_text_below_is_left(tmp_path):
    said, _ = label(tmp_path, "spm.csv", SPM)
    lines = added(SPM, said)
    assert [bool(line) for line in lines] == [False, True, True, True, True, False, False, False]
    frame = pd.read_csv(io.StringIO("\n".join(said.splitlines()[1:5])))
    assert frame["halves region"].tolist() == ["Left half", "Left half", "Right, half"]
    assert frame["z {mm}"].tolist() == [2, 4, 0]


def test_afni_without_an_order_is_taken_as_rai_and_says_so(tmp_path):
    text = AFNI.format(order="", first="10.0   -4.0    2.0", second="-8.0    4.0    0.0")
    with pytest.warns(naa.AssignmentWarning, match="RAI"):
        said, _ = label(tmp_path, "a.1D", text)
    assert "Left_half" in said.splitlines()[5]


@pytest.mark.parametrize("order", ["RPI", "LAI", "RAS", "LPS"])
def test_every_order_of_afni_names_the_negative_ends(tmp_path, order):
    place = np.array([-10, 4, 8]) * [-1 if letter in order else 1 for letter in "RAS"]
    first = "  ".join(map(str, place))
    said, _ = label(tmp_path, "a.1D", AFNI.format(order=order, first=first, second=first), atlas=octants())
    assert "-++" in said.splitlines()[5]


def octants():
    """Eight regions named by the signs of x, y and z."""
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -19
    signs = np.moveaxis(np.indices((20, 20, 20)), 0, -1) > 9
    labels = 1 + signs @ np.array([4, 2, 1])
    names = ["".join("+" if n & bit else "-" for bit in (4, 2, 1)) for n in range(8)]
    regions = pd.DataFrame({"id": range(1, 9), "name": names})
    return naa.Atlas.from_labels(labels.astype(np.uint8), naa.Grid((20, 20, 20), affine), regions, name="octants")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (FSL_VOXELS, "in voxels"),
        ("a\tb\n1\t2\n", "no columns of coordinates"),
        ("", "is empty"),
        ("x,y,z\n1,two,3\n", "line 2: .* not three numbers"),
        ("// Reference=MNI\n1 2\n", "line 2: a focus is three numbers"),
        ("x,y,z,halves region\n1,2,3,a\n", "already"),
    ],
)
def test_what_cannot_be_named_is_one_sentence_and_nothing_is_written(tmp_path, text, match):
    with pytest.raises(naa.InputError, match=match) as caught:
        label(tmp_path, "table.txt", text)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["table.txt"]


@pytest.mark.parametrize("text", [SLEUTH.replace("=MNI", "=Talairach"), NIMARE.replace("MNI", "Talairach")])
def test_a_table_in_another_space_than_the_atlas_warns(tmp_path, text):
    with pytest.warns(naa.AssignmentWarning, match="Talairach"):
        label(tmp_path, "foci.txt", text)


def test_nilearns_own_table_gets_its_names():
    from nilearn.reporting import get_clusters_table

    data = np.zeros((41, 41, 41))
    data[8:12, 22:26, 21:24] = 5
    data[10, 24, 22] = 7
    data[27:30, 15:18, 19:22] = 4
    affine = np.eye(4)
    affine[:3, 3] = -20
    table = get_clusters_table(nib.Nifti1Image(data, affine), 3, two_sided=False)
    before = table.copy()
    labelled = naa.label_table(table, [halves(), halves(name="again")])
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(labelled[list(before)], before)
    assert labelled["halves region"].tolist() == ["Left half" if x < 0 else "Right, half" for x in before["X"]]
    assert labelled["again probability"].tolist() == [0.75 if x < 0 else 0.5 for x in before["X"]]
    assert (labelled["halves distance mm"] == 0).all()


def test_outside_there_is_no_region_but_the_nearest_and_how_far_it_is():
    labelled = naa.label_table(pd.DataFrame({"x": [-30.5, np.nan], "y": [0, 0], "z": [0, 0]}), halves())
    first, second = labelled.iloc[:, 3:].to_numpy(object).tolist()
    assert pd.isna(first[0])
    assert pd.isna(first[1])
    assert first[2:] == ["Left half", 10.0]
    assert all(pd.isna(value) for value in second)


ELECTRODES = (
    "name\tx\ty\tz\tsize\tgroup\nA1\t-10\t4\t2\t0\ta\nA2\t-6\t4\t2\tn/a\ta\nB1\tn/a\tn/a\tn/a\t5\tb\n"
    "A1-A2\tn/a\tn/a\tn/a\tn/a\ta\nC1\t8\t-4\t0\t50\tc\n"
)


@pytest.fixture
def electrodes(tmp_path):
    about = {"x": {"Description": "left to right"}, "group": {"Description": "of contacts"}}
    (tmp_path / "sub-1_electrodes.json").write_text(json.dumps(about))
    (tmp_path / "sub-1_coordsystem.json").write_text('{"iEEGCoordinateUnits": "mm"}')
    said, _ = label(tmp_path, "sub-1_electrodes.tsv", ELECTRODES)
    return said, json.loads((tmp_path / "labelled_sub-1_electrodes.json").read_text())


def test_electrodes_keep_their_rows_and_pairs_lie_midway(electrodes):
    said, _ = electrodes
    added(ELECTRODES, said)
    frame = pd.read_csv(io.StringIO(said), sep="\t", na_values="n/a").set_index("name")
    assert frame["halves region"].fillna("").tolist() == ["Left half", "Left half", "", "Left half", "Right, half"]
    assert frame.loc["A1-A2", "halves probabilities"] == "Left half 0.75"
    assert frame["halves distance to grey matter mm"].fillna(-1).tolist() == [0, 0, -1, 0, 0]


def test_the_json_file_of_electrodes_says_what_it_said_and_describes_what_was_added(electrodes):
    said, about = electrodes
    assert about["group"] == {"Description": "of contacts"}
    new = [column for column in said.splitlines()[0].split("\t") if column.startswith("halves")]
    assert sorted(new) == sorted(column for column in about if column.startswith("halves"))


def test_a_table_in_memory_has_the_sigma_of_its_rows_as_a_file_has(tmp_path):
    frame = pd.DataFrame({"x": [-1.0, -0.5], "y": [0.0, 0.0], "z": [0.0, 0.0], "sigma": [0.0, 3.0]})
    labelled = naa.label_table(frame, halves())["halves probability"].tolist()
    assert labelled == [0.75, pytest.approx(0.375, abs=0.01)]
    said, _ = label(tmp_path, "own.csv", frame.to_csv(index=False))
    assert pd.read_csv(io.StringIO(said))["halves probability"].tolist() == pytest.approx(labelled, rel=1e-3)
    for table in (frame, tmp_path / "own.csv"):
        with pytest.raises(naa.InputError, match="gives every row a sigma of its own; leave out sigma"):
            naa.label_table(table, halves(), sigma=2)


def test_an_atlas_of_the_command_line_may_be_given_a_name(tmp_path, run):
    (tmp_path / "t.csv").write_text("x,y,z\n0,0,0\n")
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3), np.uint8), np.eye(4)), tmp_path / "all.nii")
    code, out, _ = run("label", tmp_path / "t.csv", "--atlas", f"mine={tmp_path / 'all.nii'}")
    assert code == 0
    assert "mine region" in out.splitlines()[0]


def test_the_probability_of_an_uncertain_place_is_the_mean_over_its_blob():
    table = pd.DataFrame({"x": [-0.5], "y": [0.0], "z": [0.0]})
    labelled = naa.label_table(table, halves(), sigma=3)
    assert labelled["halves region"].tolist() == ["Left half"]
    assert labelled["halves probability"][0] == pytest.approx(0.375, abs=0.01)  # half of the blob lies in 0.75


@given(
    rows=st.lists(st.tuples(*[st.integers(-20, 20)] * 3, st.text(max_size=5)), min_size=1, max_size=6),
    separator=st.sampled_from("\t;,"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_without_the_added_columns_any_table_is_what_it_was_byte_for_byte(
    tmp_path_factory, rows, separator, ending, last, encoding
):
    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    body = [separator.join(["note", "x", "y", "z"])]
    body += [separator.join([quoted(note), *map(str, place)]) for *place, note in rows]
    text = ending.join(body) + (ending if last else "")
    path = tmp_path_factory.mktemp("any") / "table.csv"
    path.write_bytes(text.encode(encoding))
    output = path.with_name("labelled.csv")
    naa.label_table(path, halves(), output=output)
    old, how = decoded(path.read_bytes())
    new, _ = decoded(output.read_bytes())
    before, after = lines_of(old), lines_of(new)
    assert len(before) == len(after)
    assert all(b.text.startswith(a.text) and a.ending == b.ending for a, b in zip(before, after, strict=True))
    stripped = [type(a)(b.text[: len(a.text)], b.ending) for a, b in zip(before, after, strict=True)]
    assert encoded(text_of(stripped), how) == path.read_bytes()
    assert all(len(b.text) > len(a.text) for a, b in zip(before, after, strict=True))


@given(st.binary(max_size=60))
def test_reading_and_writing_any_bytes_gives_them_back(data):
    text, encoding = decoded(data) if len(data) % 2 == 0 or data[:2] not in (b"\xff\xfe", b"\xfe\xff") else ("", "")
    if encoding:
        assert text_of(lines_of(text)) == text
        assert encoded(text, encoding) == data


def test_the_command_prints_the_table_or_writes_a_new_file(tmp_path, capsys):
    folder = naa.sample_data_folder()
    atlas = next(folder.glob("*fusiform_probseg.nii.gz"))
    path = tmp_path / "fsl.txt"
    path.write_text(LAYOUTS["fsl.txt"])
    assert main(["label", str(path), "--atlas", str(atlas)]) == 0
    printed = capsys.readouterr().out
    assert added(LAYOUTS["fsl.txt"], printed)[0].endswith("distance mm")
    assert main(["label", str(path), "--atlas", str(atlas), "--output", str(tmp_path / "new.txt")]) == 0
    assert (tmp_path / "new.txt").read_text() == printed
    assert main(["label", str(path), "--atlas", str(atlas), "--output", str(tmp_path / "new.txt")]) == 2
    assert "there already" in capsys.readouterr().err
