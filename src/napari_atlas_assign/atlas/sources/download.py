"""One file from the web, whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from ...atomic import leftovers, whole_file
from ...errors import AtlasError, InputError
from ..storage.folder import cache_folder

TIMEOUT = 15.0
"""Seconds that a server may be silent."""

SLOWEST = 100
"""Bytes per second that a server has to send at least."""

LONGEST = 6 * 3600.0
"""Seconds within which a download has to end."""

_SECONDS_BETWEEN_LOOKS = 0.5

MAX_DOWNLOAD_BYTES = 8 * 2**30
"""The largest file that is downloaded: 8 GiB."""

_CHUNK = 2**16


class DownloadCancelled(AtlasError):
    """The user cancelled a download; nothing of it is left."""


def downloads_folder() -> Path:
    """The folder where downloaded files are kept; not made by asking."""
    return cache_folder().parent / "downloads"


def fetch(
    url: str,
    folder: Path,
    *,
    checksum: str | None = None,
    max_bytes: int = MAX_DOWNLOAD_BYTES,
    progress: Callable[[int, int | None], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    timeout: float = TIMEOUT,
    check: Callable[[Path], object] = lambda path: None,
) -> Path:
    """Download a file, or find the one that an earlier call downloaded.

    The bytes go to a temporary file, which takes its final name only when it is whole, and is what it should be.

    Parameters
    ----------
    url : str
        Address, http or https; so must be all addresses that it redirects to.
    folder : Path
        Where the file is kept; made if needed.
    checksum : str, optional
        Expected hexadecimal SHA-256 (64 digits) or MD5 (32 digits).
    max_bytes : int
        Refuse larger files.
    progress : callable, optional
        Called with the bytes so far and the total (None where the server does not tell).
    cancelled : callable, optional
        Asked between chunks; true ends the download.
    timeout : float
        Seconds that the server may be silent. It also has to send `SLOWEST` bytes per second, and to end within
        `LONGEST` seconds.
    check : callable
        Reads the file, and raises an InputError where it is not what it should be: a page to log in, say.

    Returns
    -------
    Path
        The file in `folder`; its name holds a key of the address, so that equal names do not collide.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    AtlasError
        If there is no network, the server refuses or is too slow, or what arrives is empty, cut off, too large, or not
        what `checksum` or `check` say. Nothing is left behind.
    """
    digest = _hash(checksum)
    _check_address(url)
    target = folder / _file_name(url)
    if _is_good(target, checksum, digest, check):
        return target
    watch = _Watch(url, 2 * timeout)
    try:
        with watch.watching(), _open(url, timeout, watch) as response:
            _check_answer(response, url)
            folder.mkdir(parents=True, exist_ok=True)
            with whole_file(target) as new:
                with new.open("wb") as file:
                    _copy(response, file, url, checksum, digest, max_bytes, progress, cancelled, watch)
                _check_content(new, url, check)
    except (AtlasError, OSError, http.client.HTTPException, ValueError) as error:
        if watch.complaint:
            raise AtlasError(watch.complaint) from error
        raise _explained(url, error) from error
    return target


def downloads() -> list[tuple[str, int]]:
    """Name and size in bytes of each file that was downloaded and kept."""
    return [(file.name[17:], file.stat().st_size) for file in _own_files()]


def clear_downloads() -> int:
    """Delete what was downloaded, and what downloads that were killed have left; returns how many bytes that freed."""
    freed = sum(size for _, size in downloads())
    for file in _own_files():
        file.unlink(missing_ok=True)
    for folder in leftovers(downloads_folder()):
        shutil.rmtree(folder, ignore_errors=True)
    return freed


def _own_files() -> list[Path]:
    """Files under names that `fetch` gives; whatever else lies there is somebody else's."""
    named = sorted(downloads_folder().glob("[0-9a-f]" * 16 + "-*"))
    return [file for file in named if file.is_file() and not file.is_symlink()]


def _is_good(target: Path, checksum: str | None, digest: Any, check: Callable[[Path], object]) -> bool:
    """Whether an earlier call has left the file."""
    if not target.is_file() or (checksum is not None and _checksum_of(target, digest) != checksum.lower()):
        return False
    try:
        check(target)
    except InputError:
        return False
    return True


def _check_answer(response: http.client.HTTPResponse, url: str) -> None:
    """Refuse answers other than the whole file as it is."""
    if response.status != 200:
        raise AtlasError(
            f"{url}: the server answers {response.status} {response.reason} instead of the whole file; try later"
        )
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise AtlasError(f"{url}: the server packs the file in transit ({encoding[:40]}), unasked; ask another address")


def _check_content(new: Path, url: str, check: Callable[[Path], object]) -> None:
    """Refuse a file that is not what it should be."""
    if not new.stat().st_size:
        raise AtlasError(f"{url}: what arrived is empty; check the address or try later")
    try:
        check(new)
    except InputError as error:
        raise AtlasError(
            f"{url}: what arrived is not what it should be ({error}); open it in a browser to see what it gives"
        ) from error


