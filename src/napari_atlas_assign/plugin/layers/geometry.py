"""Where the voxels of napari layers lie in the brain, and where to show what lies in the brain.

Three coordinate systems meet here. *Voxel* indices of a layer's last three axes. The *world* in RAS+ mm, x, y, z, as in
NIfTI. And the *view*: the coordinates of napari's viewer, which are a reader's choice: this plugin's layers put S, A, R
(z, y, x) mm along the viewer's axes; napari-nifti turns all three round. Matrices are 4x4 and map columns of
(a, b, c, 1); ``view_from_world`` maps world to view.

Nothing here imports napari: a layer is anything that has a layer's attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation
from numpy.typing import ArrayLike, NDArray

from ...errors import GridError, InputError
from ...grid import Floats, Grid

KEY = "napari-atlas-assign"
"""Under this key of ``layer.metadata`` lies everything that this plugin knows about a layer, as plain JSON types."""

ZYX_FROM_WORLD = np.eye(4)[[2, 1, 0, 3]]
"""View from world in this plugin's own layers: world x, y, z along the viewer's last, last but one, third last axis."""

AXIS_LABELS = ("z", "y", "x")

_DRIFT = 1e-3
"""Off-diagonals of a transform that move no voxel of the grid by more than this part of a voxel are dropped.

Headers hold rotations in float32, and napari warns at every slice of anything that is not exactly axis-aligned.
"""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the voxels of a layer's last three axes are."""

    shape: tuple[int, int, int]
    world: Floats
    """(4, 4): voxel indices, in the layer's axis order, to world mm."""
    view: Floats
    """(4, 4): voxel indices, in the layer's axis order, to the viewer's last three axes."""

    @property
    def view_from_world(self) -> Floats:
        """(4, 4): world mm to the viewer's last three axes."""
        return self.view @ np.linalg.inv(self.world)

    @property
    def grid(self) -> Grid:
        """The grid of the layer's data with its axes reversed: x, y, z for a layer z, y, x."""
        return Grid((self.shape[2], self.shape[1], self.shape[0]), self.world[:, [2, 1, 0, 3]])


AS_SHOWN, UNIT, PIXEL = "as shown", "unit", "pixel"
"""In the source of what was made of a layer that does not say where it lies in a brain, but lies as it is shown: what
the viewer's coordinates were taken to mean (4, 4), and the unit ``pixel`` where no layer has a unit of length."""

NOT_SPACE = ("t", "time", "frame", "frames", "c", "ch", "channel", "channels")
"""Axis labels, in small letters, of what is no axis of space."""


def place_of(layer: Any, world_from_view: Floats | None = None) -> Placement:
    """Find out where a layer's voxels lie; those of a 2D layer are one slice of 1 mm.

    Parameters
    ----------
    layer : napari layer of voxels
    world_from_view : (4, 4) float, optional
        What the viewer's coordinates mean for a layer that does not say it, see `world_as_shown`.

    Raises
    ------
    InputError
        If the layer says nothing about its place in the brain: a plain array, or a reader that drops the geometry.
    """
    shape, view = _spatial_shape(layer), layer_in_view(layer)
    ours = own_world_from_view(layer)
    if ours is not None:
        return Placement(shape, ours @ view, view)
    if _is_napari_nifti(layer):
        affine = np.asarray(layer.metadata["affine"], dtype=np.float64)
        if affine.shape != (4, 4) or not _fits_header(layer):
            raise InputError(
                f"the layer {layer.name!r} no longer is what napari-nifti read, or is a stack; "
                f'open the file with this plugin: viewer.open(path, plugin="{KEY}")'
            )
        return Placement(shape, affine[:, [2, 1, 0, 3]], view)  # its affine counts x, y, z; its data are z, y, x
    if world_from_view is not None:
        return Placement(shape, world_from_view @ view, view)
    raise InputError(
        f"the layer {layer.name!r} does not say where its voxels lie in the brain, and left and right are not to be "
        f'guessed; open the file with this plugin (plugin="{KEY}"), or state it '
        "(napari_atlas_assign.viewer.set_geometry, or the field 'lies' of the widget)"
    )


def set_geometry(layer: Any, affine: ArrayLike | None = None) -> None:
    """State where a layer's voxels lie, for layers that were made of plain arrays.

    Parameters
    ----------
    layer : napari layer
        Its last three axes are space.
    affine : (4, 4) float, optional
        Maps the indices of ``layer.data``'s last three axes, in their order, to world mm (RAS+). Without it, the
        layer lies as it is shown, with the axes z (to superior), y (to anterior), x (to the right), in its own units
        where these are lengths, else in mm.

    Raises
    ------
    GridError
        If the affine is not finite and invertible.
    """
    view = layer_in_view(layer)
    try:
        world = world_as_shown(layer) @ view if affine is None else Grid((1, 1, 1), np.asarray(affine)).affine
    except GridError as error:
        raise GridError(f"the layer {layer.name!r}: {error}") from None
    _note_place(layer, world @ np.linalg.inv(view))


