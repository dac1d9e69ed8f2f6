"""Long work that napari waits for, while its window goes on living: in a thread, with progress and a Cancel button.

napari takes what a sample gives back at once, so it cannot be handed over later.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from qtpy.QtCore import QEventLoop, Qt, QThread, QTimer
from qtpy.QtWidgets import QApplication, QProgressDialog

from ...atlas.sources.download import DownloadCancelled
from ...atlas.sources.library import Cancelled, Progress

Value = TypeVar("Value")

Work = Callable[[Progress, Cancelled], Value]
"""Told whom to report to and whom to ask whether to stop, as all sources of atlases are."""

_TICK_MS = 50
_SHOWN_AFTER_MS = 500


def run_beside(what: str, work: Work[Value]) -> Value:
    """Do work in a thread, and return what it returns; meanwhile the window answers, and a dialog shows progress.

    Without a window, or in another thread than the window's, the work is done at once.

    Raises
    ------
    DownloadCancelled
        If the user pressed Cancel, or closed the window.
    Exception
        What `work` raises.
    """
    app = QApplication.instance()
    if app is None or QThread.currentThread() != app.thread():
        return work(lambda *_: None, lambda: False)
    state: list[tuple[int, int | None, str]] = []
    stop = Event()
    with ThreadPoolExecutor(1, "naa-beside") as pool:
        future = pool.submit(work, lambda done, total, note: state.append((done, total, note)), stop.is_set)
        _wait(future, _dialog(what, stop), state)
    if stop.is_set():
        raise DownloadCancelled(f"loading {what} was cancelled")
    return future.result()


def _dialog(what: str, stop: Event) -> QProgressDialog:
    parent = QApplication.activeWindow()
    dialog = QProgressDialog(f"Loading {what}…", "Cancel", 0, 0, parent)
    dialog.setWindowTitle("napari-atlas-assign")
    dialog.setWindowModality(Qt.WindowModality.WindowModal)  # a second sample would wait inside the first
    dialog.setMinimumDuration(_SHOWN_AFTER_MS)
    dialog.setAutoClose(False)
    dialog.setAutoReset(False)
    dialog.canceled.connect(stop.set)
    if parent is not None:
        parent.destroyed.connect(stop.set)
    app = QApplication.instance()
    assert app is not None
    app.aboutToQuit.connect(stop.set)
    return dialog


def _wait(future: Future[Value], dialog: QProgressDialog, state: list[tuple[int, int | None, str]]) -> None:
    """Let Qt handle its events until the work has ended."""
    loop, timer = QEventLoop(), QTimer()
    waiting_ms = 0

    def tick() -> None:
        nonlocal waiting_ms
        waiting_ms += _TICK_MS
        if future.done():
            loop.quit()
        elif not dialog.wasCanceled() and waiting_ms >= _SHOWN_AFTER_MS:
            dialog.show()
            if state:
                _tell(dialog, *state[-1])

    timer.timeout.connect(tick)
    timer.start(_TICK_MS)
    loop.exec()
    timer.stop()
    dialog.hide()
    dialog.deleteLater()


def _tell(dialog: QProgressDialog, done: int, total: int | None, note: str) -> None:
    dialog.setLabelText(note)
    dialog.setMaximum(1000 if total else 0)
    dialog.setValue(round(1000 * done / total) if total else 0)
