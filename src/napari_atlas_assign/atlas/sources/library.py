"""What all sources share that let another library fetch its atlases.

The libraries download as they like: without a way to cancel, some without a time limit, some into the very place where
they look for whole files. So they work in a thread of their own that can be stopped, into a folder of their own whose
files are moved to the library's place only when the atlas was read from them.
"""

from __future__ import annotations

import ctypes
import io
import os
import ssl
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import copy_context
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...atomic import scratch_folder
from ...errors import AtlasError
from .download import DownloadCancelled

Result = TypeVar("Result")

Progress = Callable[[int, int | None, str], object]
"""Called with how much is done, of how much (None where that is not known), and what is going on, in words."""

Cancelled = Callable[[], bool]
"""Asked again and again; true ends the download."""

CONNECT_SECONDS = 4.0
"""How long a server may take to answer at all."""

_POLL_SECONDS = 0.1
_CANCELLED = "the download was cancelled; nothing half done is left"


class _Stopped(BaseException):
    """Ends a library's thread; no `Exception`, so that no library takes it for a failed attempt and tries again."""


def installed(module: str) -> bool:
    """Whether a library is there; does not import it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


@cache
def installed_version(package: str) -> str | None:
    """The version of an installed package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def require(module: str, extra: str) -> None:
    """Refuse to go on without a library.

    Raises
    ------
    AtlasError
        If it is not installed; says which extra brings it.
    """
    if not installed(module):
        raise AtlasError(f'{module} is not installed; pip install "napari-atlas-assign[{extra}]"')


def check_reachable(url: str) -> None:
    """Find out quickly whether a server, through a proxy where there is one, answers at all.

    Raises
    ------
    AtlasError
        If it does not.
    """
    answer: Queue[bool] = Queue()

    def knock() -> None:
        try:
            answer.put(_answers(url))
        except Exception:  # whatever a server can send that is no answer
            answer.put(False)

    Thread(target=knock, daemon=True).start()  # looking up a name may take longer than any time limit of sockets
    try:
        reached = answer.get(timeout=CONNECT_SECONDS)
    except Empty:
        reached = False
    if not reached:
        raise AtlasError(
            f"{urlsplit(url).hostname} cannot be reached; "
            "connect to the network, or use an atlas that is on this machine"
        )


def _answers(url: str) -> bool:
    """Whether a server says anything; to take the call and be silent is not enough."""
    try:
        question = urllib.request.Request(url, method="HEAD")
        urllib.request.build_opener().open(question, timeout=CONNECT_SECONDS).close()
    except urllib.error.HTTPError:
        return True  # it answered, whatever it thinks of the question
    except urllib.error.URLError as error:
        # The library itself may know the certificate, or what to tell the proxy.
        return isinstance(error.reason, ssl.SSLError) or "Tunnel connection failed" in str(error.reason)
    return True


def in_background(
    work: Callable[[], Result],
    cancelled: Cancelled | None = None,
    report: Callable[[], object] | None = None,
) -> Result:
    """Let a library work in a thread of its own.

    Parameters
    ----------
    work : callable
        What to do.
    cancelled : callable, optional
        Asked meanwhile; true stops the thread.
    report : callable, optional
        Called meanwhile, in the caller's thread.

    Returns
    -------
    What `work` returns.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    Exception
        What `work` raises.
    """
    if cancelled is not None and cancelled():
        raise DownloadCancelled(_CANCELLED)
    outcome: Queue[tuple[Result | None, BaseException | None]] = Queue()
    context = copy_context()

    def run() -> None:
        try:
            outcome.put((context.run(work), None))
        except BaseException as error:  # handed over, and raised where the user can see it
            outcome.put((None, error))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            try:
                result, error = outcome.get(timeout=_POLL_SECONDS)
                break
            except Empty:
                if cancelled is not None and cancelled():
                    raise DownloadCancelled(_CANCELLED) from None
                if report is not None:
                    report()
    except BaseException:
        _stop(thread)
        raise
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def ask(
    library: str,
    what: str,
    question: Callable[[], Result],
    cancelled: Cancelled | None = None,
    report: Callable[[], object] | None = None,
) -> Result:
    """What a library answers, or one sentence on why it does not.

    What it prints and warns of meanwhile is not meant for the user, and is not shown.

    Parameters
    ----------
    library, what : str
        Who is asked for what, for the sentence.
    question, cancelled, report
        See `in_background`.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    AtlasError
        If the library raises anything.
    """
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return in_background(question, cancelled, report)
    except (DownloadCancelled, AtlasError):
        raise
    except Exception as error:  # libraries, and those that they use, raise what they like
        said = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
        raise AtlasError(
            f"{library} cannot deliver {what} ({said[:200]}); "
            "check the network, or use an atlas that is on this machine"
        ) from error


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """A folder to download into, beside the place where the files will be; gone afterwards.

    Raises
    ------
    AtlasError
        If the folder cannot be made.
    """
    with ExitStack() as stack:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(scratch_folder(parent))
        except OSError as error:
            raise _unsaved(parent, error) from error
        yield folder


def move_into(folder: Path, target: Path) -> None:
    """Move all files of a folder to the same places below another one, each at once; files that are there stay.

    Raises
    ------
    AtlasError
        If that fails.
    """
    try:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            place = target / file.relative_to(folder)
            if not place.is_file() or not place.stat().st_size:
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, place)
    except OSError as error:
        raise _unsaved(target, error) from error


def bytes_so_far(progress: Progress | None, folder: Path, what: str) -> Callable[[], None]:
    """A report for `in_background` that tells `progress` how many bytes lie in a folder."""

    def report() -> None:
        if progress is not None:
            progress(_size_of(folder), None, f"{what}: bytes downloaded")

    return report


def _size_of(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.stat(os.path.join(path, name)).st_size
    return total


def _unsaved(folder: Path, error: OSError) -> AtlasError:
    return AtlasError(f"nothing can be saved in {folder} ({error.strerror}); check its rights and the disk")


def _stop(thread: Thread) -> None:
    """Raise `_Stopped` in a thread: at its next step, which in a download comes with the next bytes."""
    if thread.ident is not None and thread.is_alive():
        raised: Any = ctypes.py_object(_Stopped)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), raised)
        thread.join(2)
