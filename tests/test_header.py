"""What headers and names of files say: positions in mm, units, statistics, labels, and what is doubtful in them."""

from __future__ import annotations

import gzip
import warnings

import nibabel as nib
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, Image, InputError, assign, load_atlas
from napari_atlas_assign.assignment.parameters import Parameters, Threshold
from napari_atlas_assign.header import (
    Stated,
    Statistic,
    nearest_labels,
    position_of,
    says_labels,
    says_p_values,
    statistic_of,
    volume_index,
    volumes_of,
)
from napari_atlas_assign.image import read_stack

AFFINE = np.array([[-2.0, 0, 0, 12], [0, 2, 0, -10], [0, 0, 3, -6], [0, 0, 0, 1]])


def saved(path, data, affine=AFFINE, unit="mm", sform=2, qform=0, kind=nib.Nifti1Image, **fields):
    img = kind(np.asarray(data), affine)
    img.header.set_xyzt_units(unit)
    img.set_sform(affine, sform)
    img.header["qform_code"] = qform
    for name, value in fields.items():
        img.header[name] = value
    nib.save(img, path)
    return path


def blob(shape=(10, 8, 6)):
    data = np.zeros(shape, np.float32)
    data[2:5, 2:5, 2:4] = 4
    data[6:9, 5:7, 2:4] = 3
    return data


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        yield


@given(
    unit=st.sampled_from([("micron", 1000.0), ("meter", 0.001), ("mm", 1.0)]),
    kind=st.sampled_from([nib.Nifti1Image, nib.Nifti2Image]),
    edges=st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * 3),
    origin=st.tuples(*[st.integers(-40, 40)] * 3),
)
@settings(max_examples=30)
def test_a_position_in_any_unit_is_the_position_in_mm(unit, kind, edges, origin):
    affine = np.diag([*edges, 1.0])
    affine[:3, 3] = origin
    stated = affine.copy()
    stated[:3] *= unit[1]
    img = kind(np.zeros((2, 3, 4), np.float32), stated)
    img.header.set_xyzt_units(unit[0])
    found, remarks = position_of(img, "map")
    np.testing.assert_allclose(found, affine, rtol=1e-6, atol=1e-6)
    assert not remarks
    np.testing.assert_array_equal(img.affine, stated)  # the user's image is left alone


def test_map_and_atlas_in_micrometres_give_the_tables_of_those_in_mm(tmp_path, no_warnings):
    labels = np.zeros((10, 8, 6), np.uint8)
    labels[:5], labels[5:] = 1, 2
    um = AFFINE.copy()
    um[:3] *= 1000
    saved(tmp_path / "mm.nii", blob()), saved(tmp_path / "um.nii", blob(), um, "micron")
    saved(tmp_path / "a.nii", labels), saved(tmp_path / "b.nii", labels, um, "micron")
    expected = assign(tmp_path / "mm.nii", load_atlas(tmp_path / "a.nii"))
    found = assign(tmp_path / "um.nii", load_atlas(tmp_path / "b.nii"))
    np.testing.assert_allclose(found.modes["volume mm3"], expected.modes["volume mm3"])
    np.testing.assert_allclose(found.assignments["share"], expected.assignments["share"])
    assert found.modes["peak"].tolist() == expected.modes["peak"].tolist()
    found = assign(nib.load(tmp_path / "um.nii"), load_atlas(tmp_path / "b.nii"))
    np.testing.assert_allclose(found.modes["volume mm3"], expected.modes["volume mm3"])


def test_metres_that_cannot_be_are_mm_and_told(tmp_path):
    image = Image.from_file(saved(tmp_path / "m.nii", blob(), unit="meter"))
    np.testing.assert_allclose(image.grid.affine, AFFINE)
    assert "taken as mm" in image.stated.remarks[0]


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_no_position_is_told_of_maps_and_atlases_and_kept(tmp_path, gz):
    labels = (blob() > 0).astype(np.uint8)
    saved(tmp_path / f"map.nii{gz}", blob(), sform=0), saved(tmp_path / f"a.nii{gz}", labels, sform=0)
    with pytest.warns(AssignmentWarning) as told:
        result = assign(tmp_path / f"map.nii{gz}", tmp_path / f"a.nii{gz}")
    for name in (f"map.nii{gz}", "a "):
        assert sum(w.startswith(name) and "says nothing about its place" in w for w in result.warnings) == 1
        assert sum(str(w.message).startswith(name) and "says nothing" in str(w.message) for w in told) == 1