def adopt_geometry(layer: Any, other: Any) -> None:
    """State that a layer lies in the viewer as another does, whose place in the brain is known, and in its space.

    Where both count in units of length, these may differ: napari shows both to scale.

    Raises
    ------
    InputError
        If the other layer does not say where it lies.
    """
    _note_place(layer, world_beside(layer, other), _own_metadata(other).get("space"))


def world_beside(layer: Any, other: Any) -> Floats:
    """(4, 4): what the viewer's coordinates mean for a layer that lies in the viewer as another, in its own units."""
    world = stated_world(other)
    if world is None:
        raise InputError(f"the layer {other.name!r} does not say where it lies in the brain; choose another one")
    return world @ units_between(layer, other)


def source_of(layer: Any, world_from_view: Floats | None = None) -> dict[str, Any]:
    """What an image, an atlas or points note of the layer that they were made of; see `AS_SHOWN`."""
    metadata = _own_metadata(layer)
    source: dict[str, Any] = {"layer": layer.name} | {
        key: metadata[key] for key in ("citation", "licence", "on_atlas_voxels") if key in metadata
    }
    if world_from_view is None or is_placed(layer):
        return source
    in_mm = mm_per_unit(layer) is not None or not np.array_equal(world_from_view, np.linalg.inv(ZYX_FROM_WORLD))
    return source | {AS_SHOWN: world_from_view.tolist()} | ({} if in_mm else {UNIT: PIXEL})


def units_between(layer: Any, other: Any) -> Floats:
    """(4, 4): from the viewer's coordinates in one layer's units to those in another's; none are changed to pixels."""
    own, others = mm_per_unit(layer), mm_per_unit(other)
    return np.eye(4) if own is None or others is None else np.diag([*(own / others), 1.0])


def world_as_shown(layer: Any, beside: Sequence[Any] = ()) -> Floats:
    """(4, 4): what the viewer's coordinates mean if the viewer shows S, A, R along its axes, as this plugin's layers.

    They are lengths in the layer's units. A layer in pixels is taken to have the units of a layer beside it, as napari
    lays both over one another; 1 is 1 mm where none has a unit of length.
    """
    units = (mm_per_unit(one) for one in (layer, *beside))
    return np.linalg.inv(ZYX_FROM_WORLD) @ np.diag([*next((u for u in units if u is not None), np.ones(3)), 1.0])


def mm_per_unit(layer: Any) -> Floats | None:
    """(3,): mm per unit of a layer's last three axes; None where one of them counts no lengths, but pixels."""
    import pint

    make = pint.get_application_registry().Quantity
    try:
        sizes = [float(make(1, str(unit)).to("mm").magnitude) for unit in tuple(layer.units)[-3:]]
    except pint.PintError:
        return None
    return np.array([1.0] * (3 - len(sizes)) + sizes)


def own_world_from_view(layer: Any) -> Floats | None:
    """(4, 4): what the viewer's coordinates mean for a layer that this plugin made or that it was stated for."""
    ours = _own_metadata(layer).get("world_from_view")
    return None if ours is None else np.asarray(ours, dtype=np.float64)


def place(
    shape: Sequence[int], affine: ArrayLike, view_from_world: Floats = ZYX_FROM_WORLD
) -> tuple[Orientation, dict[str, Any]]:
    """Work out how to hand a volume to napari: how to turn its axes, and the layer's transform.

    napari cannot show an affine that permutes axes, so the data are turned instead: permuted and flipped until each
    axis runs up one axis of the viewer.

    Parameters
    ----------
    shape : (3,) int
        Of the volume, x, y, z or in whatever order it is stored.
    affine : (4, 4) float
        Voxel indices to world mm.
    view_from_world : (4, 4) float
        See the module.

    Returns
    -------
    Orientation
        Turns the data.
    dict
        ``scale``, ``translate``, ``units``, ``axis_labels``, and for a grid that is oblique also ``affine``.
    """
    matrix = view_from_world @ np.asarray(affine, dtype=np.float64)
    ornt = io_orientation(matrix)
    turned = matrix @ inv_ornt_aff(ornt, tuple(shape))
    turned_shape = np.empty(3, int)
    turned_shape[ornt[:, 0].astype(int)] = shape
    return Orientation(ornt), transform_of(turned, turned_shape) | {"units": ("mm",) * 3, "axis_labels": AXIS_LABELS}


@dataclass(frozen=True, eq=False)
class Orientation:
    """How the axes of a volume are permuted and flipped for the viewer."""

    ornt: NDArray[np.float64]

    def turn(self, data: NDArray[Any]) -> NDArray[Any]:
        """Turn data (X, Y, Z, T, V ...) into (... v, t, z, y, x) as the viewer has them."""
        turned = apply_orientation(data, self.ornt)
        return turned.transpose(*range(data.ndim - 1, 2, -1), 0, 1, 2)

    def world_of(self, grid: Grid) -> Floats:
        """(4, 4): indices of a grid's turned volume, z, y, x, to world mm."""
        return np.asarray(grid.affine @ inv_ornt_aff(self.ornt, grid.shape), dtype=np.float64)


