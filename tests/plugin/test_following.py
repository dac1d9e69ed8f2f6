"""Connections to a viewer's events."""

from napari.components import ViewerModel

from napari_atlas_assign.plugin.following import Following


def test_events_are_heard_once_between_start_and_stop():
    viewer, heard = ViewerModel(), []
    following = Following()
    for _ in range(2):
        following.start((viewer.events.theme, lambda event: heard.append(event.type)))
    viewer.theme = "light"
    assert heard == ["theme"]
    following.stop()
    viewer.theme = "dark"
    assert heard == ["theme"]
