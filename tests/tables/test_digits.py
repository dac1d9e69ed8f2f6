from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from napari_atlas_assign.tables import digits as module
from napari_atlas_assign.tables.digits import prepare, rows_of_digits


@pytest.fixture(scope="module", autouse=True, params=[False, True])
def is_prepared(request):
    """Before and after; what other tests prepared is put back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_to_json", None)
        prepare.cache_clear()
        if request.param:
            prepare()
        yield
    prepare.cache_clear()


def text_of(numbers):
    return ["n/a" if np.isnan(number) else repr(number) for number in numbers]


@given(st.lists(st.floats() | st.floats(-1, 1) | st.floats(-1e4, 1e4, width=32)))
@example([0.0, -0.0, 1e16, 1e-4, 9007199254740993.0, 123456789012345680.0, np.nan, np.inf, -np.inf, 5e-324])
def test_numbers_have_the_digits_that_python_writes(numbers):
    assert rows_of_digits([np.array(numbers, float)], "n/a") == text_of(numbers)


def test_powers_of_two_and_their_neighbours_have_the_same_digits():
    power = 2.0 ** np.arange(-60, 60)
    numbers = np.concatenate([power, np.nextafter(power, 0), np.nextafter(power, np.inf), -power])
    assert rows_of_digits([numbers], "n/a") == text_of(numbers.tolist())


@given(st.lists(st.tuples(*[st.floats() | st.just(np.nan) | st.floats(-1e-3, 1e-3)] * 3)))
def test_columns_stand_side_by_side(rows):
    columns = np.array(rows, float).reshape(-1, 3).T
    assert rows_of_digits(list(columns), "n/a") == ["\t".join(text_of(row)) for row in rows]