def test_analyze_without_a_matrix_is_told(tmp_path):
    nib.save(nib.AnalyzeImage(blob(), AFFINE), tmp_path / "old.img")
    assert "ANALYZE" in Image.from_file(tmp_path / "old.img").stated.remarks[0]
    nib.save(nib.Spm2AnalyzeImage(blob(), AFFINE), tmp_path / "spm.img")  # writes spm.mat beside
    assert Image.from_file(tmp_path / "spm.img").stated.remarks == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a, None),
        (lambda a: a + np.array([[0, 0, 0, 1.0]] + [[0] * 4] * 3), None),
        (lambda a: a + np.array([[0, 0, 0, 9.0]] + [[0] * 4] * 3), "up to 9 mm apart"),
        (lambda a: np.diag([-1.0, 1, 1, 1]) @ a, "mirror images"),
    ],
)
def test_two_positions_that_differ_are_told(tmp_path, change, says):
    img = nib.Nifti1Image(blob(), AFFINE)
    img.set_sform(AFFINE, 4), img.set_qform(change(AFFINE), 1)
    nib.save(img, tmp_path / "two.nii")
    remarks = Image.from_file(tmp_path / "two.nii").stated.remarks
    assert (not remarks) if says is None else says in remarks[0] and "sform is taken" in remarks[0]


@pytest.mark.parametrize(
    ("descrip", "statistic"),
    [
        ("SPM{T_[19.0]} - contrast 1: native > foreign", Statistic("t", (19.0,))),
        ("SPM{T_[8.5]}", Statistic("t", (8.5,))),
        ("SPM{F_[2.0,38.0]} - contrast 2", Statistic("F", (2.0, 38.0))),
        ("SPM{Z} ", Statistic("z")),
        ("spm_spm:beta (0001)", None),
        ("FSL5.0", None),
    ],
)
def test_spm_states_the_statistic_in_words(descrip, statistic):
    header = nib.Nifti1Header()
    header["descrip"] = descrip.encode()
    assert statistic_of(header) == statistic


@given(
    st.sampled_from(["z score", "t test", "f test", "chi2", "correlation"]),
    st.floats(1, 200),
    st.floats(1, 200),
    st.floats(1e-6, 0.4),
)
@settings(max_examples=50)
def test_a_p_value_is_the_quantile_of_the_statistic_that_the_header_states(intent, one, two, p):
    one, two = float(np.float32(one)), float(np.float32(two))
    n = {"z score": 0, "f test": 2}.get(intent, 1)
    img = nib.Nifti1Image(blob(), AFFINE)
    img.header.set_intent(intent, (one, two)[:n])
    image = Image.from_nibabel(img, "map")
    value = Parameters(threshold=Threshold("p", p)).threshold_for(image)
    stats = scipy.stats
    tail = {
        "z score": stats.norm.sf,
        "t test": lambda x: stats.t.sf(x, one),
        "f test": lambda x: stats.f.sf(x, one, two),
        "chi2": lambda x: stats.chi2.sf(x, one),
        "correlation": lambda x: stats.t.sf(x * np.sqrt(one / (1 - x**2)), one) if x < 1 else p,
    }[intent]
    assert tail(value) == pytest.approx(p, rel=1e-4)
    assert Parameters(threshold=Threshold("p", p, df=7.0)).threshold_for(image) == pytest.approx(stats.t.isf(p, 7.0))


def test_the_statistic_of_a_p_value_is_told(tmp_path, small_atlas, no_warnings):
    path = saved(tmp_path / "t.nii", blob(), descrip=b"SPM{T_[19.0]} - c")
    result = assign(path, small_atlas, threshold=Threshold("p", 0.001))
    assert any("t with 19 degrees of freedom, as its header states" in w for w in result.warnings)
    result = assign(path, small_atlas, threshold=Threshold("p", 0.001, df=9))
    assert not any("degrees of freedom" in w for w in result.warnings)


def test_one_tailed_statistics_have_no_two_sides(tmp_path):
    img = nib.Nifti1Image(blob(), AFFINE)
    img.header.set_intent("f test", (2, 10))
    with pytest.raises(InputError, match="one tail"):
        Parameters(threshold=Threshold("p", 0.01, two_sided=True)).threshold_for(Image.from_nibabel(img, "map"))


@pytest.mark.parametrize("by", ["intent", "name"])
def test_p_values_are_refused_for_a_threshold(tmp_path, small_atlas, by):
    data = np.ones((10, 8, 6), np.float32)
    data[2:4, 2:4, 2:4] = 0.001
    path = tmp_path / ("group_pval.nii" if by == "name" else "map.nii")
    saved(path, data, intent_code=22 if by == "intent" else 0)
    with pytest.raises(InputError, match=r"small ones are strong.*-log10\(p\)"):
        assign(path, small_atlas, threshold=0.5)


