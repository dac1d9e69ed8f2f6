"""Every kind of input goes through the one pipeline: from Python, from napari layers and at the command line alike."""

from __future__ import annotations

import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import napari_atlas_assign as naa
from napari_atlas_assign import AssignmentWarning, Atlas, Image, InputError
from napari_atlas_assign.assignment.columns import POINT_ASSIGNMENTS, POINTS
from napari_atlas_assign.assignment.parameters import Threshold
from napari_atlas_assign.atlas.hierarchy import atlas_at_level
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.modes.thresholds import percentile_threshold
from napari_atlas_assign.report.provenance import read_record
from tests.cases import cases

CONVENTIONS = st.sampled_from(["default", "siibra"])
few = settings(max_examples=25)

AFFINE = np.array([[2.0, 0, 0, -7], [0, 2, 0, -7], [0, 0, 2, -7], [0, 0, 0, 1]])
SHAPE = (8, 8, 8)


def quiet(source, atlas, **options):
    """Assign through the public API without the warnings that random cases are full of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        return naa.assign(source, atlas, **options)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Tables of equal rows. Of which type columns of text are, and what is missing in them, is left to pandas."""
    pd.testing.assert_frame_equal(_plain(found), _plain(expected), check_dtype=False)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    text = table.select_dtypes(exclude="number").columns
    return table.assign(**{name: table[name].astype(object).where(table[name].notna(), None) for name in text})


# --- stacks ---


@given(cases(), CONVENTIONS, st.integers(0, 2**32 - 1))
@few
def test_each_map_of_a_stack_has_the_tables_that_it_has_alone(case, convention, seed):
    data = case.image.reshape(-1).copy()
    np.random.default_rng(seed).shuffle(data)
    images = [case.as_image(), Image.from_array(data.reshape(case.image.shape), case.image_affine, "shuffled")]
    options = case.arguments | {"convention": convention}
    stack = quiet(images, case.as_atlas(), **options)
    for number, image in enumerate(images):
        alone = quiet(image, case.as_atlas(), **options)
        for name in ("assignments", "modes", "peaks"):
            rows = getattr(stack, name)
            rows = rows[rows["map"] == number]
            assert set(rows["map name"]) <= {image.name}
            same(rows.drop(columns=["map", "map name"]), getattr(alone, name))


