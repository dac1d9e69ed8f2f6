"""A slider of decimal numbers that also listens to the keyboard."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from superqt import QDoubleSlider

_DOWN = (Qt.Key.Key_Left, Qt.Key.Key_Down)
_UP = (Qt.Key.Key_Right, Qt.Key.Key_Up)


class Slider(QDoubleSlider):
    """superqt's slider, which takes the focus but hands keys to Qt's own numbers, of which nothing is seen."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def keyPressEvent(self, event: Any) -> None:
        """See Qt: arrows are a small step, Page Up and Page Down a large one, Home and End the ends."""
        aim = self._aim(event.key())
        if aim is None:
            event.ignore()
        else:
            self.setValue(min(max(aim, self.minimum()), self.maximum()))

    def _aim(self, key: int) -> float | None:
        step = {
            **dict.fromkeys(_DOWN, -self.singleStep()),
            **dict.fromkeys(_UP, self.singleStep()),
            Qt.Key.Key_PageDown: -self.pageStep(),
            Qt.Key.Key_PageUp: self.pageStep(),
        }.get(key)
        if step is not None:
            return float(self.value() + step)
        ends = {Qt.Key.Key_Home: self.minimum(), Qt.Key.Key_End: self.maximum()}
        return float(ends[key]) if key in ends else None
