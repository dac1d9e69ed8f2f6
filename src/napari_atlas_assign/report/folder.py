"""The output folder of an assignment: written whole or not at all.

Files are written into a temporary folder beside the target, which then takes the target's place by renaming. An earlier
result is replaced; a folder that holds anything else is left alone.
"""

from __future__ import annotations

import gzip
import os
import re
import unicodedata
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ..assignment.point_result import PointResult
from ..assignment.result import Result
from ..atomic import replace_folder, scratch_folder, told_if_not_written
from ..errors import InputError
from ..header import MODES_INTENT
from ..image import Image, file_sha256
from ..tables.parts import Part, columns_of_table
from ..tables.text import write_parts
from .provenance import RECORD_NAME, read_record, record_of, to_json

ASSIGNMENTS, MODES, PEAKS, POINTS = "assignments.tsv", "modes.tsv", "peaks.tsv", "points.tsv"
REGIONS, SWEEP, REGION_TEST = "regions.tsv", "sweep.tsv", "region_test.tsv"
TABLES = (ASSIGNMENTS, MODES, PEAKS, POINTS, REGIONS, SWEEP, REGION_TEST)
COMPONENTS = "components.nii.gz"
REPORT, FIGURES = "report.html", "figures"

_LONGEST_PART = 50
"""Letters of a name that become part of a file name; a letter takes up to four of the 255 bytes that it may have."""

LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in a folder that the user has looked at."""


def save_result(result: Result | PointResult, folder: Path, report: bool = False) -> Path:
    """Write the tables, the mode volume and the record into a new folder, whole or not at all.

    Parameters
    ----------
    result : Result or PointResult
        What to write: ``assignments.tsv``, ``modes.tsv``, ``peaks.tsv``, ``regions.tsv``, ``components.nii.gz`` (for a
        stack 4D) and ``provenance.json``, and where they were asked for ``sweep.tsv`` and ``region_test.tsv``; of
        points ``assignments.tsv``, ``points.tsv``, ``regions.tsv`` and ``provenance.json``.
    folder : Path
        Made with its parents. An earlier result in it is replaced.
    report : bool
        Also write ``report.html`` and, of maps, the folder ``figures`` with PNG and SVG.

    Returns
    -------
    Path
        The folder, absolute, links resolved.

    Raises
    ------
    InputError
        If the folder exists and holds anything but an earlier result, or cannot be written; or a report is wanted
        and matplotlib is not installed.
    """
    target = usable_folder(folder)
    with told_if_not_written(folder, "name another output folder or make room"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent) as new:
            write_files(result, new, report)
            replace_folder(new, target)
    return target


def usable_folder(folder: Path) -> Path:
    """The absolute path of an output folder that is new, empty or holds an earlier result.

    Raises
    ------
    InputError
        If it is a file, the current folder, or holds anything else.
    """
    try:
        target, here = folder.resolve(), Path.cwd()
        present = target.is_dir() and any(path.name not in LITTER for path in target.iterdir())
        is_file = target.exists() and not target.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder} cannot be used as output folder ({error}); name another one") from error
    if is_file:
        raise InputError(f"{folder} is a file; name a folder for the output")
    if here.is_relative_to(target):
        raise InputError(f"{folder} holds the current folder; name a folder inside it for the output")
    if not present:
        return target
    try:
        record = read_record(target / RECORD_NAME)
    except InputError:
        raise InputError(f"{folder} is not empty and holds no earlier result; name a new folder, or empty it") from None
    foreign = sorted(_contents(target) - _written(target, record) - {RECORD_NAME})
    if foreign:
        raise InputError(
            f"{folder} holds an earlier result, but also {foreign[0]!r}, which would be lost (it is new, or changed); "
            "name a new folder"
        )
    return target


def is_own_name(name: str) -> bool:
    """Whether this package gives a file in an output folder such a name; with ``/`` between its parts."""
    return bool(_OWN_NAMES.fullmatch(name))


_OWN_NAMES = re.compile(
    "|".join(map(re.escape, (*TABLES, REPORT))) + rf"|components(_[\w.-]*)?\.nii\.gz|{FIGURES}/[a-z_0-9]+\.(png|svg)"
)


def _written(folder: Path, record: dict[str, Any]) -> set[str]:
    """Files in a folder that were written as its record says, and have not changed since; a record may say anything."""
    listed = record.get("files")
    files = listed if isinstance(listed, dict) else {}
    names = [name for name in files if is_own_name(name) and (folder / name).is_file()]
    return {name for name in names if file_sha256(folder / name) == files[name]}


def write_files(result: Result | PointResult, folder: Path, report: bool = False) -> None:
    """Write the files of a result into an empty folder, the record last."""
    write_tables(result, folder)
    if report:
        _write_report(result, folder)
    elif isinstance(result, Result) and result.sweep is not None and find_spec("matplotlib"):
        _write_sweeps(result, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}
    assert all(map(is_own_name, hashes)), "a file of another name could not be told from a user's later"
    (folder / RECORD_NAME).write_bytes(to_json(record_of(result, hashes)))


def write_tables(result: Result | PointResult, folder: Path) -> None:
    """Write the tables and mode volumes of a result into a folder."""
    for table, name in (("assignments", ASSIGNMENTS), ("regions", REGIONS)):
        write_parts(_parts(result, table), folder / name)
    if isinstance(result, PointResult):
        write_parts(_parts(result, "listed"), folder / POINTS)
        return
    for table, name in (("modes", MODES), ("peaks", PEAKS)):
        write_parts(_parts(result, table), folder / name)
    for made, name in ((result.sweep, SWEEP), (result.region_test, REGION_TEST)):
        if made is not None:
            write_parts([columns_of_table(made)], folder / name)
    for name, runs in _mode_volumes(result).items():
        write_labels([result.components_of(run) for run in runs], folder / name)


def _parts(result: Result | PointResult, table: Any) -> list[Part]:
    return [columns_of_table(getattr(result, table))] if isinstance(result, PointResult) else result.parts(table)


def write_labels(images: Sequence[Image], path: Path) -> None:
    """Write whole numbers as NIfTI labels in mm: one image as 3D, several on one grid as 4D.

    The sform says MNI where the space is one of the MNI152 templates.
    """
    image = images[0]
    if image.is_lazy:
        shape = image.grid.shape if len(images) == 1 else (*image.grid.shape, len(images))
        data = np.broadcast_to(np.int32(0), shape)  # for the header; takes no memory
    else:
        data = image.data if len(images) == 1 else np.stack([i.data for i in images], axis=-1)
    nifti = nib.Nifti1Image(data, image.grid.affine)
    nifti.header.set_xyzt_units("mm")
    nifti.header.set_intent("label", name=MODES_INTENT)
    nifti.set_sform(image.grid.affine, code="mni" if (image.space or "").startswith("MNI152") else "aligned")
    if image.is_lazy:
        _write_by_slabs(nifti, images, path)
    else:
        nib.save(nifti, path)


def _write_by_slabs(nifti: nib.Nifti1Image, images: Sequence[Image], path: Path) -> None:
    """Write volumes larger than memory below the header of an image, in the order in which NIfTI files hold voxels."""
    header = nifti.header.copy()
    header["magic"], header["vox_offset"] = b"n+1", 352
    header.set_slope_inter(1, 0)
    with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as file:
        file.write(header.binaryblock + bytes(4))  # the four bytes say that there is no extension
        for image in images:
            data: Any = image.data
            z = 0
            for n in data.chunks[2]:
                slab = np.asarray(data[:, :, z : z + n], dtype=header.get_data_dtype())
                file.write(slab.tobytes(order="F"))
                z += n


def _write_report(result: Result | PointResult, folder: Path) -> None:
    from .figures import write_figures
    from .html import report_page

    (folder / REPORT).write_bytes(report_page(result).encode("utf-8", errors="replace"))
    if isinstance(result, Result):
        (folder / FIGURES).mkdir()
        write_figures(result, folder / FIGURES)


def _write_sweeps(result: Result, folder: Path) -> None:
    from .figures import write_sweeps

    (folder / FIGURES).mkdir()
    write_sweeps(result, folder / FIGURES)


def _contents(folder: Path) -> set[str]:
    """Files in a folder and in its folders, as they stand in a record; empty folders and links to folders, too."""
    contents = set()
    for root, folders, files in os.walk(folder):
        here = Path(root)
        names = [here / name for name in files if name not in LITTER]
        names += [here / name for name in folders if (here / name).is_symlink()]
        contents |= {path.relative_to(folder).as_posix() for path in names or ([here] if not folders else [])}
    return contents


def _mode_volumes(result: Result) -> dict[str, list[int]]:
    """File names of the mode volumes, with the numbers of the runs whose modes they hold, in order of the images.

    Where modes were found on the grids of several atlases, each atlas has a file of its own.
    """
    first_of_atlas = {id(run.atlas): number for number, run in reversed(list(enumerate(result.comparisons)))}
    shared = all(result.comparisons[n].modes is result.comparisons[0].modes for n in first_of_atlas.values())
    if shared:
        return {COMPONENTS: [n for n, run in enumerate(result.comparisons) if run.atlas is result.comparisons[0].atlas]}
    names = distinct_names([atlas.name for atlas in result.atlases])
    return {
        f"components_{name}.nii.gz": [n for n, run in enumerate(result.comparisons) if run.atlas is atlas]
        for name, atlas in zip(names, result.atlases, strict=True)
    }


def distinct_names(names: Sequence[str]) -> list[str]:
    """Names as parts of file names, no two of which are one file, also where case or the form of accents is no matter.

    Of those that would fall together, the later ones get a number.
    """
    result: list[str] = []
    taken: set[str] = set()
    for name in names:
        safe = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name))[:_LONGEST_PART]
        candidates = (safe if n == 1 else f"{safe}_{n}" for n in count(1))
        distinct = next(candidate for candidate in candidates if _folded(candidate) not in taken)
        taken.add(_folded(distinct))
        result.append(distinct)
    return result


def _folded(name: str) -> str:
    """What file systems of all kinds may take for one name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
