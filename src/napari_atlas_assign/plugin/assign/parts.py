"""Small parts that the widget is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from magicgui.widgets import Container, Label
from qtpy.QtCore import QSize, QTimer
from qtpy.QtWidgets import QLabel, QWidget
from superqt import QCollapsible

from ..plain_text import labels_as_plain_text


def text() -> Label:
    """Text that wraps and can be copied."""
    label = Label(value="")
    label.native.setWordWrap(True)
    labels_as_plain_text(label.native)
    label.native.setMinimumWidth(240)
    policy = label.native.sizePolicy()
    policy.setHorizontalPolicy(policy.Policy.Expanding)  # magicgui would have it no wider than that
    label.native.setSizePolicy(policy)
    label.native.setTextInteractionFlags(label.native.textInteractionFlags().TextSelectableByMouse)
    return label


def collapsible(title: str) -> QCollapsible:
    """A section with its arrow in the text, which has the theme's colour in every state; an icon has one of its own."""
    section = QCollapsible(title)
    section.toggleButton().setIconSize(QSize(0, 0))
    section.setDuration(0)
    section.layout().setContentsMargins(0, 0, 0, 0)
    section.content().layout().setContentsMargins(0, 0, 0, 0)

    def turn(opened: bool) -> None:
        section.setText(f"{'▼' if opened else '►'} {title}")
        section.content().setVisible(opened)  # a height of 0 alone leaves its fields to the Tab key

    section.toggled.connect(turn)
    turn(False)
    return section


def align_labels(containers: Sequence[Container], *labels: QLabel) -> None:
    """Let the labels of the fields in containers, and other labels, be one column, as wide as those in sight need."""
    in_containers = [pair for container in containers for pair in _labels_of(container)]
    width = max(label.sizeHint().width() for label in (*labels, *(x for x, is_meant in in_containers if is_meant)))
    for label in (*labels, *(x for x, _ in in_containers)):
        label.setFixedWidth(width)


def _labels_of(container: Container) -> list[tuple[QLabel, bool]]:
    """The label of each field, and whether the field means something at present."""
    meant = {field.label: not field.native.isHidden() for field in container}
    return [(x, meant[x.text()]) for x in container.native.findChildren(QLabel) if x.text() in meant]


def name_by_labels(*containers: Container) -> None:
    """Call fields as their labels do, for screen readers, which do not see what stands beside a field."""
    for field in (field for container in containers for field in container):
        field.native.setAccessibleName(field.native.accessibleName() or field.label)


def row(*widgets: Any) -> Container:
    """Widgets side by side."""
    made = Container(widgets=list(widgets), layout="horizontal", labels=False)
    made.margins = (0, 0, 0, 0)
    return made


def timer(parent: QWidget, milliseconds: int, do: Callable[[], Any]) -> QTimer:
    """Does something once, some time after it was started; starting it again puts that off."""
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    made.timeout.connect(do)
    return made
