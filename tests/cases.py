"""Random atlases, images and pairs of grids for property-based tests."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, Atlas, Grid, Image, Result
from napari_atlas_assign.assignment.assign import assign

SIGNED_PERMUTATIONS = [
    np.array(
        [[sign if axis == column else 0 for column in range(3)] for axis, sign in zip(order, signs, strict=True)], float
    )
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
]


@dataclass(frozen=True)
class Case:
    """An image and an atlas as dense arrays, and the arguments of an assignment."""

    image: np.ndarray  # (X, Y, Z)
    image_affine: np.ndarray
    maps: np.ndarray  # (R, X, Y, Z) float32
    atlas_affine: np.ndarray
    threshold: float = 0.0
    tail: str = "positive"
    connectivity: int = 18
    min_volume_mm3: float = 0.0
    minimum_probability: float = 0.0

    @property
    def arguments(self) -> dict:
        names = ("threshold", "tail", "connectivity", "min_volume_mm3", "minimum_probability")
        return {name: getattr(self, name) for name in names}

    def as_image(self) -> Image:
        return Image.from_array(self.image, self.image_affine, "image")

    def as_atlas(self) -> Atlas:
        return atlas_of(self.maps, self.atlas_affine)

    def changed(self, **changes) -> Case:
        return replace(self, **changes)


def quiet_assign(case: Case, **arguments) -> Result:
    """Assign without the warnings about images without modes or overlaps, which random cases are full of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        return assign(case.as_image(), case.as_atlas(), **(case.arguments | arguments))


def atlas_of(maps: np.ndarray, affine: np.ndarray) -> Atlas:
    """An atlas of dense maps; a labelled one is made by way of its label volume."""
    grid = Grid(maps.shape[1:], affine)
    regions = pd.DataFrame({"id": np.arange(1, len(maps) + 1), "name": [f"region {r}" for r in range(len(maps))]})
    if np.isin(maps, (0, 1)).all() and maps.sum(axis=0).max() <= 1:
        labels = (maps.astype(int) * np.arange(1, len(maps) + 1)[:, None, None, None]).sum(axis=0)
        return Atlas.from_labels(labels, grid, regions)
    voxels = [np.flatnonzero(m) for m in maps]
    values = [m.reshape(-1)[v] for m, v in zip(maps, voxels, strict=True)]
    return Atlas.from_region_entries(grid, regions, voxels, values)


def rotation(rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.diag(r))


def random_maps(rng: np.random.Generator, shape: tuple[int, int, int], kind: str, n_regions: int) -> np.ndarray:
    """Blocks with holes: statistical maps overlap and may add up to more than 1, labelled ones exclude each other."""
    if kind == "labelled":
        labels = np.zeros(shape, int)
        for region in range(1, n_regions + 1):
            labels[random_block(rng, shape)] = region
        labels[rng.random(shape) < 0.1] = 0
        return np.stack([labels == region for region in range(1, n_regions + 1)]).astype(np.float32)
    maps = np.zeros((n_regions, *shape), np.float32)
    for region in range(n_regions):
        block = random_block(rng, shape)
        size = maps[region][block].shape
        values = rng.choice([0.25, 0.5, 1.0], size) if rng.random() < 0.3 else rng.uniform(0.01, 1, size)
        if rng.random() < 0.2:
            values = np.full(size, 0.3)  # constant: some correlations are undefined
        if rng.random() < 0.7:
            values = np.where(rng.random(size) < 0.2, 0, values)
        maps[region][block] = values
    return maps


def random_block(rng: np.random.Generator, shape: tuple[int, int, int]) -> tuple[slice, ...]:
    bounds = [np.sort(rng.integers(0, n + 1, 2)) for n in shape]
    return tuple(slice(min(a, n - 1), max(b, a + 1)) for (a, b), n in zip(bounds, shape, strict=True))


def random_image(rng: np.random.Generator, shape: tuple[int, int, int], kind: str) -> np.ndarray:
    if kind == "integer":
        return rng.integers(-3, 5, shape).astype(np.int16)
    if kind == "constant":
        image = np.zeros(shape, np.float32)
        image[random_block(rng, shape)] = 2.5
        return image
    if kind == "sparse":
        return np.where(rng.random(shape) < 0.8, 0, rng.normal(size=shape)).astype(np.float32)
    image = rng.normal(size=shape)
    if kind == "nan":
        image[rng.random(shape) < 0.3] = np.nan
        image.flat[0] = 0.0  # at least one number
    return image


