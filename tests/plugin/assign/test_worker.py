"""The work behind the button, without a window."""

import numpy as np
import pytest

from napari_atlas_assign import Image, Result
from napari_atlas_assign.assignment.assign import finish
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.plugin.assign import worker as run
from napari_atlas_assign.plugin.assign.worker import (
    STEPS,
    AtlasChoice,
    AtlasShelf,
    Failure,
    Outcome,
    Request,
    Watch,
    steps,
)
from tests.plugin.helpers import AFFINES


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


def asked(source, *choices, **parameters):
    return Request(source, choices, Parameters(**parameters), lambda result, with_words: [result])


def test_the_steps_are_told_before_they_begin_and_the_result_comes_last(image, label_atlas):
    told, outcome_ = outcome(steps(AtlasShelf(), asked(image, AtlasChoice(atlas=label_atlas), threshold=3.0)))
    assert told == list(STEPS)
    assert isinstance(outcome_, Outcome)
    assert isinstance(outcome_.result, Result)
    assert outcome_.layers == [outcome_.result]
    assert len(outcome_.result.modes) == 2


def test_every_map_of_a_stack_is_told(image, label_atlas):
    request = asked([image, image], AtlasChoice(atlas=label_atlas), threshold=3.0)
    told, outcome_ = outcome(steps(AtlasShelf(), request))
    assert told == [STEPS[0], STEPS[1], f"{STEPS[1]}: map 1 of 2", f"{STEPS[1]}: map 2 of 2", STEPS[2]]
    assert len(told) == request.n_steps
    assert outcome_.result.modes["map"].tolist() == [0, 0, 1, 1]


def test_points_go_the_same_way(label_atlas):
    points = PointSet.from_array([[0.0, 0.0, 0.0]])
    found = finish(steps(AtlasShelf(), asked(points, AtlasChoice(atlas=label_atlas))))
    assert len(found.result.modes) == 1


def test_a_result_tells_what_each_stage_took(image, label_atlas):
    found = finish(steps(AtlasShelf(), asked(image, AtlasChoice(atlas=label_atlas), threshold=3.0)))
    assert set(found.result.timings) == {"load atlas", "modes", "integrals", "sums", "checks", "tables"}
    points = PointSet.from_array([[0.0, 0.0, 0.0]])
    found = finish(steps(AtlasShelf(), asked(points, AtlasChoice(atlas=label_atlas))))
    assert set(found.result.timings) == {"load atlas"}
    assert len(found.result.modes) == 1  # worked out when it is asked for
    assert set(found.result.timings) == {"load atlas", "points"}


def test_several_atlases_go_into_one_result(image, label_atlas):
    other = label_atlas.described(name="other")
    found = finish(steps(AtlasShelf(), asked(image, AtlasChoice(atlas=label_atlas), AtlasChoice(atlas=other))))
    assert set(found.result.assignments["atlas"]) == {"tiny", "other"}


def test_what_the_person_can_mend_comes_as_one_sentence(image):
    told, failure = outcome(steps(AtlasShelf(), asked(image, AtlasChoice(source="no such atlas"))))
    assert isinstance(failure, Failure)
    assert failure.message.startswith("no such atlas: neither a file or folder nor an atlas of the catalogue")
    assert told == [STEPS[0]]


def test_a_download_tells_how_far_it_is_and_stops_when_asked(image, monkeypatch):
    def load(name, progress, cancelled):
        progress(5_000_000, 20_000_000, "Julich-Brain")
        assert cancelled()
        raise run.DownloadCancelled("stopped")

    monkeypatch.setattr(run.catalogue, "load", load)
    watch = Watch()
    watch.stop.set()
    failure = finish(steps(AtlasShelf(), asked(image, AtlasChoice(source="juelich")), watch))
    assert failure == Failure("The download was cancelled.")
    assert watch.note == "Julich-Brain: 5 MB of 20"
    assert watch.part == 0.25


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), KeyError("x"), StopIteration()])
def test_no_error_of_any_kind_kills_the_worker(image, label_atlas, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(run, "assigning", fail)
    _, failure = outcome(steps(AtlasShelf(), asked(image, AtlasChoice(atlas=label_atlas))))
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


def test_how_sure_tells_how_far_it_is_and_stops_when_asked(image, label_atlas):
    request = asked(image, AtlasChoice(atlas=label_atlas), threshold=3.0, registration_sd_mm=1, placements=999)
    notes = []

    class Noted(Watch):
        def judging(self, done, total):
            super().judging(done, total)
            notes.append(self.note)

    found = finish(steps(AtlasShelf(), request, Noted()))
    assert "share sd" in found.result.assignments
    assert "p corrected" in found.result.assignments
    assert notes[0] == "How sure? 2%"
    assert notes[-1] == ""
    watch = Watch()
    watch.stop.set()
    assert finish(steps(AtlasShelf(), request, watch)) == Failure("The assignment was cancelled.")
