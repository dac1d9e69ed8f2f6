"""One named atlas of the catalogue."""

from napari_atlas_assign import atlases


def test_no_two_entries_of_the_catalogue_have_the_same_full_name():
    names = [entry.full_name for entry in atlases()]
    assert len(set(names)) == len(names)
    assert all(entry.full_name == f"{entry.source}:{entry.name}" for entry in atlases())
