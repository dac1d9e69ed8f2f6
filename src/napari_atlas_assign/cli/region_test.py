"""``region-test``: an assignment that also tests whether the whole map favours a region beyond its smoothness."""

from __future__ import annotations

from . import assign
from .parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "region-test",
        help="does the whole map favour a region? test every region against random maps",
        description="Compare the mean of an unthresholded map in every region with that of random maps as smooth as "
        "this one and with its values: region_test.tsv. The folder also holds what `assign` writes.",
    )
    assign.add_arguments(parser)
    parser.set_defaults(run=assign.run, surrogates=999)
