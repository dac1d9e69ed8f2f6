"""Voxels of lazy arrays for the panel that follows the cursor: read in a thread, so that the cursor never waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from superqt.utils import create_worker

from .lookup import read_now

_log = logging.getLogger(__name__)

KEPT = 32
"""Answers that are kept: a look asks for the same voxels again when they have come."""

Voxels = tuple[Any, NDArray[np.int64]]
"""An array, and indices (N, ndim) into it."""

_Key = tuple[int, bytes]


class VoxelReader:
    """Give voxels that are in memory or have come, as `probe.Read`; `fetch` has a thread read the others.

    Parameters
    ----------
    arrived : callable
        Called in the main thread when voxels have come: the time to look again.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived
        self._known: dict[_Key, tuple[Voxels, NDArray[Any]]] = {}
        self._missing: list[Voxels] = []
        self._worker: Any = None

    def __call__(self, data: Any, index: NDArray[np.int64]) -> NDArray[Any] | None:
        """Values (N,), or None where they are to be fetched."""
        if isinstance(data, np.ndarray):
            return read_now(data, index)
        known = self._known.get(_voxels_key((data, index)))
        if known is None:
            self._missing.append((data, index))
            return None
        return known[1]

    def fetch(self) -> None:
        """Have read what was asked for in vain; while a thread is at work, wait for it to arrive and look again."""
        missing, self._missing = self._missing, []
        if not missing or self._worker is not None:
            return
        # Of superqt: napari notes each of its own workers for as long as its window lives.
        self._worker = worker = create_worker(_read_all, missing, _start_thread=False)
        # Connected before the start: the signals of a worker that runs already may be gone.
        worker.returned.connect(partial(self._came, worker, missing))
        worker.start()

    def forget(self) -> None:
        """Let go of the arrays, and of what is under way."""
        self._known, self._missing, self._worker = {}, [], None

    def _came(self, worker: Any, voxels: list[Voxels], values: list[NDArray[Any]]) -> None:
        if worker is not self._worker:
            return
        self._worker = None
        for asked, answer in zip(voxels, values, strict=True):
            self._known[_voxels_key(asked)] = asked, answer  # with the array, so that no other takes its identity
        for oldest in list(self._known)[:-KEPT]:
            del self._known[oldest]
        self._arrived()


def read_or_nan(data: Any, index: NDArray[np.int64]) -> NDArray[Any]:
    """As `probe.read_now`; voxels that cannot be read are no numbers."""
    try:
        return read_now(data, index)
    except Exception:  # whatever the array's own source raises; napari tells of it when it draws the layer
        _log.exception("voxels cannot be read")
        return np.full(len(index), np.nan)


# --- inside ---


def _read_all(voxels: list[Voxels]) -> list[NDArray[Any]]:
    return [read_or_nan(data, index) for data, index in voxels]


def _voxels_key(voxels: Voxels) -> _Key:
    data, index = voxels
    return id(data), index.tobytes()
