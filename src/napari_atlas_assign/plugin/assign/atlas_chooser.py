"""Choosing atlases: files, recent ones, layers, and all of the catalogue by species and kind, searched by typing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from magicgui.widgets import Container, FileEdit
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QSearchableComboBox

from ...atlas.atlas import Atlas
from ...atlas.catalogue import catalogue
from ...atlas.sources.entry import CatalogueEntry
from ...errors import InputError, counted
from ...grid import Grid
from ..layers.convert import atlas_from_layer, atlas_grid
from ..layers.metadata import own_metadata
from ..layers.together import world_of_atlas
from ..plain_text import tip as plain_tip
from .atlas_groups import badge, grouped
from .badges import BADGE, BadgeDelegate
from .settings import MOST_RECENT, read_recent, store_recent
from .worker import AtlasChoice, AtlasShelf

Value = tuple[str, Any]
"""``("layer", layer)``, ``("name", full name in the catalogue)`` or ``("file", None)``."""

FROM_FILE = "From a file…"

WIDTH = 84
"""Letters that rows of the list have room for, badges included."""

MOST_LISTED = 6
"""Lines of the list of atlases that are compared as well; of more, it scrolls."""


class AtlasChooser(QWidget):
    """One atlas, or several: the one that is shown, and those added to the list below it."""

    changed = Signal()

    _popup: Any = None
    """Of the search; still asked for when Python has let go of a widget that Qt has not destroyed yet."""

    def __init__(self, preferred: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = catalogue()
        self._known = {entry.full_name: entry for entry in self._entries}
        self._groups = grouped(self._entries)
        self._families = {
            v.full_name: family for _, families in self._groups for family in families for v in family.variants
        }
        self._recent = read_recent()
        self._values: list[Value | None] = []
        self._offered: list[tuple[Any, str]] = []  # layers, with their names
        self._made: WeakKeyDictionary[Any, tuple[bytes, Atlas]] = WeakKeyDictionary()  # with where they lie
        self.combo = QSearchableComboBox()
        self.combo.setSizeAdjustPolicy(self.combo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(18)
        self.combo.setAccessibleName("Atlas")
        self.variant = QComboBox()
        self.variant.setSizeAdjustPolicy(self.variant.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.variant.setMinimumContentsLength(18)
        self.variant.setAccessibleName("Variant of the atlas")
        self.variant.setToolTip("The same atlas in other resolutions, thresholds or numbers of parcels")
        self.add_button = QToolButton()
        self.add_button.setText("+")
        self.add_button.setToolTip("Compare with this atlas as well as with the one chosen next")
        self.add_button.setAccessibleName("Also compare with this atlas")
        self.also = QListWidget()
        self.also.setToolTip("Compared as well; double click or Delete removes one")
        self.also.hide()
        self.file = FileEdit(label="atlas file", filter="Atlases (*.nii *.nii.gz *.xml *.json);;All files (*)")
        self.labels = FileEdit(
            label="names", filter="Tables (*.tsv *.csv *.txt *.xml *.json *.lut);;All files (*)", nullable=True
        )
        self.files = Container(widgets=[self.file, self.labels])
        self.files.margins = (0, 0, 0, 0)
        top = QHBoxLayout()
        top.addWidget(self.combo, 1)
        top.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.variant)
        layout.addWidget(self.files.native)
        layout.addWidget(self.also)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._popup = self.combo.completer_object.popup()
        self._fill()
        self.set_value(self._first_value(preferred))
        self.combo.currentIndexChanged.connect(self._picked)
        self.variant.activated.connect(self._pick_variant)
        editor = self.combo.lineEdit()
        assert editor is not None
        editor.setPlaceholderText(f"Type to search {len(self._entries)} atlases")
        editor.editingFinished.connect(self._restore_text)
        editor.installEventFilter(self)
        self.add_button.clicked.connect(self.add)
        self.also.itemDoubleClicked.connect(self._remove)
        self.also.installEventFilter(self)
        self._popup.installEventFilter(self)
        self._badges = BadgeDelegate(self)
        for rows in (self.combo.view(), self._popup):
            rows.setItemDelegate(self._badges)
        self._show_files()

    # --- what is chosen ---

    @property
    def value(self) -> Value:
        """The atlas that is shown."""
        return self._values[self.combo.currentIndex()] or ("file", None)

    @value.setter
    def value(self, value: Value) -> None:
        self.combo.setCurrentIndex(self._index_of(value))

    def set_value(self, value: Value) -> None:
        """Show another atlas, without telling anyone."""
        blocked = self.combo.blockSignals(True)
        self.combo.setCurrentIndex(self._index_of(value))
        self.combo.blockSignals(blocked)
        self._show_files()

    @property
    def choices(self) -> list[Value]:
        """All atlases that are offered."""
        return list(dict.fromkeys(value for value in self._values if value is not None))

    @property
    def values(self) -> list[Value]:
        """All atlases that are chosen, each once."""
        chosen = [self._of_key(key) for key in self._listed()]
        return list(dict.fromkeys([value for value in chosen if value is not None] + [self.value]))

    def set_values(self, values: Sequence[Value]) -> None:
        """Show the last of some atlases, and list the others; nothing changes where there is none."""
        if not values:
            return
        self.also.clear()
        for value in values[:-1]:
            self._list(value)
        self.set_value(values[-1])

    @property
    def is_local(self) -> bool:
        """Whether all chosen atlases are on this machine, so that comparing with them needs no download."""
        local = {entry.full_name for entry in self._entries if entry.local}
        return all(
            what in local if kind == "name" else kind == "layer" or _chosen_file(self.file) is not None
            for kind, what in self.values
        )

    def atlas_choices(self, fresh: bool = True, beside: Any = None) -> tuple[AtlasChoice, ...]:
        """What `run.steps` needs to know; `fresh` makes atlases of layers anew, whose labels may have been painted.

        `beside` is the layer that they explain: as it lies, so do those that do not say where they lie in a brain.

        Raises
        ------
        InputError
            If a layer is no atlas, or no file is chosen.
        """
        if fresh:
            self._made.clear()
        return tuple(self._atlas_choice(value, beside) for value in self.values)

    @property
    def layers(self) -> list[Any]:
        """The chosen atlases that are layers, and None for each of the others."""
        return [what if kind == "layer" else None for kind, what in self.values]

    def grid(self, shelf: AtlasShelf) -> tuple[Grid, str | None] | None:
        """Of the atlas that is shown, and its space, where they are known without loading it."""
        kind, what = self.value
        if kind == "layer":
            grid = atlas_grid(what)
            return None if grid is None else (grid, own_metadata(what).get("space"))
        try:
            atlas = shelf.holds(self._atlas_choice((kind, what), None))
        except InputError:  # no file is chosen
            return None
        return None if atlas is None else (atlas.grid, atlas.space)

    def add(self) -> None:
        """Put the atlas that is shown on the list of those that are compared as well."""
        value = self.value
        if value[0] == "file" or _choice_key(value) in self._listed():
            return
        self._list(value)
        self.changed.emit()

    def remove(self, row: int) -> None:
        """Take an atlas off the list."""
        self.also.takeItem(row)
        self._fit_list()
        self.changed.emit()

    def set_layers(self, layers: Iterable[Any]) -> bool:
        """Offer these layers, too; whether the atlas that was shown is still there."""
        offered = [(layer, layer.name) for layer in layers]
        if offered == self._offered:  # most layers that come and go are no atlases, and the catalogue is long
            return True
        self._offered = offered
        still = self._refill()
        for row in reversed(range(self.also.count())):
            if self._of_key(self._listed()[row]) is None:
                self.also.takeItem(row)
        self._fit_list()
        return still

    def note_use(self) -> None:
        """Offer the chosen atlases first from now on, in later sessions, too."""
        names = [what for kind, what in self.values if kind == "name"]
        if names and names[0] != next(iter(self._recent), None):
            self._recent = list(dict.fromkeys([*names, *self._recent]))[:MOST_RECENT]
            store_recent(self._recent)
            self._refill()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """See Qt: Delete takes an atlas off the list, Escape ends a search, and its popup, a window, gets our theme."""
        if watched is self._popup:
            if event.type() == event.Type.Show:
                self._popup.setStyleSheet(self.window().styleSheet())
            return False
        if isinstance(watched, QLineEdit):
            if event.type() == event.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
                self._restore_text()
            return False
        if event.type() == event.Type.KeyPress and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            if self.also.currentRow() >= 0:
                self.remove(self.also.currentRow())
            return True
        return False

    # --- inside ---

    def _listed(self) -> list[str]:
        return [self.also.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.also.count())]

    def _list(self, value: Value) -> None:
        item = QListWidgetItem(self.combo.itemText(self._index_of(value)))
        item.setData(Qt.ItemDataRole.UserRole, _choice_key(value))
        self.also.addItem(item)
        self._fit_list()

    def _fit_list(self) -> None:
        """All atlases that are compared as well are in sight."""
        n = self.also.count()
        row = max(self.also.sizeHintForRow(0), self.fontMetrics().height())
        self.also.setFixedHeight(min(max(n, 1), MOST_LISTED) * row + 2 * self.also.frameWidth() + 2)
        self.also.setVisible(n > 0)

    def _refill(self) -> bool:
        """Offer what there is now; whether the atlas that was shown is still there."""
        before = self.value
        blocked = self.combo.blockSignals(True)
        self._fill()
        still = before in self._values
        self.combo.setCurrentIndex(self._index_of(before if still else self._first_value("")))
        self.combo.blockSignals(blocked)
        self._show_files()
        return still

    def _fill(self) -> None:
        model = QStandardItemModel(self.combo)
        self._values = []
        folded: list[int] = []

        def add(text: str, value: Value | None, tip: str = "", badge: str = "") -> None:
            item = QStandardItem(text)
            item.setToolTip(plain_tip(tip))
            item.setData(badge, BADGE)
            if value is None:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            model.appendRow(item)
            self._values.append(value)

        def add_entry(entry: CatalogueEntry, n_variants: int = 1) -> None:
            add(entry.title, ("name", entry.full_name), describe_entry(entry), badge(entry, n_variants))

        add(FROM_FILE, ("file", None), "An atlas file of any kind that is known, with or without a table of names")
        recent = [self._known[name] for name in self._recent if name in self._known]
        if recent:
            add("— recent —", None)
            for entry in recent:
                add_entry(entry)
        if self._offered:
            add("— layers —", None)
            for layer, name in self._offered:
                add(f"layer: {name}", ("layer", layer))
        for title, families in self._groups:
            add(f"— {title} —", None)
            for family in families:
                add_entry(family.first, len(family.variants))
                for entry in family.variants:
                    if entry is not family.first:
                        folded.append(model.rowCount())
                        add_entry(entry)
        self.combo.setModel(model)
        rows = self.combo.view()
        assert isinstance(rows, QListView)
        for row in folded:
            rows.setRowHidden(row, True)  # a search still gives them
        for listed in (rows, self._popup):
            listed.setMinimumWidth(WIDTH * self.fontMetrics().averageCharWidth())
        self.combo.completer_object.setModel(model)

    def _first_value(self, preferred: str) -> Value:
        local = [entry for entry in self._entries if entry.local]
        wanted = [e for e in local if preferred.strip().lower() in (e.name.lower(), e.full_name.lower())]
        first = next(iter([*wanted, *local]), None)
        return ("file", None) if first is None else ("name", first.full_name)

    def _index_of(self, value: Value) -> int:
        for index, known in enumerate(self._values):
            if known == value:
                return index
        raise ValueError(f"{value!r} is not offered")

    def _of_key(self, key: str) -> Value | None:
        return next((value for value in self.choices if _choice_key(value) == key), None)

    def _picked(self) -> None:
        self._show_files()
        self.changed.emit()

    def _pick_variant(self, row: int) -> None:
        self.value = ("name", self.variant.itemData(row))

    def _show_variants(self) -> None:
        """Offer the other variants of the atlas that is shown."""
        kind, name = self.value
        family = self._families.get(name) if kind == "name" else None
        variants = () if family is None else family.variants
        self.variant.clear()
        for entry in variants:
            self.variant.addItem(entry.title.partition(",")[2].strip() or entry.title, entry.full_name)
        if len(variants) > 1:
            self.variant.setCurrentIndex([entry.full_name for entry in variants].index(name))
        self.variant.setVisible(len(variants) > 1)

    def _show_files(self) -> None:
        self._show_variants()
        value = self.value
        self.files.native.setVisible(value[0] == "file")
        tip = describe_entry(self._known[value[1]]) if value[0] == "name" else ""
        self.combo.setToolTip(plain_tip(tip) or "Type to search the catalogue")
        self._restore_text()

    def _restore_text(self) -> None:
        editor = self.combo.lineEdit()
        if editor is not None:
            editor.setText(self.combo.itemText(self.combo.currentIndex()))
            editor.setCursorPosition(0)  # long titles show how they begin

    def _remove(self, item: QListWidgetItem) -> None:
        self.remove(self.also.row(item))

    def _atlas_choice(self, value: Value, beside: Any) -> AtlasChoice:
        kind, what = value
        if kind == "layer":
            world = world_of_atlas(what, beside)
            key = b"" if world is None else world.tobytes()
            if self._made.get(what, (None,))[0] != key:
                self._made[what] = key, atlas_from_layer(what, world)
            return AtlasChoice(atlas=self._made[what][1])
        if kind == "name":
            return AtlasChoice(source=what)
        path = _chosen_file(self.file)
        if path is None:
            raise InputError("no atlas file is chosen; choose one under 'atlas file'")
        return AtlasChoice(source=str(path), labels=_chosen_file(self.labels))


def describe_entry(entry: CatalogueEntry) -> str:
    """What the user wants to know before choosing an atlas."""
    regions = "" if entry.n_regions is None else f", {counted(entry.n_regions, 'region')}"
    where = "on this machine" if entry.local else "downloaded at first use"
    return "\n".join(
        [
            entry.title,
            f"{entry.kind}{regions}, {entry.space or 'space unknown'}; {where}",
            f"Licence: {entry.licence}",
            f"Please cite: {entry.citation}",
        ]
    )


def _choice_key(value: Value) -> str:
    """Text that stands for a choice: Qt's items hold no Python objects for long."""
    return f"{value[0]}:{value[1] if value[0] == 'name' else id(value[1])}"


def _chosen_file(field: FileEdit) -> Path | None:
    """The file in a field; an empty field holds the current folder."""
    text = str(field.value or "").strip()
    return Path(text) if text not in ("", ".") else None
