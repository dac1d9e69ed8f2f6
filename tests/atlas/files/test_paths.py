from __future__ import annotations

import pytest

from napari_atlas_assign.atlas.files.paths import inside
from napari_atlas_assign.errors import AtlasError


def test_a_path_below_the_folder_is_followed(tmp_path):
    assert inside(tmp_path, "MNI/maps.nii.gz") == tmp_path.resolve() / "MNI" / "maps.nii.gz"
    assert inside(tmp_path, r"MNI\maps.nii.gz") == tmp_path.resolve() / "MNI" / "maps.nii.gz"


@pytest.mark.parametrize(
    "path",
    ["../x.nii", "a/../../x", "/etc/passwd", r"..\x", r"C:\x.nii", "C:x", r"\\host\share\x", "", "a\0b", "a/\ud800"],
)
def test_a_path_that_leaves_the_folder_or_is_none_is_refused(tmp_path, path):
    with pytest.raises(AtlasError, match="path"):
        inside(tmp_path, path)


def test_a_name_too_long_for_a_file_is_refused_or_just_not_there(tmp_path):
    try:
        path = inside(tmp_path, "a" * 5000)
    except AtlasError:
        return
    assert not path.is_file()


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    atlas, other = tmp_path / "atlas", tmp_path / "other"
    atlas.mkdir()
    other.mkdir()
    (other / "secret.nii").touch()
    (atlas / "file.nii").symlink_to(other / "secret.nii")
    (atlas / "sub").symlink_to(other)
    for path in ("file.nii", "sub/secret.nii"):
        with pytest.raises(AtlasError, match="leads out of the folder atlas"):
            inside(atlas, path)


def test_a_link_within_the_folder_is_followed(tmp_path):
    (tmp_path / "real.nii").touch()
    (tmp_path / "alias.nii").symlink_to("real.nii")
    assert inside(tmp_path, "alias.nii") == (tmp_path / "real.nii").resolve()


def test_a_folder_that_is_itself_a_link_is_no_way_out(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    assert inside(tmp_path / "alias", "maps.nii") == (tmp_path / "real" / "maps.nii").resolve()
