"""3D Slicer's segmentations are atlases with their names, colours and numbers, overlaps included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AtlasError, InputError, assign, load_atlas
from tests.nrrd_files.helpers import write_nrrd

FLAT = {"space": "LPS", "space_directions": "(-2,0,0) (0,-2,0) (0,0,2)", "space_origin": "(0,0,0)"}
LAYERED = FLAT | {"space_directions": "none (-2,0,0) (0,-2,0) (0,0,2)", "kinds": "list domain domain domain"}
NAME = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=12)


def example(folder):
    fields = {"Segment0_Name": "V1", "Segment0_Layer": "0", "Segment0_LabelValue": "1"}
    where = {"space": "RAS", "space_directions": "(2,0,0) (0,2,0) (0,0,2)", "space_origin": "(0,0,0)"}
    return write_nrrd(folder / "a.seg.nrrd", np.ones((3, 3, 3), "u1"), **where, **fields)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(st.tuples(NAME, st.integers(0, 2), st.integers(1, 200)), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_each_segment_is_the_region_of_its_value_in_its_layer(tmp_path, segments, seed):
    segments = list({(layer, value): (name, layer, value) for name, layer, value in segments}.values())
    rng = np.random.default_rng(seed)
    layers = np.zeros((3, 4, 5, 6), "u1")
    for layer in range(3):
        values = [value for _, l_, value in segments if l_ == layer]
        layers[layer] = rng.choice([0, *values], (4, 5, 6))
    fields = {}
    for n, (name, layer, value) in enumerate(segments):
        fields |= {f"Segment{n}_Name": name, f"Segment{n}_Layer": str(layer), f"Segment{n}_LabelValue": str(value)}
    path = write_nrrd(tmp_path / "any.seg.nrrd", layers, encoding="gzip", **LAYERED, **fields)
    if not layers.any():
        with pytest.raises(AtlasError, match="no voxel in any segment"):
            load_atlas(path)
        return
    atlas = load_atlas(path)
    assert atlas.regions["name"].tolist() == [name for name, _, _ in segments]
    for region, (_, layer, value) in enumerate(segments):
        np.testing.assert_array_equal(atlas.map_of(region), layers[layer] == value)
    values = [value for _, _, value in segments]
    distinct = len(set(values)) == len(values)
    assert atlas.regions["id"].tolist() == (values if distinct else list(range(1, len(values) + 1)))


def test_a_file_of_an_older_slicer_has_one_layer_for_each_segment(tmp_path):
    layers = np.zeros((2, 4, 4, 4), "u1")
    layers[0, :2], layers[1, 1:] = 1, 1
    path = write_nrrd(tmp_path / "old.seg.nrrd", layers, **LAYERED, Segment0_Name="A", Segment1_Name="B")
    atlas = load_atlas(path)
    assert atlas.regions["name"].tolist() == ["A", "B"]
    np.testing.assert_array_equal(atlas.map_of(1), layers[1])


def test_one_layer_is_a_labelled_atlas_with_colours_on_the_right_side(tmp_path):
    labels = np.zeros((4, 4, 4), "u1")
    labels[3], labels[0] = 5, 7
    fields = {
        "Segment0_ID": "s",
        "Segment0_Name": "lesion left",
        "Segment0_LabelValue": "5",
        "Segment0_Color": "1 0.5 0",
    }
    more = {"Segment1_ID": "t", "Segment1_Name": "lesion right", "Segment1_LabelValue": "7", "Segment1_Color": "x"}
    atlas = load_atlas(write_nrrd(tmp_path / "two.seg.nrrd", labels, **FLAT, **fields, **more))
    assert atlas.is_labelled
    assert atlas.name == "two"
    assert atlas.regions["color"].dropna().tolist() == ["#ff8000"]
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"]
    np.testing.assert_allclose(atlas.grid.affine, np.diag([2.0, 2, 2, 1]))
    row = assign(((labels == 5).astype(float), atlas.grid.affine), atlas).assignments.iloc[0]
    assert row["region"] == "lesion left"


def test_a_segmentation_opens_in_the_viewer_with_its_names(tmp_path):
    from napari_atlas_assign.plugin.layers.reader import get_reader

    labels = np.ones((4, 4, 4), "u1")
    path = write_nrrd(tmp_path / "one.seg.nrrd", labels, **FLAT, Segment0_Name="North", Segment0_LabelValue="1")
    read = get_reader(str(path))
    assert read is not None
    _, about, kind = read(str(path))[0]
    assert kind == "labels"
    assert about["features"]["region"].tolist() == [None, "North"]


@pytest.mark.parametrize(
    "field",
    [{"Segment0_LabelValue": "0"}, {"Segment0_LabelValue": "x"}, {"Segment0_Layer": "7"}, {"Segment0_Layer": "-1"}],
)
def test_a_segment_that_cannot_be_is_refused_in_one_sentence(tmp_path, field):
    path = write_nrrd(tmp_path / "bad.seg.nrrd", np.ones((4, 4, 4), "u1"), **FLAT, Segment0_Name="A", **field)
    for read in (load_atlas, lambda file: assign(file, file)):
        with pytest.raises(InputError, match=r"bad\.seg\.nrrd"):
            read(path)
