"""``rerun``: the assignment of a record, once more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import InputError
from .parser import (
    PROGRAM,
    Subparsers,
    add_profile_argument,
    add_report_argument,
    download_line,
    print_profile,
    printable,
)


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "rerun",
        help="run the assignment of a record again, and compare",
        description="Run the assignment of a record again: check that every input is what it was, and say of every "
        "table whether it is the same.",
    )
    parser.add_argument(
        "record", type=Path, metavar="RECORD", help="provenance.json, or the output folder that holds it"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="also write the result into a new folder (default: only compare)"
    )
    add_report_argument(parser)
    add_profile_argument(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; 1 if a table differs."""
    from ..report.canvas import check_matplotlib
    from ..report.folder import usable_folder
    from ..report.rerun import compare_with_record, rerun

    if arguments.report:
        if arguments.output is None:
            raise InputError("--report is written into the output folder; give --output, too")
        check_matplotlib()
    if arguments.output is not None:
        usable_folder(arguments.output)
    with download_line() as progress:
        result = rerun(arguments.record, progress=progress)
    differences = compare_with_record(result, arguments.record)
    if arguments.output is not None:
        result.save(arguments.output, report=arguments.report)
    for name, difference in differences.items():
        print(f"{name}: {difference or 'identical'}")
    if arguments.output is not None:
        print(f"see {arguments.output}")
    if arguments.profile:
        print_profile(result.timings)
    other = [name for name, difference in differences.items() if difference]
    if other:
        what = f"{', '.join(other)}: not as in {arguments.record}, although no input has changed"
        print(f"{PROGRAM}: error: {printable(what)}", file=sys.stderr)
    return 1 if other else 0
