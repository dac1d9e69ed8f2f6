"""The region of the largest score: what a plain loop finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.assignment.best_region import largest_of_each


@st.composite
def pairs(draw):
    """Pairs of a mode and a region, each once, in any order; few scores, so that many are equal."""
    both = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), unique=True))
    scores = st.sampled_from([np.nan, -np.inf, -1.0, -0.0, 0.0, 0.5, np.inf])
    return both, draw(st.lists(scores, min_size=len(both), max_size=len(both)))


@given(pairs())
def test_it_is_the_first_of_equals_and_none_where_no_score_is_a_number(case):
    both, scores = case
    expected = []
    for mode in range(5):
        known = [(-s, r) for (m, r), s in zip(both, scores, strict=True) if m == mode and not np.isnan(s)]
        expected.append(min(known)[1] if known else -1)
    mode, region = np.array(both, np.int64).reshape(-1, 2).T
    assert largest_of_each(mode, region, np.array(scores), 5).tolist() == expected