def transform_of(matrix: Floats, shape: ArrayLike) -> dict[str, Any]:
    """Split a (4, 4) matrix from voxels to view into ``scale`` and ``translate``, or ``scale`` and ``affine``."""
    linear = matrix[:3, :3]
    scale = np.linalg.norm(linear, axis=0)
    drift = np.abs(linear - np.diag(np.diag(linear))) * np.asarray(shape)
    if drift.max() <= _DRIFT * scale.min():
        return {"scale": tuple(np.diag(linear).tolist()), "translate": tuple((matrix[:3, 3] + 0.0).tolist())}
    # Other plugins and the scale bar read the voxel size from `scale`; the turn is left to the affine.
    turn = matrix.copy()
    turn[:3, :3] = linear / scale
    return {"scale": tuple(scale.tolist()), "affine": turn}


def copied_transform(layer: Any) -> dict[str, Any]:
    """The transform, units and axis labels of a layer's last three axes, to be handed to a layer on the same grid."""
    if layer.ndim <= 3:
        names = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
        return {name: getattr(layer, name) for name in names}
    axes = {"units": tuple(layer.units)[-3:], "axis_labels": tuple(layer.axis_labels)[-3:]}
    return transform_of(layer_in_view(layer), _spatial_shape(layer)) | axes


def layer_in_view(layer: Any) -> Floats:
    """(4, 4): the data coordinates of a layer's last three axes to the viewer's last three; 2D layers lie at z = 0."""
    n = int(layer.ndim)
    first = max(3 - n, 0)

    def to_view(point: NDArray[np.float64]) -> Floats:
        return np.asarray(layer.data_to_world(tuple(point)), dtype=np.float64)[-3:]

    origin = to_view(np.zeros(n))
    matrix = np.eye(4)
    matrix[first:3, 3] = origin
    for axis in range(first, 3):
        matrix[first:3, axis] = to_view(np.eye(n)[n - 3 + axis]) - origin
    return matrix


def stated_world(layer: Any) -> Floats | None:
    """(4, 4): what the viewer's coordinates mean for a layer; None where it does not say it."""
    ours = own_world_from_view(layer)
    if ours is not None or not _is_napari_nifti(layer):
        return ours
    try:
        return np.linalg.inv(place_of(layer).view_from_world)
    except (InputError, AttributeError):  # Points and Shapes have no voxels
        return None


def is_placed(layer: Any) -> bool:
    """Whether a layer says where it lies in the brain."""
    return stated_world(layer) is not None


def full_resolution(layer: Any) -> Any:
    """A layer's data; of a multiscale layer, the finest level."""
    return layer.data[0] if layer.multiscale else layer.data


def _spatial_shape(layer: Any) -> tuple[int, int, int]:
    shape = tuple(int(n) for n in full_resolution(layer).shape)
    if layer.ndim < 2 or len(shape) != layer.ndim:
        raise InputError(
            f"the layer {layer.name!r} has the shape {shape}; an image needs two or three axes, one value per voxel"
        )
    check_space(layer)
    z, y, x = (1, *shape)[-3:]
    return z, y, x


def check_space(layer: Any) -> None:
    """Raise an InputError for a layer that names time or channels among its last three axes."""
    axis = axis_not_in_front(layer)
    if axis is not None:
        raise InputError(
            f"the layer {layer.name!r} has the axis {axis!r} among its last three, which are taken as z, y, x in "
            "space; put it in front (np.moveaxis), or add what is to be assigned as a layer of its own"
        )


def axis_not_in_front(layer: Any) -> str | None:
    """The label of an axis of time or channels among a layer's last three, which are to be space; None if none is."""
    labels = [str(label) for label in tuple(layer.axis_labels)[-3:]]
    return next((label for label in labels if _is_not_space(label)), None)


def axes_with_space_last(layer: Any) -> list[int]:
    """A layer's axes, those of time and channels first; the last one where no axis is called so."""
    others = axes_not_of_space(layer) or [layer.ndim - 1]
    return [*others, *(n for n in range(layer.ndim) if n not in others)]


def axes_not_of_space(layer: Any) -> list[int]:
    """The axes of a layer that are called as time and channels are."""
    return [n for n, label in enumerate(layer.axis_labels) if _is_not_space(str(label))]


def _is_not_space(label: str) -> bool:
    return label.strip().lower() in NOT_SPACE


def _note_place(layer: Any, world_from_view: Floats, space: str | None = None) -> None:
    facts = {"world_from_view": world_from_view.tolist()} | ({} if space is None else {"space": space})
    layer.metadata = {**layer.metadata, KEY: _own_metadata(layer) | facts}


def _own_metadata(layer: Any) -> dict[str, Any]:
    ours = (layer.metadata or {}).get(KEY)
    return ours if isinstance(ours, dict) else {}


def _is_napari_nifti(layer: Any) -> bool:
    return {"affine", "spacing", "origin", "direction", "header", "coordinate_system"} <= set(layer.metadata or {})


def _fits_header(layer: Any) -> bool:
    """Whether the data have the axes that the header counts; a cropped layer keeps the metadata of the whole."""
    read_shape = getattr(layer.metadata["header"], "get_data_shape", None)
    return read_shape is None or sorted(read_shape()) == sorted(full_resolution(layer).shape)
