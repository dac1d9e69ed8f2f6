"""Badges at the right of the rows of a list."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

BADGE = Qt.ItemDataRole.UserRole + 7
"""Role of the text of a row's badge."""

GAP = 12
"""Pixels between a row's text and its badge."""

FAINT = 0.65
"""Opacity of badges."""


class BadgeDelegate(QStyledItemDelegate):
    """A row with its badge, faint, at the right; the row's own text gives way to it."""

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        """See Qt."""
        text = index.data(BADGE)
        if not text or painter is None:
            super().paint(painter, option, index)
            return
        width = option.fontMetrics.horizontalAdvance(text) + GAP
        whole = QRect(option.rect)
        own = QStyleOptionViewItem(option)
        own.rect = whole.adjusted(0, 0, -width, 0)
        super().paint(painter, own, index)
        painter.save()
        painter.setOpacity(FAINT)
        painter.setPen(option.palette.text().color())
        painter.drawText(whole.adjusted(whole.width() - width, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def sizeHint(self, option: Any, index: Any) -> QSize:
        """Wide enough for both."""
        text = index.data(BADGE)
        size = super().sizeHint(option, index)
        return size + QSize(option.fontMetrics.horizontalAdvance(text) + 2 * GAP, 0) if text else size
