"""siibra's sparse index, version 1: a statistical atlas in three files, read and written.

==================================  ==========================================================================
``BASE.sparseindex_v1.voxels``      ``.nii.gz``, int32: the number of a line of the probs file, or -1
``BASE.sparseindex_v1.probs``       ``.txt.gz``: in each line ``region value region value ...``, regions from 0
``BASE.sparseindex_v1.bboxes``      ``.txt.gz``: line r holds ``x0 y0 z0 x1 y1 z1``, region r's first and last voxels
==================================  ==========================================================================

The format has no names. They are kept in a fourth file, ``BASE.sparseindex_v1.regions.tsv``, which siibra does not
look at.
"""

from __future__ import annotations

import gzip
import os
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ....atomic import scratch_folder
from ....errors import AtlasError, counted, plural
from ....image import file_sha256
from ....limits import MAX_TEXT_BYTES, read_bytes
from ....tables.frames import pd
from ...atlas import Atlas
from ...build import atlas_from_entries, named_grid
from ...files.volumes import open_volume, read_volume, renamed
from ...label_tables import read_table
from ...label_tables.hemispheres import with_sides

NAME = "sparse-index"
PRECEDENCE = 80

VOXELS = ".sparseindex_v1.voxels.nii.gz"
PROBS = ".sparseindex_v1.probs.txt.gz"
BBOXES = ".sparseindex_v1.bboxes.txt.gz"
REGIONS = ".sparseindex_v1.regions.tsv"

_CHUNK = 2**24
_MAX_ENTRY = 64
"""Characters of one region and its value, at most."""

_NUMERALS = b"0123456789.eE+- \t\r\n"