def test_all_volumes_are_counted_for_the_one_who_waits(small_atlas):
    image = Image.from_array(np.ones(small_atlas.grid.shape), small_atlas.grid.affine)
    told = []
    naa.assign([image] * 3, small_atlas, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_stack_is_the_same_as_file_nibabel_image_list_and_layer(small_atlas, tmp_path, rng):
    from napari.layers import Image as ImageLayer

    from napari_atlas_assign.plugin.layers.convert import image_to_layer
    from napari_atlas_assign.plugin.layers.metadata import with_leading_axis

    affine = small_atlas.grid.affine
    data = rng.normal(size=(*small_atlas.grid.shape, 3)).astype(np.float32)
    path = tmp_path / "stack.nii.gz"
    nib.save(nib.Nifti1Image(data, affine), path)
    images = [Image.from_array(data[..., v], affine, f"stack.nii.gz[{v}]") for v in range(3)]
    one, about, _ = image_to_layer(images[0])
    layers = [image_to_layer(image)[0] for image in images]
    keep = {key: about[key] for key in ("scale", "translate", "units", "axis_labels", "metadata") if key in about}
    transform = with_leading_axis({key: value for key, value in keep.items() if key != "metadata"}, "map")
    layer = ImageLayer(np.stack(layers), name="stack.nii.gz", metadata=about["metadata"], **transform)
    assert one.shape == layer.data.shape[1:]
    expected = quiet(images, small_atlas, threshold=1).assignments
    assert set(expected["map"]) == {0, 1, 2}
    for source in (path, str(path), nib.load(path), nib.Nifti1Image(data, affine), layer):
        found = quiet(source, small_atlas, threshold=1).assignments
        same(found.drop(columns="map name"), expected.drop(columns="map name"))
    same(
        quiet(path, small_atlas, threshold=1, volume=2).assignments,
        quiet(images[2], small_atlas, threshold=1).assignments,
    )


# --- tails, extent, thresholds, splitting ---


@given(cases(), CONVENTIONS)
@few
def test_both_tails_are_the_two_single_tails_together(case, convention):
    atlas, image = case.as_atlas(), case.as_image()
    options = case.arguments | {"convention": convention}
    both = quiet(image, atlas, **(options | {"tail": "both"}))
    for tail, sign in (("positive", 1), ("negative", -1)):
        single = quiet(image, atlas, **(options | {"tail": tail}))
        for name in ("assignments", "modes"):
            rows = getattr(both, name)
            rows = rows[rows["sign"] == sign].drop(columns="input structure")
            same(rows, getattr(single, name).drop(columns="input structure"))


@given(cases(), st.integers(1, 4))
@few
def test_the_largest_modes_are_the_head_of_all(case, k):
    image, atlas = case.as_image(), case.as_atlas()
    every = quiet(image, atlas, **case.arguments)
    kept = quiet(image, atlas, keep_largest=k, **case.arguments)
    same(kept.modes, every.modes.head(k))
    same(kept.assignments, every.assignments[every.assignments["input structure"].isin(kept.modes["input structure"])])


@given(cases(), CONVENTIONS, st.sampled_from([0.0, 30.0, 90.0]))
@few
def test_a_percentile_is_the_threshold_at_its_value(case, convention, q):
    image, atlas = case.as_image(), case.as_atlas()
    options = {"tail": case.tail, "connectivity": case.connectivity, "convention": convention}
    try:
        value = percentile_threshold(image, q, case.tail)
    except InputError:
        with pytest.raises(InputError, match="no percentile"):
            quiet(image, atlas, threshold=Threshold("percentile", q), **options)
        return
    result = quiet(image, atlas, threshold=Threshold("percentile", q), **options)
    assert result.comparisons[0].threshold == value
    same(result.assignments, quiet(image, atlas, threshold=value, **options).assignments)


@pytest.mark.parametrize(
    ("threshold", "value"),
    [
        (Threshold("p", 0.05), stats.norm.isf(0.05)),
        (Threshold("p", 0.05, two_sided=True), stats.norm.isf(0.025)),
        (Threshold("p", 0.05, df=7), stats.t.isf(0.05, 7)),
        (Threshold("p", 0.05, True, 7), stats.t.isf(0.025, 7)),
        (Threshold("value", 1.25), 1.25),
    ],
)
def test_a_p_value_is_the_threshold_at_its_quantile(small_atlas, rng, threshold, value):
    image = Image.from_array(rng.normal(size=small_atlas.grid.shape) * 2, small_atlas.grid.affine)
    result = quiet(image, small_atlas, threshold=threshold)
    assert result.comparisons[0].threshold == pytest.approx(value)
    same(result.modes, quiet(image, small_atlas, threshold=value).modes)


@given(cases(), st.sampled_from([0.0, 0.7, 1e9]))
@few
def test_split_modes_have_the_voxels_of_the_modes_and_no_split_leaves_them_as_they_are(case, height):
    image, atlas = case.as_image(), case.as_atlas()
    whole = quiet(image, atlas, **case.arguments)
    split = quiet(image, atlas, split_height=height, **case.arguments)
    assert np.array_equal(split.components.data > 0, whole.components.data > 0)
    assert len(split.modes) >= len(whole.modes)
    if height == 1e9:  # no peak stands out so far
        same(split.assignments, whole.assignments)


# --- several atlases, levels ---


@given(cases(), CONVENTIONS)
@few
def test_several_atlases_give_what_each_gives_alone(case, convention):
    image, options = case.as_image(), case.arguments | {"convention": convention}
    turned = case.changed(maps=case.maps[:, ::-1].copy()).as_atlas().described(name="turned")
    atlases = [case.as_atlas(), turned]
    together = quiet(image, atlases, **options)
    for atlas in atlases:
        alone = quiet(image, atlas, **options)
        rows = together.assignments[together.assignments["atlas"] == atlas.name]
        same(rows.drop(columns="atlas"), alone.assignments)
        if convention == "default":
            modes = together.modes[[f"{name}: {atlas.name}" for name in alone.modes.columns[-3:]]]
            same(modes.set_axis(alone.modes.columns[-3:], axis=1), alone.modes[alone.modes.columns[-3:]])
        else:
            same(together.modes[together.modes["atlas"] == atlas.name].drop(columns="atlas"), alone.modes)


@given(cases(), CONVENTIONS, st.integers(0, 2))
@few
def test_scores_at_a_level_are_those_of_the_atlas_at_that_level(case, convention, level):
    atlas = case.as_atlas()
    parents = {"region 0": "lobe", "region 1": "lobe", "lobe": "brain"}
    regions = atlas.regions.assign(parent=[parents.get(name) for name in atlas.regions["name"]])
    lobe = pd.DataFrame({"id": [99], "name": ["lobe"], "parent": ["brain"]})
    regions = pd.concat([regions, lobe], ignore_index=True)
    atlas = Atlas(atlas.grid, regions, atlas.voxel, atlas.region, atlas.value, name="tree")
    options = case.arguments | {"convention": convention}
    found = quiet(case.as_image(), atlas, level=level, **options)
    expected = quiet(case.as_image(), atlas_at_level(atlas, level), **options)
    same(found.assignments, expected.assignments)
    same(found.modes, expected.modes)
    if level == 0:
        assert "region 0" not in found.assignments["region"].tolist()


@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_points_at_a_level_are_those_of_the_atlas_at_that_level(small_atlas, convention, tmp_path):
    regions = small_atlas.regions.assign(parent=["area A", "area A", "area B"])
    tree = Atlas(small_atlas.grid, regions, small_atlas.voxel, small_atlas.region, small_atlas.value, name="tree")
    xyz = [[-5.0, 0, 0], [0, 6, 2], [0, 0, 0], [300, 0, 0]]
    found = naa.assign(xyz, tree, sigma=[0, 3, 0, 0], level=0, convention=convention)
    expected = naa.assign(xyz, atlas_at_level(tree, 0), sigma=[0, 3, 0, 0], convention=convention)
    same(found.assignments, expected.assignments)
    same(found.modes, expected.modes)
    assert set(found.assignments["region"].dropna()) == {"area A", "area B"}
    record = read_record(found.save(tmp_path / "out") / "provenance.json")
    assert record["parameters"] == {"minimum_probability": 0.0, "level": 0, "convention": convention}
    assert record["atlases"][0]["source"]["level"] == 0


# --- regions of interest ---

OF_PLACE = ("intersection over union", "map value", "map containedness", "input containedness", "map mean", "share")
"""Scores in which the values of the image play no part."""


@given(cases())
@few
def test_the_volume_of_modes_as_regions_of_interest_gives_the_modes_back(case):
    modes = quiet(case.as_image(), case.as_atlas(), **case.arguments)
    rois = quiet(modes.components, case.as_atlas(), rois=True)
    same_columns = [
        "input structure",
        "voxels",
        "volume mm3",
        "centroid",
        "left share",
        "right share",
        "unassigned share",
    ]
    same(rois.modes[same_columns], modes.modes[same_columns])
    key = ["input structure", "volume"]
    same(
        rois.assignments.sort_values(key)[[*key, *OF_PLACE]],
        modes.assignments.sort_values(key)[[*key, *OF_PLACE]],
    )
    assert np.array_equal(rois.components.data, modes.components.data)


@given(cases())
@few
def test_split_regions_of_interest_are_the_components_of_a_mask(case):
    mask = Image.from_array((case.image > 0).astype(np.uint8), case.image_affine, "mask")
    rois = quiet(mask, case.as_atlas(), rois=True, split_rois=True, connectivity=case.connectivity)
    modes = quiet(mask, case.as_atlas(), connectivity=case.connectivity)
    same(rois.assignments, modes.assignments)
    assert len(quiet(mask, case.as_atlas(), rois=True).modes) == min(len(modes.modes), 1)


def test_labels_and_shapes_layers_are_regions_of_interest(small_atlas):
    from napari.layers import Labels

    from napari_atlas_assign.plugin.layers.convert import image_to_layer

    labels = np.zeros(small_atlas.grid.shape, np.int32)
    labels[1:4, 4:8, 2:5], labels[6:9, 4:8, 2:5], labels[0, 0, 0] = 7, 2, 7
    image = Image.from_array(labels, small_atlas.grid.affine, "drawn")
    data, about, _ = image_to_layer(image)
    about = {key: value for key, value in about.items() if key not in ("contrast_limits", "colormap")}
    result = quiet(Labels(data, **about), small_atlas)
    assert result.modes["input structure"].tolist() == [2, 7]
    same(result.assignments, quiet(image, small_atlas, rois=True).assignments)
    with pytest.raises(InputError, match="threshold: not for regions of interest"):
        naa.assign(Labels(data, **about), small_atlas, threshold=3)


# --- points ---


@given(cases(), CONVENTIONS, st.integers(0, 2**32 - 1))
@few
def test_points_of_mixed_sigma_have_the_rows_that_each_has_alone(case, convention, seed):
    rng = np.random.default_rng(seed)
    atlas = case.as_atlas()
    if not len(atlas.voxel):
        return
    xyz = atlas.grid.to_world(rng.uniform(-2, 7, (4, 3)))
    sigma = rng.choice([0, 0.5, 2, 7], 4)
    together = naa.assign(xyz, atlas, sigma=sigma, convention=convention)
    assert list(together.assignments.columns) == list(POINT_ASSIGNMENTS)
    assert list(together.modes.columns) == list(POINTS)
    for n, number in enumerate(together.modes["input structure"]):
        alone = naa.assign(xyz[n : n + 1], atlas, sigma=sigma[n], convention=convention)
        rows = together.assignments[together.assignments["input structure"] == number]
        same(rows.drop(columns="input structure"), alone.assignments.drop(columns="input structure"))
        row = together.modes.iloc[[n]].drop(columns=["input structure", "name"])
        same(row, alone.modes.drop(columns=["input structure", "name"]))


def test_points_are_the_same_as_array_list_set_table_and_layer(small_atlas, tmp_path):
    from napari.layers import Points

    from napari_atlas_assign.plugin.layers.metadata import describe

    xyz, sigma, names = [[-5, 0, 0], [5, 1.5, 0], [400, 0, 0]], [0, 2.5, 0], ("a", "b", "far")
    expected = naa.assign(PointSet.from_array(xyz, sigma, names), small_atlas)
    assert expected.modes["name"].tolist() == list(names)
    assert expected.assignments["region"].isna().sum() == 1
    csv, tsv = tmp_path / "points.csv", tmp_path / "sub-1_electrodes.tsv"
    rows = zip(xyz, sigma, names, strict=True)
    csv.write_text("name,x,y,z,sigma\n" + "".join(f"{n},{x},{y},{z},{s}\n" for (x, y, z), s, n in rows))
    tsv.write_text(csv.read_text().replace(",", "\t") + "lost\tn/a\tn/a\tn/a\tn/a\n")
    zyx = np.array(xyz, float)[:, ::-1]
    features = pd.DataFrame({"sigma": sigma, "name": names})
    layer = Points(zyx, features=features, units=("mm",) * 3, metadata={"napari-atlas-assign": describe()})
    for source in (np.array(xyz), xyz):
        found = naa.assign(source, small_atlas, sigma=sigma)
        same(found.assignments, expected.assignments)
    for source in (csv, str(csv), layer):
        found = naa.assign(source, small_atlas)
        same(found.assignments, expected.assignments)
        same(found.modes, expected.modes)
    with pytest.warns(AssignmentWarning, match="1 electrode without coordinates has an empty row"):
        same(naa.assign(tsv, small_atlas).assignments, expected.assignments)


def test_points_against_several_atlases_have_rows_for_each(small_atlas):
    atlases = [small_atlas, small_atlas.described(name="again")]
    result = naa.assign([[-5.0, 0, 0], [900.0, 0, 0]], atlases, sigma=[2.0, 0.0])
    alone = naa.assign([[-5.0, 0, 0], [900.0, 0, 0]], small_atlas, sigma=[2.0, 0.0])
    for name in ("small atlas", "again"):
        same(result.assignments[result.assignments["atlas"] == name].drop(columns="atlas"), alone.assignments)
        same(result.modes[result.modes["atlas"] == name].drop(columns="atlas"), alone.modes)


# --- spaces, fields of view, hemispheres ---


def test_an_image_in_another_space_is_told_by_name_and_recorded(small_atlas, tmp_path):
    from napari_atlas_assign.report.provenance import read_record

    atlas = small_atlas.described(space="MNI152NLin6Asym")
    path = tmp_path / "sub-1_space-MNI152NLin2009cAsym_stat.nii.gz"
    nib.save(nib.Nifti1Image(np.ones(atlas.grid.shape, np.float32), atlas.grid.affine), path)
    sentence = "is in MNI152NLin2009cAsym but small atlas in MNI152NLin6Asym: these templates differ"
    for source in (path, nib.load(path)):
        with pytest.warns(AssignmentWarning, match=sentence) as warned:
            result = naa.assign(source, atlas)
        assert len(warned) == 1
        record = read_record(result.save(tmp_path / "out") / "provenance.json")
        assert sentence in record["warnings"][0]
        assert record["images"][0]["space"] == "MNI152NLin2009cAsym"


def test_a_stack_in_another_space_is_told_once(small_atlas):
    image = Image.from_array(np.ones(small_atlas.grid.shape), small_atlas.grid.affine, "map", "Talairach")
    with pytest.warns(AssignmentWarning, match="map is in Talairach") as warned:
        naa.assign([image] * 5, small_atlas.described(space="Colin27"))
    assert len(warned) == 1


@pytest.mark.parametrize("source", ["points", "image"])
def test_atlases_in_different_spaces_are_told_where_nothing_else_is_known(small_atlas, source):
    image = Image.from_array(np.ones(small_atlas.grid.shape), small_atlas.grid.affine, "map")
    atlases = [small_atlas.described(space="Colin27"), small_atlas.described(space="Talairach", name="other")]
    given = image if source == "image" else [[-5.0, 0, 0]]
    with pytest.warns(AssignmentWarning, match="small atlas is in Colin27 but other in Talairach") as warned:
        naa.assign(given, atlases)
    assert len(warned) == 1


def test_an_image_that_lies_elsewhere_is_told(small_atlas):
    affine = small_atlas.grid.affine.copy()
    affine[0, 3] += 15
    data = np.zeros(small_atlas.grid.shape)
    data[:, 4:8, 2:6] = 1
    with pytest.warns(AssignmentWarning, match=r"% of the signal of map lies outside the grid of small atlas"):
        naa.assign(Image.from_array(data, affine, "map"), small_atlas)


@given(cases())
@few
def test_the_shares_of_the_two_hemispheres_add_up_to_one_and_follow_the_sides(case):
    atlas = case.as_atlas().described(space="MNI152")
    result = quiet(case.as_image(), atlas, **case.arguments)
    assert (result.modes["left share"] + result.modes["right share"]).to_numpy() == pytest.approx(1)
    mirrored = case.changed(image_affine=np.diag([-1, 1, 1, 1]) @ case.image_affine)
    other = quiet(mirrored.as_image(), atlas, **case.arguments)
    left, right = (
        np.sort(table.modes[name].to_numpy()) for table, name in ((result, "left share"), (other, "right share"))
    )
    assert left == pytest.approx(right, abs=1e-6)


def test_the_hemisphere_of_a_region_is_that_of_the_atlas(small_atlas):
    regions = small_atlas.regions.assign(hemisphere=["left", "right", None])
    atlas = Atlas(small_atlas.grid, regions, small_atlas.voxel, small_atlas.region, small_atlas.value)
    image = Image.from_array(np.ones(atlas.grid.shape), atlas.grid.affine)
    for table in (
        naa.assign(image, atlas).assignments,
        naa.assign([[-5.0, 0, 0], [5.0, 0, 0], [0, 6.0, 2.0]], atlas).assignments,
    ):
        sides = dict(zip(table["region"], table["hemisphere"].fillna(""), strict=True))
        assert sides == {"Area A left": "left", "Area A right": "right", "Area B": ""}


# --- the command line ---


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    """A current folder with one file of each kind, and two atlases."""
    monkeypatch.chdir(tmp_path)
    x, y, z = np.indices(SHAPE)
    two = 4 * np.exp(-((x - 2) ** 2 + (y - 2) ** 2 + (z - 3) ** 2) / 3) - 5 * np.exp(
        -((x - 6) ** 2 + (y - 5) ** 2 + (z - 4) ** 2) / 3
    )
    two = (two + rng.normal(scale=0.1, size=SHAPE)).astype(np.float32)
    labels = np.zeros(SHAPE, np.int16)
    labels[1:3, 1:3, 1:3], labels[5:7, 5:7, 5:7], labels[0, 7, 0] = 3, 8, 3
    regions = np.ones(SHAPE, np.uint8)
    regions[4:] = 2
    for name, data in {
        "map": two,
        "stack": np.stack([two, -two], axis=-1),
        "rois": labels,
        "negative": labels - 1,
        "atlas": regions,
        "other": regions[::-1, ::-1],
    }.items():
        nib.save(nib.Nifti1Image(data, AFFINE), f"{name}.nii.gz")
    for name in ("atlas", "other"):
        Path(f"{name}.csv").write_text("index,name\n1,label 1\n2,label 2\n")
    Path("points.csv").write_text("x,y,z,name,sigma\n-3,0,0,a,0\n3,1,2,b,2.5\n500,0,0,far,0\n")
    Path("plain.tsv").write_text("x\ty\tz\n-3\t0\t0\n3\t1\t2\n")
    return tmp_path


KINDS = {
    "map": ("map.nii.gz", "--threshold 1", {"threshold": 1}),
    "both tails": ("map.nii.gz", "--threshold 1 --tail both", {"threshold": 1, "tail": "both"}),
    "percentile": ("map.nii.gz", "--percentile 90", {"threshold": Threshold("percentile", 90)}),
    "p value": ("map.nii.gz", "--p 0.05 --two-sided", {"threshold": Threshold("p", 0.05, True)}),
    "t value": ("map.nii.gz", "--p 0.05 --df 9", {"threshold": Threshold("p", 0.05, False, 9)}),
    "extent": ("map.nii.gz", "--min-voxels 5 --min-volume 50", {"min_voxels": 5, "min_volume_mm3": 50}),
    "largest": ("map.nii.gz", "--keep-largest 2 --connectivity 6", {"keep_largest": 2, "connectivity": 6}),
    "split": ("map.nii.gz", "--split-height 0.1", {"split_height": 0.1}),
    "stack": ("stack.nii.gz", "--threshold 1", {"threshold": 1}),
    "volume": ("stack.nii.gz", "--threshold 1 --volume 1", {"threshold": 1, "volume": 1}),
    "rois": ("rois.nii.gz", "--rois", {"rois": True}),
    "split rois": ("rois.nii.gz", "--rois --split-rois", {"rois": True, "split_rois": True}),
    "points": ("points.csv", "", {}),
    "sigma": ("plain.tsv", "--sigma 3", {"sigma": 3}),
    "siibra": ("map.nii.gz", "--convention siibra", {"convention": "siibra"}),
    "siibra points": ("plain.tsv", "--convention siibra --sigma 7", {"convention": "siibra", "sigma": 7}),
}


@pytest.mark.parametrize("atlases", [["atlas.nii.gz"], ["atlas.nii.gz", "other.nii.gz"]], ids=["one atlas", "two"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_writes_what_python_gives(run, folder, kind, atlases):
    source, arguments, options = KINDS[kind]
    chosen = [word for atlas in atlases for word in ("--atlas", atlas)]
    code, _, err = run("assign", source, *chosen, *arguments.split(), "--output", "by-command")
    assert (code, err) == (0, "")
    result = naa.assign(source, atlases, **options)
    assert len(result.assignments) > 0
    written = {path.name: path for path in result.save("by-python").iterdir() if path.suffix == ".tsv"}
    assert len(written) >= 2
    for name, path in written.items():
        assert Path("by-command", name).read_bytes() == path.read_bytes(), name


# --- what cannot be used ---

P, I = "points", "image"  # noqa: E741

BAD = {
    "a coordinate of NaN": (P, [[np.nan, 0, 0], [1, 1, 1]], {}, "point 1 has a coordinate that is not a finite number"),
    "a missing coordinate": (P, [[None, 0, 0]], {}, "point 1 has a coordinate that is not a finite number"),
    "text for a coordinate": (P, [["here", 0, 0]], {}, "the coordinates are not all numbers"),
    "rows of unequal length": (P, [[1, 2, 3], [1, 2]], {}, "differ in length"),
    "a sigma below 0": (P, [[1, 2, 3]], {"sigma": -1}, "point 1 has a sigma below 0"),
    "a sigma of NaN": (P, [[1, 2, 3]], {"sigma": np.nan}, "a sigma that is not a finite number"),
    "text for a sigma": (P, [[1, 2, 3]], {"sigma": "wide"}, "sigma"),
    "too many sigmas": (P, [[1, 2, 3]], {"sigma": [1, 2]}, "give one per point"),
    "a threshold for points": (P, [[1, 2, 3]], {"threshold": 3}, "threshold: not for points"),
    "a volume of points": (P, [[1, 2, 3]], {"volume": 0}, "points have no volumes"),
    "a sigma of a set of points": (P, PointSet.from_array([[1, 2, 3]], 2), {"sigma": 3}, "a PointSet has its own"),
    "a minimum probability of exact points": (P, [[1, 2, 3]], {"minimum_probability": 0.5}, "not for exact points"),
    "a sigma of an image": (I, None, {"sigma": 2}, "sigma: only for points"),
    "a volume of one volume": (I, None, {"volume": 1}, "volume: only for"),
    "a volume that is no number": (I, None, {"volume": "first"}, "the volume is 'first'"),
    "half a volume": (I, None, {"volume": 0.5}, "the volume is 0.5"),
    "negative labels": (I, None, {"rois": True}, "holds negative labels"),
    "split labels of no labels": (I, None, {"split_rois": True}, "split_rois: only for regions of interest"),
    "a percentile of 100": (I, None, {"threshold": ("percentile", 100)}, "the percentile is 100"),
    "a percentile below 0": (I, None, {"threshold": ("percentile", -1)}, "the percentile is -1"),
    "a percentile of NaN": (I, None, {"threshold": ("percentile", np.nan)}, "the percentile is nan; give a number"),
    "a percentile of text": (I, None, {"threshold": ("percentile", "high")}, "the percentile is 'high'"),
    "a p value of 0": (I, None, {"threshold": ("p", 0)}, "the p value is 0"),
    "a p value above a half": (I, None, {"threshold": ("p", 0.6)}, "at most 0.5"),
    "no p value": (I, None, {"threshold": ("p", None)}, "the p value is None"),
    "no degrees of freedom": (I, None, {"threshold": ("p", 0.01, False, 0)}, "the degrees of freedom are 0"),
    "negative degrees of freedom": (I, None, {"threshold": ("p", 0.01, False, -3)}, "the degrees of freedom are -3"),
    "a p value of another kind": (I, None, {"threshold": ("percentile", 5, True)}, "two-sided and degrees of freedom"),
    "an unknown kind": (I, None, {"threshold": ("fdr", 0.05)}, "the kind of threshold is 'fdr'"),
    "a negative threshold": (I, None, {"threshold": -2}, "the threshold is -2"),
    "a threshold of text": (I, None, {"threshold": "3"}, "the threshold is 3"),
    "a negative height": (I, None, {"split_height": -1}, "the height for splitting is -1"),
    "no mode to keep": (I, None, {"keep_largest": 0}, "the number of modes to keep is 0"),
    "half a mode to keep": (I, None, {"keep_largest": 1.5}, "the number of modes to keep is 1.5"),
    "no voxels at least": (I, None, {"min_voxels": 0}, "the minimum number of voxels is 0"),
    "a level of a flat atlas": (I, None, {"level": 1}, "has no parents of regions"),
    "a level that is no number": (I, None, {"level": "lobes"}, "the level of the tree of regions is lobes"),
    "a level below 0": (I, None, {"level": -1}, "the level of the tree of regions is -1"),
    "a level for points of a flat atlas": (P, [[1, 2, 3]], {"level": 0}, "has no parents of regions"),
    "a list of levels for points": (P, [[1, 2, 3]], {"level": []}, r"the level of the tree of regions is \[\]"),
    "an unknown tail": (I, None, {"tail": "left"}, "the tail is 'left'"),
    "an unknown convention": (I, None, {"convention": []}, r"the convention is \[\]"),
}


def _threshold(options):
    """A threshold that is written as a tuple, since some cannot even be made."""
    given = options.get("threshold")
    return {"threshold": Threshold(*given)} if isinstance(given, tuple) else {}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_one_clear_sentence(small_atlas, what):
    kind, source, options, says = BAD[what]
    image = Image.from_array(np.full(small_atlas.grid.shape, -2.0), small_atlas.grid.affine, "map.nii")
    with pytest.raises(InputError, match=says) as failed:
        naa.assign(source if kind == P else image, small_atlas, **(options | _threshold(options)))
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("name", ["treshold", "volum", "xyzzy"])
@pytest.mark.parametrize("source", ["points", "image"])
def test_an_argument_of_no_name_is_refused(small_atlas, source, name):
    given = Image.from_array(np.ones((4, 4, 4)), small_atlas.grid.affine) if source == "image" else [[1, 2, 3]]
    with pytest.raises(TypeError, match=name):
        naa.assign(given, small_atlas, **{name: 3})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"threshold": 3}, "threshold"),
        ({"tail": "both"}, "tail"),
        ({"keep_largest": 2}, "keep_largest"),
        ({"split_height": 1}, "split_height"),
        ({"min_voxels": 2, "min_volume_mm3": 8}, "min_volume_mm3, min_voxels"),
    ],
)
def test_what_plays_no_part_for_regions_of_interest_is_refused(small_atlas, options, name):
    image = Image.from_array(np.ones(small_atlas.grid.shape, int), small_atlas.grid.affine)
    with pytest.raises(InputError, match=f"^{name}: not for regions of interest"):
        naa.assign(image, small_atlas, rois=True, **options)


