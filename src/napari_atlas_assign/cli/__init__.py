"""The command line: ``napari-atlas-assign COMMAND``.

Exit codes: 0 done; 2 the input or the arguments are wrong; 1 anything else. What went wrong is one line on standard
error. A command is a module with ``add_parser(subparsers)`` and ``run(arguments)``, listed in `COMMANDS`; what `run`
returns is the exit code, None is 0. It imports heavy libraries when it runs.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from ..errors import AssignmentWarning, InputError
from . import assign, atlases, batch, cache, demo, label, region_test, rerun, sweep
from .parser import PROGRAM, OneLineParser, printable

COMMANDS = (assign, sweep, region_test, batch, label, rerun, atlases, cache, demo)

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that numpy's linear algebra looks at when numpy is imported."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` defaults to those of the process."""
    for stream in (sys.stdout, sys.stderr):
        # A region's or file's name must not end a run because the terminal lacks a letter.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    for variable in BLAS_THREADS:
        # Nothing here is worth a second thread of linear algebra, whose start alone costs a tenth of a second.
        os.environ.setdefault(variable, "1")
    parsed = build_parser().parse_args(arguments)
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", AssignmentWarning)
        warnings.showwarning = _show_warning
        try:
            code: int | None = parsed.run(parsed)
            sys.stdout.flush()
        except InputError as error:
            return _fail(2, str(error))
        except KeyboardInterrupt:
            return _fail(1, "stopped")
        except BrokenPipeError:  # the reader of our output, such as head, has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except Exception as error:
            if parsed.traceback:
                raise
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            return _fail(1, f"unexpected {what}; run again with --traceback before the command and report what it says")
    return code or 0


def build_parser() -> OneLineParser:
    """The parser of the whole command line."""
    from .. import __version__

    parser = OneLineParser(prog=PROGRAM, description="Which brain regions does each cluster of a map overlap?")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where in the program an unexpected error arose")
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"{PROGRAM}: warning: {printable(str(message))}", file=sys.stderr)


def _fail(code: int, message: str) -> int:
    print(f"{PROGRAM}: error: {printable(message)}", file=sys.stderr)
    return code
