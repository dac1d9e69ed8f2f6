"""The engine equals the dense implementation of the definitions in tests/naive.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.assignment.columns import SCORES
from tests.cases import RELATIONS, Case, cases, quiet_assign
from tests.naive import naive_assign

PARALLEL = tuple(relation for relation in RELATIONS if relation not in ("oblique", "outside"))


BEST = {"best region by correlation": ("correlation", 0), "best region by share": ("share", 0.01)}


def assert_best(name: object, scores: dict[int, float], least: float) -> None:
    """The name is that of the largest score of at least so much, or missing where none is so large."""
    largest = max((score for score in scores.values() if not np.isnan(score)), default=-np.inf)
    if abs(largest - least) > 1e-9:  # else rounding decides
        assert isinstance(name, str) == (largest > least)
    if isinstance(name, str):
        assert scores[int(name.removeprefix("region "))] == pytest.approx(largest, abs=1e-9)


def assert_equal_to_naive(case: Case) -> int:
    """Hold both tables and the components to the definitions; returns how many rows were compared."""
    result = quiet_assign(case)
    expected = naive_assign(case.image, case.image_affine, case.maps, case.atlas_affine, **case.arguments)
    modes, rows = result.modes, result.assignments

    assert modes["input structure"].tolist() == list(range(1, len(expected) + 1))
    components = np.zeros(case.image.shape, int)
    for number, mode in enumerate(expected, start=1):
        components[tuple(np.transpose(mode.voxels))] = number
    np.testing.assert_array_equal(result.components.data, components)

    for (_, row), mode in zip(modes.iterrows(), expected, strict=True):
        assert row["sign"] == mode.sign
        assert row["voxels"] == len(mode.voxels)
        assert row["volume mm3"] == pytest.approx(mode.volume)
        assert row["centroid"] == pytest.approx(mode.centroid, abs=0.00501)
        assert row["peak value"] == pytest.approx(mode.peak_value)
        assert row["mean value"] == pytest.approx(mode.mean_value)
        assert row["peak voxels"] == mode.peak_voxels
        assert row["unassigned share"] == pytest.approx(mode.unassigned, abs=1e-9)
        assert row["outside share"] == pytest.approx(mode.outside, abs=1e-9)
        assert row["outside share"] + row["undecided share"] == pytest.approx(row["unassigned share"], abs=1e-12)
        for name, (score, least) in BEST.items():
            assert_best(row[name], {region: scores[score] for region, scores in mode.scores.items()}, least)
        assert np.isnan(row["distance mm"]) == (row["outside share"] <= 0.5)
        assert isinstance(row["nearest region"], str) == (row["outside share"] > 0.5 and bool(case.maps.any()))

    pairs = list(zip(rows["input structure"], rows["volume"], strict=True))
    assert sorted(pairs) == [
        (number, region) for number, mode in enumerate(expected, 1) for region in sorted(mode.scores)
    ]
    for _, row in rows.iterrows():
        scores = expected[row["input structure"] - 1].scores[row["volume"]]
        assert row["region"] == f"region {row['volume']}"
        found = [row[name] for name in SCORES]
        np.testing.assert_allclose(found, [scores[name] for name in SCORES], rtol=1e-6, atol=1e-7, err_msg=str(SCORES))
    return len(rows)


@pytest.mark.parametrize("relation", RELATIONS)
def test_engine_equals_the_definitions(relation):
    compared = []

    @settings(max_examples=40)
    @given(cases((relation,)))
    def holds(case):
        compared.append(assert_equal_to_naive(case))

    holds()
    assert (sum(compared) > 0) == (relation != "outside")


@settings(max_examples=40)
@given(cases())
def test_rows_come_by_mode_then_by_falling_correlation(case):
    rows = quiet_assign(case).assignments
    for _, of_mode in rows.groupby("input structure"):
        correlation = of_mode["correlation"].to_numpy()
        defined = ~np.isnan(correlation)
        assert not defined[int(defined.sum()) :].any()  # undefined ones last
        assert (np.diff(correlation[defined]) <= 0).all()
    assert rows["input structure"].is_monotonic_increasing


@settings(max_examples=40)
@given(cases())
def test_shares_and_the_unassigned_share_add_up_to_one(case):
    result = quiet_assign(case)
    shares = result.assignments.groupby("input structure")["share"].sum()
    total = result.modes.set_index("input structure")["unassigned share"].add(shares, fill_value=0)
    np.testing.assert_allclose(total, 1, atol=1e-9)


@settings(max_examples=40)
@given(cases())
def test_every_place_with_a_region_is_in_the_maximum_probability_map_of_one(case):
    result = quiet_assign(case.changed(minimum_probability=0.0))
    largest = result.assignments.groupby("input structure")["mpm share"].sum()
    total = result.modes.set_index("input structure")["outside share"].add(largest, fill_value=0)
    np.testing.assert_allclose(total, 1, atol=1e-9)


@settings(max_examples=20)
@given(cases(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_minimum_leaves_no_region_more_and_no_other_column_changed(case, one, other):
    low, high = (quiet_assign(case, minimum_probability=m) for m in sorted((one, other)))
    assert (high.assignments.pop("mpm share") <= low.assignments.pop("mpm share") + 1e-12).all()
    pd.testing.assert_frame_equal(high.assignments, low.assignments)
    pd.testing.assert_frame_equal(high.modes, low.modes)


@settings(max_examples=40)
@given(cases(PARALLEL))
def test_scores_lie_in_their_ranges(case):
    result = quiet_assign(case)
    rows = result.assignments
    parts = ["unassigned share", "outside share", "undecided share"]
    assert ((result.modes[parts] > -1e-9) & (result.modes[parts] <= 1)).all(axis=None)
    assert (rows["mpm share"] <= rows["input containedness"] + 1e-9).all()
    parts = [
        "intersection over union",
        "map containedness",
        "input containedness",
        "map weighted mean",
        "map mean",
        "share",
    ]
    assert ((rows[parts] > 0) & (rows[parts] <= 1 + 1e-9)).all(axis=None)
    assert (rows["correlation"].dropna().abs() <= 1 + 1e-6).all()
    assert (rows["map value"] <= rows["map maximum"]).all()
    assert (rows["map mean"] <= rows["map value"] + 1e-9).all()
    assert (rows["share"] <= rows["map mean"] + 1e-9).all()


@pytest.mark.parametrize("gap", [-5e-5, -1e-6, 1e-6, 5e-5])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_edges_taken_as_the_same_count_in_every_sum(gap, axis):
    """A mode that all but fills the box around two regions, and ends a little inside or outside it."""
    rng = np.random.default_rng(axis)
    affine = np.eye(4)
    affine[axis, axis] = 1 + gap / 2
    maps = np.zeros((2, 4, 4, 4), np.float32)
    maps[0, :2], maps[1, 2:] = 1, 0.5
    image = 2 + 0.01 * rng.random((4, 4, 4))
    case = Case(image, affine, maps, np.eye(4))
    assert assert_equal_to_naive(case) == 2
    result = quiet_assign(case)
    assert result.assignments["correlation"].notna().all()
    assert result.modes["outside share"].tolist() == [0]
