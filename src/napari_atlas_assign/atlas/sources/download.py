"""One file from the web, whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from ...atomic import whole_file
from ...errors import AtlasError
from ..storage.folder import cache_folder

TIMEOUT = 15.0
"""Seconds that a server may be silent."""

MAX_DOWNLOAD_BYTES = 8 * 2**30
"""The largest file that is downloaded: 8 GiB."""

_CHUNK = 2**16


class DownloadCancelled(AtlasError):
    """The person cancelled a download; nothing of it is left."""


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
) -> Path:
    """Download a file, or find the one that an earlier call downloaded.

    The bytes go to a temporary file, which takes its final name only when it is whole.

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
        Seconds that the server may be silent.

    Returns
    -------
    Path
        The file in `folder`; its name holds a key of the address, so that equal names do not collide.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    AtlasError
        If there is no network, the server refuses, or what arrives is cut off, too large or not what `checksum` says.
        Nothing is left behind.
    """
    digest = _hash(checksum)
    _check_address(url)
    target = folder / _file_name(url)
    if target.is_file() and (checksum is None or _checksum_of(target, digest) == checksum.lower()):
        return target
    try:
        with _open(url, timeout) as response:
            folder.mkdir(parents=True, exist_ok=True)
            with whole_file(target) as new, new.open("wb") as file:
                _copy(response, file, url, checksum, digest, max_bytes, progress, cancelled)
    except urllib.error.HTTPError as error:
        if 300 <= error.code < 400:
            reason = str(error.reason).split("\n")[0]
            raise AtlasError(f"{url}: its redirect is not followed ({reason}); ask for another address") from error
        raise AtlasError(
            f"{url}: the server answers {error.code} {error.reason}; check the address or try later"
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise _explained(url, error) from error
    return target


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


def _open(url: str, timeout: float) -> http.client.HTTPResponse:
    # Built by hand: urllib's own opener would also read file:, ftp: and data: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
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
        if progress is not None:
            progress(done, total)
    if total is not None and done != total:
        raise AtlasError(f"{url}: the connection was cut after {done:,} of {total:,} bytes; try again")
    if checksum is not None and digest.hexdigest() != checksum.lower():
        raise AtlasError(
            f"{url}: what arrived is not the expected file (its {digest.name} differs); try again or report it"
        )


def _explained(url: str, error: Exception) -> AtlasError:
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
