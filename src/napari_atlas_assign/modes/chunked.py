"""Connected components of images larger than memory: labelled block by block, then merged across the blocks' borders.

Exact: two voxels that touch and lie in two blocks lie at either side of a border, the one at the end of its block and
the other at the beginning of the next; all such pairs are looked at. Only voxels beyond the threshold are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import InputError
from ..image import Image
from ..lazy import Block, blocks, borders, sorted_by_voxel
from .labelling import REACH, Connectivity, label_components

Ints = NDArray[np.int64]


def components_by_blocks(
    image: Image, threshold: float, signs: tuple[int, ...], connectivity: Connectivity
) -> list[tuple[Ints, Ints, NDArray[np.floating]]]:
    """Find the connected components of the voxels beyond a threshold in one walk through a lazy image.

    Returns
    -------
    list of (voxel, component, value)
        For each sign (1: above the threshold, -1: below its negative): flat C-order numbers (N,), rising; components
        (N,) numbered from 0 in no particular order; values (N,) as in the image.

    Raises
    ------
    InputError
        If all voxels are NaN, or a chunk cannot be read.
    """
    tails = [_Tail(connectivity, borders(image.data, image.name)) for _ in signs]
    has_number = False
    for block in blocks(image.data, image.name):
        data = block.values
        has_number = has_number or data.dtype.kind != "f" or not np.isnan(data).all()
        for sign, tail in zip(signs, tails, strict=True):
            tail.add(block, data > threshold if sign > 0 else data < -threshold)
    if not has_number:
        raise InputError(f"{image.name} holds no number (all voxels are NaN); check how the map was made")
    return [tail.merged(image.grid.shape) for tail in tails]


@dataclass
class _Tail:
    """What was found of one sign so far."""

    connectivity: Connectivity
    borders: list[Ints]
    """Along each axis, where blocks begin."""
    n: int = 0
    """Components of blocks."""
    voxels: list[Ints] = field(default_factory=list)
    labels: list[Ints] = field(default_factory=list)
    values: list[NDArray[np.floating]] = field(default_factory=list)
    before: list[list[NDArray[np.int64]]] = field(default_factory=lambda: [[], [], []])
    """By axis: voxels and components (2, N) in the last plane of a block, with a block behind."""
    after: list[list[NDArray[np.int64]]] = field(default_factory=lambda: [[], [], []])
    """By axis: those in the first plane of a block, with a block in front."""

    def add(self, block: Block, foreground: NDArray[np.bool_]) -> None:
        """Label a block's foreground."""
        labels, n = label_components(foreground, self.connectivity)
        if not n:
            return
        flat = np.flatnonzero(labels)
        self.voxels.append(block.whole_number(flat))
        self.labels.append(labels.reshape(-1)[flat].astype(np.int64) + (self.n - 1))
        self.values.append(block.values.reshape(-1)[flat])
        for axis, (low, high) in enumerate(block.bounds):
            if low in self.borders[axis]:
                self.after[axis].append(self._plane(block, labels, axis, 0))
            if high in self.borders[axis]:
                self.before[axis].append(self._plane(block, labels, axis, high - low - 1))
        self.n += n

    def _plane(self, block: Block, labels: NDArray[np.int32], axis: int, index: int) -> Ints:
        """Voxels and components (2, N) in one plane of a block."""
        plane = np.take(labels, [index], axis)
        inside = list(np.nonzero(plane))
        label = plane[tuple(inside)].astype(np.int64) + (self.n - 1)
        inside[axis] = inside[axis] + index
        ijk = [i + first for i, first in zip(inside, block.first, strict=True)]
        return np.stack([np.ravel_multi_index(ijk, block.shape), label])

    def merged(self, shape: tuple[int, int, int]) -> tuple[Ints, Ints, NDArray[np.floating]]:
        """Voxels, components and values, with components that touch made one."""
        nothing = np.zeros((2, 0), np.int64)
        if not self.n:
            return nothing[0], nothing[0], np.zeros(0)
        links = [nothing]
        for axis in range(3):
            before = np.concatenate([nothing, *self.before[axis]], axis=1)
            after = np.concatenate([nothing, *self.after[axis]], axis=1)
            if before.size and after.size:
                links += _links(before, after[:, np.argsort(after[0])], axis, shape, self.connectivity)
        voxel, label, value = (np.concatenate(column) for column in (self.voxels, self.labels, self.values))
        for column in (self.voxels, self.labels, self.values):
            column.clear()
        a, b = np.concatenate(links, axis=1)
        graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(self.n, self.n))
        component = connected_components(graph, directed=False)[1]
        voxel, label, value = sorted_by_voxel(voxel, label, value)
        return voxel, component[label].astype(np.int64), value


def _links(before: Ints, after: Ints, axis: int, shape: tuple[int, int, int], connectivity: Connectivity) -> list[Ints]:
    """Pairs (2, P) of components that touch across borders of one axis; `after` comes by rising voxel."""
    links = []
    ijk = np.stack(np.unravel_index(before[0], shape))
    reach = REACH[connectivity]
    for step in product((-1, 0, 1), repeat=3):
        if step[axis] != 1 or np.abs(step).sum() > reach:
            continue
        to = ijk + np.array(step)[:, None]
        inside = np.flatnonzero(((to >= 0) & (to < np.array(shape)[:, None])).all(axis=0))
        if not len(inside):
            continue
        voxel = np.ravel_multi_index(tuple(to[:, inside]), shape)
        place = np.minimum(np.searchsorted(after[0], voxel), after.shape[1] - 1)
        touching = after[0][place] == voxel
        pairs = np.stack([before[1][inside[touching]], after[1][place[touching]]])
        links.append(np.unique(pairs, axis=1))
    return links
