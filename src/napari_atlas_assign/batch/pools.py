"""Where the work is done: processes of this machine, or the workers of a dask cluster.

Both take a task and give a `concurrent.futures.Future`; `has_lost` tells whether what it fails with is a lost worker.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from ..errors import InputError, warn
from .inputs import MapFile
from .work import Job, assign_maps

_SECONDS_TO_ANSWER = 15

LOCAL_CLUSTER = "local"
"""As the scheduler's address: a cluster of this machine's own."""


class Pool(Protocol):
    """Processes that work on tasks."""

    chunk: int
    """Maps that make a good task."""
    cut_off: tuple[type[BaseException], ...]
    """What a future, or the pool, raises when none of the workers can be reached any more."""

    def has_lost(self, error: Exception) -> bool:
        """Whether a future failed because its worker was lost."""

    def width(self) -> int:
        """Tasks that can run at a time."""

    def submit(self, job: Job, maps: Sequence[MapFile]) -> Future[list[bytes]]:
        """Assign maps in a worker; see `assign_maps`."""

    def repair(self) -> None:
        """Replace what has ended."""

    def close(self) -> None:
        """End the workers, or leave them."""


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalPool:
    """Processes of this machine.

    They are forked where that is safe (Linux, no other threads), so that they share what is worked out already;
    elsewhere each works it out once.
    """

    chunk = 8
    cut_off: tuple[type[BaseException], ...] = ()

    def has_lost(self, error: Exception) -> bool:
        """See `Pool`."""
        return isinstance(error, BrokenProcessPool)

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor = self._start()

    def width(self) -> int:
        """Tasks that can run at a time."""
        return self._workers

    def submit(self, job: Job, maps: Sequence[MapFile]) -> Future[list[bytes]]:
        """Assign maps in a worker."""
        try:
            return self._executor.submit(assign_maps, job, maps)
        except BrokenProcessPool as error:  # a worker has ended since the last look; the caller will see it
            broken: Future[list[bytes]] = Future()
            broken.set_exception(error)
            return broken

    def repair(self) -> None:
        """Start anew: one worker that is killed takes the pool along."""
        self._executor.shutdown(wait=True)
        self._executor = self._start()

    def close(self) -> None:
        """End the workers after their current maps."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        fork = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork" if fork else "spawn")
        return ProcessPoolExecutor(self._workers, context, initializer=_begin)


class ClusterPool:
    """The workers of a dask cluster, which open atlases and maps by their paths or names.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``; `LOCAL_CLUSTER` starts one here.
    workers : int
        Of a local cluster.

    Raises
    ------
    InputError
        If dask.distributed is not installed, or no scheduler answers.
    """

    chunk = 64  # the scheduler and the client take milliseconds per task, whatever its size
    cut_off: tuple[type[BaseException], ...] = (CancelledError, OSError)

    def __init__(self, address: str, workers: int) -> None:
        try:
            import distributed
        except ImportError:
            raise InputError('a cluster needs dask.distributed: pip install "napari-atlas-assign[cluster]"') from None
        self._killed: type[BaseException] = distributed.KilledWorker
        self._cluster: Any = None
        if address == LOCAL_CLUSTER:
            self._cluster = distributed.LocalCluster(workers, threads_per_worker=1, dashboard_address=None)
        try:
            if self._cluster is None:
                distributed.comm.resolve_address(address)  # what is no address keeps a client busy for half a minute
            self._client: Any = distributed.Client(
                self._cluster or address, timeout=_SECONDS_TO_ANSWER, set_as_default=False
            )
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"no dask scheduler answers at {address or 'an empty address'} ({error}); check the address"
            ) from error
        self._executor = self._client.get_executor(pure=False)
        self._width = 1

    def has_lost(self, error: Exception) -> bool:
        """See `Pool`."""
        # A plain ValueError is distributed's own, which unpacks a result that went with its worker as an error.
        return isinstance(error, self._killed) or type(error) is ValueError

    def width(self) -> int:
        """Tasks that can run at a time; workers come and go, and a warning tells when there is none."""
        before, self._width = self._width, sum(self._client.nthreads().values())
        if before and not self._width:
            warn("the scheduler has no worker; the batch waits for one")
        return self._width

    def submit(self, job: Job, maps: Sequence[MapFile]) -> Future[list[bytes]]:
        """Assign maps in a worker. The scheduler gives the tasks of a lost worker to others."""
        # As bytes: the scheduler needs no part of this package, and a worker without it fails instead of ending.
        call = pickle.dumps(_Call(assign_maps, (job, maps)))
        task: Future[list[bytes]] = self._executor.submit(pickle.loads, call)
        return task

    def repair(self) -> None:
        """Nothing: the scheduler knows who is there."""

    def close(self) -> None:
        """Drop tasks that are left; a cluster that was there before goes on."""
        self._executor.shutdown(wait=False)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


class _Call:
    """Pickled, a call; what comes out of unpickling it is what the function returns."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


def _begin() -> None:
    """Make a worker leave the keyboard's interrupt to its parent, and end with it even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
