"""The parcellation maps that siibra (https://siibra.eu) provides: Julich-Brain, DiFuMo and others.

Maps are found by ``siibra.get_map``. Of published statistical maps, siibra's makers keep a ready sparse index (see
`sparse_index`), which is three files instead of hundreds and read here in seconds. Where there is none, the map is
fetched volume by volume, which siibra keeps in its own cache.
"""

from __future__ import annotations

import gzip
import logging
import os
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError
from ...grid import Grid
from ...image import Image, file_sha256
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import atlas_from_entries, named_grid, region_entries
from ..files.volumes import entries_by_label
from ..formats.difumo import atlas_from_loadings
from ..formats.siibra import sparse_index
from ..label_tables.hemispheres import with_sides
from ..storage.index import content_key, has, kept
from .download import TIMEOUT, DownloadCancelled, downloads_folder, fetch
from .entry import CatalogueEntry
from .facts import named
from .library import (
    CONNECT_SECONDS,
    Cancelled,
    Progress,
    Result,
    ask,
    check_reachable,
    installed,
    installed_version,
    require,
    staging,
)
from .siibra_atlases import ATLASES, SPACES, SiibraFacts

NAME = "siibra"

HOST = "https://api.github.com"
"""Where siibra finds its configuration, without which it does nothing."""

INDICES = (
    "https://data-proxy.ebrains.eu/api/v1/buckets/reference-atlas-data/sparse-indices/sparse-indices-siibra_python_v1.0"
)
"""Where siibra finds ready sparse indices."""

_DAMAGE = (
    *(ValueError, KeyError, TypeError, AttributeError, AssertionError, EOFError),
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error),
)
"""What siibra raises on a configuration that is cut off or garbled."""


def entries() -> list[CatalogueEntry]:
    """List the maps; one is on this machine if it was loaded before."""
    has_siibra = installed("siibra") and _is_published()
    return [facts.entry(name, NAME, local=has_siibra and has(_published_key(name))) for name, facts in ATLASES.items()]


