"""A dense, slow, obvious implementation of the `default` convention, written from the definitions of the scores.

Nothing here comes from the package: it is what the engine is held to. Voxels are boxes. Everything is worked out in the
atlas's voxel coordinates, in which atlas voxel (i, j, k) is the unit cube around (i, j, k); volumes are multiplied by
the volume of an atlas voxel where they are handed out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

SNAP = 1e-4  # edges of image voxels this near to an edge of an atlas voxel are on it: the engine's documented choice
POINTS = (-3 / 8, -1 / 8, 1 / 8, 3 / 8)


@dataclass
class NaiveMode:
    sign: int
    voxels: list[tuple[int, int, int]]
    volume: float  # mm3
    centroid: np.ndarray
    peak_value: float
    peak_voxels: int
    mean_value: float
    unassigned: float = 1.0
    outside: float = 1.0
    scores: dict[int, dict[str, float]] = field(default_factory=dict)  # by region


def naive_assign(
    image: np.ndarray,
    image_affine: np.ndarray,
    maps: np.ndarray,
    atlas_affine: np.ndarray,
    *,
    threshold: float = 0.0,
    tail: str = "positive",
    connectivity: int = 18,
    min_volume_mm3: float = 0.0,
    minimum_probability: float = 0.0,
) -> list[NaiveMode]:
    """Modes in the order of their numbers, each with the scores of the regions that it overlaps.

    `maps` are the dense region maps (R, X, Y, Z).
    """
    image = image.astype(np.float64)
    owner = maximum_probability(maps, minimum_probability)
    maps = maps.astype(np.float64)
    modes = []
    for sign in {"positive": [1], "negative": [-1], "both": [1, -1]}[tail]:
        beyond = np.nan_to_num(sign * image, nan=0.0) > threshold
        modes += [make_mode(image, image_affine, sign, voxels) for voxels in components(beyond, connectivity)]
    modes = [mode for mode in modes if mode.volume >= min_volume_mm3 * (1 - 1e-9)]
    modes.sort(key=lambda mode: (-len(mode.voxels), *np.round(mode.centroid, 6)))
    parts = overlapping_parts(image.shape, image_affine, maps.shape[1:], atlas_affine)
    for mode in modes:
        score(mode, parts, image, image_affine, maps, atlas_affine, owner)
    return modes


def components(mask: np.ndarray, connectivity: int) -> list[list[tuple[int, int, int]]]:
    """Flood fill. Two voxels are neighbours if they differ by 1 along at most one, two or three axes."""
    reach = {6: 1, 18: 2, 26: 3}[connectivity]
    steps = [step for step in product((-1, 0, 1), repeat=3) if 1 <= sum(map(abs, step)) <= reach]
    left = {tuple(int(i) for i in voxel) for voxel in np.argwhere(mask)}
    found = []
    while left:
        start = min(left)
        left.remove(start)
        component, front = [start], [start]
        while front:
            voxel = front.pop()
            for step in steps:
                neighbour = (voxel[0] + step[0], voxel[1] + step[1], voxel[2] + step[2])
                if neighbour in left:
                    left.remove(neighbour)
                    component.append(neighbour)
                    front.append(neighbour)
        found.append(component)
    return found


def make_mode(image: np.ndarray, affine: np.ndarray, sign: int, voxels: list[tuple[int, int, int]]) -> NaiveMode:
    values = [float(image[voxel]) for voxel in voxels]
    return NaiveMode(
        sign=sign,
        voxels=voxels,
        volume=len(voxels) * volume_of_voxel(affine),
        centroid=np.mean([apply(affine, voxel) for voxel in voxels], axis=0),
        peak_value=max(values) if sign > 0 else min(values),
        peak_voxels=values.count(max(values) if sign > 0 else min(values)),
        mean_value=float(np.mean(values)),
    )


def score(
    mode: NaiveMode,
    parts: dict[tuple[int, int, int], list[tuple[tuple[int, int, int], float]]],
    image: np.ndarray,
    image_affine: np.ndarray,
    maps: np.ndarray,
    atlas_affine: np.ndarray,
    owner: np.ndarray,
) -> None:
    total = np.maximum(maps.sum(axis=0), 1)
    unit = volume_of_voxel(atlas_affine)
    to_atlas = np.linalg.inv(atlas_affine) @ image_affine
    sum_b = sum(abs(image[voxel]) * size_of(to_atlas, voxel) for voxel in mode.voxels)
    size = sum(size_of(to_atlas, voxel) for voxel in mode.voxels)
    for region, a in enumerate(maps):
        here = [
            (a[atlas_voxel], abs(image[voxel]), part, total[atlas_voxel])
            for voxel in mode.voxels
            for atlas_voxel, part in parts.get(voxel, [])
            if a[atlas_voxel] > 0
        ]
        if not here:
            continue
        of_owner = [part for voxel in mode.voxels for at, part in parts.get(voxel, []) if owner[at] == region]
        together = sum(part for _, _, part, _ in here)
        sum_ab = sum(value * b * part for value, b, part, _ in here)
        region_size = np.count_nonzero(a > 0)
        mode.scores[region] = {
            "correlation": correlation(mode, image, image_affine, a, atlas_affine, sum_ab),
            "intersection over union": together / (region_size + size - together),
            "map value": max(value for value, _, _, _ in here),
            "map weighted mean": sum_ab / sum_b,
            "map containedness": together / region_size,
            "input weighted mean": sum_ab / a.sum(),
            "input containedness": together / size,
            "map maximum": a.max(),
            "map mean": sum(value * part for value, _, part, _ in here) / size,
            "share": sum(value / all_regions * part for value, _, part, all_regions in here) / size,
            "mpm share": sum(of_owner) / size,
            "dice": together / ((region_size + size) / 2),
            "overlap mm3": together * unit,
        }
    mode.unassigned = 1 - sum(scores["share"] for scores in mode.scores.values())
    inside = maps.max(axis=0) > 0
    mode.outside = 1 - sum(part for voxel in mode.voxels for at, part in parts.get(voxel, []) if inside[at]) / size


def maximum_probability(maps: np.ndarray, minimum: float) -> np.ndarray:
    """Which region has each voxel of the atlas: the first of those with the largest value; -1 where there is none."""
    owner = np.full(maps.shape[1:], -1)
    for voxel in np.ndindex(*maps.shape[1:]):
        values = maps[(slice(None), *voxel)]
        if values.max() > 0 and values.max() >= np.asarray(minimum, maps.dtype):
            owner[voxel] = values.tolist().index(values.max())
    return owner


def correlation(
    mode: NaiveMode, image: np.ndarray, image_affine: np.ndarray, a: np.ndarray, atlas_affine: np.ndarray, sum_ab: float
) -> float:
    """Pearson correlation of a and b over the smallest box along the atlas's axes around A and M."""
    to_atlas = np.linalg.inv(atlas_affine) @ image_affine
    corners = [snap(corner) for voxel in mode.voxels for corner in corners_of(to_atlas, voxel)]
    inside = np.argwhere(a > 0)
    low = np.minimum(np.min(corners, axis=0), inside.min(axis=0) - 0.5)
    high = np.maximum(np.max(corners, axis=0), inside.max(axis=0) + 0.5)
    if is_parallel(to_atlas):
        return correlation_over_cells(mode, image, to_atlas, a, low, high)
    box = np.prod(high - low)
    image_unit = volume_of_voxel(image_affine) / volume_of_voxel(atlas_affine)
    b = [abs(image[voxel]) for voxel in mode.voxels]
    mean_a, mean_b = a.sum() / box, sum(b) * image_unit / box
    variance_a = (a**2).sum() / box - mean_a**2
    variance_b = sum(value**2 for value in b) * image_unit / box - mean_b**2
    if a[a > 0].min() == a.max() and np.isclose(np.count_nonzero(a), box, rtol=1e-9):
        return np.nan  # a is the same value all over the box
    return (sum_ab / box - mean_a * mean_b) / np.sqrt(variance_a * variance_b)


