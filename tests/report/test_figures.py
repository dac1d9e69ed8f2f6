"""Figures: what is drawn where, whatever the files look like and however many modes there are."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Atlas, Grid, Image, InputError, assign
from napari_atlas_assign.atlas import templates
from napari_atlas_assign.atlas.templates import template_for
from napari_atlas_assign.report import figures
from napari_atlas_assign.report.canvas import AS_FILE, ON_PAGE
from napari_atlas_assign.report.figures import draw_figures, figure_bytes, save_figures
from napari_atlas_assign.report.scene import MAX_MODES, Scene, best_assignments
from napari_atlas_assign.report.slices import (
    VIEWS,
    ViewBox,
    box_of,
    corners_of,
    nice_step,
    on_plane,
    sample,
    volume_of,
)

AXIAL, CORONAL, SAGITTAL = VIEWS


def right_blob(atlas: Atlas) -> Image:
    """A blob about (5, 0, 0), in the right half, with its peak at (5, 0, 0)."""
    xyz = atlas.grid.to_world(np.moveaxis(np.indices(atlas.grid.shape), 0, -1))
    return Image(np.exp(-(((xyz - (5, 0, 0)) ** 2).sum(axis=-1)) / 20).astype(np.float32), atlas.grid, "blob")


def stored_otherwise(image: Image, order: tuple[int, ...], flips: tuple[int, ...]) -> Image:
    """The same image with its array axes permuted and flipped, and the affine to match."""
    data, affine = image.data.transpose(order), image.grid.affine[:, [*order, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip:
            data = np.flip(data, axis)
            affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Image(data, Grid(data.shape, affine), image.name)


@pytest.fixture
def result(small_atlas):
    return assign(right_blob(small_atlas), small_atlas, threshold=0.5)


def texts(figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pixels(figure) -> np.ndarray:
    """(height, width, 3) float 0..1, the first row at the top."""
    figure.set_dpi(60)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((0, 1), repeat=3)))
def test_a_slice_does_not_depend_on_how_the_file_is_stored(small_atlas, order, flips):
    image = right_blob(small_atlas)
    frame = ViewBox.around(*box_of(image))
    for view, position in zip(VIEWS, (0.0, 1.0, 5.0), strict=True):
        expected = on_plane(image, frame, view, position, 1)
        found = on_plane(stored_otherwise(image, order, flips), frame, view, position, 1)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_rows_of_a_slice_rise_and_columns_run_to_the_right(small_atlas):
    image = right_blob(small_atlas)
    frame = ViewBox.around(*box_of(image))
    row, column = np.unravel_index(on_plane(image, frame, AXIAL, 0.0, 1).argmax(), (frame.shape[1], frame.shape[0]))
    assert frame.low[0] + frame.step * (column + 0.5) == pytest.approx(5, abs=1)
    assert frame.low[1] + frame.step * (row + 0.5) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("flips", [(0, 0, 0), (1, 0, 0), (1, 1, 1)])
@pytest.mark.parametrize("radiological", [False, True])
def test_the_right_of_the_brain_is_drawn_where_the_figure_says(small_atlas, flips, radiological):
    image = stored_otherwise(right_blob(small_atlas), (1, 2, 0), flips)
    result = assign(image, small_atlas, threshold=0.5)
    drawn = draw_figures(result, AS_FILE, radiological=radiological)
    next(drawn)
    _, figure = next(drawn)
    side = "right on the left (radiological)" if radiological else "left on the left (neurological)"
    assert any(side in text for text in texts(figure))
    picture = pixels(figure)
    axes = figure.axes[0].get_window_extent()
    panel = picture[:, int(axes.x0) : int(axes.x1)]
    hot = np.argwhere((panel[..., 0] > 0.9) & (panel[..., 1] > 0.6) & (panel[..., 2] < 0.7))  # orange and yellow
    assert len(hot) > 20
    middle = hot[:, 1].mean() / panel.shape[1]
    assert (middle < 0.45) if radiological else (middle > 0.55)
    left, right = ("R", "L") if radiological else ("L", "R")
    letters = {t.get_text(): t.get_position()[0] for t in figure.axes[0].texts}
    assert letters[left] < 0
    assert letters[right] > 1


def test_every_panel_names_its_directions_and_place(result):
    drawn = draw_figures(result, ON_PAGE)
    next(drawn)
    name, figure = next(drawn)
    assert name == "mode_01"
    panels = [{t.get_text() for t in axes.texts} for axes in figure.axes[:3]]
    assert panels == [
        {"L", "R", "P", "A", "z = 0 mm"},
        {"L", "R", "I", "S", "y = 0 mm"},
        {"P", "A", "I", "S", "x = 5 mm"},
    ]


def test_a_file_has_title_and_legend_and_a_page_its_own(result):
    def words(style):
        drawn = draw_figures(result, style)
        next(drawn)
        return "\n".join(texts(next(drawn)[1]))

    assert "peak 1 at (5, 0, 0) mm" in words(AS_FILE)
    assert "Area A right  (r = " in words(AS_FILE)
    assert "Area" not in words(ON_PAGE)


def test_best_regions_come_by_correlation_the_undefined_last(result):
    table = pd.concat([result.assignments] * 3, ignore_index=True)
    table["correlation"] = np.where(np.arange(len(table)) == 0, np.nan, np.arange(len(table)) / 100)
    result.__dict__["assignments"] = table
    best = best_assignments(result, 1)
    assert best["correlation"].tolist() == sorted(table["correlation"].dropna(), reverse=True)[:4]


def test_an_artist_of_one_mode_is_not_left_for_the_next(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:3, 2:4, 2:4] = 3
    data[7:9, 8:10, 5:7] = 4
    counts = [
        len(figure.findobj())
        for name, figure in draw_figures(assign(Image(data, small_atlas.grid), small_atlas, threshold=1), ON_PAGE)
        if name != "overview"
    ]
    assert len(counts) == 2
    assert abs(counts[0] - counts[1]) < 30


def test_figures_are_files_of_every_format_and_the_same_again(result, tmp_path):
    folder = save_figures(result, tmp_path / "new" / "figures", ("png", "svg", "pdf"))
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{name}.{suffix}" for name in ("mode_01", "overview") for suffix in ("pdf", "png", "svg")]
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    save_figures(result, folder, ("png", "svg", "pdf"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert first["mode_01.png"].startswith(b"\x89PNG")
    assert first["mode_01.pdf"].startswith(b"%PDF")


def test_figures_of_an_earlier_result_go_and_other_files_stay(result, tmp_path):
    for name in ("mode_07.png", "overview.svg", "mode_x.png", "notes.txt"):
        (tmp_path / name).write_text("earlier")
    save_figures(result, tmp_path, "png")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mode_01.png",
        "mode_x.png",
        "notes.txt",
        "overview.png",
    ]


def test_a_failure_leaves_the_earlier_figures(result, tmp_path, monkeypatch):
    (tmp_path / "mode_01.png").write_text("earlier")

    def fail(figure, suffix):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figures, "figure_bytes", fail)
    with pytest.raises(InputError, match="No space left on device"):
        save_figures(result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mode_01.png"]
    assert (tmp_path / "mode_01.png").read_text() == "earlier"


@pytest.mark.parametrize("formats", ["jpg", ("png", "exe"), ["../png"]])
def test_an_unknown_format_is_refused_before_anything_is_made(result, tmp_path, formats):
    with pytest.raises(InputError, match="give png, svg, pdf"):
        save_figures(result, tmp_path / "figures", formats)
    assert not (tmp_path / "figures").exists()


def test_a_folder_that_is_a_file_is_refused(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_figures(result, tmp_path / "file")


def test_without_matplotlib_the_extra_is_named(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r'figures need matplotlib: pip install "napari-atlas-assign\[report\]"'):
        save_figures(result, tmp_path)


@pytest.mark.filterwarnings("error")
def test_names_are_drawn_as_they_are(small_atlas, tmp_path):
    names = [r"$\frac{1}{0}$ cost: $5", "<script>alert('&\"')</script>", "_視覚\n野\x00" + 200 * "x"]
    atlas = replace(small_atlas, regions=small_atlas.regions.assign(name=names), name="$\\")
    image = replace(right_blob(small_atlas), name="$^$ <b>&\udcff.nii")
    result = assign(image, atlas, threshold=0.05)
    folder = save_figures(result, tmp_path)
    drawn = "".join(ET.parse(folder / "mode_01.svg").getroot().itertext())
    assert names[0] in drawn
    assert names[1] in drawn
    assert "_視覚 野xxx" in drawn
    assert "$^$ <b>& .nii" in drawn  # half a character is no text


def test_of_many_modes_the_largest_are_drawn(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[::2, ::2, ::2] = 1  # 120 modes of one voxel
    result = assign(Image(data, small_atlas.grid), small_atlas)
    assert result.mode_voxels.n_modes == 120
    names = [name for name, _ in draw_figures(result, ON_PAGE)]
    assert names == ["overview", *(f"mode_{n:02d}" for n in range(1, MAX_MODES + 1))]


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
def test_without_modes_there_is_an_overview(small_atlas, tmp_path):
    result = assign(Image(np.zeros((3, 3, 3)), Grid((3, 3, 3), np.eye(4)), "empty"), small_atlas)
    folder = save_figures(result, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["overview.png", "overview.svg"]


@pytest.mark.filterwarnings("error", "ignore::napari_atlas_assign.AssignmentWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.uint8, np.int64])
def test_images_of_any_type_far_away_with_gaps_are_drawn(small_atlas, dtype):
    data = np.zeros((4, 5, 6), dtype)
    data[1:3, 1:3, 1:3] = 100
    if data.dtype.kind == "f":
        data[0, 0, 0], data[3, 4, 5] = np.nan, -np.inf
    affine = np.diag([1e3, 2e3, 1e3, 1])
    result = assign(Image(data, Grid(data.shape, affine)), small_atlas, threshold=1)
    assert [name for name, figure in draw_figures(result, AS_FILE) if figure_bytes(figure)] == ["overview", "mode_01"]


def test_negative_modes_are_cold_and_positive_ones_hot(small_atlas):
    image = right_blob(small_atlas)
    for sign, tail, hot in ((1, "positive", True), (-1, "negative", False)):
        result = assign(replace(image, data=sign * image.data), small_atlas, threshold=0.5, tail=tail)
        assert Scene(result).values == ((0, 1) if hot else (-1, 0))
        drawn = draw_figures(result, AS_FILE)
        next(drawn)
        bar = pixels(next(drawn)[1])[:, -60:].reshape(-1, 3)
        assert bool((bar[:, 0] > bar[:, 2] + 0.3).any()) is hot
        assert bool((bar[:, 2] > bar[:, 0] + 0.3).any()) is not hot


def test_pyplot_and_global_settings_are_left_alone(tmp_path):
    code = """