class _Watch:
    """Looks from a thread of its own at how a download gets on, and cuts the connection of one that drips.

    A limit on silence alone is met by a byte now and then, even one of the header, for ever.
    """

    def __init__(self, url: str, window: float) -> None:
        self.complaint = ""
        self.done = 0
        self._url = url
        self._window = window
        self._connections: list[socket.socket] = []
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the connections that are made inside."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            for connection in self._connections:
                connection.close()

    def connect(self, *arguments: Any, **options: Any) -> socket.socket:
        """As `socket.create_connection`."""
        made = socket.create_connection(*arguments, **options)
        self._connections.append(made.dup())  # of which nobody but this object disposes
        return made

    def _look(self) -> None:
        began = looked = monotonic()
        before = 0
        while not self._over.wait(min(_SECONDS_BETWEEN_LOOKS, self._window)):
            now = monotonic()
            if now - began > LONGEST:
                self.complaint = f"{self._url}: the download took more than {LONGEST / 3600:.3g} hours; try later"
            elif now - looked > self._window:
                if self.done - before < SLOWEST * self._window:
                    self.complaint = f"{self._url}: the server sends next to nothing and was given up; try later"
                looked, before = now, self.done
            if self.complaint:
                for connection in list(self._connections):
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
                return


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to web addresses only, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (urlsplit(req.full_url).scheme == "https" and scheme == "http"):
            raise AtlasError(
                f"{req.full_url} redirects to {newurl[:200]!r}, which is not followed; ask for another address"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise AtlasError(f"{url[:200]!r} is no web address; it must start with https:// or http://")


def _watched(kind: type[Any], watch: _Watch) -> Callable[..., Any]:
    """A class of connections, each of which is watched from its first byte."""

    def make(*arguments: Any, **options: Any) -> Any:
        connection = kind(*arguments, **options)
        connection._create_connection = watch.connect
        return connection

    return make


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_watched(http.client.HTTPConnection, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_watched(http.client.HTTPSConnection, self._watch), req)


def _open(url: str, timeout: float, watch: _Watch) -> http.client.HTTPResponse:
    # Built by hand: urllib's own opener would also read file:, ftp: and data: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Http(watch),
        _Https(watch),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _WebOnly(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "napari-atlas-assign", "Accept-Encoding": "identity"})
    return opener.open(request, timeout=timeout)


def _copy(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    url: str,
    checksum: str | None,
    digest: Any,
    max_bytes: int,
    progress: Callable[[int, int | None], object] | None,
    cancelled: Callable[[], bool] | None,
    watch: _Watch,
) -> None:
    total = response.length  # of the body, from Content-Length
    if total is None and not response.chunked and checksum is None:
        raise AtlasError(
            f"{url}: the server does not tell the file's size, so a cut-off file would pass for a whole one"
        )
    done = 0
    while True:
        if cancelled is not None and cancelled():
            raise DownloadCancelled(f"the download of {url} was cancelled")
        if max(done, total or 0) > max_bytes:
            raise AtlasError(
                f"{url} is larger than {max_bytes:,} bytes, the most that is downloaded; check the address"
            )
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        file.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        watch.done = done
        if progress is not None:
            progress(done, total)
    if total is not None and done != total:
        raise AtlasError(f"{url}: the connection was cut after {done:,} of {total:,} bytes; try again")
    if checksum is not None and digest.hexdigest() != checksum.lower():
        raise AtlasError(
            f"{url}: what arrived is not the expected file (its {digest.name} differs); try again or report it"
        )


def _explained(url: str, error: Exception) -> AtlasError:
    if isinstance(error, AtlasError):
        return error
    if isinstance(error, urllib.error.HTTPError) and 300 <= error.code < 400:
        return AtlasError(f"{url}: its redirect is not followed ({error.reason}); ask for another address")
    if isinstance(error, urllib.error.HTTPError):
        return AtlasError(f"{url}: the server answers {error.code} {error.reason}; check the address or try later")
    reason = getattr(error, "reason", error)
    host = urlsplit(url).hostname or url
    if isinstance(reason, AtlasError):
        return reason
    if isinstance(reason, socket.gaierror | ConnectionRefusedError):
        return AtlasError(f"{host} cannot be reached; connect to the network, or use an atlas that is on this machine")
    if isinstance(reason, TimeoutError):
        return AtlasError(f"{host} does not answer; try later, or use an atlas that is on this machine")
    if isinstance(reason, http.client.IncompleteRead | ConnectionError):
        return AtlasError(f"{url}: the connection was cut; try again")
    return AtlasError(f"{url} cannot be downloaded ({reason}); check the address, the network and the free disk space")


def _hash(checksum: str | None) -> Any:
    if checksum is not None and not re.fullmatch(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{32}", checksum):
        raise AtlasError(f"{checksum!r} is neither a SHA-256 nor an MD5 checksum; give 64 or 32 hexadecimal digits")
    if checksum is not None and len(checksum) == 32:
        return hashlib.md5(usedforsecurity=False)
    return hashlib.sha256()


def _checksum_of(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, digest.name).hexdigest()


def _file_name(url: str) -> str:
    key = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    last = re.sub(r"[^A-Za-z0-9._-]", "_", unquote(urlsplit(url).path).rsplit("/", 1)[-1])
    return f"{key}-{last[-100:] or 'file'}"
