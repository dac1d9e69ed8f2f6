"""What all commands share: a parser that fails in one line, and arguments that several of them take."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = "napari-atlas-assign"

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse has no public name for it."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that reports a wrong argument in one line and leaves with 2."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Leave with 2 after one line on standard error."""
        self.exit(2, f"{self.prog}: error: {one_line(message)}; {self.prog} --help lists what there is\n")


def one_line(text: str) -> str:
    """Text on one line, with control characters (which a file name may hold) made visible."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def add_assignment_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of an assignment; `assignment_arguments` gives them back."""
    parser.add_argument(
        "--threshold", type=float, default=0.0, metavar="T", help="modes are made of voxels beyond it (default: 0)"
    )
    parser.add_argument(
        "--tail",
        choices=("positive", "negative", "both"),
        default="positive",
        help="which sign to look at (default: positive)",
    )
    parser.add_argument(
        "--connectivity",
        type=int,
        choices=(6, 18, 26),
        default=18,
        help="neighbours through faces (6), also edges (18, the default), also corners (26)",
    )
    parser.add_argument(
        "--min-volume", type=float, default=0.0, metavar="MM3", help="drop modes that are smaller (default: 0)"
    )
    parser.add_argument(
        "--convention", choices=("default", "siibra"), default="default", help="how modes and scores are computed"
    )


def assignment_arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """The parameters of `napari_atlas_assign.assign` that were given on the command line."""
    return {
        "threshold": arguments.threshold,
        "tail": arguments.tail,
        "connectivity": arguments.connectivity,
        "min_volume_mm3": arguments.min_volume,
        "convention": arguments.convention,
    }


def add_output_argument(parser: argparse.ArgumentParser, default: Path | None = None) -> None:
    """Add ``--output DIR``, required unless there is a default."""
    parser.add_argument(
        "--output",
        type=Path,
        required=default is None,
        default=default,
        metavar="DIR",
        help="new folder for the tables, the modes and the record; an earlier result there is replaced"
        + (f" (default: {default})" if default else ""),
    )
