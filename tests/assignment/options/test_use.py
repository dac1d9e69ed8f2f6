"""Every option either changes a table, or is refused where it could not."""

from dataclasses import fields, replace

import numpy as np
import pytest
import scipy

import napari_atlas_assign as naa
from napari_atlas_assign.assignment.assign import assign as assign_images
from napari_atlas_assign.assignment.options.use import Run, check_use
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.assignment.point_result import assign_point_set
from napari_atlas_assign.atlas.maximum_probability import maximum_probability_map
from napari_atlas_assign.errors import InputError
from napari_atlas_assign.image import Image
from napari_atlas_assign.modes.point_set import PointSet

OTHER = {
    "threshold": 0.5,
    "tail": "both",
    "connectivity": 6,
    "min_volume_mm3": 60.0,
    "min_voxels": 6,
    "keep_largest": 1,
    "split_height": 0.2,
    "rois": True,
    "split_rois": True,
    "peaks": 1,
    "peak_distance_mm": 40.0,
    "minimum_probability": 0.6,
    "level": 0,
    "registration_sd_mm": 2.0,
    "placements": 999,
    "surrogates": 99,
    "seed": 7,
    "sweep": (0.5, 1.5),
    "convention": "siibra",
}
"""Of every option, a value other than the default."""

TABLES = ("assignments", "modes", "peaks", "regions", "sweep", "region_test")

MEANINGLESS = {"map": {"rois"}, "labels": {"surrogates"}, "points": set()}
"""Options that would change tables, and turn the one into the other."""

SITUATIONS = {
    "a map": {"threshold": 1.0},
    "a map without modes": {"threshold": None},
    "a map without modes, with a sweep": {"threshold": None, "sweep": (1.0, 1.5)},
    "a map without modes, tested": {"threshold": None, "surrogates": 99},
    "a map with one peak of each mode": {"threshold": 1.0, "peaks": 1},
    "a map under shifts": {"threshold": 1.0, "registration_sd_mm": 2.0},
    "labels": {"rois": True},
    "labels, split": {"rois": True, "split_rois": True},
    "labels under shifts": {"rois": True, "registration_sd_mm": 2.0},
    "exact points": {},
    "blurred points": {},
}


@pytest.fixture(scope="module", params=["probabilities", "labels"])
def atlas(request, small_atlas):
    """With a tree of three regions below one parent."""
    tree = replace(small_atlas, regions=small_atlas.regions.assign(parent="all"))
    return tree if request.param == "probabilities" else maximum_probability_map(tree)


@pytest.fixture(scope="module")
def sources(small_atlas):
    """A smooth random map, labels of several parts each, and points."""
    random = np.random.default_rng(2)
    grid = small_atlas.grid
    values = scipy.ndimage.gaussian_filter(random.normal(size=grid.shape), 0.9)
    image = Image(values / values.std(), grid, "map")
    labels = Image((values > 0.1).astype(np.int16) + (values > 0.25), grid, "labels")
    places = grid.to_world(random.uniform(2, 6, size=(5, 3)))
    points = {sigma: PointSet(places, np.full(5, float(sigma))) for sigma in (0, 3)}
    return {"map": image, "labels": labels, "exact": points[0], "blurred": points[3]}


def _source(sources, situation):
    return next(source for name, source in sources.items() if name in situation)


def _tables(source, atlas, options):
    """All tables as text, worked out without a look at which options count; None where the run is refused."""
    try:
        if isinstance(source, PointSet):
            counted = {
                name: options[name] for name in ("convention", "level", "minimum_probability") if name in options
            }
            result = assign_point_set(source, atlas, **counted)
        else:
            result = assign_images(source, atlas, **options)
        tables = {name: getattr(result, name, None) for name in TABLES}
        return {name: "" if table is None or table.empty else table.to_csv() for name, table in tables.items()}
    except InputError:
        return None


def _is_refused(source, atlas, options):
    try:
        points = source if isinstance(source, PointSet) else None
        check_use(Run(Parameters(**options), points, [atlas]))
    except InputError:
        return True
    return False


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_option_is_refused_just_where_it_changes_no_table(sources, atlas, situation):
    source, usual = _source(sources, situation), SITUATIONS[situation]
    assert not _is_refused(source, atlas, usual)
    before = _tables(source, atlas, usual)
    assert before is not None
    assert set(OTHER) == {field.name for field in fields(Parameters)}
    wrong = {}
    for name in set(OTHER) - set(usual) - MEANINGLESS[source.name]:
        options = usual | {name: OTHER[name]}
        after = _tables(source, atlas, options)
        if after is not None and _is_refused(source, atlas, options) != (after == before):
            wrong[name] = "changes nothing" if after == before else "is refused"
    assert not wrong


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_option_at_its_default_is_never_refused(sources, small_atlas, situation):
    source, usual = _source(sources, situation), SITUATIONS[situation]
    defaults = {field.name: field.default for field in fields(Parameters)} | usual
    assert not _is_refused(source, small_atlas, defaults)


def test_python_refuses_by_the_name_of_the_argument_and_the_command_line_by_that_of_the_flag(
    run, small_atlas, tmp_path, monkeypatch
):
    image = Image(np.ones(small_atlas.grid.shape), small_atlas.grid)
    with pytest.raises(InputError, match=r"^peak_distance_mm: not where one peak of each mode is listed"):
        naa.assign(image, small_atlas, peaks=1, peak_distance_mm=4)
    monkeypatch.chdir(tmp_path)
    command = ("map.nii", "--atlas", "atlas.nii", "--peaks", "1", "--peak-distance", "4", "--output", "out")
    code, _, err = run("assign", *command)
    assert (code, err.count("\n")) == (2, 1)
    assert "error: --peak-distance: not where one peak" in err


@pytest.mark.parametrize("option", [("--peaks", "5"), ("--peak-distance", "4")])
def test_a_batch_which_lists_no_peaks_refuses_what_is_for_them(run, tmp_path, option):
    code, _, err = run("batch", tmp_path, "--atlas", "atlas.nii", *option, "--output", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1)
    assert f"{option[0]}: not for a batch, which lists no peaks; leave it out" in err