def correlation_over_cells(
    mode: NaiveMode, image: np.ndarray, to_atlas: np.ndarray, a: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    """Cut the box into cells along every voxel edge of either grid: a and b are constant in each cell."""
    in_mode = {voxel: abs(image[voxel]) for voxel in mode.voxels}
    boxes = [(*box_of(to_atlas, voxel), b) for voxel, b in in_mode.items()]
    edges = []
    for axis in range(3):
        of_image = [float(corner[axis]) for box in boxes for corner in box[:2]]
        of_atlas = [i - 0.5 for i in range(a.shape[axis] + 1)]
        within = [edge for edge in of_image + of_atlas if low[axis] <= edge <= high[axis]]
        edges.append(np.unique([low[axis], high[axis], *within]))
    lengths = [np.diff(e) for e in edges]
    middles = [(e[1:] + e[:-1]) / 2 for e in edges]
    volume = lengths[0][:, None, None] * lengths[1][None, :, None] * lengths[2][None, None, :]
    map_values, image_values = np.zeros_like(volume), np.zeros_like(volume)
    for cell in np.ndindex(volume.shape):
        atlas_voxel = tuple(int(np.floor(middles[axis][cell[axis]] + 0.5)) for axis in range(3))
        if all(0 <= i < n for i, n in zip(atlas_voxel, a.shape, strict=True)):
            map_values[cell] = a[atlas_voxel]
    for box_low, box_high, b in boxes:
        covered = [(box_low[d] < middles[d]) & (middles[d] < box_high[d]) for d in range(3)]
        image_values[np.ix_(*covered)] = b
    slivers = volume < 1e-9 * volume.max()  # left by rounding between edges that are the same
    volume[slivers] = 0
    map_values, image_values, weight = map_values[~slivers], image_values[~slivers], volume[~slivers]
    if np.ptp(map_values) == 0 or np.ptp(image_values) == 0:
        return np.nan
    da = map_values - np.average(map_values, weights=weight)
    db = image_values - np.average(image_values, weights=weight)
    return (weight * da * db).sum() / np.sqrt((weight * da**2).sum() * (weight * db**2).sum())


def overlapping_parts(
    shape: tuple[int, ...], image_affine: np.ndarray, atlas_shape: tuple[int, ...], atlas_affine: np.ndarray
) -> dict[tuple[int, int, int], list[tuple[tuple[int, int, int], float]]]:
    """For every image voxel: the atlas voxels that it overlaps, and the volume shared in atlas voxels."""
    to_atlas = np.linalg.inv(atlas_affine) @ image_affine
    found: dict = {}
    if is_parallel(to_atlas):
        for voxel in np.ndindex(*shape):
            low, high = box_of(to_atlas, voxel)
            lengths = []
            for axis in range(3):
                of_axis = []
                for i in range(atlas_shape[axis]):
                    length = min(high[axis], i + 0.5) - max(low[axis], i - 0.5)
                    if length > 0:
                        of_axis.append((i, length))
                lengths.append(of_axis)
            for (i, along_x), (j, along_y), (k, along_z) in product(*lengths):
                found.setdefault(voxel, []).append(((i, j, k), along_x * along_y * along_z))
        return found
    ratio = abs(np.linalg.det(to_atlas[:3, :3]))  # the image voxel's volume in atlas voxels
    counts: Counter = Counter()
    if ratio < 1 - 1e-6:
        for voxel, points in points_of_voxels(shape):
            for other in voxels_at(apply(to_atlas, points), atlas_shape):
                counts[voxel, other] += 1
        part = ratio / 64
    else:
        to_image = np.linalg.inv(to_atlas)
        for voxel, points in points_of_voxels(atlas_shape):
            for other in voxels_at(apply(to_image, points), shape):
                counts[other, voxel] += 1
        part = 1 / 64
    for (voxel, atlas_voxel), count in counts.items():
        found.setdefault(voxel, []).append((atlas_voxel, count * part))
    return found


def is_parallel(to_atlas: np.ndarray) -> bool:
    significant = np.abs(to_atlas[:3, :3]) > 1e-6
    return bool((significant.sum(axis=0) == 1).all() and (significant.sum(axis=1) == 1).all())


def box_of(to_atlas: np.ndarray, voxel: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    corners = corners_of(to_atlas, voxel)
    return snap(np.min(corners, axis=0)), snap(np.max(corners, axis=0))


def size_of(to_atlas: np.ndarray, voxel: tuple[int, ...]) -> float:
    """Volume of an image voxel in atlas voxels, between the edges that its overlaps have."""
    if not is_parallel(to_atlas):
        return volume_of_voxel(to_atlas)
    low, high = box_of(to_atlas, voxel)
    return float(np.prod(high - low))


def corners_of(to_atlas: np.ndarray, voxel: tuple[int, ...]) -> list[np.ndarray]:
    return [apply(to_atlas, np.add(voxel, corner)) for corner in product((-0.5, 0.5), repeat=3)]


def snap(point: np.ndarray) -> np.ndarray:
    edge = np.floor(point) + 0.5
    return np.where(np.abs(point - edge) <= SNAP, edge, point)


def points_of_voxels(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Every voxel with the 64 points (64, 3) that stand for it."""
    points = np.array(list(product(POINTS, repeat=3)))
    for voxel in np.ndindex(*shape):
        yield voxel, voxel + points


def voxels_at(points: np.ndarray, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The voxel in which each point lies, for the points inside the grid."""
    for index in np.floor(points + 0.5).astype(int).tolist():
        if all(0 <= i < n for i, n in zip(index, shape, strict=True)):
            yield tuple(index)


def apply(affine: np.ndarray, point: object) -> np.ndarray:
    return np.asarray(point, float) @ affine[:3, :3].T + affine[:3, 3]


def volume_of_voxel(affine: np.ndarray) -> float:
    return abs(np.linalg.det(affine[:3, :3]))


@dataclass
class NaiveRegion:
    """What is in one region; of no region, the same of the rest."""

    volume: float = 0.0
    active: float = 0.0
    space: float = 0.0
    total: float = 0.0
    maximum: float = np.nan
    left_volume: float = 0.0
    left_active: float = 0.0


def naive_regions(
    image: np.ndarray,
    image_affine: np.ndarray,
    maps: np.ndarray,
    atlas_affine: np.ndarray,
    modes: list[NaiveMode],
    midplane: float,
) -> list[NaiveRegion]:
    """The regions (R), and what lies in none of them."""
    owner = maximum_probability(maps, 0.0)
    maps = maps.astype(np.float64)
    weight = maps / np.maximum(maps.sum(axis=0), 1)
    unit, image_unit = volume_of_voxel(atlas_affine), volume_of_voxel(image_affine)
    regions = [NaiveRegion() for _ in range(len(maps) + 1)]
    for at in np.ndindex(*maps.shape[1:]):
        for region, w in zip(regions, weight[(slice(None), *at)], strict=False):
            region.volume += w * unit
            region.left_volume += w * unit * left_part(atlas_affine, at, midplane)
    parts = overlapping_parts(image.shape, image_affine, maps.shape[1:], atlas_affine)
    active = {voxel for mode in modes for voxel in mode.voxels}
    for voxel in np.ndindex(*image.shape):
        here = np.zeros(len(maps))
        owners: Counter = Counter()
        for at, part in parts.get(voxel, []):
            here += weight[(slice(None), *at)] * part * unit
            owners[int(owner[at])] += part * unit
        owned = sum(part for region, part in owners.items() if region >= 0)
        largest = {region for region in owners if region >= 0} | (
            {len(maps)} if owned < image_unit * 0.99999 else set()
        )
        for number, (region, w) in enumerate(zip(regions, [*here, image_unit - here.sum()], strict=True)):
            if voxel in active:
                region.active += w
                region.left_active += w * left_part(image_affine, voxel, midplane)
            if np.isfinite(image[voxel]):
                region.space += w
                region.total += w * float(image[voxel])
                if number in largest:
                    region.maximum = np.fmax(region.maximum, float(image[voxel]))
    return regions


def left_part(affine: np.ndarray, voxel: tuple[int, ...], midplane: float) -> float:
    """The part of a voxel at smaller x than the midplane, of which an axis of the grid is the normal."""
    x = [apply(affine, corner)[0] for corner in np.add(voxel, list(product((-0.5, 0.5), repeat=3)))]
    return float(np.clip((midplane - min(x)) / (max(x) - min(x)), 0, 1))
