"""Maps on the voxels of an atlas, whatever their headers say of their place."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import tifffile

from napari_atlas_assign import AssignmentWarning, InputError, assign, load_atlas
from tests.mouse import MICROMETRES, annotation, write_mouse

LABEL, NAME = 12, "Thalamus"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_mouse(tmp_path_factory.mktemp("mouse") / "mouse")


@pytest.fixture(scope="module")
def atlas(folder):
    return load_atlas(folder)


def heat():
    """1 in one structure, on its left alone, in the order of the atlas's array."""
    data = (annotation() == LABEL).astype(np.float32)
    data[..., : data.shape[2] // 2] = 0
    return data


def in_ras():
    """The same, the first axis towards right, the second towards anterior, the third towards superior."""
    return heat()[::-1, ::-1, ::-1].transpose(2, 0, 1)


@pytest.mark.parametrize("size", [1.0, MICROMETRES / 1000, MICROMETRES])
@pytest.mark.parametrize("data", [heat(), in_ras()], ids=["atlas", "RAS"])
def test_a_map_is_placed_by_its_shape(atlas, tmp_path, data, size):
    nib.save(nib.Nifti1Image(data, np.diag([size, size, size, 1])), tmp_path / "heat.nii.gz")
    result = assign(tmp_path / "heat.nii.gz", atlas, threshold=0.5, on_atlas_voxels=True)
    best = result.assignments.iloc[0]
    assert (best["region"], best["share"]) == (NAME, pytest.approx(1))
    world = np.argwhere(heat() > 0) @ atlas.grid.affine[:3, :3].T + atlas.grid.affine[:3, 3]
    centre = result.images[0].grid.to_world(np.argwhere(data > 0)).mean(axis=0)
    np.testing.assert_allclose(centre, world.mean(axis=0))


@pytest.mark.parametrize("codes", ["LPI", "PIR", "SAL", "RAS"])
def test_a_header_turns_an_array_to_ras(atlas, tmp_path, codes):
    size = MICROMETRES / 1000
    img = nib.Nifti1Image(in_ras(), np.diag([size, size, size, 1]))
    change = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(img.affine), nib.orientations.axcodes2ornt(codes)
    )
    result = assign(img.as_reoriented(change), atlas, threshold=0.5, on_atlas_voxels="RAS")
    assert result.assignments.iloc[0][["region", "share"]].tolist() == [NAME, pytest.approx(1)]


def test_an_array_alone_needs_no_affine(atlas):
    assert assign(heat(), atlas, threshold=0.5, on_atlas_voxels=True).assignments["region"].iloc[0] == NAME
    with pytest.raises(InputError, match="on_atlas_voxels=True"):
        assign(heat(), atlas, threshold=0.5)


def test_nothing_is_placed_unasked_but_told(atlas):
    with pytest.warns(AssignmentWarning, match="has the shape of the voxels of generated_mouse"):
        assert not len(assign((heat(), np.diag([0.1, 0.1, 0.1, 1])), atlas, threshold=0.5).assignments)


def test_a_map_that_lies_there_is_not_told_of_it(atlas):
    outside = np.zeros_like(heat())
    outside[0, 0, 0] = 1
    with pytest.warns(AssignmentWarning, match="no mode") as told:
        assign((outside, atlas.grid.affine), atlas, threshold=0.5)
    assert not [w for w in told if "shape of the voxels" in str(w.message)]


def test_a_cube_that_fits_twice_is_asked_about(tmp_path):
    folder = write_mouse(tmp_path / "cube", shape=[20, 20, 20])
    tifffile.imwrite(folder / "annotation.tiff", annotation()[:20, :20, 2:22].copy(), photometric="minisblack")
    cube = load_atlas(folder)
    with pytest.raises(InputError, match="in two ways"):
        assign(np.ones((20, 20, 20)), cube, on_atlas_voxels=True)
    assert len(assign(np.ones((20, 20, 20)), cube, on_atlas_voxels="atlas").assignments)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (np.ones((3, 4, 5)), "does not lie on the voxels"),
        ((heat(), np.diag([0.2, 0.1, 0.1, 1])), "does not lie on the voxels"),
        (np.zeros((4, 3)), "not for points"),
    ],
)
def test_what_does_not_fit_is_refused(atlas, source, says):
    with pytest.raises(InputError, match=says):
        assign(source, atlas, on_atlas_voxels=True)


def test_the_command_line_places_a_map_and_its_record_brings_it_back(run, folder, tmp_path):
    nib.save(nib.Nifti1Image(heat(), np.eye(4)), tmp_path / "heat.nii.gz")
    arguments = ("assign", tmp_path / "heat.nii.gz", "--atlas", folder, "--threshold", "0.5", "--on-atlas-voxels")
    code, _, err = run(*arguments, "--output", tmp_path / "out")
    assert (code, err) == (0, "")
    assert NAME in (tmp_path / "out" / "assignments.tsv").read_text()
    code, out, _ = run("rerun", tmp_path / "out")
    assert (code, out.count("identical")) == (0, 5)
