"""Names of what images hold, by tables: of regions of interest, and of the volumes of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AtlasError, InputError
from ..header import nearest_labels
from ..image import Image
from ..limits import check_regular, refuse_by_content
from .build import regions_of_labels
from .label_tables import Wanted, read_table
from .label_tables.beside import own_tables
from .label_tables.choice import names_in_order
from .labels.label_volume import code_labels
from .load import names_of_labels


def with_names(images: Sequence[Image], labels: Path | None = None) -> list[Image]:
    """The same regions of interest with names.

    Parameters
    ----------
    images : sequence of Image
        Volumes of labels.
    labels : Path, optional
        A table of names. Without it, an image keeps the names that it has; one that is a whole file gets those that its
        file carries or that lie beside it, as `load_atlas` finds them.

    Raises
    ------
    AtlasError
        If the table cannot be read, or names none of the labels.
    """
    if labels is None:
        return [_with_its_own(image) for image in images]
    check_regular(labels, AtlasError)
    refuse_by_content(labels, AtlasError)
    present = np.unique(np.concatenate([_labels_of(image) for image in images]))
    names = dict(_named(labels, present, images[0].name)) if len(present) else {}
    return [replace(image, names=names) for image in images]


def with_names_of_volumes(images: Sequence[Image], path: Path) -> list[Image]:
    """The volumes of a file, each called by the name that a table of the file's own name gives it, if it names all."""
    bare = [f"{path.name}[{v}]" for v in range(len(images))]
    if len(images) < 2 or [image.name for image in images] != bare:
        return list(images)
    wanted = Wanted(np.arange(len(images)), volumes=True)
    for table in own_tables(path):
        try:
            names = names_in_order(read_table(table, wanted), wanted)
        except AtlasError:
            continue
        if names:
            return [replace(image, name=f"{image.name} {name}") for image, name in zip(images, names, strict=True)]
    return list(images)


def _with_its_own(image: Image) -> Image:
    source = image.source
    is_file = "sha256" in source and "volume" not in source
    return replace(image, names=names_of_labels(Path(source["path"]))) if is_file and not image.names else image


def _labels_of(image: Image) -> NDArray[np.int64]:
    """The labels above 0 that occur; none where the values are no labels, which is said when they are used."""
    data: Any = nearest_labels(image.data, image.stated.step) if image.stated.step else image.data
    try:
        return code_labels(data, image.name).labels
    except InputError:
        return np.zeros(0, np.int64)


def _named(labels: Path, present: NDArray[np.int64], name: str) -> zip[tuple[int, str]]:
    regions = regions_of_labels(read_table(labels, Wanted(present)), present, name)
    return zip(regions["id"].tolist(), regions["name"], strict=True)
