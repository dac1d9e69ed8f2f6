"""How long a new threshold takes in a real napari window: the engine, and engine and layers together.

Run ``python benchmarks/viewer.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1000x24" python
benchmarks/viewer.py`` on a server. Prints medians of the real z map (3 mm) and of the same map at 1 mm, both with
the Juelich atlas, in processor time of the window's thread. Words and tables, which wait for 60 ms, and drawing by
the graphics card come after the layers and are told apart.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import numpy as np
from scipy import ndimage

THRESHOLDS = np.linspace(2.6, 3.4, 41)

Times = dict[str, list[float]]


def main() -> None:
    """Print medians for both maps, then with compiled loops, which the widget asks for where numba is installed."""
    from napari_atlas_assign import loops

    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        for how in ("", ", numba"):
            if how and not loops.prepare():
                continue
            for title, make in (("3 mm", sample), ("1 mm", finer)):
                print(f"{title}{how}: {measured(make())}")


def measured(image: Any) -> str:
    """The medians of a map in words."""
    times, n_modes = measure(image)
    stages = ", ".join(f"{stage} {median(values):.1f}" for stage, values in times.items())
    both = median(a + b + c for a, b, c in zip(times["engine"], times["draw"], times["layers"], strict=True))
    return f"engine and layers {both:.1f} ms (medians in ms: {stages}); {n_modes} modes"


def measure(image: Any) -> tuple[Times, str]:
    """Drag the threshold through `THRESHOLDS`, and take the time of every stage."""
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_atlas_assign import AssignmentWarning, assign, load_atlas
    from napari_atlas_assign.plugin.calm import keep_calm
    from napari_atlas_assign.plugin.layers.convert import image_from_layer, image_to_layer
    from napari_atlas_assign.plugin.show import show_table
    from napari_atlas_assign.plugin.viewer.placing import draw, find_frame, find_layers, put_layers, tell_modes

    warnings.simplefilter("ignore", AssignmentWarning)  # one at every threshold
    viewer = napari.Viewer()
    try:
        data, options, _ = image_to_layer(image)
        source = image_from_layer(viewer.add_image(data, **options))
        atlas = load_atlas("juelich")
        times: Times = {}
        counts = []
        for number, threshold in enumerate(THRESHOLDS):
            if number == 1:  # the first works out the grid and opens the table
                times.clear()
            keep_calm()  # as the widget does
            with timed(times, "engine"):
                result = assign(source, atlas, threshold=float(threshold))
                _ = result.assignments, result.modes
            with timed(times, "draw"):
                frame = find_frame(result, viewer)
                layers = draw(result, frame, find_layers(viewer, "modes", source.name), with_words=False)
            with timed(times, "layers"):
                put_layers(viewer, result, layers, frame)
            with timed(times, "words and table"):
                tell_modes(viewer, result)
                show_table(result, viewer)
            with timed(times, "painting"):
                QApplication.processEvents()
            counts.append(len(result.modes))
        return times, f"{min(counts)} to {max(counts)}"
    finally:
        viewer.close()


@contextmanager
def timed(times: Times, stage: str) -> Iterator[None]:
    """Note how many milliseconds of the window's thread something took."""
    start = thread_time()
    yield
    times.setdefault(stage, []).append(1000 * (thread_time() - start))


def sample() -> Any:
    """The real z map of the samples, 3 mm."""
    from napari_atlas_assign import Image
    from napari_atlas_assign.plugin.layers.samples import z_map_path

    return Image.from_file(z_map_path())


def finer() -> Any:
    """The same map, interpolated on the 1 mm grid of FSL's MNI152."""
    from napari_atlas_assign import Grid, Image

    image = sample()
    affine = np.diag([-1.0, 1, 1, 1])
    affine[:3, 3] = (90, -126, -72)
    grid = Grid((182, 218, 182), affine)
    step = image.grid.inverse @ affine
    data = np.nan_to_num(image.data).astype(np.float32)
    return Image(ndimage.affine_transform(data, step[:3, :3], step[:3, 3], grid.shape, order=1), grid, "z map at 1 mm")


if __name__ == "__main__":
    main()