@pytest.mark.parametrize("source", [None, [], {}, 3, "", b"map.nii", (), [Path("a.nii")], [("a", "b")]])
def test_what_is_no_source_is_refused(small_atlas, source):
    with pytest.raises(InputError):
        naa.assign(source, small_atlas)


def test_an_array_without_geometry_asks_for_it(small_atlas):
    with pytest.raises(InputError, match=r"does not say where in the brain it lies; give \(array, affine\)"):
        naa.assign(np.ones((3, 4, 5)), small_atlas)


@pytest.mark.parametrize("atlas", [None, 3, np.ones((3, 3, 3)), [None]])
def test_what_is_no_atlas_is_refused(small_atlas, atlas):
    with pytest.raises(InputError, match="is no atlas"):
        naa.assign([[0, 0, 0]], atlas)


@pytest.mark.parametrize("source", ["points", "image"])
def test_no_atlas_and_two_of_one_name_are_refused(small_atlas, source):
    image = Image.from_array(np.ones(small_atlas.grid.shape), small_atlas.grid.affine)
    given = image if source == "image" else [[0.0, 0, 0]]
    with pytest.raises(InputError, match="no atlas to assign to"):
        naa.assign(given, [])
    with pytest.raises(InputError, match="two atlases are called small atlas; give one of them another name"):
        naa.assign(given, [small_atlas, small_atlas])


