"""``sweep``: an assignment that also follows the modes of a map along thresholds."""

from __future__ import annotations

import argparse

from ..errors import InputError
from . import assign
from .parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sweep",
        help="would the answer stand at another threshold? follow the modes of a map along thresholds",
        description="Assign a map at every one of some thresholds and follow its modes by their peaks: sweep.tsv, and "
        "a figure where matplotlib is installed. The folder also holds what `assign` writes, at the lowest of them "
        "unless another one is given.",
    )
    assign.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    if arguments.thresholds is None:
        raise InputError("a sweep needs thresholds; give --thresholds 2.3,2.6,3.1, or 2.3:5:10 for ten from 2.3 to 5")
    if arguments.threshold is arguments.percentile is arguments.p is None:
        arguments.threshold = min(arguments.thresholds)
    assign.run(arguments)
