"""``rerun`` and ``--report``: the same tables again, or a sentence about what changed."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.report.provenance import read_record
from tests.outcomes import fails_in_one_line

AFFINE = np.diag([2.0, 2, 2, 1])


def write(path, data, affine=AFFINE):
    nib.save(nib.Nifti1Image(data, affine), path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder with a map, a stack, labels, points, and two atlases, one with names."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    data = np.random.default_rng(4).normal(size=(8, 8, 8)).astype(np.float32)
    write("map.nii.gz", data)
    write("stack.nii.gz", np.stack([data, -data, data * 2], axis=-1))
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:4], labels[4:] = 1, 2
    write("atlas.nii.gz", labels)
    write("other.nii.gz", labels.swapaxes(0, 1))
    write("rois.nii.gz", labels * (data > 0).astype(np.uint8))
    Path("atlas.csv").write_text("index,name\n1,Left half\n2,Right half\n")
    Path("points.csv").write_text("name,x,y,z\na,2,3,4\nb,10,8,6\n")
    return work


def assign(run, *more, image="map.nii.gz"):
    code, _, err = run("assign", image, "--atlas", "atlas.nii.gz", "--output", "out", *more)
    assert code == 0, err


CASES = {
    "map": ("map.nii.gz", ("--threshold", "1.5", "--labels", "atlas.csv", "--tail", "both")),
    "siibra": ("map.nii.gz", ("--threshold", "1", "--convention", "siibra")),
    "percentile and splitting": ("map.nii.gz", ("--percentile", "80", "--split-height", "0.5")),
    "p value": ("map.nii.gz", ("--p", "0.05", "--two-sided", "--keep-largest", "3")),
    "stack": ("stack.nii.gz", ("--threshold", "1")),
    "volume": ("stack.nii.gz", ("--volume", "1", "--threshold", "1")),
    "several atlases": ("map.nii.gz", ("--threshold", "1", "--atlas", "other.nii.gz")),
    "stack and atlases, siibra": (
        "stack.nii.gz",
        ("--threshold", "1", "--atlas", "other.nii.gz", "--convention", "siibra"),
    ),
    "rois": ("rois.nii.gz", ("--rois", "--split-rois", "--connectivity", "6")),
    "forced dialect": ("map.nii.gz", ("--threshold", "1", "--dialect", "nifti", "--labels", "atlas.csv")),
    "exact points": ("points.csv", ()),
    "uncertain points": ("points.csv", ("--sigma", "3", "--convention", "siibra")),
}


@pytest.mark.parametrize("case", CASES)
def test_unchanged_inputs_give_the_same_files_bit_for_bit(run, folder, case):
    image, arguments = CASES[case]
    assign(run, *arguments, image=image)
    code, out, err = run("rerun", "out/provenance.json", "--output", "again")
    assert (code, err) == (0, "")
    names = [name for name in read_record(Path("out/provenance.json"))["files"]]
    assert out.splitlines() == [*(f"{name}: identical" for name in names), "see again"]
    for name in names:
        assert Path("again", name).read_bytes() == Path("out", name).read_bytes()
    records = [read_record(Path(where, "provenance.json")) for where in ("out", "again")]
    for key in ("parameters", "images", "points", "atlases", "runs", "files"):
        assert records[0].get(key) == records[1].get(key)


def test_the_output_folder_stands_for_its_record_and_nothing_is_written(run, folder):
    assign(run)
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    code, out, err = run("rerun", "out")
    assert (code, err) == (0, "")
    assert out.count("identical") == 5
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == before
    assert not Path("again").exists()


def test_a_profile_names_the_stages(run, folder):
    assign(run)
    code, _, err = run("rerun", "out", "--profile")
    assert code == 0
    assert [line.split("  ")[0] for line in err.splitlines()][-3:] == ["tables", "regions", "total"]


def test_the_real_map_and_atlas_give_the_same_tables(run, zmap_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("assign", zmap_path, "--atlas", "juelich", "--threshold", 3, "--output", "out")[0] == 0
    code, out, err = run("rerun", "out/provenance.json")
    assert (code, err.count("\n")) == (0, 1)
    assert "does not say in which space it is" in err
    assert out == "".join(f"{name}: identical\n" for name in (
        "assignments.tsv", "components.nii.gz", "modes.tsv", "peaks.tsv", "regions.tsv"
    ))  # fmt: skip


@pytest.mark.parametrize("file", ["map.nii.gz", "atlas.nii.gz", "atlas.csv"])
def test_a_changed_input_is_named_with_its_hash_then_and_now(run, folder, file):
    assign(run, "--labels", "atlas.csv")
    from napari_atlas_assign.image import file_sha256

    then = file_sha256(Path(file))
    with Path(file).open("ab") as changed:
        changed.write(b"\n")
    now = file_sha256(Path(file))
    fails_in_one_line(run("rerun", "out"), 2, f"{file} changed (SHA-256 expected {then[:12]}…, found {now[:12]}…)")


def test_all_that_changed_is_named_at_once(run, folder):
    assign(run, "--atlas", "other.nii.gz")
    write("map.nii.gz", np.ones((8, 8, 8), np.float32))
    Path("other.nii.gz").unlink()
    fails_in_one_line(run("rerun", "out"), 2, "map.nii.gz changed", "other.nii.gz is missing (it was ")


def test_changed_points_are_named(run, folder):
    assign(run, image="points.csv")
    Path("points.csv").write_text("x,y,z\n1,2,3\n")
    fails_in_one_line(run("rerun", "out"), 2, "points.csv changed")


def test_a_folder_that_was_sent_on_runs_again(run, folder, tmp_path):
    assign(run, "--labels", "atlas.csv", "--threshold", "1")
    shutil.move(folder, tmp_path / "elsewhere")
    code, out, err = run("rerun", tmp_path / "elsewhere" / "out" / "provenance.json")
    assert (code, err) == (0, "")
    assert out.count("identical") == 5


def edited(**changes):
    """Change the record in the folder `out`."""
    path = Path("out/provenance.json")
    record = json.loads(path.read_text("utf-8"))
    record.update(changes)
    path.write_text(json.dumps(record), "utf-8")


def test_another_version_of_a_package_is_told_in_one_line(run, folder):
    assign(run)
    edited(software={"numpy": "1.0.0", "python": "2.7"})
    code, out, err = run("rerun", "out")
    assert code == 0
    assert err.startswith("napari-atlas-assign: warning: numpy was 1.0.0, is ")
    assert err.endswith(": results may differ\n")
    assert out.count("identical") == 5


def test_a_table_that_differs_is_named_with_the_first_difference(run, folder):
    assign(run, "--threshold", "1")
    record = read_record(Path("out/provenance.json"))
    edited(parameters=record["parameters"] | {"threshold": 0.9})
    code, out, err = run("rerun", "out")
    assert code == 1
    assert err == (
        "napari-atlas-assign: error: assignments.tsv, components.nii.gz, modes.tsv, peaks.tsv, regions.tsv: "
        "not as in out, although no input has changed\n"
    )
    assert "components.nii.gz: holds other modes" in out
    assert "modes.tsv: differs first in row 1: voxels was " in out


def test_a_table_changed_by_hand_is_told_from_one_that_differs(run, folder):
    assign(run)
    with Path("out/modes.tsv").open("a") as table:
        table.write("a note\n")
    code, out, _ = run("rerun", "out")
    assert code == 1
    assert "modes.tsv: is the same again, but the file beside the record was changed after it was written" in out
    assert out.count("identical") == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": []}, "names no input"),
        ({"images": 5}, "the record is damaged"),
        ({"images": [{"name": "x", "source": {"path": 3}}]}, "the record is damaged"),
        ({"images": [{"name": "x", "source": {"path": "map.nii.gz"}}]}, "the record is damaged"),
        ({"atlases": [{"name": "a"}]}, "the record is damaged"),
        ({"parameters": {"threshold": -1}}, "the record cannot be used"),
        ({"parameters": {"threshold": "high"}}, "the record"),
        ({"parameters": {"colour": "red"}}, "unknown parameters: colour"),
        ({"parameters": None}, "the record is damaged"),
        ({"record": "poem"}, "is no record of an assignment"),
        ({"record_version": 99}, "later version"),
        ({"files": None}, "lists no tables"),
    ],
    ids=str,
)
def test_a_record_that_is_damaged_is_refused_in_one_line(run, folder, changes, words):
    assign(run)
    edited(**changes)
    fails_in_one_line(run("rerun", "out"), 2, words)


def test_a_missing_record_is_named(run, folder):
    fails_in_one_line(run("rerun", "nothing.json"), 2, "nothing.json: no such file")
    fails_in_one_line(run("rerun", "."), 2, "provenance.json: no such file")


def test_the_report_lies_beside_the_tables_and_is_part_of_the_record(run, folder):
    assign(run, "--threshold", "2", "--report")
    found = {path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()}
    assert {"report.html", "figures/overview.png", "figures/overview.svg", "figures/mode_01.png"} <= found
    assert set(read_record(Path("out/provenance.json"))["files"]) == found - {"provenance.json"}
    code, out, _ = run("rerun", "out")
    assert code == 0
    assert out.count("identical") == 5
    assign(run, "--threshold", "2")
    assert not Path("out/figures").exists()


def test_the_report_of_several_runs_has_a_part_for_each(run, folder):
    assign(run, "--threshold", "2.5", "--atlas", "other.nii.gz", "--report", image="stack.nii.gz")
    page = Path("out/report.html").read_text("utf-8")
    for number in range(1, 7):
        assert f'id="run-{number}"' in page
        assert Path(f"out/figures/run_{number:02d}_overview.svg").is_file()


def test_the_report_of_points_has_their_tables(run, folder):
    assign(run, "--report", image="points.csv")
    assert not Path("out/figures").exists()
    assert "<h2>Points</h2>" in Path("out/report.html").read_text("utf-8")


def test_without_matplotlib_a_report_is_refused_before_the_work(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    outcome = run("assign", "map.nii.gz", "--atlas", "atlas.nii.gz", "--output", "out", "--report")
    fails_in_one_line(outcome, 2, 'pip install "napari-atlas-assign[report]"')
    assert not Path("out").exists()


def test_a_report_without_output_is_refused(run, folder):
    assign(run)
    fails_in_one_line(run("rerun", "out", "--report"), 2, "give --output, too")


def test_a_file_that_is_gone_is_told(run, folder):
    assign(run, "--threshold", "2", "--report")
    Path("out/modes.tsv").unlink()
    Path("out/figures/overview.png").unlink()
    code, out, err = run("rerun", "out")
    assert code == 1
    assert out.count("identical") == 4
    assert "modes.tsv: is the same again, but the file beside the record is missing" in out
    assert "figures/overview.png: the file is missing" in out
    assert "modes.tsv, figures/overview.png: not as in out" in err


def test_packed_modes_of_any_size_are_compared_piece_by_piece(run, folder):
    assign(run)
    with gzip.open("out/components.nii.gz", "wb", compresslevel=1) as file:
        for _ in range(600):
            file.write(bytes(2**20))
    record = json.loads(Path("out/provenance.json").read_text("utf-8"))
    edited(files=record["files"] | {"components.nii.gz": "0" * 64})
    tracemalloc.start()
    _, out, _ = run("rerun", "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "components.nii.gz: holds other modes" in out
    assert peak < 100 * 2**20
