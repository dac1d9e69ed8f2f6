"""Names shown as they are: Qt takes text with tags for markup, and would open what an ``<img>`` names."""

from __future__ import annotations

import html

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget


def tip(text: str) -> str:
    """Text of a tooltip, for which Qt has no other way to say that it is no markup."""
    return f"<span>{html.escape(text)}</span>" if "<" in text or "&" in text else text


def labels_as_plain_text(widget: QWidget) -> None:
    """Let all labels of a widget show their text as it is."""
    for label in [widget, *widget.findChildren(QLabel)]:
        if isinstance(label, QLabel):
            label.setTextFormat(Qt.TextFormat.PlainText)
