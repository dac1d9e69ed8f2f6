"""Small parts that the widget is made of."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import Container, Label
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel
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
        section.setText(f"{'▾' if opened else '▸'} {title}")
        section.content().setVisible(opened)  # a height of 0 alone leaves its fields to the Tab key

    section.toggled.connect(turn)
    turn(False)
    return section


def align_labels(fields: Container, *labels: QLabel) -> None:
    """Let the labels of fields, as far as these are in sight, and other labels be one column."""
    titles = {field.label for field in fields if field.visible}
    column = [*labels, *(label for label in fields.native.findChildren(QLabel) if label.text() in titles)]
    width = max(label.sizeHint().width() for label in column)
    for label in column:
        label.setFixedWidth(width)


def name_by_labels(*containers: Container) -> None:
    """Call fields as their labels do, for screen readers, which do not see what stands beside a field."""
    for field in (field for container in containers for field in container):
        field.native.setAccessibleName(field.native.accessibleName() or field.label)


def row(*widgets: Any) -> Container:
    """Widgets side by side."""
    made = Container(widgets=list(widgets), layout="horizontal", labels=False)
    made.margins = (0, 0, 0, 0)
    return made
