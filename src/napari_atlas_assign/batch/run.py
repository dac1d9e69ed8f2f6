"""A batch: many maps, the same atlases and parameters, one output folder that can be taken up again at any point."""

from __future__ import annotations

import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from ..assignment.options.use import Run, check_use
from ..assignment.regions.table import columns_of_maps, columns_of_points
from ..atomic import leftovers, scratch_folder
from ..errors import InputError
from ..modes.point_set import PointSet
from ..report.folder import LITTER
from ..report.groups.page import group_page
from ..report.provenance import describe_atlas, plain, software, to_json
from .combine import FORMATS, TableFormat, check_format, open_table, tsv_line
from .design import Design, write_groups
from .inputs import MapFile, are_points
from .matrix import check_matrix_column, matrix_rows
from .pools import ClusterPool, LocalPool, Pool, n_cores
from .stopping import Stop
from .store import Journal, writing
from .work import TABLES, Job, MapKey, failed, head_of, key_of, open_atlases, prepare, setup_of

FINISHED, RECORD, MAPS, FAILURES = "finished", "batch.json", "maps.tsv", "failures.tsv"
MATRIX, GROUPS, REPORT = "matrix", "groups", "report.html"

RECORD_KIND = "napari-atlas-assign batch"

MOST_WORKERS = 4096
"""Processes of one machine."""

_NO_POINTS = PointSet(np.empty((0, 3)), np.empty(0))
"""Stands for those of all files where options are checked."""

_MAPS_COLUMNS = ("file", "name", "threshold", "sha256", "volumes", "modes", "assignments", "warnings")
_SECONDS_BETWEEN_LOOKS = 2.0
"""At the workers that are there."""

_SECONDS_TO_HEAR = 0.2
"""Between looks at whether to stop."""

_FEW = 4
"""Maps per process for which all integrals of a grid cost more than those that each process needs."""


_TASKS_PER_WORKER = 4
"""Handed out at a time: enough that no worker waits, few enough that memory stays bounded."""


@dataclass
class Summary:
    """What became of a batch.

    Parameters
    ----------
    maps : int
        All of them.
    earlier : int
        Those that an earlier run had finished.
    failures : dict
        Of each map that could not be assigned, by `work.key_of`, the reason.
    modes, assignments, warnings : int
        Rows of the combined tables; maps with warnings.
    timings : dict
        Seconds per stage, of the workers together; ``start`` (of the workers) and ``combine`` are of this process.
    """

    maps: int
    earlier: int = 0
    failures: dict[MapKey, str] = field(default_factory=dict)
    modes: int = 0
    assignments: int = 0
    warnings: int = 0
    timings: dict[str, float] = field(default_factory=dict)


Progress = Callable[[int, int, int], None]
"""Called with the numbers of maps done, of all maps, and of failures."""