@pytest.mark.parametrize("name", ["tfce_corrp_tstat1.nii.gz", "vox_p_tstat1.nii"])
def test_one_minus_p_is_a_map(tmp_path, small_atlas, no_warnings, name):
    data = np.zeros((10, 8, 6), np.float32)
    data[2:4, 2:4, 2:4] = 0.99
    assert len(assign(saved(tmp_path / name, data), small_atlas, threshold=0.95).modes) == 1


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("pval.nii", True), ("x_p-value.nii.gz", True), ("a_P.nii", True), ("map.nii", False), ("sleep.nii", False)],
)
def test_names_say_p_values(name, is_one):
    assert says_p_values(name) == is_one


@pytest.mark.parametrize(
    ("name", "intent", "is_one"),
    [
        ("sub-1_dseg.nii.gz", 0, True),
        ("my_parc.nii", 0, True),
        ("x_atlas.nii", 0, True),
        ("map.nii", 1002, True),
        ("sub-1_atlas-Foo_stat-z_statmap.nii", 0, False),
        ("dsegmap.nii", 0, False),
    ],
)
def test_labels_are_told_by_intent_and_name(tmp_path, name, intent, is_one):
    header = nib.Nifti1Header()
    header["intent_code"] = intent
    assert says_labels(name, header) == is_one


def test_an_image_that_says_labels_is_regions_of_interest_unless_a_threshold_is_given(tmp_path, small_atlas, run):
    labels = np.zeros((10, 8, 6), np.uint8)
    labels[1:3, 1:3, 1:3], labels[6:8, 1:3, 1:3], labels[6:8, 5:7, 4:6] = 7, 7, 9
    path = saved(tmp_path / "a_dseg.nii", labels, small_atlas.grid.affine)
    assert assign(path, small_atlas).modes["input structure"].tolist() == [7, 9]
    assert assign(Image.from_file(path), small_atlas).modes["input structure"].tolist() == [7, 9]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert assign(path, small_atlas, threshold=0.5).modes["input structure"].tolist() == [1, 2, 3]


def test_whole_numbers_without_a_sign_are_told(tmp_path, small_atlas):
    labels = np.zeros((10, 8, 6), np.float32)
    labels[1:3, 1:3, 1:3], labels[6:8, 5:7, 4:6] = 7, 9
    with pytest.warns(AssignmentWarning, match=r"2 different ones above 0.*rois=True"):
        assign(saved(tmp_path / "map.nii", labels, small_atlas.grid.affine), small_atlas)
    away = np.indices(labels.shape) - np.reshape([5, 4, 3], (3, 1, 1, 1))
    count = np.rint(9 * np.exp(-(away**2).sum(axis=0) / 18))
    ramp = np.arange(labels.size, dtype=np.float32).reshape(labels.shape) % 200
    # Masks, maps of negative values, fractions, counts of people that share a place, values that all differ.
    for other in (np.sign(labels), -labels, labels * 1.5, count, ramp):
        result = assign((other, small_atlas.grid.affine), small_atlas, tail="both")
        assert not any("looks like labels" in w for w in result.warnings)