import sys
import matplotlib
matplotlib.rcParams.update({"backend": "agg", "text.usetex": True, "figure.facecolor": "red", "savefig.bbox": "tight"})
before = dict(matplotlib.rcParams)
import numpy as np, pandas as pd
from napari_atlas_assign import Atlas, Grid, Image, assign
from napari_atlas_assign.report.figures import save_figures
grid = Grid((4, 4, 4), np.eye(4))
atlas = Atlas.from_labels(np.ones((4, 4, 4), int), grid, pd.DataFrame({"id": [1], "name": ["all"]}))
data = np.zeros((4, 4, 4)); data[1:3, 1:3, 1:3] = 1
save_figures(assign(Image(data, grid), atlas), sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
assert dict(matplotlib.rcParams) == before
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mode_01.svg").stat().st_size > 1000


def test_voxels_are_boxes_to_the_edge_of_the_image():
    image = Image(np.ones((2, 2, 2)), Grid((2, 2, 2), np.diag([10.0, 10, 10, 1])))
    frame = ViewBox(np.array([-10.0, -10, -10]), (30, 30, 30), 1.0)
    assert sample(image, frame.grid(), 0).sum() == 20**3


def test_voxels_lie_in_the_smallest_volume_at_their_place(small_atlas):
    voxel, value = small_atlas.entries_of(1)
    small = volume_of(small_atlas.grid, voxel, value)
    whole = Image(small_atlas.map_of(1), small_atlas.grid)
    assert small.data.size < whole.data.size
    assert small.data.min(axis=(1, 2)).shape == (small.grid.shape[0],)
    frame = ViewBox.around(*box_of(whole))
    np.testing.assert_allclose(sample(small, frame.grid(), 0), sample(whole, frame.grid(), 0), atol=1e-7)


@pytest.mark.parametrize("view", VIEWS)
def test_a_part_of_the_frame_has_the_same_cubes(small_atlas, view):
    region = volume_of(small_atlas.grid, *small_atlas.entries_of(1))
    low, high = corners_of(small_atlas.grid)
    frame = ViewBox.around(low - 3, high + 3, 0.5)
    part = frame.part_around(region.grid)
    shift = (part.low - frame.low) / 0.5
    np.testing.assert_allclose(shift, shift.round(), atol=1e-9)
    whole, small = (on_plane(region, f, view, 0.7, 1) for f in (frame, part))
    rows, columns = (20 + int(shift[axis].round()) for axis in (view.up, view.across))
    padded = np.pad(whole, 20)[rows : rows + small.shape[0], columns : columns + small.shape[1]]
    np.testing.assert_allclose(padded, small, atol=1e-6)


@pytest.mark.parametrize(("length", "step"), [(1.33, 1), (1, 1), (0.087, 0.05), (13.3, 10), (0.2, 0.2), (4.99, 2)])
def test_steps_are_round_numbers(length, step):
    assert nice_step(length) == pytest.approx(step)


def test_the_template_follows_the_space():
    assert template_for("MNI152NLin6Asym").space == "MNI152NLin6Asym"
    assert template_for("MNIColin27").space == "MNI152NLin6Asym"
    assert template_for("MNI152NLin2009cAsym").space == "MNI152NLin2009cAsym"
    assert template_for(None) is None
    assert template_for("allen_mouse") is None


def test_without_a_template_the_atlas_is_the_background(small_atlas, result, monkeypatch):
    background = Scene(result).background
    assert background.name == "extent of small atlas"
    assert int(background.data.sum()) == len(np.unique(small_atlas.voxel))

    def absent(*parts):
        raise InputError("not installed")

    monkeypatch.setattr(templates, "wheel_file", absent)
    templates.read_template.cache_clear()
    assert template_for("MNI152NLin6Asym") is None


def test_regions_of_interest_are_cut_through_their_middle(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.int16)
    data[1:4, 5:8, 3:6], data[7, 3, 2] = 7, 9
    scene = Scene(assign(Image(data, small_atlas.grid), small_atlas, rois=True))
    np.testing.assert_allclose(scene.peaks, small_atlas.grid.to_world([[2, 6, 4], [7, 3, 2]]))
