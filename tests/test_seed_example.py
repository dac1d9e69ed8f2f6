"""siibra's own example, on stand-ins for its volumes: by this package, and by siibra."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.siibra_configuration import siibra_library, standin  # noqa: F401

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def example(standin, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    spec = importlib.util.spec_from_file_location("seed_example", DOCS / "examples" / "seed_example.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_siibra(siibra):
    with siibra.QUIET:
        julich = siibra.get_map(parcellation="julich 2.9", space="mni152", maptype="statistical")
        modes = siibra.get_map(parcellation="difumo 64", space="mni152", maptype="statistical")
        volume = siibra.volumes.volume.from_nifti(modes.fetch(region="fusiform posterior"), "mni152", "seed example")
        return julich.assign(volume).query("correlation >= 0.35")


def test_the_example_gives_the_table_that_siibra_itself_computes(example, siibra_library):  # noqa: F811
    ours, theirs = example.assignments(), of_siibra(siibra_library)
    assert ours["region"].tolist() == theirs["region"].tolist() == example.PUBLISHED["region"].tolist()
    assert ours["input structure"].tolist() == theirs["input structure"].tolist() == [1, 2]
    assert ours["volume"].tolist() == theirs["volume"].tolist()
    np.testing.assert_allclose(np.stack(ours["centroid"]), np.array([tuple(c) for c in theirs["centroid"]]), atol=1e-6)
    for column in example.PUBLISHED.columns[3:]:
        np.testing.assert_allclose(ours[column].astype(float), theirs[column].astype(float), atol=1e-6)


def test_the_command_prints_the_table_and_checks_it_against_the_published_one(example, capsys):
    assert example.main([]) == 0
    printed = capsys.readouterr().out
    assert "Area FG2 (FusG) left" in printed
    assert example.main(["--check"]) == 1  # stand-ins have other scores
    assert "correlation: 0.9" in capsys.readouterr().out
    assert example.differences(example.PUBLISHED) == []


def test_without_a_network_the_command_says_so_in_one_line(example, capsys, monkeypatch):
    import napari_atlas_assign as naa

    def unreachable():
        raise naa.AtlasError("api.github.com cannot be reached; connect to the network")

    monkeypatch.setattr(example, "assignments", unreachable)
    assert example.main(["--check"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_the_docs_quote_the_published_table_and_the_code_that_runs(example):
    text = (DOCS / "seed-example.md").read_text()
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \| (.+) \|$", text, re.MULTILINE)[1:]
    quoted = pd.DataFrame({name: [left, right] for name, left, right in rows})
    assert [column for column in quoted] == [*example.PUBLISHED.columns]
    for column in quoted:
        assert quoted[column].tolist() == [str(value) for value in example.PUBLISHED[column]]
    code = re.search(r"```python\n(.+?)```", text, re.DOTALL)[1]
    names = {}
    exec(code, names)
    assert len(names["result"].assignments.query("correlation >= 0.35")) == 2
    assert "python docs/examples/seed_example.py --check" in text


def test_the_sample_is_the_same_image_and_atlas(example):
    from napari_atlas_assign import assign
    from napari_atlas_assign.atlas.sources.siibra import seed_example

    heard = []
    image, atlas = seed_example(lambda *state: heard.append(state))
    table = assign(image, atlas, convention="siibra").assignments.query("correlation >= 0.35")
    pd.testing.assert_frame_equal(table, example.assignments())
    assert (image.space, atlas.space) == ("MNI152NLin2009cAsym",) * 2
    assert heard[-1][:2] == (4, 4)
