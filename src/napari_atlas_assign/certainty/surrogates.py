"""Random maps as smooth as an image and with its values: what chance alone would put into regions.

A surrogate is white noise times the square root of the spectrum of the image's autocovariance within its mask, cut to
the mask; its ranks are replaced by the image's own sorted values.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray

from ..grid import Floats

PADDING = 16
"""Voxels put around the mask, so that what leaves the box on one side does not come in at the other at once."""

WHOLE_MM = 30.0
"""Distance up to which the autocovariance is taken as it is; a taper from 0 on would make surrogates rougher."""

REACH_MM = 60.0
"""Distance at which it is tapered to zero."""


def surrogates(
    values: Floats, mask: NDArray[np.bool_], affine: Floats, n: int, seed: int
) -> Iterator[NDArray[np.floating]]:
    """Give random maps one by one, each (V,) float on the voxels of a mask, in C order.

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
    """
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
    mask = mask[box]
    amplitude = _amplitude(values, mask, affine)
    ranked = np.sort(values)
    rng = np.random.default_rng(seed)
    for _ in range((n + 1) // 2):
        # The real and the imaginary part of one inverse transform are two independent fields.
        noise = rng.standard_normal((2, *amplitude.shape), np.float32)
        field = scipy.fft.ifftn(amplitude * (noise[0] + 1j * noise[1]), workers=1)
        for part in (field.real, field.imag)[: 2 if n > 1 else 1]:
            map_ = np.empty(len(values))
            map_[np.argsort(part[tuple(slice(0, length) for length in mask.shape)][mask], kind="stable")] = ranked
            yield map_
        n -= 2


def _amplitude(values: Floats, mask: NDArray[np.bool_], affine: Floats) -> NDArray[np.floating]:
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
