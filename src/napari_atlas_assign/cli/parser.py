"""What all commands share: a parser that fails in one line, and arguments that several of them take."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

from ..assignment.options.threshold_list import thresholds_in
from ..errors import InputError

if TYPE_CHECKING:
    from ..atlas.atlas import Atlas

PROGRAM = "napari-atlas-assign"

STAGES = ("load atlas", "read image", "modes", "integrals", "sums", "certainty", "checks", "tables", "regions", "write")
"""Of a run, in their order."""

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse has no public name for it."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that reports a wrong argument in one line and leaves with 2."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Leave with 2 after one line on standard error."""
        self.exit(2, f"{self.prog}: error: {printable(message)}; {self.prog} --help lists what there is\n")


def printable(text: str) -> str:
    """Text on one line, with control characters (which a file name may hold) made visible."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[Sequence[str]] | None = None
) -> None:
    """Print rows of text in columns, each row followed by its notes."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row, below in zip((header, *rows), ((), *(notes or ((),) * len(rows))), strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for note in below:
            print(f"    {note}")


@contextmanager
def download_line() -> Iterator[Callable[[int, int | None, str], None] | None]:
    """Give what keeps one line on standard error up to date while an atlas is fetched; None where no one sees it."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = -math.inf

    def show(done: int, total: int | None, what: str) -> None:
        nonlocal shown
        if perf_counter() - shown < 0.2:
            return
        shown = perf_counter()
        part = f"{done / total:.0%}" if total else f"{done / 1e6:.0f} MB"
        print(f"\r{printable(what)[:64]}: {part:<12}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown > 0:
            print(file=sys.stderr)


def add_assignment_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of an assignment; `assignment_arguments` gives them back."""
    threshold = parser.add_mutually_exclusive_group()
    threshold.add_argument(
        "--threshold",
        type=_threshold,
        metavar="T",
        help="modes are made of voxels beyond it (default: 0); none: no modes, only the table of regions",
    )
    threshold.add_argument(
        "--percentile", type=float, metavar="Q", help="threshold at this percentile of the tail's values"
    )
    threshold.add_argument(
        "--p", type=float, metavar="P", help="threshold at the z (or with --df, t) value of this p value"
    )
    parser.add_argument("--two-sided", action="store_true", help="the p value is two-sided")
    parser.add_argument("--df", type=float, metavar="N", help="degrees of freedom of a t map, for --p")
    parser.add_argument(
        "--tail",
        choices=("positive", "negative", "both"),
        help="which sign to look at (default: positive)",
    )
    parser.add_argument(
        "--connectivity",
        type=int,
        choices=(6, 18, 26),
        help="neighbours through faces (6), also edges (18, the default), also corners (26)",
    )
    parser.add_argument("--min-volume", type=float, metavar="MM3", help="drop modes that are smaller (default: 0)")
    parser.add_argument("--min-voxels", type=int, metavar="N", help="drop modes of fewer voxels")
    parser.add_argument("--keep-largest", type=int, metavar="K", help="keep only the K largest modes")
    parser.add_argument(
        "--split-height",
        type=float,
        metavar="H",
        help="split modes at saddles, from peaks that stand out by at least H",
    )
    parser.add_argument("--rois", action="store_true", help="the map holds labels: each is one mode as it is")
    parser.add_argument("--split-rois", action="store_true", help="with --rois: split labels into connected components")
    parser.add_argument("--peaks", type=int, metavar="N", help="list at most N peaks of each mode (default: 3)")
    parser.add_argument("--peak-distance", type=float, metavar="MM", help="least distance between them (default: 8)")
    parser.add_argument(
        "--minimum-probability",
        type=float,
        metavar="P",
        help="for the column mpm share: values below P (0 to 1) leave a place to no region (default: 0)",
    )
    parser.add_argument(
        "--level", type=int, metavar="L", help="score the regions' ancestors at this level of the tree, 0 at the root"
    )
    parser.add_argument(
        "--registration-sd",
        type=float,
        metavar="MM",
        help="work out how sure shares are, if the map may lie this far off along each axis",
    )
    parser.add_argument(
        "--placements",
        type=int,
        metavar="B",
        help="place every mode so often elsewhere in comparable tissue, for p values (999 at least, 4999 are better)",
    )
    parser.add_argument(
        "--surrogates",
        type=int,
        metavar="N",
        help="test whether the whole map favours a region, against so many random maps (99 at least, 999 are better)",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the random numbers of these three (default: 0)")
    parser.add_argument(
        "--thresholds",
        type=thresholds,
        metavar="LIST",
        help="also follow the modes along these thresholds: 2.3,2.6,3.1, or 2.3:5:10 for ten from 2.3 to 5",
    )
    parser.add_argument("--convention", choices=("default", "siibra"), help="how modes and scores are computed")


def thresholds(text: str) -> tuple[float, ...]:
    """As `thresholds_in`, for argparse."""
    try:
        return thresholds_in(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


_NONE = "none"
"""The threshold of those who want no modes."""


def _threshold(text: str) -> float | str:
    if text.strip().lower() == _NONE:
        return _NONE
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor none") from None


_PARAMETERS = {
    "threshold": "threshold",
    "tail": "tail",
    "connectivity": "connectivity",
    "min_volume": "min_volume_mm3",
    "min_voxels": "min_voxels",
    "keep_largest": "keep_largest",
    "split_height": "split_height",
    "rois": "rois",
    "split_rois": "split_rois",
    "peaks": "peaks",
    "peak_distance": "peak_distance_mm",
    "minimum_probability": "minimum_probability",
    "level": "level",
    "registration_sd": "registration_sd_mm",
    "placements": "placements",
    "surrogates": "surrogates",
    "seed": "seed",
    "thresholds": "sweep",
    "convention": "convention",
}
"""By the names of arguments, those of parameters."""


def assignment_arguments(arguments: argparse.Namespace, is_batch: bool = False) -> dict[str, Any]:
    """Parameters of `napari_atlas_assign.assign` that were given; those left out are not there.

    Raises
    ------
    InputError
        If one is out of its range, or plays no part beside the others.
    """
    from ..assignment.options.use import Run, check_use
    from ..assignment.parameters import Parameters

    given = {parameter: getattr(arguments, name) for name, parameter in _PARAMETERS.items()}
    given["threshold"] = _chosen_threshold(arguments)
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    if given.get("threshold") == _NONE:
        given["threshold"] = None
    flags = {parameter: f"--{name.replace('_', '-')}" for name, parameter in _PARAMETERS.items()}
    how = next((name for name in ("percentile", "p") if getattr(arguments, name) is not None), "threshold")
    check_use(Run(Parameters(**given), is_batch=is_batch), flags | {"threshold": f"--{how}"})
    return given


def _chosen_threshold(arguments: argparse.Namespace) -> Any:
    """The threshold as it was given, in one of its ways; None where it was not."""
    from ..assignment.parameters import Threshold

    if arguments.percentile is not None:
        return Threshold("percentile", arguments.percentile, arguments.two_sided, arguments.df)
    if arguments.p is not None:
        return Threshold("p", arguments.p, arguments.two_sided, arguments.df)
    if arguments.two_sided or arguments.df is not None:
        raise InputError("--two-sided and --df belong to a threshold by p value; give --p, or leave them out")
    return arguments.threshold


def add_atlas_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--atlas``, which may be given several times, ``--labels`` and ``--dialect``."""
    parser.add_argument(
        "--atlas",
        required=True,
        action="append",
        metavar="[NAME=]ATLAS",
        help="a name that `atlases` lists, or an atlas file or folder; may be given several times; tables call it NAME",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="table of names: of the regions of interest in MAP, where every atlas has names, else of the atlas file",
    )
    parser.add_argument(
        "--groups", type=Path, metavar="FILE", help="table (columns region, group) of groups, level 0 of the regions"
    )
    parser.add_argument(
        "--atlas-volume", type=int, metavar="N", help="of an atlas file with several parcellations: this, from 0"
    )
    parser.add_argument("--dialect", metavar="NAME", help="file dialect of the atlas, where its content fits several")


def labels_of_rois(arguments: argparse.Namespace, source: Path) -> Path | None:
    """The table of ``--labels`` if it names the regions of interest in a file, and not an atlas without names."""
    from ..atlas.load import has_names
    from ..source import says_labels_in_header

    if arguments.labels is None or not (arguments.rois or says_labels_in_header(source)):
        return None
    labels: Path = arguments.labels
    return labels if all(has_names(atlas) for _, atlas in map(named_atlas, arguments.atlas)) else None


def loaded_atlases(arguments: argparse.Namespace, labels: Path | None) -> list[Atlas]:
    """The atlases of `add_atlas_arguments`, under the names that were given; `labels` names their regions."""
    from ..atlas.load import load_atlas

    atlases = []
    with download_line() as progress:
        for name, source in map(named_atlas, arguments.atlas):
            atlas = load_atlas(
                source,
                labels=labels,
                dialect=arguments.dialect,
                groups=arguments.groups,
                volume=arguments.atlas_volume,
                progress=progress,
            )
            atlases.append(atlas if name is None else atlas.described(name=name))
    return atlases


def named_atlas(text: str) -> tuple[str | None, str]:
    """The name that an argument of ``--atlas`` gives, if it gives one, and the atlas itself.

    What exists as it is written is a path; a name holds no separator of paths and no colon, as Windows paths and names
    of the catalogue do.
    """
    from ..image import exists

    name, equals, atlas = text.partition("=")
    if not equals or not name.strip() or not atlas or set(name) & set("/\\:") or exists(Path(text)):
        return None, text
    return name.strip(), atlas


def add_coordinates_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--coordinates``."""
    parser.add_argument(
        "--coordinates",
        choices=("mm", "voxels", "micrometres"),
        help="what points count, where their file does not say it: world mm, voxels of the atlas, or micrometres from "
        "its corner",
    )


def add_volume_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--volume N``."""
    parser.add_argument("--volume", type=int, metavar="N", help="only this volume of 4D maps, counted from 0")


def add_profile_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--profile``; `print_profile` prints what it asks for."""
    parser.add_argument("--profile", action="store_true", help="print how long each stage took, on standard error")


def print_profile(timings: dict[str, float], maps: int = 1) -> None:
    """Print seconds per stage, in the order of the work, and of several maps what one took."""
    stages = [*(stage for stage in STAGES if stage in timings), *(stage for stage in timings if stage not in STAGES)]
    total = sum(timings.values())
    for stage in [*stages, "total"]:
        seconds = timings.get(stage, total)
        each = f"{seconds / maps * 1e3:9.2f} ms per map" if maps > 1 else ""
        print(f"{stage:<12}{seconds:9.4f} s {seconds / (total or 1):6.1%}{each}", file=sys.stderr)


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


def add_report_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--report``."""
    parser.add_argument(
        "--report",
        action="store_true",
        help="also write report.html, one page with figures and all tables, and the figures as PNG and SVG",
    )
