"""A batch gives what its maps give one at a time, and can be taken up again at any point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from functools import partial

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import napari_atlas_assign as naa
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch import run as run_module
from napari_atlas_assign.batch.inputs import MapFile, find_maps
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import ORIGIN, AtlasFile, Job, assign_maps
from napari_atlas_assign.cli import main
from napari_atlas_assign.errors import InputError
from tests.tables.helpers import text_by_pandas


def job_of(atlas_file, **options):
    return Job((AtlasFile(str(atlas_file)),), Parameters(**options))


def tables(folder):
    return {name: (folder / f"{name}.tsv").read_text("utf-8") for name in ("assignments", "modes")}


def rows_one_by_one(files, atlases, name, tmp_path, **options):
    """What `assign` writes for each map, with the columns of origin in front."""
    lines = []
    for file in files:
        table = getattr(naa.assign(file.path, atlases, **options), name)
        stack = "map" in table
        origin = (
            table[["map", "map name"]] if stack else pd.DataFrame({"map": 0, "map name": file.path.name}, table.index)
        )
        table = table.drop(columns=["map", "map name"], errors="ignore")
        table = pd.concat([pd.DataFrame({"file": file.file}, table.index), origin, table], axis=1)
        text = text_by_pandas(table)
        lines.append(text if not lines else text.partition("\n")[2])
    return "".join(lines)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 1.0},
        {"threshold": 2.0, "tail": "both", "connectivity": 6, "min_voxels": 2},
        {"threshold": 1.0, "convention": "siibra"},
    ],
    ids=["default", "both tails", "siibra"],
)
def test_the_combined_tables_are_those_of_each_map_alone_to_the_last_bit(maps_folder, atlas_file, tmp_path, options):
    files = find_maps([maps_folder])
    summary = run_batch(files, job_of(atlas_file, **options), tmp_path / "out", workers=2, table_format="tsv")
    assert (summary.maps, summary.earlier, summary.failures) == (6, 0, {})
    atlas = naa.load_atlas(atlas_file)
    for name, text in tables(tmp_path / "out").items():
        assert text == rows_one_by_one(files, atlas, name, tmp_path, **options)


@pytest.mark.filterwarnings("ignore:no mode of:napari_atlas_assign.errors.AssignmentWarning")
def test_real_maps_on_a_real_atlas_with_another_beside_it(zmap_path, juelich, atlas_file, tmp_path):
    files = find_maps([zmap_path])
    job = Job((AtlasFile("juelich"), AtlasFile(str(atlas_file))), Parameters(threshold=3.0))
    run_batch(files, job, tmp_path / "out", workers=1, table_format="tsv")
    atlases = [juelich, naa.load_atlas(atlas_file)]
    for name, text in tables(tmp_path / "out").items():
        assert text == rows_one_by_one(files, atlases, name, tmp_path, threshold=3.0)


def test_parquet_holds_the_same_numbers(maps_folder, atlas_file, tmp_path):
    files, job = find_maps([maps_folder]), job_of(atlas_file, threshold=1.0)
    for table_format in ("tsv", "parquet"):
        run_batch(files, job, tmp_path / "out", workers=1, table_format=table_format)
        assert sorted(path.suffix for path in (tmp_path / "out").glob("assignments.*")) == [f".{table_format}"]
    table = pd.read_parquet(tmp_path / "out" / "assignments.parquet")
    expected = naa.assign(files[0].path, naa.load_atlas(atlas_file), threshold=1.0).assignments
    mine = table[table["file"] == files[0].file].drop(columns=list(ORIGIN)).reset_index(drop=True)
    assert list(mine.columns) == list(expected.columns)
    for column in expected.select_dtypes("number"):
        assert mine[column].dtype == expected[column].dtype
        np.testing.assert_array_equal(mine[column], expected[column])
    assert [tuple(point) for point in mine["centroid"]] == list(expected["centroid"])
    assert set(mine["region"]) == {"left", 'the "right"', "right, behind"}


@pytest.mark.parametrize("table_format", ["tsv", "parquet"])
def test_a_first_map_without_modes_changes_no_type(maps_folder, atlas_file, tmp_path, table_format):
    stack, empty, whole = maps_folder / "c.nii.gz", tmp_path / "empty.nii.gz", tmp_path / "whole.nii.gz"
    affine = nib.load(stack).affine
    nib.save(nib.Nifti1Image(np.zeros((20, 24, 16), np.float32), affine), empty)
    nib.save(nib.Nifti1Image(np.full((20, 24, 16), 7, np.int16), affine), whole)
    job = Job((AtlasFile(str(atlas_file)), AtlasFile("aal")), Parameters(threshold=1.0))
    run_batch(find_maps([empty, whole, stack]), job, tmp_path / "out", workers=1, table_format=table_format)
    read = pd.read_parquet if table_format == "parquet" else partial(pd.read_csv, sep="\t", na_values="n/a")
    for name in ("assignments", "modes"):
        table = read(tmp_path / "out" / f"{name}.{table_format}")
        assert table["file"].unique().tolist() == [str(whole), str(stack)]
        expected = getattr(naa.assign(stack, [naa.load_atlas(atlas_file), "aal"], threshold=1.0), name)
        for column in expected.select_dtypes("number"):
            assert table[column].dtype == expected[column].dtype, column
            np.testing.assert_array_equal(table.loc[table["file"] == str(stack), column], expected[column])


@pytest.mark.parametrize("table_format", ["tsv", "parquet"])
def test_where_no_map_could_be_assigned_there_are_no_tables(maps_folder, atlas_file, tmp_path, table_format):
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"no image")
    out = tmp_path / "out"
    run_batch(find_maps([maps_folder]), job_of(atlas_file), out, workers=1, table_format=table_format)
    summary = run_batch(find_maps([bad]), job_of(atlas_file), out, workers=1, table_format=table_format)
    assert len(summary.failures) == 1
    assert sorted(path.name for path in out.iterdir()) == ["batch.json", "failures.tsv", "finished", "maps.tsv"]


def test_thresholds_and_names_of_a_manifest_hold_for_their_maps(maps_folder, atlas_file, tmp_path):
    files = [MapFile(str(maps_folder / "a0.nii.gz"), f"at {t}", t) for t in (1.0, 3.0)]
    run_batch(files, job_of(atlas_file, threshold=2.0), tmp_path / "out", workers=1, table_format="tsv")
    modes = pd.read_csv(tmp_path / "out" / "modes.tsv", sep="\t")
    counts = [len(naa.assign(files[0].path, naa.load_atlas(atlas_file), threshold=t).modes) for t in (1.0, 3.0)]
    assert modes.groupby("map name").size().to_dict() == {"at 1.0": counts[0], "at 3.0": counts[1]}


def test_a_threshold_of_labels_in_a_manifest_is_refused(maps_folder, atlas_file, tmp_path):
    files = [MapFile(str(maps_folder / "a0.nii.gz"), None, 2.0)]
    with pytest.raises(
        InputError, match="has a threshold in the manifest, which plays no part for regions of interest"
    ):
        run_batch(files, job_of(atlas_file, rois=True), tmp_path / "out")


def test_a_map_that_fails_is_reported_and_the_others_are_done(maps_folder, atlas_file, tmp_path, capsys):
    (maps_folder / "bad.nii.gz").write_bytes(b"no image")
    arguments = ["batch", str(maps_folder), "--atlas", str(atlas_file), "--threshold", "1", "--workers", "1"]
    assert main([*arguments, "--output", str(tmp_path / "out"), "--profile"]) == 1
    shown = capsys.readouterr()
    assert "7 maps: 6 assigned, 1 failed" in shown.out
    assert "bad.nii.gz is not an image" in shown.err
    for stage in ("load atlas", "read image", "modes", "integrals", "sums", "tables", "write"):
        assert f"\n{stage} " in f"\n{shown.err}"
    failures = pd.read_csv(tmp_path / "out" / "failures.tsv", sep="\t")
    assert [path.rpartition("/")[2] for path in failures["file"]] == ["bad.nii.gz"]
    assert len(pd.read_csv(tmp_path / "out" / "maps.tsv", sep="\t")) == 6
    (maps_folder / "bad.nii.gz").unlink()
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert "6 of them earlier" in capsys.readouterr().out


def test_wrong_arguments_end_a_batch_with_2_before_anything_is_written(maps_folder, atlas_file, tmp_path):
    good = ["batch", str(maps_folder), "--atlas", str(atlas_file), "--output", str(tmp_path / "out")]
    for wrong in (
        [*good, "--workers", "0"],
        [*good, "--threshold", "-1"],
        [*good, "--entity", "stat"],
        [*good, "--atlas", str(tmp_path / "missing.nii")],
        ["batch", str(tmp_path / "missing.nii"), *good[1:]],
        [*good[:-1], str(maps_folder)],
    ):
        assert main(wrong) == 2
    assert not (tmp_path / "out").exists()
    assert len(list(maps_folder.iterdir())) == 6


def test_only_what_changed_is_assigned_again(maps_folder, atlas_file, tmp_path):
    out, job = tmp_path / "out", job_of(atlas_file, threshold=1.0)

    def earlier(job):
        return run_batch(find_maps([maps_folder]), job, out, workers=1, table_format="tsv").earlier

    assert earlier(job) == 0
    assert earlier(job) == 6
    (maps_folder / "a0.nii.gz").write_bytes((maps_folder / "a1.nii.gz").read_bytes())
    (maps_folder / "new.nii.gz").write_bytes((maps_folder / "a2.nii.gz").read_bytes())
    assert earlier(job) == 5
    assert earlier(job_of(atlas_file, threshold=2.0)) == 0
    fresh = tmp_path / "fresh"
    run_batch(find_maps([maps_folder]), job_of(atlas_file, threshold=2.0), fresh, workers=1, table_format="tsv")
    assert tables(out) == tables(fresh)


def test_a_batch_that_is_killed_goes_on_where_it_was(maps_folder, atlas_file, tmp_path):
    for n in range(60):
        (maps_folder / f"more{n:02d}.nii.gz").write_bytes((maps_folder / f"a{n % 3}.nii.gz").read_bytes())
    files, job = find_maps([maps_folder]), job_of(atlas_file, threshold=1.0)
    script = (
        "import sys, time\n"
        "from napari_atlas_assign.batch.inputs import find_maps\n"
        "from napari_atlas_assign.batch.run import run_batch\n"
        "from napari_atlas_assign.batch.work import AtlasFile, Job\n"
        "from napari_atlas_assign.assignment.parameters import Parameters\n"
        "def show(done, total, failed):\n"
        "    print(done, flush=True)\n"
        "    time.sleep(0.05)\n"
        "job = Job((AtlasFile(sys.argv[1]),), Parameters(threshold=1.0))\n"
        "run_batch(find_maps([sys.argv[2]]), job, sys.argv[3], workers=2, progress=show)\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", script, str(atlas_file), str(maps_folder), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    done = 0
    while done < 10:
        done = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "batch.json").exists()
    summary = run_batch(files, job, out, workers=1, table_format="tsv")
    assert done <= summary.earlier < len(files)
    run_batch(files, job, tmp_path / "fresh", workers=1, table_format="tsv")
    assert tables(out) == tables(tmp_path / "fresh")
    assert json.loads((out / "batch.json").read_text())["maps"] == len(files)


def test_what_a_killed_run_left_of_its_tables_is_removed(maps_folder, atlas_file, tmp_path):
    left = tmp_path / "out" / ".writing-killed"
    left.mkdir(parents=True)
    (tmp_path / "out" / "finished").mkdir()
    (left / "assignments.tsv").write_text("half a ta")
    run_batch(find_maps([maps_folder]), job_of(atlas_file, threshold=1.0), tmp_path / "out", workers=1)
    assert not left.exists()


def test_a_full_disk_ends_a_batch_in_one_line_and_the_same_command_goes_on(maps_folder, atlas_file, tmp_path):
    code = (
        "import resource, sys\n"
        "from napari_atlas_assign.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    fresh, out = tmp_path / "fresh", tmp_path / "out"
    files, job = find_maps([maps_folder]), job_of(atlas_file, threshold=1.0)
    arguments = ["batch", str(maps_folder), "--atlas", str(atlas_file), "--threshold", "1", "--workers", "1"]

    def assert_full():
        command = [sys.executable, "-c", code, *arguments, "--output", str(out)]
        full = subprocess.run(command, capture_output=True, text=True)
        assert (full.returncode, full.stdout) == (2, "")
        assert full.stderr.count("\n") == 1
        assert "cannot be written (File too large); make room" in full.stderr

    assert_full()  # in the journal
    assert [path.name for path in out.iterdir()] == ["finished"]
    assert 0 < run_batch(files, job, out, workers=1).earlier < 6
    run_batch(files, job, fresh, workers=1)
    assert tables(out) == tables(fresh)
    assert_full()  # in the tables, of which the earlier ones stay
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in fresh.iterdir())
    assert tables(out) == tables(fresh)


def test_a_few_maps_are_not_worth_all_integrals_of_their_grid(maps_folder, atlas_file, tmp_path, monkeypatch):
    prepared = []
    monkeypatch.setattr(run_module, "prepare", lambda job, maps: prepared.append(len(maps)))
    few, more = (
        [MapFile(str(maps_folder / "b0.nii"), f"map {n}") for n in range(count)]
        for count in (run_module._FEW, run_module._FEW + 1)
    )
    run_batch(few, job_of(atlas_file), tmp_path / "few", workers=1)
    assert prepared == []
    run_batch(more, job_of(atlas_file), tmp_path / "more", workers=1)
    assert prepared == [len(more)]


class Lost(Exception):
    """A worker has ended."""


class FragilePool:
    """Works here and now; its worker ends at any task with a map of one name, taking along what else is at work."""

    chunk, cut_off = 3, ()

    def has_lost(self, error):
        return isinstance(error, Lost)

    def __init__(self, poison):
        self.poison, self.broken = poison, False

    def width(self):
        return 1

    def submit(self, job, maps):
        self.broken |= any(file.path.name == self.poison for file in maps)
        future = Future()
        if self.broken:
            future.set_exception(Lost())
        else:
            future.set_result(assign_maps(job, maps))
        return future

    def repair(self):
        self.broken = False

    def close(self):
        pass


def test_a_map_that_kills_its_worker_fails_alone(maps_folder, atlas_file, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "_pool", lambda *_: FragilePool("a1.nii.gz"))
    files = find_maps([maps_folder])
    summary = run_batch(files, job_of(atlas_file, threshold=1.0), tmp_path / "out", table_format="tsv")
    assert [file.rpartition("/")[2] for file, _, _ in summary.failures] == ["a1.nii.gz"]
    assert len(pd.read_csv(tmp_path / "out" / "maps.tsv", sep="\t")) == 5


class GrowingPool:
    """Has one worker, then three; nothing but the clock tells of the others."""

    chunk, cut_off = 1, ()

    def has_lost(self, error):
        return isinstance(error, Lost)

    def __init__(self):
        self.at_work, self.most = 0, 0

    def width(self):
        return 3 if self.most else 1

    def submit(self, job, maps):
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        return CountedFuture(self, assign_maps(job, maps))

    def close(self):
        pass


class CountedFuture(Future):
    def __init__(self, pool, records):
        super().__init__()
        self.pool = pool
        self.set_result(records)

    def result(self):
        self.pool.at_work -= 1
        return super().result()


def test_workers_that_come_later_are_given_work_too(maps_folder, atlas_file, tmp_path, monkeypatch):
    pool = GrowingPool()
    monkeypatch.setattr(run_module, "_pool", lambda *_: pool)
    monkeypatch.setattr(run_module, "_SECONDS_BETWEEN_LOOKS", 0)
    files = [MapFile(str(maps_folder / "a0.nii.gz"), f"map {n}") for n in range(30)]
    run_batch(files, job_of(atlas_file, threshold=3.0), tmp_path / "out")
    assert pool.most == 3 * run_module._TASKS_PER_WORKER


class CutOff(Exception):
    """The scheduler has gone."""


def test_a_scheduler_that_is_lost_is_named_and_the_same_call_goes_on(maps_folder, atlas_file, tmp_path, monkeypatch):
    class Pool(FragilePool):
        chunk, cut_off = 1, (CutOff,)

        def has_lost(self, error):
            return isinstance(error, Lost)

        def submit(self, job, maps):
            if any(file.path.name == self.poison for file in maps):
                raise CutOff
            return super().submit(job, maps)

    monkeypatch.setattr(run_module, "_pool", lambda *_: Pool("b0.nii"))
    monkeypatch.setattr(run_module, "_TASKS_PER_WORKER", 1)
    files, job = find_maps([maps_folder]), job_of(atlas_file, threshold=1.0)
    with pytest.raises(InputError, match=r"the scheduler cannot be reached any more \(CutOff\); run the same command"):
        run_batch(files, job, tmp_path / "out")
    monkeypatch.undo()
    assert run_batch(files, job, tmp_path / "out", workers=1).earlier == 3


def test_workers_killed_from_outside_lose_nothing(maps_folder, atlas_file, tmp_path, monkeypatch):
    pools = []
    make = run_module._pool
    monkeypatch.setattr(run_module, "_pool", lambda *a: pools.append(make(*a)) or pools[-1])

    def kill_once(done, total, failed):
        if pools and 0 < done < total and len(pools) == 1:
            pools.append(None)
            for pid in pools[0]._executor._processes:
                os.kill(pid, signal.SIGKILL)

    files, job = find_maps([maps_folder]), job_of(atlas_file, threshold=1.0)
    summary = run_batch(files, job, tmp_path / "out", workers=1, table_format="tsv", progress=kill_once)
    assert pools[1:] == [None]
    assert not summary.failures
    run_batch(files, job, tmp_path / "fresh", workers=1, table_format="tsv")
    assert tables(tmp_path / "out") == tables(tmp_path / "fresh")


def test_workers_end_with_a_parent_that_is_killed(maps_folder, atlas_file, tmp_path):
    script = (
        "import sys, time\n"
        "from napari_atlas_assign.batch.pools import LocalPool\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "pool = LocalPool(2)\n"
        "[pool._executor.submit(time.sleep, 0) for _ in range(2)]\n"
        "print(*pool._executor._processes, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    workers = [int(pid) for pid in process.stdout.readline().split()]
    assert len(workers) == 2
    time.sleep(0.5)
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, workers))


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_folder_with_something_else_is_left_alone(maps_folder, atlas_file):
    with pytest.raises(InputError, match="holds no earlier batch"):
        run_batch(find_maps([maps_folder]), job_of(atlas_file), maps_folder)


def test_tables_are_tsv_whatever_is_installed(maps_folder, atlas_file, tmp_path):
    run_batch(find_maps([maps_folder]), job_of(atlas_file), tmp_path / "out", workers=1)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*") if path.stem in ("assignments", "modes")) == [
        "assignments.tsv",
        "modes.tsv",
    ]


def test_parquet_without_pyarrow_is_refused_before_the_work(maps_folder, atlas_file, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.batch.combine.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "napari-atlas-assign\[parquet\]"'):
        run_batch(find_maps([maps_folder]), job_of(atlas_file), tmp_path / "out", table_format="parquet")
    assert not (tmp_path / "out").exists()


def test_the_last_tasks_are_single_maps_so_that_workers_end_together(maps_folder, atlas_file, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(
        "napari_atlas_assign.batch.pools.LocalPool.submit",
        lambda pool, job, maps: given.append(len(maps)) or _done(assign_maps(job, maps)),
    )
    names = [f"map {n}" for n in range(30)]
    files = [MapFile(str(maps_folder / "a0.nii.gz"), name) for name in names]
    run_batch(files, job_of(atlas_file, threshold=3.0), tmp_path / "out", workers=1)
    assert given[0] > 1
    assert given == sorted(given, reverse=True)
    assert given[-4:] == [1, 1, 1, 1]
    assert pd.read_csv(tmp_path / "out" / "maps.tsv", sep="\t")["name"].tolist() == names


def _done(records):
    future = Future()
    future.set_result(records)
    return future
