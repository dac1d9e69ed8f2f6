"""Figures of a result: three slices through each mode's peak, and all modes in a see-through brain."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..assignment.best_region_labels import PART_OF_MAXIMUM
from ..assignment.result import Result
from ..atomic import scratch_folder, told_if_not_written
from ..errors import InputError, plural
from ..image import Image
from . import canvas
from .canvas import AS_FILE, Style
from .colors import REGION_COLORS, mode_color
from .scene import MAX_MODES, Scene, best_assignments, drawn_runs
from .slices import AXES, ViewBox, drawable, mode_volume, on_plane, sample
from .sweep_figure import draw_sweep
from .wording import coordinate, fixed, percent, place, rounded, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .canvas import Panels

FORMATS = ("png", "svg", "pdf")

DPI = 120


def save_figures(
    result: Result,
    folder: str | os.PathLike[str],
    formats: Sequence[str] = ("png", "svg"),
    *,
    radiological: bool = False,
) -> Path:
    """Write a result's figures as files: ``overview``, and ``mode_01``, ``mode_02`` ... of the 20 largest modes.

    Where a sweep was asked for, also ``sweep``.

    Of a stack or several atlases, the names begin with ``run_01_``, ``run_02_`` ... and the first 10 runs are drawn.

    Parameters
    ----------
    result : Result
        What to draw.
    folder : path
        Made with its parents where it does not exist. An earlier result's figures in it go; other files stay.
    formats : sequence of {"png", "svg", "pdf"}
        File formats; text in SVG stays text.
    radiological : bool
        Draw the left of the brain on the right.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If a format is unknown, matplotlib is not installed, or the folder cannot be written.
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    if unknown := [suffix for suffix in formats if suffix not in FORMATS]:
        raise InputError(f"figures cannot be written as {unknown[0]!r}; give {', '.join(FORMATS)}")
    target = Path(folder)
    with told_if_not_written(folder, "name another folder for the figures"):
        target.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target) as scratch:
            write_figures(result, scratch, formats, radiological=radiological)
            for path in target.iterdir():
                if re.fullmatch(rf"(run_\d{{2,}}_)?(overview|sweep|mode_\d{{2,}})\.({'|'.join(FORMATS)})", path.name):
                    path.unlink()
            for path in sorted(scratch.iterdir()):
                os.replace(path, target / path.name)
    return target


def write_figures(
    result: Result, folder: Path, formats: Sequence[str] = ("png", "svg"), *, radiological: bool = False
) -> None:
    """Write figures as files into a folder that is there; see `save_figures`."""
    runs = drawn_runs(result)
    for number, (run, most) in enumerate(runs, 1):
        for name, figure in draw_figures(run, AS_FILE, radiological=radiological, most=most):
            _write(figure, folder, f"{_prefix(result, number)}{name}", formats)


def write_sweeps(result: Result, folder: Path, formats: Sequence[str] = ("png", "svg")) -> None:
    """Write the figures of a sweep alone as files into a folder that is there."""
    for number, (run, _) in enumerate(drawn_runs(result), 1):
        with canvas.own_settings():
            _write(draw_sweep(run, AS_FILE), folder, f"{_prefix(result, number)}sweep", formats)


def _prefix(result: Result, number: int) -> str:
    return f"run_{number:02d}_" if len(result.comparisons) > 1 else ""


def _write(figure: Figure, folder: Path, name: str, formats: Sequence[str]) -> None:
    for suffix in formats:
        Path(folder, f"{name}.{suffix}").write_bytes(figure_bytes(figure, suffix))


