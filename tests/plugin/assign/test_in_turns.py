"""Steps are taken one in a turn, and what comes next waits for the last."""

import pytest
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_atlas_assign.plugin.assign.in_turns import InTurns


@pytest.fixture
def said():
    return []


@pytest.fixture
def turns(qtbot, said):
    parent = QWidget()
    qtbot.addWidget(parent)
    made = InTurns(parent, lambda: said.append("end"))
    made.parent = parent
    return made


def steps(said, n, error=None):
    for number in range(n):
        said.append(number)
        yield
    if error:
        raise error


def test_the_first_step_is_taken_now_and_the_others_by_and_by(turns, said, qtbot):
    turns.begin(steps(said, 3), said.append)
    assert said == [0]
    qtbot.waitUntil(lambda: not turns.is_going)
    assert said == [0, 1, 2, "end"]


def test_after_a_stop_neither_steps_nor_the_end_come(turns, said, qtbot):
    turns.begin(steps(said, 3), said.append)
    turns.stop()
    qtbot.wait(20)
    assert said == [0]


def test_a_step_may_stop_them(turns, said, qtbot):
    def stopping():
        yield
        turns.stop()

    turns.begin(stopping(), said.append)
    qtbot.wait(20)
    assert said == []


def test_an_error_is_told_and_is_the_end(turns, said, qtbot):
    error = ValueError("no")
    turns.begin(steps(said, 1, error), said.append)
    qtbot.waitUntil(lambda: not turns.is_going)
    assert said == [0, error, "end"]


def test_a_step_in_which_the_widget_is_deleted_is_the_last(qtbot):
    taken, ended = [], []
    parent = QWidget()
    turns = InTurns(parent, lambda: ended.append(1))

    def steps():
        taken.append(1)
        parent.deleteLater()
        QApplication.sendPostedEvents(parent, QEvent.Type.DeferredDelete)
        yield
        taken.append(2)

    turns.begin(steps(), pytest.fail)
    qtbot.wait(20)
    assert taken == [1]
    assert not ended
    assert not turns.is_going
