"""The work behind the button, without a window."""

import numpy as np
import pytest
from layer_cases import AFFINES

from napari_atlas_assign import Image, Result
from napari_atlas_assign.plugin import run
from napari_atlas_assign.plugin.run import STEPS, AtlasChoice, AtlasShelf, Failure, steps


def outcome(generator):
    told = []
    while True:
        try:
            told.append(next(generator))
        except StopIteration as stop:
            return told, stop.value


@pytest.fixture
def image(blob_map):
    return Image.from_array(blob_map, AFFINES["ras"], name="map")


def test_the_steps_are_told_before_they_begin_and_the_result_comes_last(image, label_atlas):
    told, result = outcome(steps(AtlasShelf(), image, AtlasChoice(atlas=label_atlas), {"threshold": 3.0}))
    assert told == list(STEPS)
    assert isinstance(result, Result)
    assert len(result.modes) == 2


def test_what_the_person_can_mend_comes_as_one_sentence(image, label_atlas):
    told, failure = outcome(steps(AtlasShelf(), image, AtlasChoice(source="no such atlas"), {}))
    assert isinstance(failure, Failure)
    assert failure.message.startswith("no such atlas: neither a file or folder nor an atlas of the catalogue")
    assert told == [STEPS[0]]


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), KeyError("x"), StopIteration()])
def test_no_error_of_any_kind_kills_the_worker(image, label_atlas, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(run, "assign", fail)
    _, failure = outcome(steps(AtlasShelf(), image, AtlasChoice(atlas=label_atlas), {}))
    assert isinstance(failure, Failure)
    assert failure.message.startswith("map: ")
    assert "\n" not in failure.message


def test_the_shelf_loads_an_atlas_once_and_again_when_its_file_changes(write, monkeypatch):
    loaded = []
    monkeypatch.setattr(run, "load_atlas", lambda source, labels=None: loaded.append(source) or object())
    path = write(np.ones((2, 2, 2), np.int16), name="atlas.nii")
    shelf = AtlasShelf()
    first = shelf.get(AtlasChoice(source=str(path)))
    assert shelf.get(AtlasChoice(source=str(path))) is first
    write(np.ones((3, 2, 2), np.int16), name="atlas.nii")
    assert shelf.get(AtlasChoice(source=str(path))) is not first
    assert len(loaded) == 2
