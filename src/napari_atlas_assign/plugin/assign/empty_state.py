"""What the widget shows before there is anything to be explained: two lines, and two buttons that bring it."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...errors import InputError
from ..layers.geometry import KEY
from ..plain_text import show_error
from ..viewer.buttons import button

SAMPLE = "real_zmap"

FILES = "Images (*.nii *.nii.gz *.mgz *.mgh *.img *.hdr *.HEAD *.BRIK *.BRIK.gz);;All files (*)"


class EmptyState(QWidget):
    """How to begin."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        text = QLabel(
            "Open a map of brain activation, or drop it on the window.\nThen press Assign: which regions is it in?"
        )
        text.setWordWrap(True)
        self.open_button = button("Open a map…", "An image file in NIfTI, MGH, ANALYZE or AFNI format", self._ask)
        self.sample_button = button("Try the sample", "A real z map of hand movements", self._open_sample)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.sample_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(text)
        layout.addLayout(row)

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "A map to be explained", "", FILES)
        if path:
            self._try(lambda: self._viewer.open(path, plugin=KEY))

    def _open_sample(self) -> None:
        self._try(lambda: self._viewer.open_sample(KEY, SAMPLE))

    def _try(self, act: Any) -> None:
        try:
            act()
        except (InputError, ValueError, OSError) as error:  # what napari says of files that are no images, too
            show_error(str(error))