def run_batch(
    maps: Sequence[MapFile],
    job: Job,
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    table_format: TableFormat = "tsv",
    matrix: str | None = None,
    design: Path | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Summary:
    """Assign many maps, and combine their tables.

    Each map that is finished is on disk at once: the same call after a kill goes on where the batch was. It assigns
    only maps that are not finished: new ones, those whose file has changed, those that failed; all of them if a
    parameter, an atlas or the software has changed.

    Parameters
    ----------
    maps : sequence of MapFile
        Of `find_maps`.
    job : Job
        Atlases and parameters.
    folder : path
        For the output: new, empty, or that of an earlier batch.
    workers : int, optional
        Processes; by default one per core.
    scheduler : str, optional
        Address of a dask scheduler whose workers do the work; ``local`` starts a cluster here.
    table_format : {"tsv", "parquet"}
        Of the combined tables. Parquet needs pyarrow.
    matrix : str, optional
        A column of the region table; it makes one more table, one row per map, one column per region.
    design : Path, optional
        A table that says of which subject each map is, and of which group each subject: the column `matrix` by region
        and group as one more table, and a report of it. See `Design`.
    progress : callable, optional
        See `Progress`.
    stop : Stop, optional
        Asked whether to end after the maps in hand.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If there is no map, an atlas cannot be read, or the folder holds anything else. That a map cannot be read raises
        nothing: the summary and ``failures.tsv`` say so.
    KeyboardInterrupt
        After the maps in hand, if `stop` was asked.
    """
    stop = stop or Stop()
    if not maps:
        raise InputError("there is no map to assign; give at least one")
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"the number of workers is {workers}; give 1 to {MOST_WORKERS}")
    check_format(table_format)
    job = replace(job, points=are_points(maps))
    _check_kind(job)
    if matrix is not None:
        check_matrix_column(matrix, columns_of_points() if job.points else columns_of_maps(job.parameters))
    if design is not None and matrix is None:
        raise InputError(f"{design}: a design needs a column of the region tables; name it, such as --matrix mean")
    groups = None if design is None or matrix is None else Design(design, maps, matrix)
    use = Run(job.parameters, _NO_POINTS if job.points else None, is_batch=True)
    check_use(use)
    _check_thresholds(maps, job)
    target = usable_batch_folder(Path(folder))
    start = perf_counter()
    atlases = open_atlases(job)
    check_use(replace(use, atlases=atlases))
    job = replace(job, setup=setup_of(job, atlases))
    summary = Summary(len(maps), timings={"load atlas": perf_counter() - start})
    assert job.setup is not None
    with Journal(target / FINISHED, job.setup) as journal:
        for scratch in leftovers(target):  # of a run that was killed while it combined the tables
            shutil.rmtree(scratch, ignore_errors=True)
        todo = [file for file in maps if not journal.holds(file)]
        summary.earlier = len(maps) - len(todo)
        _report(progress, summary, len(todo))
        if todo:
            start = perf_counter()
            pool = _pool(job, todo, workers or n_cores(), scheduler)
            with stop.while_workers_work(), closing(pool):
                summary.timings["start"] = perf_counter() - start
                try:
                    _assign_all(pool, job, todo, journal, summary, progress, stop)
                except (ImportError, AttributeError) as error:
                    raise InputError(
                        f"a worker cannot do the work ({error}); install this package there, in the same version"
                    ) from error
                except pool.cut_off as error:
                    raise InputError(
                        f"the scheduler cannot be reached any more ({str(error) or type(error).__name__}); "
                        "run the same command again when it can: it goes on where it was"
                    ) from error
        start = perf_counter()
        with writing(target):
            _combine(maps, job, journal, target, table_format, matrix, groups, summary)
        journal.drop_others()
        summary.timings["combine"] = perf_counter() - start
    return summary


def _check_kind(job: Job) -> None:
    """Refuse what goes with the other kind of files."""
    if job.points and job.volume is not None:
        raise InputError("volume: points have no volumes; leave it out")
    if not job.points and job.coordinates is not None:
        raise InputError("coordinates: only for points; leave it out")


def _check_thresholds(maps: Sequence[MapFile], job: Job) -> None:
    """Refuse thresholds in a manifest of labels or points, which have none."""
    own = next((file for file in maps if file.threshold is not None), None)
    if own is not None and (job.parameters.rois or job.points):
        raise InputError(
            f"{own.file} has a threshold in the manifest, which plays no part for regions of interest or points; "
            "take it away"
        )


def usable_batch_folder(folder: Path) -> Path:
    """The absolute path of an output folder that is new, empty or holds an earlier batch.

    Raises
    ------
    InputError
        If it is a file, or holds something else.
    """
    try:
        target = folder.resolve()
        present = {path.name for path in target.iterdir()} - LITTER if target.is_dir() else set()
        is_file = target.exists() and not target.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder} cannot be used as output folder ({error}); name another one") from error
    if is_file:
        raise InputError(f"{folder} is a file; name a folder for the output")
    if present and FINISHED not in present:
        raise InputError(f"{folder} is not empty and holds no earlier batch; name a new folder, or empty it")
    return target


def _pool(job: Job, todo: Sequence[MapFile], workers: int, scheduler: str | None) -> Pool:
    if scheduler is not None:
        return ClusterPool(scheduler, workers)
    workers = min(workers, len(todo))
    if len(todo) > _FEW * workers:
        prepare(job, todo[:10])  # before the workers are forked
    return LocalPool(workers)


