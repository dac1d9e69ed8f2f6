"""Batches on a real dask scheduler and worker processes on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from types import SimpleNamespace

import pytest

from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.batch import work
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.batch.pools import ClusterPool
from napari_atlas_assign.batch.run import run_batch
from napari_atlas_assign.batch.work import AtlasFile, Job
from napari_atlas_assign.errors import InputError


class Cluster:
    """A scheduler, and workers that nobody starts again."""

    def __init__(self, folder):
        self.folder, self.about, self.workers = folder, folder / "scheduler.json", []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        until = time.monotonic() + 60
        while not self.about.exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.address = json.loads(self.about.read_text())["address"]

    def add_worker(self):
        self.workers.append(
            self._start("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        )

    def add_worker_without(self, package):
        start = f"import sys; sys.modules[{package!r}] = None; from distributed.cli.dask_worker import main; main()"
        command = [sys.executable, "-c", start, "--scheduler-file", str(self.about), "--no-nanny", "--no-dashboard"]
        self.workers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def _start(self, what, *options):
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.about), "--no-dashboard", *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    started = Cluster(tmp_path_factory.mktemp("dask"))
    started.add_worker()
    started.add_worker()
    yield started
    started.close()


def tables(folder):
    return {name: (folder / f"{name}.tsv").read_bytes() for name in ("assignments", "modes", "maps", "failures")}


def test_a_worker_killed_in_the_middle_loses_nothing_and_changes_nothing(cluster, maps_folder, atlas_file, tmp_path):
    for n in range(80):
        (maps_folder / f"more{n:03d}.nii.gz").write_bytes((maps_folder / f"a{n % 3}.nii.gz").read_bytes())
    (maps_folder / "bad.nii.gz").write_bytes(b"no image")
    files, job = find_maps([maps_folder]), Job((AtlasFile(str(atlas_file)),), Parameters(threshold=1.0))
    killed = []

    def kill_once(done, total, failed):
        if 0 < done < total and not killed:
            killed.append(cluster.workers[0])
            os.kill(killed[0].pid, signal.SIGKILL)
            cluster.add_worker()

    summary = run_batch(
        files, job, tmp_path / "cluster", scheduler=cluster.address, table_format="tsv", progress=kill_once
    )
    assert killed
    assert [file.rpartition("/")[2] for file, _, _ in summary.failures] == ["bad.nii.gz"]
    run_batch(files, job, tmp_path / "local", workers=1, table_format="tsv")
    assert tables(tmp_path / "cluster") == tables(tmp_path / "local")


def test_workers_with_another_atlas_at_that_path_refuse_to_work(
    cluster, maps_folder, atlas_file, tmp_path, monkeypatch
):
    monkeypatch.setattr("napari_atlas_assign.batch.run.setup_of", lambda *_: "0" * 64)
    monkeypatch.setattr(work, "_checked", set())
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=1.0))
    with pytest.raises(InputError, match=r"on the worker .* are not those of the machine that started the batch"):
        run_batch(find_maps([maps_folder]), job, tmp_path / "out", scheduler=cluster.address)


def test_a_scheduler_that_does_not_answer_is_named(maps_folder, atlas_file, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.batch.pools._SECONDS_TO_ANSWER", 1)
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=1.0))
    with pytest.raises(InputError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run_batch(find_maps([maps_folder]), job, tmp_path / "out", scheduler="tcp://127.0.0.1:9")


def test_a_worker_without_this_package_is_named(maps_folder, atlas_file, tmp_path):
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=1.0))
    bare = Cluster(tmp_path)
    try:
        bare.add_worker_without("napari_atlas_assign")
        with pytest.raises(InputError, match=r"a worker cannot do the work \(.*napari_atlas_assign.*\); install"):
            run_batch(find_maps([maps_folder]), job, tmp_path / "out", scheduler=bare.address)
    finally:
        bare.close()


def test_a_warning_tells_when_the_last_worker_has_gone():
    pool = object.__new__(ClusterPool)
    pool._width = 1
    seen = []
    for n in (2, 0, 0, 1, 0):
        pool._client = SimpleNamespace(nthreads=lambda n=n: {"a": n} if n else {})
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert pool.width() == n
        seen.append([str(warning.message) for warning in told])
    said = ["the scheduler has no worker; the batch waits for one"]
    assert seen == [[], said, [], [], said]


@pytest.mark.parametrize("address", ["nonsense", "", "http://localhost:8786", "tcp://localhost"])
def test_what_is_no_address_is_named_without_a_try(maps_folder, atlas_file, tmp_path, monkeypatch, address):
    monkeypatch.setattr("distributed.Client", lambda *_, **__: pytest.fail("was tried"))
    job = Job((AtlasFile(str(atlas_file)),), Parameters(threshold=1.0))
    with pytest.raises(InputError, match="no dask scheduler answers at"):
        run_batch(find_maps([maps_folder]), job, tmp_path / "out", scheduler=address)
