"""Names shown as they are: Qt takes text with tags for markup, and would open what an ``<img>`` names.

Names come from files. Labels of this package's own are told to show plain text; what napari itself shows (names of
layers, their features in the status line, notifications) has no such switch, so that tags lose their brackets.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
from napari.utils import notifications

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def tip(text: str) -> str:
    """Text of a tooltip, for which Qt has no other way to say that it is no markup."""
    return f"<span>{html.escape(text)}</span>" if "<" in text or "&" in text else text


def plain(text: str) -> str:
    """Text without a tag or an entity, for what napari shows: ``<b>A</b>`` as ``‹b>A‹/b>``."""
    return _TAG.sub("‹", text).replace("&lt;", "‹")


def plain_features(features: pd.DataFrame) -> pd.DataFrame:
    """The features of a layer, whose texts napari shows in its status line."""
    shown = features.copy()
    for column in features:
        if any(isinstance(cell, str) for cell in features[column]):  # other columns keep their type and their gaps
            cells = [plain(cell) if isinstance(cell, str) else cell for cell in features[column]]
            shown[column] = pd.Series(cells, features.index, dtype=object)
    return shown


def show_error(message: str) -> None:
    """Tell an error by napari's notification."""
    notifications.show_error(plain(message))


def show_warning(message: str) -> None:
    """Tell a warning by napari's notification."""
    notifications.show_warning(plain(message))


def show_info(message: str) -> None:
    """Tell news by napari's notification."""
    notifications.show_info(plain(message))


def labels_as_plain_text(widget: QWidget) -> None:
    """Let all labels of a widget show their text as it is."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QLabel

    label: Any
    for label in [widget, *widget.findChildren(QLabel)]:
        if isinstance(label, QLabel):
            label.setTextFormat(Qt.TextFormat.PlainText)
