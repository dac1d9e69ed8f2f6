"""What is said of modes that the atlas does not cover."""

import numpy as np
import pytest

from napari_atlas_assign import assign
from napari_atlas_assign.plugin.layers.mode_layers import mode_features
from napari_atlas_assign.report.coverage import coverage, covered_elsewhere, is_covered, not_covered


@pytest.fixture(scope="module")
def result(juelich, zmap_path):
    return assign(zmap_path, juelich, threshold=3)


def test_the_three_parts_of_a_mode_are_told(result):
    words = "81.5 % assigned, 16.9 % left open between regions and none, 1.6 % outside all regions"
    assert coverage(result.modes.iloc[0].to_dict()) == words


def test_modes_outside_the_atlas_are_told_with_what_is_near_and_which_atlas_covers_them(result):
    facts = {mode["input structure"]: mode for mode in result.modes.to_dict("records")}
    assert [number for number, mode in facts.items() if not is_covered(mode)] == [2, 7]
    other = covered_elsewhere(result)[2]
    assert other.startswith("aal has Cerebelum")
    told = not_covered(facts[2], other)
    assert told == f"Not covered by this atlas; nearest: GM_Visual_cortex_V4_L at 10.5 mm; {other} at its peak"


def test_hovering_over_such_a_mode_tells_it(result):
    features = mode_features(result, result.comparisons[0])
    assert features.loc[2, "region"] == "not covered by juelich; nearest: GM_Visual_cortex_V4_L at 10.5 mm"
    assert features.loc[1, "region"] == result.modes["best region by correlation"][0]


def test_atlases_of_unknown_spaces_are_not_compared(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[0, 0, 0] = 1
    assert covered_elsewhere(assign((data, small_atlas.grid.affine), small_atlas.described(space=None))) == {}
