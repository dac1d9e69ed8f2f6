"""Choosing what is to be explained: a layer, its volumes, where it lies, and the uncertainty of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from magicgui.widgets import ComboBox, Container, FloatSpinBox, PushButton, TupleEdit

from ...assignment.places.voxels import VoxelOrder, voxel_orders
from ...errors import InputError
from ...grid import Floats, Grid
from ...header import Stated
from ...image import Image
from ...source import MapsOrPoints
from ..layers.convert import image_from_layer
from ..layers.geometry import (
    KEY,
    adopt_geometry,
    axes_not_of_space,
    axis_not_in_front,
    full_resolution,
    is_placed,
    mm_per_unit,
    place_of,
    set_geometry,
)
from ..layers.metadata import layer_kind, n_volumes, own_metadata, with_space_last
from ..layers.point_layers import points_from_layer
from ..layers.shape_layers import rois_from_shapes
from ..layers.source import source_from_layer
from ..layers.together import has_voxels_of, is_drawn, rois_beside, world_of_source
from ..viewer.viewer_frame import volume_shown

OWN, NUMBERS = "own", "numbers"

ON_VOXELS: dict[VoxelOrder, str] = {
    "atlas": "on the atlas's voxels, its array's axes",
    "RAS": "on the atlas's voxels, towards right, anterior, superior",
}
"""How an array may lie that has the voxels of the atlas."""

UNKNOWN = ("choose…", None)


class SourceFields(Container):
    """The chooser of the layer, and the questions that its kind brings."""

    def __init__(
        self,
        viewer: Any,
        changed: Callable[[], None],
        atlases: Callable[[], list[Any]] = list,
        atlas_grid: Callable[[], tuple[Grid, str | None] | None] = lambda: None,
    ) -> None:
        self._viewer = viewer
        self._atlas_grid = atlas_grid  # of the one that is shown, and its space; None while it is not loaded
        self._changed = changed
        self._atlases = atlases  # those chosen: layers, and None for what is no layer
        self._kept: tuple[Any, Image] | None = None
        self._asked: Any = None  # the layer that the questions on the screen are about
        self._stated: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # layers whose place was stated here
        self.image = ComboBox(
            name="image",
            label="map",
            choices=self._image_choices,
            nullable=True,
            tooltip="What is to be explained: a map (Image), regions of interest (Labels, Shapes), or points",
        )
        self.volumes = ComboBox(
            label="volumes", choices=[("this one", "this"), ("all", "all")], tooltip="The one at the slider, or all"
        )
        self.time_first = PushButton(
            tooltip="The last three axes are taken as space; the layer is shown anew with its other axes in front"
        )
        self.geometry = ComboBox(
            label="lies",
            choices=self._geometry_choices,
            tooltip="This layer does not say where it lies in the brain, and left and right are not to be guessed",
        )
        self.voxel_size = TupleEdit(
            label="voxel mm",
            value=(2.0, 2.0, 2.0),
            options={"min": 0.001, "max": 1000.0, "step": 0.001},
            tooltip="Along the array's last three axes: z, y, x (S, A, R)",
        )
        self.origin = TupleEdit(
            label="first voxel mm",
            value=(0.0, 0.0, 0.0),
            options={"min": -10_000.0, "max": 10_000.0, "step": 0.001},
            tooltip="Its place: z, y, x in mm (S, A, R)",
        )
        self.sigma = FloatSpinBox(
            label="sigma mm",
            min=0,
            max=1000,
            step=1,
            tooltip="Uncertainty of points, 0 if exact; a column 'sigma' of the layer's features goes before it",
        )
        super().__init__(
            widgets=[
                *(self.image, self.time_first, self.volumes, self.geometry, self.voxel_size, self.origin, self.sigma),
            ],
            name="source",
        )
        self.margins = (0, 0, 0, 0)
        for field in (self.volumes, self.geometry, self.voxel_size, self.origin, self.sigma):
            field.changed.connect(self._on_change)
        self.time_first.changed.connect(self._put_time_first)
        self.fit()

    @property
    def layer(self) -> Any:
        """The layer that is chosen, or None."""
        return self.image.value

    @property
    def kind(self) -> str:
        """Its kind, ``image`` where there is none."""
        return "image" if self.layer is None else layer_kind(self.layer)

    @property
    def is_placed(self) -> bool:
        """Whether it is known, or was stated and taken over, where the layer lies."""
        if self.layer is None:
            return False
        if self.kind == "shapes" and self.geometry.value is not None:
            return True
        return is_placed(self.layer) or self._world() is not None

    @property
    def n_voxels(self) -> int:
        """How much work a change of the threshold is."""
        if self.layer is None or self.kind not in ("image", "labels"):
            return 0
        shape = full_resolution(self.layer).shape
        return int(np.prod(shape if self.volumes.value == "all" else shape[-3:], dtype=np.int64))

    @property
    def waits_for_atlas(self) -> bool:
        """Whether the layer is to lie on the voxels of an atlas that is not loaded."""
        return self.geometry.value in ON_VOXELS and self._atlas_grid() is None

    def _world(self) -> Floats | None:
        """What the viewer's coordinates mean for a layer that does not say it, where the atlases tell."""
        return world_of_source(self.layer, self._atlases())

    def source(self) -> MapsOrPoints:
        """What the layer holds; where it lies is noted in the layer, once it was stated.

        Raises
        ------
        InputError
            If there is no layer, it does not say where it lies, or its data cannot be used.
        """
        layer = self.layer
        if layer is None:
            raise InputError("there is no image layer; open a map, for example File > Open Sample > Atlas Assign")
        axis = axis_not_in_front(layer)
        if axis is not None:
            raise InputError(
                f"the layer {layer.name!r} has the axis {axis!r} among its last three, which are taken as space; press "
                f"{self.time_first.text!r}"
            )
        self._state_geometry(layer)
        world = self._world()
        if not self.is_placed:
            raise InputError(
                f"the layer {layer.name!r} does not say where it lies in the brain, and left and right are not to be "
                f"guessed; choose it in the field 'lies'{'' if is_drawn(layer) else _OR_OPEN}"
            )
        if self.kind == "points":
            return points_from_layer(layer, float(self.sigma.value), world)
        if self.kind == "shapes":
            return self._rois(layer)
        if n_volumes(layer) > 1 and self.volumes.value == "all":
            return source_from_layer(layer, world_from_view=world)[0]
        volume = self.volume
        key = (layer, id(layer.data), volume, place_of(layer, world).world.tobytes(), layer.name)
        if self._kept is None or self._kept[0] != key:  # what is lazy is read once
            self._kept = key, image_from_layer(layer, volume, world)
        return self._kept[1]

    def _rois(self, layer: Any) -> Image:
        """Shapes on the grid of the layer that was chosen for them, else of an atlas that they lie on in the viewer."""
        if layer_kind(self.geometry.value) in ("image", "labels"):
            return rois_from_shapes(layer, self.geometry.value)
        return rois_beside(layer, self._atlases())

    @property
    def volume(self) -> int | None:
        """The volume of a stack that the viewer's sliders stand at."""
        return None if n_volumes(self.layer) == 1 else volume_shown(self.layer, self._viewer.dims.point)

    def forget(self) -> None:
        """Let go of what was read."""
        self._kept = None

    def fit(self) -> None:
        """Ask only what the layer leaves open."""
        layer, kind = self.layer, self.kind
        asks = layer is not None and self._asks(layer)
        with self.geometry.changed.blocked():
            self.geometry.reset_choices()
            if layer is not self._asked:  # what was said of another layer means nothing for this one
                self.geometry.value = None if layer is None else self._stated.get(layer)
            if asks and self.geometry.value is None:
                self.geometry.value = self._likely_place(layer)
        self._asked = layer
        self._fit_axes(layer, asks)
        self.geometry.visible = asks
        self.voxel_size.visible = self.origin.visible = asks and self.geometry.value == NUMBERS
        self.volumes.visible = layer is not None and kind == "image" and n_volumes(layer) > 1
        self.sigma.visible = kind == "points" and "sigma" not in layer.features

    def _fit_axes(self, layer: Any, asks: bool) -> None:
        """Offer to put time or channels in front: where an axis is called so, or a stack does not say what it is."""
        axis = None if layer is None else axis_not_in_front(layer)
        self.time_first.text = "Last axis is time: put it first" if axis is None else f"Put the axis {axis!r} first"
        is_untold = asks and self.kind == "image" and layer.ndim > 3 and not axes_not_of_space(layer)
        self.time_first.visible = axis is not None or is_untold

    def _put_time_first(self) -> None:
        from napari.layers import Layer

        layer, layers = self.layer, self._viewer.layers
        turned = Layer.create(*with_space_last(layer))
        place = layers.index(layer)
        layers.remove(layer)
        layers.insert(place, turned)
        layers.selection.active = turned

    def _asks(self, layer: Any) -> bool:
        if axis_not_in_front(layer) is not None:
            return False
        if self.kind == "shapes":
            return self._world() is None
        return layer in self._stated or (not is_placed(layer) and self._world() is None)

    def _likely_place(self, layer: Any) -> Any:
        """A layer that lies where this one does: with its voxels, or what this one was drawn over."""
        placed = self._placed_layers()
        same = next((other for other in placed if has_voxels_of(layer, other)), None)
        if same is None and is_drawn(layer):
            return next(iter(placed), None)
        if same is None and len(orders := self._orders_on_atlas(layer)) == 1:
            return next(iter(orders))
        return same

    def _orders_on_atlas(self, layer: Any) -> dict[VoxelOrder, Grid]:
        """How a layer may lie on the voxels of the atlas; empty where it cannot, or the atlas is not loaded."""
        atlas = self._atlas_grid()
        if atlas is None or layer.ndim < 3:
            return {}
        in_mm = mm_per_unit(layer)
        sizes = np.asarray(layer.scale[-3:]) * (1 if in_mm is None else in_mm)
        return voxel_orders(Grid(full_resolution(layer).shape[-3:], np.diag([*sizes, 1.0])), atlas[0])

    def _on_change(self) -> None:
        self.fit()
        self._changed()

    def _state_geometry(self, layer: Any) -> None:
        stated = self.geometry.value
        if stated is None or (is_placed(layer) and layer not in self._stated):
            return
        if self.kind == "shapes" and stated != OWN:  # drawn on the other layer's grid
            return
        if self._stated.get(layer) != stated:
            self._forget_space(layer)
        self._stated[layer] = stated
        if stated == OWN:
            set_geometry(layer)
        elif stated == NUMBERS:
            affine = np.eye(4)[[2, 1, 0, 3]] @ np.diag([*self.voxel_size.value, 1.0])
            affine[:3, 3] = self.origin.value[::-1]
            set_geometry(layer, affine)
        elif stated in ON_VOXELS:
            self._lay_on_atlas(layer, stated)
        elif self.kind != "points" and full_resolution(stated).shape[-3:] == full_resolution(layer).shape[-3:]:
            set_geometry(layer, place_of(stated).world)
            self._note(layer, space=own_metadata(stated).get("space"))
        else:
            adopt_geometry(layer, stated)
        self.fit()

    def _may_lie_on_atlas(self, order: VoxelOrder) -> bool:
        """Whether the voxels fit in this order; any may, while the atlas is not loaded."""
        return self._atlas_grid() is None or (self.layer is not None and order in self._orders_on_atlas(self.layer))

    def _lay_on_atlas(self, layer: Any, order: VoxelOrder) -> None:
        grid = self._orders_on_atlas(layer).get(order)
        if grid is None:
            raise InputError(
                f"the layer {layer.name!r} has not the voxels of the atlas in this order of axes; say in the field "
                "'lies' where it lies"
            )
        set_geometry(layer, grid.affine)
        atlas = self._atlas_grid()
        self._note(layer, space=None if atlas is None else atlas[1], on_atlas_voxels=order)

    def _note(self, layer: Any, **facts: Any) -> None:
        """Note what follows from the place that was stated."""
        layer.metadata = {**layer.metadata, KEY: own_metadata(layer) | facts}

    def _forget_space(self, layer: Any) -> None:
        """What was noted with another place means nothing for the one that is stated now."""
        if layer in self._stated:
            kept = {key: value for key, value in own_metadata(layer).items() if key not in ("space", "on_atlas_voxels")}
            layer.metadata = {**layer.metadata, KEY: kept}

    def _image_choices(self, _: Any = None) -> list[Any]:
        return [layer for layer in self._viewer.layers if is_source(layer)]

    def _geometry_choices(self, _: Any = None) -> list[tuple[str, Any]]:
        layers = [(f"as the layer {layer.name}", layer) for layer in self._placed_layers()]
        shown = (f"as shown: z, y, x{self._unit_and_sizes()} (S, A, R)", OWN)
        if self.kind in ("points", "shapes"):
            return [UNKNOWN, *layers, shown]
        on_voxels = [(text, order) for order, text in ON_VOXELS.items() if self._may_lie_on_atlas(order)]
        return [UNKNOWN, shown, ("by voxel size and origin", NUMBERS), *on_voxels, *layers]

    def _unit_and_sizes(self) -> str:
        """The unit of the layer, and of a stack how long each axis is: its last might be time."""
        if self.layer is None:
            return ""
        unit = "mm" if mm_per_unit(self.layer) is None else str(tuple(self.layer.units)[-1])
        sizes = "" if self.kind != "image" or self.layer.ndim <= 3 else full_resolution(self.layer).shape[-3:]
        return f" in {unit}" + (f", {' x '.join(map(str, sizes))} voxels" if sizes else "")

    def _placed_layers(self) -> list[Any]:
        placed = [
            other
            for other in self._viewer.layers
            if other is not self.layer
            and layer_kind(other) in ("image", "labels")
            and own_metadata(other).get("role") in _ROLES_WITH_A_PLACE
            and is_placed(other)
        ]
        return sorted(placed, key=lambda other: _ROLES_WITH_A_PLACE.index(own_metadata(other).get("role")))


