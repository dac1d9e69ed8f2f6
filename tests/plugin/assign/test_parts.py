"""Small parts that the widget is made of."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel

from napari_atlas_assign.plugin.assign.parts import collapsible, row, text


def test_a_section_hides_what_it_holds_from_the_tab_key_too(qtbot):
    section, inside = collapsible("How sure"), QLabel("inside")
    qtbot.addWidget(section)
    section.addWidget(inside)
    section.show()
    assert section.text() == "► How sure"
    assert not inside.isVisible()
    section.expand(animate=False)
    assert section.text() == "▼ How sure"
    assert inside.isVisible()


def test_text_is_shown_as_it_is_and_can_be_copied():
    label = text()
    label.value = "<b>3 modes</b>"
    assert label.native.textFormat() == label.native.textFormat().PlainText
    assert label.native.wordWrap()
    assert bool(label.native.textInteractionFlags() & label.native.textInteractionFlags().TextSelectableByMouse)


def test_widgets_stand_side_by_side():
    first, second = text(), text()
    assert list(row(first, second)) == [first, second]
