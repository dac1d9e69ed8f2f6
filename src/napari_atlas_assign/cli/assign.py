"""``assign``: one map against one atlas, into an output folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from .parser import Subparsers, add_assignment_arguments, add_output_argument, assignment_arguments


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "assign",
        help="assign the modes of a map to the regions of an atlas",
        description="Assign the modes of an activation map to the regions of an atlas, and write the tables, "
        "the volume of modes and a record of the run into a new folder.",
    )
    parser.add_argument("map", type=Path, metavar="MAP", help="the activation map, a NIfTI file")
    parser.add_argument(
        "--atlas", required=True, metavar="NAME_OR_PATH", help="a name that `atlases` lists, or an atlas file or folder"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="table of region names (CSV, TSV) of an atlas file")
    parser.add_argument("--dialect", metavar="NAME", help="file dialect of the atlas, where its content fits several")
    parser.add_argument("--volume", type=int, metavar="N", help="which volume of a 4D map, counted from 0")
    add_assignment_arguments(parser)
    add_output_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..assignment.assign import assign
    from ..atlas.load import load_atlas
    from ..image import Image
    from ..report.folder import usable_folder

    usable_folder(arguments.output)  # before the work, not after it
    image = Image.from_file(arguments.map, arguments.volume)
    atlas = load_atlas(arguments.atlas, labels=arguments.labels, dialect=arguments.dialect)
    result = assign(image, atlas, **assignment_arguments(arguments))
    result.save(arguments.output)
    print(
        f"{image.name}: {len(result.modes)} modes, {len(result.assignments)} assignments to {atlas.name}; "
        f"see {arguments.output}"
    )
