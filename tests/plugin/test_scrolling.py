"""Panels that can be made lower than what they hold."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget

from napari_atlas_assign.plugin.scrolling import scrolling_layout


def test_a_panel_is_as_wide_as_what_it_holds_and_can_be_lower(qtbot):
    panel = QWidget()
    qtbot.addWidget(panel)
    layout = scrolling_layout(panel, lines=5)
    for _ in range(50):
        layout.addWidget(QLabel("a line of text"))
    panel.show()
    inside = layout.parentWidget().sizeHint()
    assert panel.sizeHint().height() >= inside.height()
    assert panel.minimumSizeHint().height() <= 6 * panel.fontMetrics().lineSpacing()
    assert panel.minimumSizeHint().width() >= layout.parentWidget().minimumSizeHint().width()
