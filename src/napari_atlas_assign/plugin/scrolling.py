"""Panels that can be made lower than what they hold: docks would else make the window higher than the screen."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


def scrolling_layout(panel: QWidget, lines: int) -> QVBoxLayout:
    """A layout for what a panel holds; of what is higher than the panel, some lines of text are seen at least."""
    inner = QWidget()
    outer = QVBoxLayout(panel)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(_Scroller(inner, lines))
    return QVBoxLayout(inner)


class _Scroller(QScrollArea):
    """As wide as what it holds, as high as it may be."""

    def __init__(self, inner: QWidget, lines: int) -> None:
        super().__init__()
        self._inner, self._lines = inner, lines
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Tell the panel's layout when what it holds wants another size."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def sizeHint(self) -> QSize:
        """See Qt."""
        return self._inner.sizeHint() + QSize(self._bar_width(), 0)

    def minimumSizeHint(self) -> QSize:
        """See Qt."""
        least = self._inner.minimumSizeHint()
        height = min(least.height(), self._lines * self.fontMetrics().lineSpacing())
        return QSize(least.width() + self._bar_width(), height)

    def _bar_width(self) -> int:
        bar: Any = self.verticalScrollBar()
        return int(bar.sizeHint().width())