def test_a_stack_of_unequal_grids_is_refused(small_atlas):
    affine = small_atlas.grid.affine
    first = Image.from_array(np.ones((4, 4, 4)), affine, "first")
    for other in (
        Image.from_array(np.ones((4, 4, 3)), affine, "other"),
        Image.from_array(first.data, affine * 2, "other"),
    ):
        with pytest.raises(InputError, match="other lies on another grid than first"):
            naa.assign([first, first, other], small_atlas)


TABLES = {
    "x,y,z\n1,nan,3\n": "no coordinates in line 2",
    "x,y,z\n1,2,3\n1,,3\n": "no coordinates in line 3",
    "x,y,z\n1,two,3\n": "line 2: 'two' in column y is not a number",
    "x,y,z\n1,inf,3\n": "line 2: 'inf' in column y is not a number",
    "x,y,z,sigma\n1,2,3,-4\n": "line 2: the sigma -4 is below 0",
    "x,y,z,sigma\n1,2,3,wide\n": "line 2: 'wide' in column sigma is not a number",
    "x,y\n1,2\n": "has no column z",
    "x,y,z\n1,2\n": "line 2: 2 fields where the first line has 3",
}

COMMANDS = {
    "map.nii.gz --keep-largest 0": "the number of modes to keep is 0",
    "map.nii.gz --keep-largest few": "--keep-largest",
    "map.nii.gz --split-height=-1": "the height for splitting is -1",
    "map.nii.gz --min-voxels 0": "the minimum number of voxels is 0",
    "map.nii.gz --percentile 100": "the percentile is 100",
    "map.nii.gz --percentile nan": "the percentile is nan",
    "map.nii.gz --p 0": "the p value is 0",
    "map.nii.gz --p 0.7": "at most 0.5",
    "map.nii.gz --p 0.01 --df 0": "the degrees of freedom are 0",
    "map.nii.gz --percentile 90 --two-sided": "belong to a threshold by p value",
    "map.nii.gz --percentile 90 --threshold 3": "not allowed with",
    "map.nii.gz --sigma 3": "sigma: only for points",
    "map.nii.gz --level 1": "has no parents of regions",
    "map.nii.gz --split-rois": "--split-rois: only for regions of interest",
    "map.nii.gz --treshold 3": "--treshold",
    "map.nii.gz --atlas atlas.nii.gz": "two atlases are called atlas",
    "negative.nii.gz --rois": "negative.nii.gz holds negative labels (down to -1)",
    "map.nii.gz --rois": "map.nii.gz holds",
    "rois.nii.gz --rois --percentile 3": "--percentile: not for regions of interest",
    "points.csv --threshold 3": "threshold: not for points",
    "points.csv --rois": "rois: not for points",
    "points.csv --volume 0": "points have no volumes",
    "own.csv --sigma 3": "own.csv gives every point a sigma of its own; leave out sigma",
    "plain.tsv --sigma=-1": "a sigma below 0",
    "plain.tsv --sigma nan": "a sigma that is not a finite number",
    "plain.tsv --sigma 1e9": "check that sigma is in mm",
    "stack.nii.gz --volume 2": "has no volume 2",
} | {f"bad{n}.csv": says for n, says in enumerate(TABLES.values())}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_used_is_one_line_and_exit_code_2_at_the_command_line(run, folder, command):
    for n, text in enumerate(TABLES):
        Path(f"bad{n}.csv").write_text(text)
    Path("own.csv").write_text("x,y,z,sigma\n1,2,3,4\n")
    code, out, err = run("assign", *command.split(), "--atlas", "atlas.nii.gz", "--output", "out")
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1
    assert COMMANDS[command] in err
    assert "Traceback" not in err
    assert not Path("out").exists()