def draw_figures(
    result: Result, style: Style, *, radiological: bool = False, most: int = MAX_MODES
) -> Generator[tuple[str, Figure], None, None]:
    """Draw the figures of one run one after the other, each on the same canvas: use one before taking the next.

    Parameters
    ----------
    result : Result
        Of one image and one atlas.
    style : Style
    radiological : bool
        Draw the left of the brain on the right.
    most : int
        Draw this many modes, the largest.

    Yields
    ------
    name, figure
        ``overview`` first, then ``mode_NN`` by falling volume of the modes, NN being the mode's number; then ``sweep``
        where there is one.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    scene = Scene(result, radiological, most)
    with canvas.own_settings():
        figure = canvas.new_figure()
        _draw_overview(figure, canvas.lay_out(figure, scene, style, slices=False), scene, style)
        yield "overview", figure
        figure.clear()
        # Laying panels out costs more than drawing on them, so that all modes are drawn on the same ones.
        panels = canvas.lay_out(figure, scene, style, slices=True)
        bare = canvas.artists(figure, panels)
        for row in scene.drawn:
            _draw_mode(figure, panels, scene, style, row)
            yield f"mode_{result.mode_voxels.number[row]:02d}", figure
            for artist in canvas.artists(figure, panels) - bare:
                artist.remove()
        if result.sweep is not None:
            yield "sweep", draw_sweep(result, style)


def figure_bytes(figure: Figure, suffix: str = "png") -> bytes:
    """A figure as the content of a file, without a date, so that the same figure gives the same bytes."""
    file = io.BytesIO()
    settings: dict[str, dict[str, Any]] = {
        "png": {"pil_kwargs": {"compress_level": 3}},  # half of the time for a tenth more bytes
        "svg": {"metadata": {"Date": None}},
        "pdf": {"metadata": {"CreationDate": None}},
    }
    with warnings.catch_warnings():
        # Names may hold letters that the font lacks; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format=suffix, dpi=DPI, **settings[suffix])
    return file.getvalue()


def _draw_mode(figure: Figure, panels: Panels, scene: Scene, style: Style, row: int) -> None:
    mode = int(scene.result.mode_voxels.number[row])
    best = best_assignments(scene.result, mode)
    regions = [scene.with_frame(scene.region(region)) for region in best["volume"]]
    volume, part_of_mode = scene.with_frame(mode_volume(scene.result.mode_voxels, row))
    order: Literal[0, 1] = 0 if scene.result.atlas.is_labelled else 1
    for view, axes in panels.items():
        position = float(scene.peaks[row, view.through])
        canvas.draw_background(axes, scene, view, position)
        canvas.draw_image(axes, scene, view, position)
        for (region, part), color in zip(regions, REGION_COLORS, strict=False):
            values = on_plane(region, part, view, position, order)
            canvas.outline(axes, part, view, values, PART_OF_MAXIMUM * float(region.data.max()), color)
        inside = on_plane(volume, part_of_mode, view, position, 0)
        canvas.outline(axes, part_of_mode, view, inside, 0.5, mode_color(mode), case=True)
        canvas.mark(axes, scene.peaks[row, view.across], scene.peaks[row, view.up])
        canvas.write_corner(axes, f"{AXES[view.through]} = {coordinate(position)} mm", style)
    if not style.words:
        return
    facts = scene.result.modes.iloc[row]
    heading = f"Mode {mode} of {shortened(scene.result.image.name, 48)}: {rounded(facts['volume mm3'])} mm³"
    if not scene.is_rois:
        heading += f", peak {rounded(facts['peak value'])} at {place(facts['peak'])} mm"
    what = f"region of interest {mode}" if scene.is_rois else f"mode {mode}, beyond the threshold {scene.threshold:g}"
    entries = [(mode_color(mode), what)]
    for color, (_, pair) in zip(REGION_COLORS, best.iterrows(), strict=False):
        scores = f"r = {fixed(pair['correlation'], 2)}, share {percent(pair['share'])}"
        entries.append((color, f"{shortened(pair['region'])}  ({scores})"))
    canvas.write_title(figure, heading, style)
    canvas.write_legend(figure, entries, style)


def _draw_overview(figure: Figure, panels: Panels, scene: Scene, style: Style) -> None:
    n, coarse = scene.result.mode_voxels.n_modes, scene.frame.coarser(2)
    brain = sample(scene.background, coarse.grid(), 0) > 0.05 * scene.white
    for view, axes in panels.items():
        depth = brain.mean(axis=view.through, dtype=np.float32).T
        shade = np.full((*depth.shape, 4), 0.5)
        shade[..., 3] = 0.3 * np.sqrt(depth / max(float(depth.max()), 1e-6))
        canvas.show(axes, coarse, view, shade)
        canvas.outline(axes, coarse, view, (depth > 0).astype(np.float32), 0.5, "#8a8a8a", 1.0)
        canvas.write_corner(axes, view.name, style)
    if n:
        _draw_projections(panels, scene)
    if style.words:
        canvas.write_title(figure, f"{n} {plural(n, 'mode')} of {shortened(scene.result.image.name)}", style)


def _draw_projections(panels: Panels, scene: Scene) -> None:
    """Every mode in its colour, and the numbers of the largest."""
    from matplotlib.colors import to_rgba

    mode_voxels = scene.result.mode_voxels
    numbers = mode_voxels.number[scene.by_volume]
    # Small modes lie in front of large ones, so that none is hidden.
    rank = np.zeros(numbers.max() + 1, np.int32)
    rank[numbers] = np.arange(1, mode_voxels.n_modes + 1)
    box = ViewBox.around(*scene.mode_box, step=scene.frame.step)
    components = drawable(scene.result.components_of(0))
    modes = sample(Image(rank[components.data], components.grid), box.grid(), 0).astype(np.int32)
    colors = np.array([(0, 0, 0, 0), *(to_rgba(mode_color(number), 0.85) for number in numbers.tolist())])
    centroids = mode_voxels.centroids()
    for view, axes in panels.items():
        canvas.show(axes, box, view, colors[modes.max(axis=view.through).T], "nearest")
        for row in reversed(scene.drawn):
            mode = int(mode_voxels.number[row])
            axes.text(
                centroids[row, view.across], centroids[row, view.up], str(mode),
                size=8, weight="bold", color="white", ha="center", va="center",
                path_effects=canvas.halo(mode_color(mode), 3),
            )  # fmt: skip
