"""A line that tells what was saved where, with buttons that open it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget


class SavedLine(QWidget):
    """Hidden until something is being saved."""

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.open_button = QPushButton("Open")
        self.open_button.clicked.connect(lambda: _open(self.path))
        self.folder_button = QPushButton("Show in folder")
        self.folder_button.clicked.connect(lambda: _open(None if self.path is None else self.path.parent))
        self.close_button = QToolButton()
        self.close_button.setText("×")
        self.close_button.setAccessibleName("Close this line")
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        for button in (self.open_button, self.folder_button, self.close_button):
            layout.addWidget(button)
        self.hide()

    def tell(self, text: str, path: Path | None = None) -> None:
        """Say that something is being saved or failed; with a path, where it is."""
        self.path = path
        self.text.setText(text)
        for button in (self.open_button, self.folder_button):
            button.setVisible(path is not None)
        self.show()


def _open(path: Path | None) -> None:
    """Let the desktop open a file or folder."""
    if path is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.resolve())))