def load(entry: CatalogueEntry, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Atlas:
    """Load a map: from the stored index, or by siibra.

    What siibra's published configuration says of a name is taken to stay for one version of siibra. Maps of a
    configuration of the user's own are looked up each time, and stored by the content of their volumes.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so; what siibra has in its cache by then is whole.
    AtlasError
        If siibra is not installed, its servers cannot be reached, or it has no such map.
    """
    require("siibra", "siibra")
    facts = ATLASES[entry.name]

    def make() -> Atlas:
        return _read_map(_map(facts, progress, cancelled), entry.name, progress, cancelled)

    if _is_published():
        atlas = kept(_published_key(entry.name), make)
    else:
        siibra_map = _map(facts, progress, cancelled)
        key = _content_key(siibra_map)
        atlas = kept(key, lambda: _read_map(siibra_map, entry.name, progress, cancelled)) if key else make()
    return named(atlas, entry, "siibra")


def region_image(name: str, region: str, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Image:
    """One region's map as siibra returns it, to be explained by another atlas.

    Parameters
    ----------
    name : str
        Name of a map in the catalogue's part that siibra provides, such as ``difumo 64``.
    region : str
        What siibra finds the region by, such as ``fusiform posterior``.
    progress, cancelled
        See `catalogue.load`.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so.
    AtlasError
        As `load`; or if siibra finds no such region, or several.
    """
    require("siibra", "siibra")
    facts = ATLASES[name]
    siibra_map = _map(facts, progress, cancelled)
    data, img = _asked(
        f"{name}, {region}", lambda: _fetch(siibra_map, region=region), cancelled, _reporting(progress, region)
    )
    source = {"catalogue": f"{NAME}:{name}", "region": region, "siibra": installed_version("siibra")}
    source |= {"licence": facts.licence, "citation": facts.citation}
    return Image(data, named_grid(img, region), f"{name} {region}", facts.space, source)


def seed_example(progress: Progress | None = None, cancelled: Cancelled | None = None) -> tuple[Image, Atlas]:
    """siibra's own example: the DiFuMo 64 mode "fusiform posterior", and Julich-Brain 2.9 to explain it.

    Parameters
    ----------
    progress, cancelled
        See `catalogue.load`.

    Raises
    ------
    DownloadCancelled, AtlasError
        As `load`.
    """
    image = region_image("difumo 64", "fusiform posterior", progress, cancelled)
    entry = next(entry for entry in entries() if entry.name == "julich 2.9")
    return image, load(entry, progress, cancelled)


def _map(facts: SiibraFacts, progress: Progress | None, cancelled: Cancelled | None) -> Any:
    """The map, as siibra knows it; nothing of its volumes is fetched yet."""
    if _is_published() and not _has_configuration():
        check_reachable(HOST)

    def find() -> Any:
        import siibra

        with siibra.QUIET:
            kinds = {"parcellation": facts.parcellation, "space": SPACES[facts.space], "maptype": facts.kind}
            if facts.which:
                try:
                    return siibra.get_map(**kinds, spec=facts.which)
                except siibra.exceptions.MapNotFound:
                    pass  # where there is only one map of this kind, it may be called otherwise
            return siibra.get_map(**kinds)

    def checked() -> Any:
        from siibra.exceptions import MapNotFound

        try:
            return find()
        except MapNotFound:
            raise
        except _DAMAGE as error:
            raise AtlasError(_damaged(facts.title, error)) from error

    return _asked(facts.title, checked, cancelled, _reporting(progress, "looking up the map in siibra"))


def _damaged(what: str, error: BaseException) -> str:
    said = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
    return (
        f"siibra cannot deliver {what}: its configuration in {_configuration_folder()} is damaged ({said[:200]}); "
        "delete that folder, or mend it if it is your own, and load the atlas again"
    )


def _configuration_folder() -> Path:
    """Where the configuration lies that siibra uses; its whole cache where nothing could be unpacked."""
    from siibra.configuration import Configuration
    from siibra.retrieval import CACHE

    for connector in Configuration.CONFIG_CONNECTORS:
        unpacked = getattr(connector, "_archive_conn", None) or connector
        if hasattr(unpacked, "_folder"):
            return Path(unpacked._folder)
    return Path(CACHE.folder)


def _read_map(siibra_map: Any, name: str, progress: Progress | None, cancelled: Cancelled | None) -> Atlas:
    """Read a map from its ready index, or else volume by volume; of each, what is above 0 is kept.

    A statistical map has one region for each volume, in siibra's order of volumes; in a labelled map a region is the
    union of its labels' voxels.
    """
    from siibra.commons import MapIndex

    parts = [(region, index) for region in siibra_map.regions for index in siibra_map.find_indices(region)]
    parts.sort(key=lambda part: part[1].volume)
    if not parts:
        raise AtlasError(f"{name}: siibra's map has no regions; use another atlas")
    labelled = siibra_map.is_labelled
    source = {"map": str(siibra_map.id), "map name": str(siibra_map.name)}
    ready = None if labelled else _from_index(siibra_map, parts, name, progress, cancelled)
    if ready is not None:
        return ready.described(name=name, source=source)
    wanted = list(dict.fromkeys((index.volume, index.fragment) for _, index in parts))
    maps: dict[Any, Any] = {}
    grid: Grid | None = None
    for n, (volume, fragment) in enumerate(wanted):
        what = next(region for region, index in parts if (index.volume, index.fragment) == (volume, fragment))
        what = f"{name}: {len(wanted)} volumes" if labelled else what
        if progress is not None:
            progress(n, len(wanted), what)
        index = MapIndex(volume=volume, label=None, fragment=fragment)
        data, img = _asked(f"{name}, {what}", partial(_fetch, siibra_map, index=index), cancelled)
        here = named_grid(img, what)
        grid = grid or here
        if not grid.matches(here):
            raise AtlasError(
                f"{name}: siibra's volumes lie on several grids ({what} on another one); use another atlas"
            )
        maps[volume, fragment] = entries_by_label(data, what) if labelled else region_entries(data, what)
    if progress is not None:
        progress(len(wanted), len(wanted), name)
    assert grid is not None
    regions, voxels, values = (_labelled if labelled else _statistical)(parts, maps)
    make = atlas_from_loadings if name.startswith("difumo") else atlas_from_entries
    return make(grid, with_sides(regions), voxels, values, name=name, source=source)


def _from_index(
    siibra_map: Any, parts: list[tuple[str, Any]], name: str, progress: Progress | None, cancelled: Cancelled | None
) -> Atlas | None:
    """The atlas of a published map's ready index; None where there is none that fits."""
    if not hasattr(type(siibra_map), "sparse_index") or any(
        not str(address).startswith("http") for volume in siibra_map.volumes for address in _addresses(volume)
    ):
        return None
    with staging(downloads_folder()) as folder:
        try:
            for suffix in (sparse_index.VOXELS, sparse_index.PROBS, sparse_index.BBOXES):

                def report(done: int, total: int | None, what: str = f"{name}: bytes of {suffix[1:]}") -> None:
                    if progress is not None:
                        progress(done, total, what)

                url = f"{INDICES}/{siibra_map.key.lower()}{suffix}"
                fetch(url, folder, progress=report, cancelled=cancelled).rename(folder / f"index{suffix}")
            atlas = sparse_index.read(folder / "index")
        except DownloadCancelled:
            raise
        except AtlasError:
            return None
    if [index.volume for _, index in parts] != list(range(atlas.n_regions)):
        return None
    regions = pd.DataFrame({"id": range(len(parts)), "name": [region for region, _ in parts]})
    return replace(atlas, regions=with_sides(regions))


def _addresses(volume: Any) -> list[Any]:
    """Files or web addresses of a volume, or of its fragments."""
    addresses: list[Any] = []
    for address in getattr(volume, "providers", {}).values():
        addresses += address.values() if isinstance(address, dict) else [address]
    return addresses


_Maps = tuple[pd.DataFrame, list[NDArray[np.integer]], list[NDArray[Any]]]


def _statistical(parts: list[tuple[str, Any]], maps: dict[Any, Any]) -> _Maps:
    of_parts = [maps[index.volume, index.fragment] for _, index in parts]
    regions = pd.DataFrame({"id": range(len(parts)), "name": [region for region, _ in parts]})
    return regions, [voxel for voxel, _ in of_parts], [value for _, value in of_parts]


def _labelled(parts: list[tuple[str, Any]], maps: dict[Any, Any]) -> _Maps:
    names = list(dict.fromkeys(region for region, _ in parts))
    parts_of: dict[str, list[NDArray[np.integer]]] = {name: [] for name in names}
    label: dict[str, int] = {}
    for region, index in parts:
        label.setdefault(region, index.label)
        voxel = maps[index.volume, index.fragment].get(index.label)
        if voxel is not None:
            parts_of[region].append(voxel)
    voxels = [np.unique(np.concatenate(parts_of[name])) if parts_of[name] else np.zeros(0, np.int32) for name in names]
    ids = [label[name] for name in names]
    if len(set(ids)) < len(ids):  # the hemispheres share their labels, so these tell no region
        ids = list(range(1, len(names) + 1))
    return pd.DataFrame({"id": ids, "name": names}), voxels, [np.ones(len(v), np.float32) for v in voxels]


def _fetch(siibra_map: Any, **which: Any) -> tuple[NDArray[Any], Any]:
    """The values (X, Y, Z) of a volume, read to the end, and its image."""
    import siibra

    with siibra.QUIET:  # no progress bars
        img = siibra_map.fetch(**which)
    if img is None:
        raise OSError("no volume came")
    return np.asanyarray(img.dataobj).reshape(img.shape[:3]), img


def _asked(what: str, question: Callable[[], Result], cancelled: Cancelled | None, report: Any = None) -> Result:
    """What siibra answers, or one sentence on why it does not."""

    def answer() -> Result:
        with _limited():
            return question()

    with _quiet():
        return ask("siibra", what, answer, cancelled, report)


@contextmanager
def _limited() -> Iterator[None]:
    """Give servers that siibra asks a limit to be silent, and leave no half file in its cache.

    siibra itself waits for ever, and leaves what it has of a download that ends midway.
    """
    from requests.adapters import HTTPAdapter
    from siibra.retrieval.requests import _SESSION

    class Impatient(HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            limits = options.pop("timeout", None) or (CONNECT_SECONDS, TIMEOUT)
            return super().send(request, timeout=limits, **options)

    before = _SESSION.adapters.copy()
    for scheme in ("https://", "http://"):
        _SESSION.mount(scheme, Impatient())
    try:
        yield
    except BaseException:
        _delete_half_files()
        raise
    finally:
        _SESSION.adapters = before


def _delete_half_files() -> None:
    """Delete downloads in siibra's cache that nobody goes on with: a running one holds its lock."""
    from filelock import FileLock, Timeout
    from siibra.retrieval import CACHE

    for half in Path(CACHE.folder).glob("*_temp"):
        lock = Path(f"{half}.lock")
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):
            half.unlink()
            lock.unlink(missing_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep siibra from writing to the terminal: what the user must know is said in one sentence."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    logger = logging.getLogger("siibra")
    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)


def _reporting(progress: Progress | None, what: str) -> Any:
    return None if progress is None else lambda: progress(0, None, what)


def _is_published() -> bool:
    """Whether siibra uses the configuration that its makers publish."""
    module = sys.modules.get("siibra.configuration.configuration")
    if module is None:
        return not os.environ.get("SIIBRA_USE_CONFIGURATION")
    configuration = module.Configuration
    published = [repository for _, *repository in configuration.CONFIG_REPOS]
    connectors = [*configuration.CONFIG_CONNECTORS, *configuration.CONFIG_EXTENSIONS]
    return len(connectors) == len(published) and all(
        type(connector).__name__ in ("GithubConnector", "GitlabConnector") for connector in connectors
    )


def _has_configuration() -> bool:
    """Whether siibra has unpacked a configuration in its cache, so that it may work without a network."""
    folder = os.environ.get("SIIBRA_CACHEDIR")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("siibra.retrieval", "")
    try:
        return any(path.is_dir() and path.name != "joblib" for path in Path(folder).iterdir())
    except OSError:
        return False


def _published_key(name: str) -> str:
    return content_key(NAME, str(installed_version("siibra")), name)


def _content_key(siibra_map: Any) -> str | None:
    """Tells a map by its regions and the content of its volumes; None where a volume is no file or address."""
    texts = [str(siibra_map.id), str(siibra_map.name)]
    for region in siibra_map.regions:
        texts += [region, *(repr(index) for index in siibra_map.find_indices(region))]
    for volume in siibra_map.volumes:
        addresses = _addresses(volume)
        if not addresses:
            return None
        texts += [file_sha256(Path(one)) if Path(one).is_file() else str(one) for one in addresses]
    return content_key(NAME, str(installed_version("siibra")), *texts)