def sniff(path: Path) -> bool:
    """Whether the path is one of the three files, or their common beginning, and all three are there."""
    base = _base(path)
    try:
        return all(_file(base, suffix).is_file() for suffix in (VOXELS, PROBS, BBOXES))
    except (OSError, ValueError):
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a sparse index.

    Parameters
    ----------
    path : Path
        One of the files, or their path up to ``.sparseindex_v1``.
    labels : Path, optional
        A table of labels, regions counted as in the index; without it, the file of regions is used if there is one.

    Raises
    ------
    AtlasError
        If a file is missing, damaged, or does not fit the others.
    """
    base = _base(path)
    image = _file(base, VOXELS)
    img = open_volume(image)
    number = read_volume(img, image.name).reshape(-1)
    voxel = np.flatnonzero(number >= 0)
    n_regions = _count_regions(_file(base, BBOXES))
    line, region, value = _read_probs(_file(base, PROBS), n_regions, len(number))
    n_lines = int(line[-1]) + 1
    order = np.argsort(number[voxel], kind="stable")
    if not np.array_equal(number[voxel[order]], np.arange(n_lines)):
        raise AtlasError(
            f"{image.name} does not fit {base.name}{PROBS}, which has {counted(n_lines, 'line')}, one for each voxel; "
            "the files are of different indices, or damaged"
        )
    line, region, value = (array[value > 0] for array in (line, region, value))
    entry_voxel = voxel[order][line]
    by_region = np.argsort(region, kind="stable")
    bounds = np.cumsum(np.bincount(region, minlength=n_regions))[:-1]
    regions = _regions(base, n_regions, labels)
    return atlas_from_entries(
        named_grid(img, image.name),
        regions,
        np.split(entry_voxel[by_region], bounds),
        np.split(value[by_region], bounds),
        name=base.name,
        source={"path": str(base.resolve()), "sha256": file_sha256(_file(base, PROBS))},
    )


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    base = _base(path)
    table = labels or _file(base, REGIONS)
    return [_file(base, suffix) for suffix in (VOXELS, PROBS, BBOXES)] + ([table] if table.is_file() else [])


def write(atlas: Atlas, base: Path) -> list[Path]:
    """Write an atlas as a sparse index that siibra reads, and the table of its regions.

    Parameters
    ----------
    atlas : Atlas
        Any atlas whose regions all have voxels.
    base : Path
        Path of the files up to ``.sparseindex_v1``; the folder is made if needed, files that are there are replaced.

    Returns
    -------
    list of Path
        The four files.

    Raises
    ------
    AtlasError
        If a region has no voxel (the format cannot say so), or the files cannot be written.
    """
    box = atlas.region_sums.box
    empty = np.flatnonzero(box[:, 1, 0] < box[:, 0, 0])
    if len(empty):
        name = atlas.regions["name"].iloc[empty[0]]
        raise AtlasError(
            f"{atlas.name}: {counted(len(empty), 'region')} {plural(len(empty), 'has', 'have')} no "
            f"voxel ({name}, ...); "
            "a sparse index cannot hold them"
        )
    first = np.diff(atlas.voxel, prepend=-1) != 0
    number = np.full(atlas.grid.n_voxels, -1, np.int32)
    number[atlas.voxel[first]] = np.arange(np.count_nonzero(first), dtype=np.int32)
    targets = [_file(base, suffix) for suffix in (VOXELS, PROBS, BBOXES, REGIONS)]
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(base.parent) as folder:
            new = [folder / target.name for target in targets]
            nib.save(nib.Nifti1Image(number.reshape(atlas.grid.shape), atlas.grid.affine), new[0])
            _write_text(new[1], _probs_text(atlas, first))
            _write_text(new[2], iter([_table_text(box.reshape(-1, 6))]))
            atlas.regions.to_csv(new[3], sep="\t", index=False)
            for source, target in zip(new, targets, strict=True):
                os.replace(source, target)
    except OSError as error:
        raise AtlasError(f"the sparse index {base.name} cannot be written ({error}); choose another folder") from error
    return targets


def parse_probs(
    chunks: Iterator[bytes], n_regions: int, max_lines: int, name: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Parse the text of a probs file.

    Parameters
    ----------
    chunks : iterator of bytes
        The text, in pieces of any size.
    n_regions : int
        Regions must be below it.
    max_lines : int
        The number of voxels: no more lines are read.
    name : str
        The file, for messages.

    Returns
    -------
    line, region, value : (E,) int64, int32, float32
        For every entry; lines are counted from 0, and none is left out.

    Raises
    ------
    AtlasError
        If a line is empty or no row of pairs, a region does not exist, or a value is negative or infinite.
    """
    parts, n_lines = [], 0
    for text in _whole_lines(chunks, n_regions, name):
        line, region, value = _parse_lines(text, n_regions, name, n_lines)
        n_lines += text.count(b"\n")
        if n_lines > max_lines:
            raise AtlasError(f"{name} has more lines than the {max_lines} voxels; the files do not belong together")
        parts.append((line, region, value.astype(np.float32)))
    if not parts:
        raise AtlasError(f"{name} is empty; fetch it again")
    line, region, value = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return line, region, value


