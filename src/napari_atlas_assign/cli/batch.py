"""``batch``: many maps against the same atlases, into one combined table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ..errors import InputError, counted
from .parser import (
    PROGRAM,
    Subparsers,
    add_assignment_arguments,
    add_atlas_arguments,
    add_coordinates_argument,
    add_profile_argument,
    add_volume_argument,
    assignment_arguments,
    download_line,
    labels_of_rois,
    named_atlas,
    print_profile,
    printable,
)

if TYPE_CHECKING:
    from ..batch.run import Summary

_FAILURES_SHOWN = 10

_SECONDS_BETWEEN_LINES = 30.0


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "batch",
        help="assign many maps on all cores or a cluster, into one combined table",
        description="Assign the modes of many maps to the regions of the same atlases, and combine their tables. "
        "After a kill, the same command goes on where it was. Exit code 1 if any map failed; the others are done.",
    )
    parser.add_argument(
        "maps",
        nargs="+",
        metavar="MAPS",
        help="image files, folders, quoted patterns ('maps/**/*.nii.gz'), BIDS datasets, "
        "files of points, or manifests (CSV or TSV with the columns path and, where wanted, name and threshold)",
    )
    add_atlas_arguments(parser)
    add_volume_argument(parser)
    add_coordinates_argument(parser)
    parser.add_argument(
        "--entity",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of a BIDS dataset, only maps with this in their names, such as stat=z; may be given several times",
    )
    add_assignment_arguments(parser)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="new folder, or that of an earlier batch to go on with",
    )
    parser.add_argument(
        "--format", choices=("tsv", "parquet"), default="tsv", help="of the combined tables (default: tsv)"
    )
    parser.add_argument(
        "--matrix",
        metavar="COLUMN",
        help="also write one table of maps by regions, of this column of the region tables, such as mean",
    )
    parser.add_argument(
        "--design",
        type=Path,
        metavar="FILE",
        help="a table with the columns subject and group: the numbers of --matrix by region and group, as groups.tsv "
        "and report.html; maps are named after their subjects",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a dask cluster that does the work, or `local` for one of this machine",
    )
    add_profile_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..assignment.parameters import Parameters
    from ..batch.inputs import find_maps
    from ..batch.run import run_batch, usable_batch_folder
    from ..batch.stopping import on_interrupt
    from ..batch.work import AtlasFile, Job, open_atlases

    parameters = Parameters(**assignment_arguments(arguments, is_batch=True))
    maps = find_maps(arguments.maps, _entities(arguments.entity))
    of_rois = labels_of_rois(arguments, maps[0].path) if maps else None
    tables = (arguments.labels if of_rois is None else None, arguments.groups, of_rois)
    labels, groups, roi_labels = (None if table is None else str(table.resolve()) for table in tables)
    job = Job(
        tuple(
            AtlasFile(_absolute(atlas), labels, arguments.dialect, name, groups, arguments.atlas_volume)
            for name, atlas in map(named_atlas, arguments.atlas)
        ),
        parameters,
        arguments.volume,
        roi_labels,
        coordinates=arguments.coordinates,
    )
    usable_batch_folder(arguments.output)  # before a download, not after it
    with download_line() as progress:
        open_atlases(job, progress)
    with progress_line() as show, on_interrupt(_tell_stop) as stop:
        summary = run_batch(
            maps,
            job,
            arguments.output,
            workers=arguments.workers,
            scheduler=arguments.scheduler,
            table_format=arguments.format,
            matrix=arguments.matrix,
            design=arguments.design,
            progress=show,
            stop=stop,
        )
    _print(summary, arguments)
    return 1 if summary.failures else 0


@contextmanager
def progress_line() -> Iterator[Callable[[int, int, int], None]]:
    """Give what tells on standard error how far a batch is: maps done, speed, failures, time left.

    On a terminal it keeps one line up to date; elsewhere, such as in the log of a job, it adds one now and then.
    """
    terminal = sys.stderr.isatty()
    interval = 0.2 if terminal else _SECONDS_BETWEEN_LINES
    began = shown = perf_counter()
    before: int | None = None
    is_open = False

    def show(done: int, total: int, failed: int) -> None:
        nonlocal shown, before, is_open
        now = perf_counter()
        before = done if before is None else before
        if now - shown < interval and not (terminal and done == total):
            return
        shown = now
        speed = (done - before) / max(now - began, 1e-9)
        left = f", {(total - done) / speed:.0f} s left" if speed > 0 else ""
        line = f"{done} of {counted(total, 'map')}, {speed:.1f} per second, {failed} failed{left}"
        is_open = terminal
        print(f"\r{line:<78}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if is_open:
            print(file=sys.stderr)


def _tell_stop(n_maps: int) -> None:
    print(
        f"\n{PROGRAM}: finishing {counted(n_maps, 'map')} in hand; Ctrl-C again ends at once",
        file=sys.stderr,
        flush=True,
    )


def _print(summary: Summary, arguments: argparse.Namespace) -> None:
    assigned = summary.maps - len(summary.failures)
    earlier = f", {summary.earlier} of them earlier" if summary.earlier else ""
    print(
        f"{counted(summary.maps, 'map')}: {assigned} assigned{earlier}, {len(summary.failures)} "
        f"failed; {counted(summary.modes, 'mode')}, "
        f"{counted(summary.assignments, 'assignment')} to {', '.join(arguments.atlas)}; see {arguments.output}"
    )
    if summary.warnings:
        print(f"{PROGRAM}: warning: maps with warnings: {summary.warnings}; see maps.tsv", file=sys.stderr)
    for (file, _, _), error in list(summary.failures.items())[:_FAILURES_SHOWN]:
        print(f"{PROGRAM}: failed: {printable(file)}: {printable(error)}", file=sys.stderr)
    more = len(summary.failures) - _FAILURES_SHOWN
    if more > 0:
        print(f"{PROGRAM}: failed: {more} more; see failures.tsv", file=sys.stderr)
    if arguments.profile:
        print_profile(summary.timings, max(1, assigned - summary.earlier))


def _absolute(path: str) -> str:
    """A path as workers elsewhere can use it; the name of an atlas stays as it is."""
    try:
        return str(Path(path).resolve()) if Path(path).exists() else path
    except (OSError, ValueError):
        return path


def _entities(pairs: list[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise InputError(f"--entity {pair!r} is no KEY=VALUE; give for example --entity stat=z")
        wanted.setdefault(key, []).append(value)
    return wanted
