"""``assign``: one map against one atlas, into an output folder."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from time import perf_counter

from .parser import (
    Subparsers,
    add_assignment_arguments,
    add_atlas_arguments,
    add_coordinates_argument,
    add_output_argument,
    add_profile_argument,
    add_report_argument,
    add_volume_argument,
    assignment_arguments,
    labels_of_rois,
    loaded_atlases,
    print_profile,
)


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "assign",
        help="assign the modes of a map to the regions of an atlas",
        description="Assign the modes of an activation map to the regions of an atlas, and write the tables, "
        "the volume of modes and a record of the run into a new folder.",
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `run`."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="MAP",
        help="an activation map or a stack of maps (NIfTI), or a file of points: a table (CSV, TSV, Parquet) with the "
        "columns x, y, z, or cells (cellfinder's XML, npy)",
    )
    add_atlas_arguments(parser)
    add_volume_argument(parser)
    parser.add_argument(
        "--sigma",
        type=float,
        default=0.0,
        metavar="MM",
        help="uncertainty of points without one of their own (default: 0)",
    )
    add_coordinates_argument(parser)
    parser.add_argument(
        "--on-atlas-voxels",
        nargs="?",
        const=True,
        default=False,
        choices=("atlas", "RAS"),
        help="the map has the voxels of the atlas, whatever its header says: with its axes as in the atlas's array, or "
        "as its header turns them to RAS; without a word, whichever fits",
    )
    add_assignment_arguments(parser)
    add_output_argument(parser)
    add_report_argument(parser)
    add_profile_argument(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    gc.disable()  # what imports allocate stays: to look through it again and again takes a tenth of them
    from ..api import assign
    from ..report.folder import usable_folder
    from ..report.short import headline, summary_lines

    gc.enable()

    options = assignment_arguments(arguments)
    usable_folder(arguments.output)  # before the work, not after it
    if arguments.report:
        from ..report.canvas import check_matplotlib

        check_matplotlib()
    start = perf_counter()
    roi_labels = labels_of_rois(arguments, arguments.source)
    atlases = loaded_atlases(arguments, arguments.labels if roi_labels is None else None)
    loaded = perf_counter() - start
    result = assign(
        arguments.source,
        atlases,
        volume=arguments.volume,
        sigma=arguments.sigma,
        coordinates=arguments.coordinates,
        on_atlas_voxels=arguments.on_atlas_voxels,
        labels=roi_labels,
        **options,
    )
    result.timings["load atlas"] = loaded
    start, before = perf_counter(), sum(result.timings.values())
    result.save(arguments.output, report=arguments.report)
    written = perf_counter() - start - (sum(result.timings.values()) - before)  # tables are worked out meanwhile
    print("\n".join([*summary_lines(result), f"{headline(result)}; see {arguments.output}"]))
    if arguments.profile:
        print_profile(result.timings | {"write": written})