@given(
    st.sampled_from([0.1, 0.01, 0.05, 0.3]),
    st.integers(1, 300),
    st.sampled_from(["positive", "negative", "both"]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_a_scaled_map_has_the_modes_of_the_same_map_in_float32(slope, k, tail, seed):
    stored = np.random.default_rng(seed).integers(-330, 330, (6, 5, 4)).astype(np.int16)
    scaled = stored * float(np.float32(slope))  # as nibabel reads it
    threshold = round(k * slope, 10)
    options = {"threshold": threshold, "tail": tail}
    from napari_atlas_assign.modes.modes import find_modes

    one = find_modes(Image.from_array(scaled, np.eye(4)), **options)
    two = find_modes(Image.from_array(scaled.astype(np.float32), np.eye(4)), **options)
    np.testing.assert_array_equal(one.components(), two.components())


@given(st.integers(0, 20_000), st.floats(-9e-4, 9e-4))
def test_labels_with_rounding_noise_are_the_labels(label, noise):
    assert nearest_labels(np.array([label + noise]))[0] == label


@given(st.integers(2, 200))
def test_labels_stored_with_a_scale_are_the_labels(highest):
    labels = np.arange(1, highest + 1)
    step = highest / 255
    stored = np.rint(labels / step) * step
    np.testing.assert_array_equal(nearest_labels(stored, step), labels if step < 0.5 else nearest_labels(stored))


def test_labels_with_noise_are_alike_as_atlas_and_as_regions_of_interest(tmp_path, small_atlas):
    labels = np.zeros((10, 12, 8), np.float32)
    labels[1:3, 1:3, 1:3], labels[6:8, 1:3, 1:3] = 7014.9999, 3.0004
    path = saved(tmp_path / "noisy.nii", labels, small_atlas.grid.affine)
    assert load_atlas(path).regions["id"].tolist() == [3, 7015]
    assert assign(path, small_atlas, rois=True).modes["input structure"].tolist() == [3, 7015]


@pytest.mark.parametrize("further", [(3,), (3, 1), (1, 3), (2, 2), (1, 1), (1,), (), (2, 1, 3)])
def test_volumes_are_counted_and_picked_by_one_rule(tmp_path, further):
    data = np.random.default_rng(0).random((4, 3, 2, *further)).astype(np.float32)
    path = saved(tmp_path / "x.nii", data)
    n = volumes_of(data.shape)
    stack = read_stack(path)
    assert len(stack) == n == int(np.prod(further))
    flat = data.reshape(4, 3, 2, n, order="F")
    for v in range(n):
        np.testing.assert_array_equal(stack[v].data, flat[..., v])
        np.testing.assert_array_equal(Image.from_file(path, v).data, flat[..., v])
        np.testing.assert_array_equal(data[volume_index(data.shape, v)].squeeze(), flat[..., v].squeeze())
    with pytest.raises(InputError, match=f"no volume {n}"):
        Image.from_file(path, n)


@pytest.mark.parametrize("further", [(1,), (1, 1), (3,), (1, 3), (3, 1)])
def test_an_atlas_with_axes_of_length_1_opens(tmp_path, further):
    data = np.zeros((4, 4, 4, *further), np.float32)
    data[1:3, 1:3, 1:3] = 1 if np.prod(further) == 1 else 0.5
    atlas = load_atlas(saved(tmp_path / "x.nii", data))
    assert atlas.n_regions == np.prod(further)


@given(
    st.builds(
        Stated,
        st.none() | st.just(Statistic("F", (2.0, 9.0))),
        st.booleans(),
        st.sampled_from([0.0, 0.1]),
        st.lists(st.text(max_size=5), max_size=2).map(tuple),
    )
)
def test_what_is_stated_comes_back_from_plain_values(stated):
    import json

    assert Stated.from_dict(json.loads(json.dumps(stated.as_dict()))) == stated


@pytest.mark.parametrize("odd", [None, 3, {}, {"statistic": 3}, {"statistic": {"name": "t"}}])
def test_odd_values_state_nothing(odd):
    assert Stated.from_dict(odd) == Stated()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "Git LFS pointer"),
        (b"/annex/objects/MD5E-s9--00.nii.gz\n", "git-annex pointer"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
    ],
)
def test_what_stands_in_for_a_file_is_named(tmp_path, small_atlas, content, says):
    path = tmp_path / "map.nii.gz"
    path.write_bytes(content)
    for use in (lambda: assign(path, small_atlas), lambda: load_atlas(path)):
        with pytest.raises(InputError, match=says):
            use()


@pytest.mark.parametrize("name", ["Z.NII.GZ", "z.Nii", "z.nii", "z.nii.gz"])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_packing_is_told_by_content(tmp_path, name, packed, kind):
    content = kind(blob(), AFFINE).to_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(Image.from_file(tmp_path / name).data, blob())
    (tmp_path / name).unlink()
    content = kind((blob() > 0).astype(np.uint8), AFFINE).to_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert load_atlas(tmp_path / name).n_regions == 1


def test_a_cifti_file_is_named(tmp_path, small_atlas):
    scalar = nib.cifti2.ScalarAxis(["a"])
    brain = nib.cifti2.BrainModelAxis.from_mask(np.ones(4, bool), name="cortex_left")
    nib.save(nib.Cifti2Image(np.zeros((1, 4), np.float32), (scalar, brain)), tmp_path / "x.dscalar.nii")
    with pytest.raises(InputError, match="CIFTI"):
        assign(tmp_path / "x.dscalar.nii", small_atlas)