def _assign_all(
    pool: Pool,
    job: Job,
    todo: Sequence[MapFile],
    journal: Journal,
    summary: Summary,
    progress: Progress | None,
    stop: Stop,
) -> None:
    """Assign the maps that are left, and keep each record as it comes; those in hand alone where that is asked."""
    left = len(todo)
    suspects: list[MapFile] = []

    def keep(records: Sequence[bytes]) -> None:
        nonlocal left
        for record in records:
            head = head_of(record)
            if "error" in head:
                summary.failures[head["file"], head["name"], head["threshold"]] = head["error"]
            else:
                journal.append(record)
                for stage, seconds in head["timings"].items():
                    summary.timings[stage] = summary.timings.get(stage, 0.0) + seconds
        left -= len(records)
        _report(progress, summary, left)

    waiting = deque(todo)
    running: dict[Future[list[bytes]], list[MapFile]] = {}
    room, looked = 0, -math.inf
    told = False
    while waiting or running:
        if stop.asked and not told:
            waiting.clear()
            running = {future: task for future, task in running.items() if not future.cancel()}
            stop.tell(sum(map(len, running.values())))
            told = True
        if monotonic() - looked > _SECONDS_BETWEEN_LOOKS:
            room, looked = max(1, _TASKS_PER_WORKER * pool.width()), monotonic()
        while waiting and len(running) < room:
            # Smaller towards the end, so that the workers finish together.
            size = max(1, min(pool.chunk, len(waiting) // room))
            task = [waiting.popleft() for _ in range(size)]
            running[pool.submit(job, task)] = task
        done, _ = wait(running, timeout=_SECONDS_TO_HEAR, return_when=FIRST_COMPLETED)
        for future in done:
            task = running.pop(future)
            try:
                keep(future.result())
            except Exception as error:
                if not pool.has_lost(error):
                    raise
                suspects += task
        if suspects and not running:
            pool.repair()
            for file in suspects:
                if not stop.asked:
                    keep(_alone(pool, job, file))
            suspects = []
    if stop.asked:
        raise KeyboardInterrupt


def _alone(pool: Pool, job: Job, file: MapFile) -> list[bytes]:
    """Assign one of the maps that were at work when a worker was lost, with nothing else at work."""
    for _ in range(2):
        try:
            return pool.submit(job, [file]).result()
        except Exception as error:  # this map's own doing, or killed from outside: the second time tells
            if not pool.has_lost(error):
                raise
            pool.repair()
    return [failed(file, f"{file.file}: its worker process was killed, twice; it may need more memory than there is")]


def _combine(
    maps: Sequence[MapFile],
    job: Job,
    journal: Journal,
    target: Path,
    table_format: TableFormat,
    matrix: str | None,
    design: Design | None,
    summary: Summary,
) -> None:
    """Write the combined tables and the record; the record is there only when all files are those of one run."""
    with scratch_folder(target) as new:
        with ExitStack() as opened:
            tables = {
                name: opened.enter_context(open_table(new / f"{name}.{table_format}", table_format))
                for name in (*TABLES, MATRIX, GROUPS)
            }
            listed = opened.enter_context((new / MAPS).open("wb"))
            listed.write(tsv_line(_MAPS_COLUMNS))
            for file in maps:
                if key_of(file) in summary.failures:
                    continue
                head, rows = journal.read(file)
                for name, of_map in rows.items():
                    tables[name].add(head["columns"][name], of_map)
                regions = head["columns"]["regions"], rows["regions"]
                if matrix is not None:
                    besides = None if design is None else design.cells(file)
                    tables[MATRIX].add(*matrix_rows(*regions, matrix, besides))
                if design is not None:
                    design.add(file, *regions)
                summary.modes += head["modes"]
                summary.assignments += head["assignments"]
                summary.warnings += bool(head["warnings"])
                cells = head | {"warnings": "; ".join(head["warnings"]) or None}
                listed.write(tsv_line([cells[column] for column in _MAPS_COLUMNS]))
            compared = None if design is None else design.tables()
            if compared is not None:
                write_groups(compared.summary, tables[GROUPS])
        failures = [(file.file, summary.failures.get(key_of(file))) for file in maps]
        lines = [tsv_line(("file", "error")), *(tsv_line(failure) for failure in failures if failure[1] is not None)]
        (new / FAILURES).write_bytes(b"".join(lines))
        record = _record(job, summary)
        if compared is not None and matrix is not None:
            page = group_page(compared.summary, compared.values, compared.group_of, matrix, record)
            (new / REPORT).write_text(page, "utf-8")
        (new / RECORD).write_bytes(to_json(record))
        (target / RECORD).unlink(missing_ok=True)
        tables_of_all = [f"{table}.{other}" for table in (*TABLES, MATRIX, GROUPS) for other in FORMATS]
        for name in (*tables_of_all, MAPS, FAILURES, REPORT, RECORD):
            if (new / name).exists():
                os.replace(new / name, target / name)
            else:
                (target / name).unlink(missing_ok=True)  # of an earlier run, in the other format


def _record(job: Job, summary: Summary) -> dict[str, object]:
    record: dict[str, object] = plain(
        {
            "record": RECORD_KIND,
            "software": software(),
            "parameters": job.parameters.as_dict(),
            "volume": job.volume,
            "coordinates": job.coordinates,
            "atlases": [describe_atlas(atlas) for atlas in open_atlases(job)],
            "setup_sha256": job.setup,
            "maps": summary.maps,
            "failed": len(summary.failures),
            "modes": summary.modes,
            "assignments": summary.assignments,
        }
    )
    return record


def _report(progress: Progress | None, summary: Summary, left: int) -> None:
    if progress is not None:
        progress(summary.maps - left, summary.maps, len(summary.failures))
