"""Maps of groups of subjects: mean, standard deviation and number by region and group, and a report of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import InputError, assign, load_atlas, regions_by_group
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import AtlasFile, Job
from napari_atlas_assign.cli import main
from tests.batch.conftest import random_map, save

GROUPS = {"sub-01": "sham", "sub-02": "drug", "sub-03": "sham", "sub-04": "drug", "sub-05": "drug"}


@pytest.fixture
def subjects(tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for n, name in enumerate(GROUPS):
        save(folder / f"{name}_stat-z_statmap.nii.gz", random_map(n))
    return folder


@pytest.fixture
def design(tmp_path):
    def write(groups=GROUPS, name="design.tsv"):
        lines = ["age\tSubject\tgroup", *(f"30\t{subject}\t{group}" for subject, group in groups.items())]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    return write


@pytest.fixture
def job(atlas_file):
    return Job((AtlasFile(str(atlas_file)),), Parameters(threshold=None))


def read(path):
    return pd.read_csv(path, sep="\t", na_values="n/a", keep_default_na=False)


def test_a_batch_writes_what_numpy_finds_of_the_region_tables_by_group(subjects, design, job, atlas_file, tmp_path):
    run_batch(find_maps([subjects]), job, tmp_path / "out", workers=1, matrix="mean", design=design())
    table = read(tmp_path / "out" / "groups.tsv")
    atlas = load_atlas(atlas_file)
    means = {
        name: assign(subjects / f"{name}_stat-z_statmap.nii.gz", atlas, threshold=None).regions["mean"].to_numpy()
        for name in GROUPS
    }
    assert table["region"].drop_duplicates().tolist() == ["left", 'the "right"', "right, behind", "(none)"]
    assert table["group"].tolist() == ["sham", "drug"] * 4
    for group, of_group in table.groupby("group"):
        own = np.stack([means[name] for name in GROUPS if GROUPS[name] == group])
        assert of_group["n"].tolist() == [len(own)] * 4
        np.testing.assert_allclose(of_group["mean"], own.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(of_group["sd"], own.std(axis=0, ddof=1), rtol=1e-12)


def test_the_matrix_says_subject_and_group(subjects, design, job, tmp_path):
    run_batch(find_maps([subjects]), job, tmp_path / "out", workers=1, matrix="sum", design=design())
    matrix = read(tmp_path / "out" / "matrix.tsv")
    assert dict(zip(matrix["subject"], matrix["group"], strict=True)) == GROUPS


def test_the_api_and_the_batch_give_one_table(subjects, design, job, atlas_file, tmp_path):
    run_batch(find_maps([subjects]), job, tmp_path / "out", workers=1, matrix="maximum", design=design())
    atlas = load_atlas(atlas_file)
    results = {
        name: assign(subjects / f"{name}_stat-z_statmap.nii.gz", atlas, threshold=None) for name in reversed(GROUPS)
    }
    expected = regions_by_group(results, design(), "maximum")
    table = read(tmp_path / "out" / "groups.tsv")
    assert list(table) == list(expected)
    pd.testing.assert_frame_equal(
        table[["region", "group", "n", "mean", "sd"]], expected[["region", "group", "n", "mean", "sd"]]
    )


def test_the_report_has_bars_a_table_and_the_subjects_and_no_markup_of_others(subjects, design, job, tmp_path):
    groups = GROUPS | {"sub-05": "<b>drug</b>"}
    run_batch(find_maps([subjects]), job, tmp_path / "out", workers=1, matrix="mean", design=design(groups))
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "&lt;b&gt;drug" in page
    assert "<b>" not in page
    assert all(name in page for name in GROUPS)


def test_a_map_that_failed_makes_its_group_smaller(subjects, design, job, tmp_path):
    (subjects / "sub-03_stat-z_statmap.nii.gz").write_bytes(b"nothing")
    run_batch(find_maps([subjects]), job, tmp_path / "out", workers=1, matrix="mean", design=design())
    table = read(tmp_path / "out" / "groups.tsv")
    assert dict(zip(table["group"], table["n"], strict=True)) == {"sham": 1, "drug": 3}
    assert table[table["group"] == "sham"]["sd"].isna().all()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({k: v for k, v in GROUPS.items() if k != "sub-02"}, "design.tsv has no subject for the map .*sub-02_stat"),
        (GROUPS | {"sub-09": "drug"}, "design.tsv names 'sub-09', of which there is no table of regions"),
    ],
)
def test_a_design_that_does_not_fit_the_maps_is_refused_before_any_work(
    subjects, design, job, tmp_path, groups, message
):
    with pytest.raises(InputError, match=message):
        run_batch(find_maps([subjects]), job, tmp_path / "out", matrix="mean", design=design(groups))
    assert not (tmp_path / "out" / "finished").exists()


def test_several_maps_of_one_subject_are_refused(subjects, design, job, tmp_path):
    save(subjects / "sub-01_stat-t_statmap.nii.gz", random_map(9))
    with pytest.raises(InputError, match="'sub-01' fits several maps; give one map for each subject"):
        run_batch(find_maps([subjects]), job, tmp_path / "out", matrix="mean", design=design())


def test_a_design_without_a_column_is_refused(subjects, design, job, tmp_path):
    with pytest.raises(InputError, match="needs a column of the region tables; name it, such as --matrix mean"):
        run_batch(find_maps([subjects]), job, tmp_path / "out", design=design())


def test_the_command_line_takes_a_design(subjects, design, atlas_file, tmp_path):
    arguments = ["batch", str(subjects), "--atlas", str(atlas_file), "--threshold", "1", "--workers", "1"]
    more = ["--matrix", "active mm3", "--design", str(design()), "--output", str(tmp_path / "out")]
    assert main([*arguments, *more]) == 0
    assert re.search(r"active mm3 by region and group", (tmp_path / "out" / "report.html").read_text("utf-8"))


# --- the function ---


def test_tables_of_other_regions_and_of_no_such_column_are_refused(small_atlas, rng):
    image = (rng.normal(size=small_atlas.grid.shape), small_atlas.grid.affine)
    tables = {name: assign(image, small_atlas, threshold=None).regions for name in ("m1", "m2")}
    with pytest.raises(InputError, match=r"have no numbers 'count'; give one of volume mm3"):
        regions_by_group(tables, {"m1": "a", "m2": "b"}, "count")
    with pytest.raises(InputError, match="the design has no group of 'm2'"):
        regions_by_group(tables, {"m1": "a"}, "mean")
    tables["m2"] = tables["m2"].iloc[1:]
    with pytest.raises(InputError, match="m2 has other regions than m1"):
        regions_by_group(tables, {"m1": "a", "m2": "b"}, "mean")


def test_several_atlases_and_missing_numbers_are_kept_apart(small_atlas):
    cells = {"m1": [[0.0, 0, 0]], "m2": [[0.0, 0, 0], [2.0, 0, 0]]}
    atlases = [small_atlas, small_atlas.described(name="other")]
    results = {name: assign(np.array(xyz), atlases) for name, xyz in cells.items()}
    table = regions_by_group(results, {"m1": "a", "m2": "a"}, "density per mm3")
    assert table["atlas"].drop_duplicates().tolist() == [small_atlas.name, "other"]
    assert table[table["region"] == "(none)"]["n"].tolist() == [0, 0]