@given(low=st.floats(-0.09, 0), high=st.floats(0.3, 1.5), unit=st.sampled_from([1, 100]))
@settings(max_examples=30)
def test_values_a_little_outside_are_cut_off_and_not_divided(low, high, unit):
    from napari_atlas_assign.atlas.build import atlas_from_maps

    high = min(high, 1.05) if unit == 100 else high
    data = np.zeros((4, 4, 4, 2), np.float64)
    data[1, 1, 1], data[1, 1, 2], data[2, 1, 1] = high * unit, low * high * unit, 0.1 * unit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        atlas = atlas_from_maps(nib.Nifti1Image(data, AFFINE), None, name="a")
    assert atlas.map_of(0)[1, 1, 1] == pytest.approx(min(1, high), rel=1e-5)
    assert atlas.map_of(0)[2, 1, 1] == pytest.approx(0.1, rel=1e-5)
    assert atlas.map_of(0).min() == 0


def test_a_stack_of_parcellations_is_no_atlas_of_maps(tmp_path):
    data = np.random.default_rng(0).integers(60, 100, (5, 5, 5, 3)).astype(np.uint8)
    for stack in (data, data % 7):
        with pytest.raises(InputError, match="several parcellations"):
            load_atlas(saved(tmp_path / "p.nii", stack))


def test_sides_are_not_known_without_a_space(tmp_path, no_warnings):
    labels = saved(tmp_path / "a.nii", (blob() > 0).astype(np.uint8), sform=2)
    known = saved(tmp_path / "mni.nii", (blob() > 0).astype(np.uint8), sform=4)
    path = saved(tmp_path / "map.nii", blob())
    assert assign(path, labels).modes["left share"].isna().all()
    assert assign(path, known).modes[["left share", "right share"]].sum(axis=1).to_numpy() == pytest.approx(1)


@pytest.mark.parametrize("orientation", ["asr", "asl", "ras", "psl"])
@pytest.mark.parametrize("with_image", [True, False])
def test_sides_in_brainglobes_world_are_those_of_the_atlas(tmp_path, no_warnings, orientation, with_image):
    import json

    tifffile = pytest.importorskip("tifffile")
    folder = tmp_path / "mine_mouse_100um_v1.0"
    folder.mkdir()
    axis = next(i for i, c in enumerate(orientation) if c in "lr")
    n, cut = 20, 9 if with_image else 10
    annotation = np.ones((n, n, n), np.uint32)
    begins = 1 if orientation[axis] == "l" else 2
    sides = np.moveaxis(np.full((n, n, n), begins, np.uint8), axis, 0)
    sides[cut:] = 3 - begins
    tifffile.imwrite(folder / "annotation.tiff", annotation)
    if with_image:
        tifffile.imwrite(folder / "hemispheres.tiff", np.ascontiguousarray(np.moveaxis(sides, 0, axis)))
    about = {"name": "mine_mouse", "resolution": [100] * 3, "orientation": orientation, "shape": [n] * 3}
    (folder / "metadata.json").write_text(json.dumps(about | {"symmetric": not with_image}))
    structure = {"acronym": "r", "id": 1, "name": "root", "structure_id_path": [1], "rgb_triplet": [1, 2, 3]}
    (folder / "structures.json").write_text(json.dumps([structure]))
    atlas = load_atlas(folder)
    data = np.moveaxis(np.zeros((n, n, n), np.float32), axis, 0)
    data[2:6, 3:6, 3:6], data[cut - 1 : cut + 1, 12:14, 12:14] = 2, 1
    result = assign(Image.from_array(np.moveaxis(data, 0, axis), atlas.grid.affine), atlas)
    left = result.modes["left share"].tolist()
    assert left == pytest.approx([1.0 if begins == 1 else 0.0, 0.5])


@pytest.mark.parametrize("name", ["aparc+aseg.mgz", "sub-1_aparc.a2009s+aseg.nii.gz", "wmparc.mgz", "aseg.nii"])
def test_freesurfers_files_have_the_standard_names(tmp_path, name):
    known = {17: "Left-Hippocampus", 53: "Right-Hippocampus", 16: "Brain-Stem", 1035: "ctx-lh-insula"}
    known |= {2024: "ctx-rh-precentral", 3001: "wm-lh-bankssts", 11175: "ctx_lh_S_temporal_transverse"}
    data = np.zeros((8, 3, 3), np.int32)
    data[: len(known)] = np.array(list(known))[:, None, None]
    nib.save((nib.MGHImage if name.endswith("mgz") else nib.Nifti1Image)(data, AFFINE), tmp_path / name)
    atlas = load_atlas(tmp_path / name)
    named = atlas.regions.set_index("id")
    assert {number: named.loc[number, "name"] for number in known} == known
    assert named.loc[[17, 2024], "hemisphere"].tolist() == ["left", "right"]
    nib.save(nib.Nifti1Image(data, AFFINE), tmp_path / "other.nii")
    assert "Left-Hippocampus" not in set(load_atlas(tmp_path / "other.nii").regions["name"])
