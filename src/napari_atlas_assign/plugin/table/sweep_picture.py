"""The figure of a threshold sweep in a window of its own, drawn in a thread, in the colours of the theme."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QDialog, QLabel, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import create_worker

from ...assignment.result import Result
from ...errors import InputError
from ...report.canvas import Style, own_settings
from ...report.sweep_figure import draw_sweep
from ..plain_text import labels_as_plain_text

DOTS_PER_INCH = 110


class SweepPicture(QDialog):
    """A window with the figure of one map and one atlas; it can be made larger."""

    def __init__(self, result: Result, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{result.image.name}, {result.atlas.name}: modes along the threshold")
        self.label = QLabel("Drawing…")
        labels_as_plain_text(self.label)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setMinimumSize(480, 280)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        self.resize(QSize(900, 520))
        self._picture: QPixmap | None = None
        style = _style_on(self.grab().toImage().pixelColor(0, 0))  # napari's style sheets leave the palette as it is
        ratio = self.devicePixelRatioF()
        self._worker: Any = create_worker(_drawn, result, style, ratio, _start_thread=False)
        self._worker.returned.connect(self._show_picture)
        self._worker.start()

    def resizeEvent(self, event: Any) -> None:
        """Fit the picture into the window."""
        super().resizeEvent(event)
        self._fit()

    def _show_picture(self, outcome: bytes | str) -> None:
        if isinstance(outcome, str):
            self.label.setText(outcome)
            return
        self._picture = QPixmap()
        self._picture.loadFromData(outcome)
        self._fit()

    def _fit(self) -> None:
        if self._picture is not None:
            ratio = self.devicePixelRatioF()
            size = self.label.size() * ratio
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            fitted = self._picture.scaled(size, keep, smooth)
            fitted.setDevicePixelRatio(ratio)
            self.label.setPixmap(fitted)


def _style_on(paper: QColor) -> Style:
    """What can be read on a colour."""
    return Style("#f0f0f0" if paper.lightnessF() < 0.5 else "#303030", paper.name(), words=True)


def _drawn(result: Result, style: Style, ratio: float) -> bytes | str:
    """The figure as PNG; why there is none, in a sentence."""
    try:
        with own_settings():
            figure, file = draw_sweep(result, style), BytesIO()
            figure.savefig(file, format="png", dpi=DOTS_PER_INCH * ratio, facecolor=style.paper)
    except InputError as error:
        return str(error)
    return file.getvalue()
