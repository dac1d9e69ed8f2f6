"""The table that papers print."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, PointSet, assign, label_table
from napari_atlas_assign.assignment.columns import CLUSTERS, LISTED_POINTS, POINTS
from tests.cases import Case, cases, quiet_assign


def value_here(case: Case, xyz) -> tuple[int, float] | None:
    """The region with the largest value at a place, of dense maps; None where there is none."""
    ijk = case.as_atlas().grid.containing(xyz)
    if (ijk < 0).any() or (ijk >= case.maps.shape[1:]).any():
        return None
    values = case.maps[(slice(None), *ijk)]
    return (int(values.argmax()), float(values.max())) if values.max() > 0 else None


@settings(max_examples=40)
@given(cases())
def test_the_summary_is_the_table_of_modes_with_what_lies_at_each_peak(case):
    result = quiet_assign(case)
    summary, modes = result.summary(), result.modes
    assert list(summary) == list(CLUSTERS)
    for name, other in (("cluster", "input structure"), ("volume mm3", "volume mm3"), ("voxels", "voxels")):
        assert summary[name].tolist() == modes[other].tolist()
    assert list(zip(summary["x"], summary["y"], summary["z"], strict=True)) == modes["peak"].tolist()
    np.testing.assert_array_equal(summary["outside share"], modes["outside share"])
    modes = result.mode_voxels
    peaks = modes.grid.to_world(modes.grid.unravel(modes.peaks()[0]))  # not rounded
    for row, xyz in zip(summary.to_dict("records"), peaks, strict=True):
        here = value_here(case, xyz)
        if here is None:
            assert pd.isna(row["region"])
            assert np.isnan(row["probability"])
        else:
            assert row["region"] == f"region {here[0]}"
            assert row["probability"] == pytest.approx(here[1])


@settings(max_examples=20)
@given(cases(), st.sampled_from(["default", "siibra"]))
def test_two_atlases_say_what_each_says_alone(case, convention):
    image, atlas = case.as_image(), case.as_atlas()
    other = replace(case.changed(maps=case.maps[::-1].copy()).as_atlas(), name="other")
    atlas = replace(atlas, name="one")
    options = {"threshold": case.threshold, "convention": convention}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        both = assign(image, [atlas, other], **options).summary()
        alone = {a.name: assign(image, a, **options).summary() for a in (atlas, other)}
    for name, one in alone.items():
        if convention == "siibra":
            part = both[both["atlas"] == name].drop(columns="atlas")
            assert part.to_dict("list").keys() == one.to_dict("list").keys()
            assert part["region"].fillna("").tolist() == one["region"].fillna("").tolist()
        else:
            for column in ("region", "best region"):
                assert both[f"{column}: {name}"].fillna("").tolist() == one[column].fillna("").tolist()


def test_points_have_the_probability_beside_the_region_and_stand_once_for_two_atlases(small_atlas):
    points = PointSet.from_array([[-5.0, 0, 0], [0.0, 6, 2], [500.0, 0, 0]], [0.0, 2.0, 0.0])
    other = replace(small_atlas, name="other")
    result = assign(points, [small_atlas, other])
    summary = result.summary()
    assert list(assign(points, small_atlas).summary()) == list(LISTED_POINTS)
    assert len(summary) == 3
    for name in ("small atlas", "other"):
        rows = result.assignments[result.assignments["atlas"] == name]
        value = rows["map weighted mean"].fillna(rows["map value"])
        largest = value.groupby(rows["input structure"]).max()
        np.testing.assert_array_equal(summary[f"probability: {name}"], largest)
    assert summary["region: other"].fillna("").tolist() == ["Area A left", "Area B", ""]


@given(st.lists(st.booleans(), max_size=8), st.integers(1, 2))
def test_every_point_keeps_its_row_whether_its_place_is_known_or_not(small_atlas, known, n_atlases):
    names = [f"contact {n}" for n in range(len(known))]
    located = [n for n, is_known in enumerate(known) if is_known]
    points = PointSet(
        np.array([[n, 0.0, 0.0] for n in located]).reshape(-1, 3),
        np.zeros(len(located)),
        tuple(names[n] for n in located),
        unlocated={n: names[n] for n, is_known in enumerate(known) if not is_known},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        result = assign(points, [replace(small_atlas, name=f"atlas {n}") for n in range(n_atlases)])
    assert [*result.listed][: len(POINTS)] == [*POINTS]
    assert result.listed["name"].tolist() == names * n_atlases
    assert result.summary()["name"].tolist() == names
    rows = result.listed.dropna(subset="input structure").reset_index(drop=True)
    assert rows["position"].tolist() == result.modes["position"].tolist()
    assert rows["input structure"].tolist() == result.modes["input structure"].tolist()
    assert result.listed["position"].isna().tolist() == [not k for k in known] * n_atlases


def test_points_without_rows_say_so(small_atlas):
    with pytest.warns(AssignmentWarning, match="holes has no points: all tables are empty"):
        result = assign(PointSet.from_array(np.zeros((0, 3)), name="holes"), small_atlas)
    assert not len(result.listed)
    assert not len(result.summary())


def test_an_uncertain_point_is_named_by_the_mean_over_its_blob_as_label_table_names_it(small_atlas, rng):
    places = rng.uniform(-8, 8, size=(12, 3))
    result = assign(PointSet.from_array(places, 3.0), small_atlas)
    labelled = label_table(pd.DataFrame(places, columns=["x", "y", "z"]), small_atlas, sigma=3)
    summary, rows = result.summary(), result.assignments
    assert summary["region"].tolist() == labelled["small atlas region"].tolist()
    np.testing.assert_array_equal(summary["probability"], labelled["small atlas probability"])
    largest = rows.groupby("input structure")["map weighted mean"].max()
    np.testing.assert_array_equal(summary["probability"], largest)
    assert (summary["probability"] < rows.groupby("input structure")["map value"].max().to_numpy()).any()