def _parse_lines(
    text: bytes, n_regions: int, name: str, n_before: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if text.translate(None, _NUMERALS):
        raise AtlasError(f"{name} holds more than numbers near line {n_before + 1}; it is no sparse index, or damaged")
    # One pass over the characters finds which line each number is in; a second one reads all numbers at once.
    characters = np.frombuffer(text, np.uint8)
    blank = characters <= ord(" ")
    starts = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))
    ends = np.flatnonzero(characters == ord("\n"))
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    odd = np.flatnonzero((counts % 2 == 1) | (counts == 0))
    if len(odd):
        raise AtlasError(
            f"{name}: line {n_before + odd[0] + 1} is not a row of pairs of region and value; fetch the file again"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            numbers = np.fromstring(text, np.float64, sep=" ")
        except (ValueError, DeprecationWarning, RuntimeWarning):
            numbers = np.zeros(0)
    if len(numbers) != len(starts):
        raise AtlasError(f"{name} holds something that is no number near line {n_before + 1}; fetch the file again")
    region, value = numbers[0::2], numbers[1::2]
    line = np.repeat(np.arange(len(counts), dtype=np.int64), counts // 2)
    if not ((region >= 0) & (region < n_regions) & (region == np.floor(region))).all():
        raise AtlasError(
            f"{name} names regions beyond the {n_regions} of the bboxes file; the files do not belong together"
        )
    if not (np.isfinite(value) & (value >= 0)).all():
        raise AtlasError(f"{name} holds negative or infinite values near line {n_before + 1}; it is damaged")
    return line + n_before, region.astype(np.int32), value


def _whole_lines(chunks: Iterator[bytes], n_regions: int, name: str) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        head, newline, rest_of_chunk = chunk.rpartition(b"\n")
        if newline:
            yield rest + head + b"\n"
            rest = rest_of_chunk
        else:
            rest += chunk
        if len(rest) > _CHUNK + _MAX_ENTRY * n_regions:
            raise AtlasError(f"{name} has a line that is too long for {counted(n_regions, 'region')}; it is damaged")
    if rest.strip():
        yield rest + b"\n"


def _read_probs(path: Path, n_regions: int, max_lines: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    try:
        with gzip.open(path) as file:
            return parse_probs(iter(lambda: file.read(_CHUNK), b""), n_regions, max_lines, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise AtlasError(f"{path.name} cannot be read ({error}); fetch it again") from error


def _count_regions(path: Path) -> int:
    lines = read_bytes(path, MAX_TEXT_BYTES, AtlasError).split(b"\n")
    rows = [line.split() for line in lines if line.strip()]
    if not rows:
        raise AtlasError(f"{path.name} is empty; fetch it again")
    for i, row in enumerate(rows):
        if len(row) != 6 or not all(field.lstrip(b"-").isdigit() for field in row):
            raise AtlasError(f"{path.name}: line {i + 1} is not a box of six whole numbers; fetch it again")
    return len(rows)


def _regions(base: Path, n_regions: int, labels: Path | None) -> pd.DataFrame:
    own = _file(base, REGIONS)
    if labels is None and own.is_file():
        regions = read_table(own)
        if len(regions) != n_regions:
            raise AtlasError(
                f"{own.name} has {counted(len(regions), 'region')}, but the index has {n_regions}; "
                "they do not belong together"
            )
        return with_sides(regions)
    regions = pd.DataFrame({"id": range(n_regions), "name": [f"region {r}" for r in range(n_regions)]})
    return with_sides(renamed(regions, labels, base.name, labelled=False))


def _probs_text(atlas: Atlas, first: NDArray[np.bool_]) -> Iterator[str]:
    """The lines of the probs file, some at a time; values in the fewest digits that give back the same float32."""
    step = 2**20
    for start in range(0, len(atlas.voxel), step):
        part = slice(start, start + step)
        distinct, which = np.unique(np.asarray(atlas.value[part]), return_inverse=True)
        texts = [f" {value}" for value in distinct.astype(str)]
        before = np.where(first[part], "\n", " ").tolist()
        pieces = [
            f"{gap}{region}{texts[v]}"
            for gap, region, v in zip(before, atlas.region[part].tolist(), which.tolist(), strict=True)
        ]
        text = "".join(pieces)
        yield text[1:] if start == 0 else text
    yield "\n"


def _table_text(rows: NDArray[np.integer]) -> str:
    return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist())


def _write_text(path: Path, pieces: Iterator[str]) -> None:
    # Without a time in the gzip header, equal atlases give equal files.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0, compresslevel=6) as file:
        for piece in pieces:
            file.write(piece.encode("ascii"))


def _base(path: Path) -> Path:
    for suffix in (VOXELS, PROBS, BBOXES, REGIONS):
        if path.name.endswith(suffix):
            return path.with_name(path.name.removesuffix(suffix))
    return path


def _file(base: Path, suffix: str) -> Path:
    return base.with_name(base.name + suffix)
