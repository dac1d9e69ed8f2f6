"""A slider of decimal numbers that listens to the keyboard."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_atlas_assign.plugin.assign.slider import Slider


@pytest.fixture
def slider(qtbot):
    made = Slider()
    qtbot.addWidget(made)
    made.setRange(-1, 10)
    made.setSingleStep(0.1)
    made.setPageStep(2)
    made.setValue(3)
    return made


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Right, 3.1),
        (Qt.Key.Key_Up, 3.1),
        (Qt.Key.Key_Left, 2.9),
        (Qt.Key.Key_Down, 2.9),
        (Qt.Key.Key_PageUp, 5),
        (Qt.Key.Key_PageDown, 1),
        (Qt.Key.Key_Home, -1),
        (Qt.Key.Key_End, 10),
        (Qt.Key.Key_A, 3),
    ],
)
def test_keys_move_it_by_its_own_numbers(slider, key, expected):
    QTest.keyClick(slider, key)
    assert slider.value() == pytest.approx(expected)


def test_it_stays_within_its_range(slider):
    for _ in range(9):
        QTest.keyClick(slider, Qt.Key.Key_PageUp)
    assert slider.value() == pytest.approx(10)
