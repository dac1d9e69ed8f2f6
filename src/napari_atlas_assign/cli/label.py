"""``label``: the regions of an atlas beside the coordinates of a table that any program made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .parser import Subparsers, add_atlas_arguments, loaded_atlases


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "label",
        help="name the regions in a table of clusters, peaks, foci or electrodes",
        description="Add the regions of an atlas to a table with x, y and z in mm: of nilearn, FSL, SPM, AFNI, "
        "FreeSurfer, NiMARE, Sleuth, BIDS or any other program. What the table holds is kept as it is.",
    )
    parser.add_argument("table", type=Path, metavar="TABLE", help="the table, as the program wrote it")
    add_atlas_arguments(parser)
    parser.add_argument("--sigma", type=float, default=0.0, metavar="MM", help="uncertainty of each place (default: 0)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a new file (default: print the table)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..cluster_tables.label import label_table
    from ..errors import InputError
    from ..image import exists

    if arguments.output is not None and exists(arguments.output):
        raise InputError(f"{arguments.output} is there already; give the name of a new file")
    text = label_table(
        arguments.table, loaded_atlases(arguments, arguments.labels), sigma=arguments.sigma, output=arguments.output
    )
    if arguments.output is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(newline="")  # the table's own line ends, which Windows would double
        sys.stdout.write(text)