RELATIONS = ("equal", "flipped", "coarser", "finer", "half voxel", "parallel", "oblique", "partly outside", "outside")


def image_to_atlas(
    rng: np.random.Generator, relation: str, shape: tuple[int, ...], atlas_shape: tuple[int, ...]
) -> np.ndarray:
    """An affine from image voxels to atlas voxels."""
    turned = SIGNED_PERMUTATIONS[rng.integers(len(SIGNED_PERMUTATIONS))]
    affine = np.eye(4)
    if relation == "equal":
        return affine
    if relation == "flipped":
        linear = turned
    elif relation == "coarser":
        linear = turned @ np.diag(rng.choice([1.5, 2, 3], 3))
    elif relation == "finer":
        linear = turned @ np.diag(rng.choice([1 / 2, 1 / 3, 0.8], 3))
    elif relation == "half voxel":
        linear = np.eye(3) * rng.choice([1, 2, 0.5])
    elif relation in ("oblique", "outside"):
        linear = rotation(rng) * rng.choice([0.6, 1, 1.7])
    else:
        linear = turned @ np.diag(rng.uniform(0.4, 2.5, 3))
    # Centre on centre, then moved: by whole or half voxels where edges should meet, else by any amount.
    centre = (np.array(atlas_shape) - 1) / 2 - linear @ ((np.array(shape) - 1) / 2)
    affine[:3, :3] = linear
    if relation == "flipped":
        affine[:3, 3] = np.round(centre)
    elif relation in ("coarser", "finer", "half voxel"):
        affine[:3, 3] = np.round(centre) + rng.choice([0, 0.5, -0.5], 3)
    elif relation == "partly outside":
        affine[:3, 3] = centre + rng.choice([-1, 1], 3) * np.array(atlas_shape) / 2
    elif relation == "outside":
        affine[:3, 3] = centre + 100
    else:
        affine[:3, 3] = centre + rng.uniform(-1, 1, 3)
    return affine


def atlas_to_world(rng: np.random.Generator) -> np.ndarray:
    affine = np.eye(4)
    linear = np.diag(rng.choice([0.5, 1, 2, 2.5], 3)) * rng.choice([-1, 1], 3)
    if rng.random() < 0.3:
        linear = rotation(rng) @ linear
    affine[:3, :3] = linear
    affine[:3, 3] = rng.uniform(-50, 50, 3)
    return affine


@st.composite
def cases(
    draw: st.DrawFn, relations: tuple[str, ...] = RELATIONS, kinds: tuple[str, ...] = ("statistical", "labelled")
) -> Case:
    """Small random assignments. Arrays come of one drawn seed, so that examples are quick to make and to repeat."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    relation = draw(st.sampled_from(relations))
    atlas_shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    shape = atlas_shape if relation == "equal" else draw(st.tuples(*[st.integers(1, 6)] * 3))
    kind = draw(st.sampled_from(kinds))
    atlas_affine = atlas_to_world(rng)
    maps = random_maps(rng, atlas_shape, kind, draw(st.integers(1, 4)))
    minimum = draw(st.sampled_from([0.0, 0.0, 0.25, 0.3, 0.7, 1.0]))
    return Case(
        image=random_image(rng, shape, draw(st.sampled_from(["dense", "sparse", "nan", "integer", "constant"]))),
        image_affine=atlas_affine @ image_to_atlas(rng, relation, shape, atlas_shape),
        maps=maps,
        atlas_affine=atlas_affine,
        threshold=draw(st.sampled_from([0.0, 0.5, 1.0])),
        tail=draw(st.sampled_from(["positive", "negative", "both"])),
        connectivity=draw(st.sampled_from([6, 18, 26])),
        min_volume_mm3=draw(st.sampled_from([0.0, 0.0, 5.0])),
        minimum_probability=0.0 if np.isin(maps, [0, 1]).all() else minimum,  # of labels it is refused
    )
