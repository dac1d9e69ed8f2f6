"""Random maps as smooth as an image and with its values: what chance alone would put into regions.

A surrogate is white noise times the square root of the spectrum of the image's autocovariance within its mask, cut to
the mask; its ranks are replaced by the image's own sorted values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from ..grid import Floats
from ..index_ranges import sorted_by

PADDING = 16
"""Voxels put around the mask, so that what leaves the box on one side does not come in at the other at once."""

WHOLE_MM = 30.0
"""Distance up to which the autocovariance is taken as it is; a taper from 0 on would make surrogates rougher."""

REACH_MM = 60.0
"""Distance at which it is tapered to zero."""


def surrogates(
    values: Floats, mask: NDArray[np.bool_], affine: Floats, n: int, seed: int
) -> Iterator[Callable[[], Floats]]:
    """Draw random maps, two at a time.

    Parameters
    ----------
    values : (V,) float
        The image on the voxels of the mask, in C order.
    mask : (X, Y, Z) bool
    affine : (4, 4) float
        Voxel to world mm.
    n : int
        How many.
    seed : int
        The same seed gives the same maps.

    Yields
    ------
    callable
        Works out two maps, the last time one if `n` is odd, (2 or 1, V) float on the voxels of the mask, in C order,
        wherever there is a thread for it. What is random about them is drawn already.
    """
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
    mask = mask[box]
    amplitude = _amplitude(values, mask, affine)
    voxel = np.ravel_multi_index(np.nonzero(mask), amplitude.shape)
    ranked = np.sort(values)
    rng = np.random.default_rng(seed)
    for first in range(0, n, 2):
        noise = rng.standard_normal((2, *amplitude.shape), np.float32)
        yield partial(_maps, noise, amplitude, voxel, ranked, min(2, n - first))


def _maps(
    noise: NDArray[np.float32], amplitude: NDArray[np.float32], voxel: NDArray[np.intp], ranked: Floats, n: int
) -> Floats:
    """(n, V) maps of sorted values on the voxels of a mask, which are given by their numbers in the padded box."""
    # The real and the imaginary part of one inverse transform are two independent fields.
    field = scipy.fft.ifftn(amplitude * (noise[0] + 1j * noise[1]), workers=1, overwrite_x=True).take(voxel)
    maps = np.empty((n, len(ranked)))
    for map_, part in zip(maps, (field.real, field.imag), strict=False):
        map_[_rising(part)] = ranked
    return maps


def _rising(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """The stable order of values, by their bits, which numpy sorts by counting, several times faster."""
    bits = (values + np.float32(0)).view(np.uint32)  # -0 is 0
    rank = np.where(bits >> 31, ~bits, bits | np.uint32(2**31))  # bits of negative numbers rise as these fall
    return sorted_by([rank >> 16, rank & 0xFFFF])


def _amplitude(values: Floats, mask: NDArray[np.bool_], affine: Floats) -> NDArray[np.float32]:
    """The square root of the spectrum of the tapered autocovariance, on the padded box."""
    shape = [scipy.fft.next_fast_len(length + PADDING) for length in mask.shape]
    # Twice the box, so that the autocovariance of one side does not wrap onto the other.
    double = [scipy.fft.next_fast_len(2 * length, real=True) for length in mask.shape]
    centred = np.zeros(mask.shape)
    centred[mask] = values - values.mean()
    product, pairs = (
        scipy.fft.irfftn(np.abs(scipy.fft.rfftn(volume, double)) ** 2, double) for volume in (centred, mask * 1.0)
    )
    pairs = pairs.round()
    covariance = product / np.maximum(pairs, 1)
    covariance += _lost_with_the_mean(covariance, pairs, _taper(_lags(double), affine), len(values))
    lags = _lags(shape)
    taper = _taper(lags, affine)
    known = np.ix_(*(np.where(np.abs(lag) < m, lag, 0) % d for lag, m, d in zip(lags, mask.shape, double, strict=True)))
    spectrum = scipy.fft.fftn(covariance[known] * taper).real
    return np.sqrt(_positive(spectrum)).astype(np.float32)


def _lost_with_the_mean(covariance: Floats, pairs: Floats, taper: Floats, n: int) -> float:
    """By how much the autocovariance of an image about its own mean is too small, at all lags alike.

    That is the variance of the mean of its `n` voxels: the mean autocovariance of all their pairs, what is lost of it
    included. `pairs` counts those of each lag. A mask hardly larger than the taper does not tell all of it.
    """
    weight = taper * pairs / n**2
    return float((weight * covariance).sum() / max(1 - weight.sum(), 0.5))


def _positive(spectrum: Floats) -> Floats:
    """The nearest spectrum (in least squares) that is nowhere negative and has the same total, the image's variance.

    An estimated autocovariance has a spectrum with noise around 0; to cut off what is below 0 alone would add the rest
    of the noise to every frequency, and make the maps rougher than the image.
    """
    falling = np.sort(spectrum, axis=None)[::-1]
    level = (np.cumsum(falling) - max(spectrum.sum(), 0)) / np.arange(1, falling.size + 1)
    return np.maximum(spectrum - level[np.count_nonzero(falling > level) - 1], 0)


def _lags(shape: list[int]) -> list[NDArray[np.int64]]:
    """Along each axis, the lags of a cyclic autocovariance, in voxels."""
    return [np.fft.fftfreq(length, 1 / length).round().astype(int) for length in shape]


def _taper(lags: list[NDArray[np.int64]], affine: Floats) -> Floats:
    """1 up to `WHOLE_MM`, then falling, 0 from `REACH_MM` on."""
    beyond = (_distances(lags, affine) - WHOLE_MM) / (REACH_MM - WHOLE_MM)
    return (1 + np.cos(np.pi * np.clip(beyond, 0, 1))) / 2


def _distances(lags: list[NDArray[np.int64]], affine: Floats) -> Floats:
    """Length in mm of every vector of lags."""
    i, j, k = (lag.reshape([-1 if a == axis else 1 for a in range(3)]) for axis, lag in enumerate(lags))
    return np.sqrt(sum((row[0] * i + row[1] * j + row[2] * k) ** 2 for row in affine[:3, :3]))