_ROLES_WITH_A_PLACE = (None, "atlas", "region maps", "template")
"""Of the layers that another one may lie as: maps before atlases before templates."""

_OR_OPEN = ", or open the file itself with File > Open"


def is_source(layer: Any) -> bool:
    """Whether a layer can be explained: all that is no atlas and no overlay of this plugin."""
    role = own_metadata(layer).get("role")
    return layer_kind(layer) in ("image", "labels", "points", "shapes") and role is None


def shows_a_result(layer: Any) -> bool:
    """Whether a layer is drawn by this plugin, and can neither be explained nor explain others."""
    metadata = own_metadata(layer)
    return metadata.get("role") in ("modes", "regions") or bool(metadata.get("overlay"))


def largest_value(layer: Any) -> float:
    """The largest absolute value of a map, 0 where that is not known without reading it all."""
    low, high = _extremes(layer)
    return max(-low, high)


def unit_of(layer: Any) -> str:
    """What the values of a map are, where its file says it: z, t, F ..."""
    stated = Stated.from_dict(own_metadata(layer).get("stated"))
    return "" if layer_kind(layer) != "image" or stated.statistic is None else stated.statistic.name


def usual_threshold(layer: Any, z: float) -> float:
    """A first threshold: `z` for a map with both signs that reaches it, as z and t maps do; else 0."""
    low, high = _extremes(layer)
    return z if low < 0 and high > z else 0.0


def _extremes(layer: Any) -> tuple[float, float]:
    data = full_resolution(layer) if layer_kind(layer) == "image" else None
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "iuf" or not data.size:
        return 0.0, 0.0
    low, high = np.nanmin(data, initial=0), np.nanmax(data, initial=0)
    return (float(low), float(high)) if np.isfinite([low, high]).all() else (0.0, 0.0)
