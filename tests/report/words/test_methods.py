"""The paragraph for a paper, and the works that it cites."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from napari_atlas_assign import AssignmentWarning, Image, PointSet, Threshold, assign
from napari_atlas_assign.header import Stated, Statistic
from napari_atlas_assign.report.provenance import record_of, to_json
from napari_atlas_assign.report.words.choices import choices
from napari_atlas_assign.report.words.methods import bibtex, methods_paragraph


@pytest.fixture
def image(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 5:8, 3:6], data[7, 3, 2] = 5, -4.5
    return Image(data, small_atlas.grid, "blob.nii.gz", stated=Stated(Statistic("t", (19.0,))))


@pytest.fixture
def cited(small_atlas):
    works = "Joliot et al. 2015, J Neurosci Methods 254:46; Rolls 2020, NeuroImage 206:116189"
    return replace(small_atlas, name="cited", source={"citation": works})


def record(source, atlases, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        return json.loads(to_json(record_of(assign(source, atlases, **options))))


def test_the_paragraph_says_what_was_chosen_in_words(image, cited):
    options = {"threshold": Threshold("p", 0.001), "tail": "both", "connectivity": 26, "min_voxels": 1}
    text = methods_paragraph(record(image, cited, **options, min_volume_mm3=8))
    assert "above 3.579 or below −3.579 (uncorrected p < 0.001, t(19))" in text
    assert "share a face, an edge or a corner (connectivity 26)" in text
    assert "Modes smaller than 8 mm³ were dropped." in text
    assert "the 3 regions of the atlas cited [@joliot2015j; @rolls2020neuroimage]" in text
    assert not re.search(r"None|False|\\{|kind", text)


def test_of_every_kind_of_source_and_choice_there_is_a_paragraph_without_names_of_parameters(image, cited):
    labels = Image((image.data > 0).astype(np.int16), image.grid, "labels.nii.gz")
    points = PointSet.from_array([[-5.0, 0, 0]])
    other = replace(cited, name="other", source={})
    for one in (
        record([image, image], [cited, other], threshold=Threshold("percentile", 50)),
        record(image, cited, threshold=1, convention="siibra", split_height=0.5, keep_largest=1),
        record(image, cited, threshold=1, registration_sd_mm=2, minimum_probability=0.2),
        record(labels, cited, rois=True),
        record(labels, cited, rois=True, split_rois=True, connectivity=6),
        record(points, [cited, other]),
    ):
        shown = f"{methods_paragraph(one)} {choices(one)}"
        assert not re.search(r"None|False|True|\bkind\b|[a-z]_[a-z]", shown), shown
        keys = set(re.findall(r"@([\w-]+)", methods_paragraph(one)))
        assert keys == set(re.findall(r"^@\w+\{([\w-]+),$", bibtex(one), re.MULTILINE))


def test_a_map_that_asks_to_be_cited_is(image, cited):
    dadi = "Dadi et al. 2020, NeuroImage 221:117126"
    mode = replace(image, name="fusiform posterior", source={"citation": dadi, "licence": "free"})
    written = record(mode, cited, threshold=3)
    assert "fusiform posterior [@dadi2020neuroimage] was split" in methods_paragraph(written)
    assert "@article{dadi2020neuroimage" in bibtex(written)
    stack = record([mode, replace(mode, name="other")], cited, threshold=3)
    assert methods_paragraph(stack).count("[@dadi2020neuroimage]") == 1


def test_an_atlas_without_a_citation_is_named(image, small_atlas):
    assert "% small atlas: how to cite it is not known here" in bibtex(record(image, small_atlas))


def test_the_paper_of_siibra_is_cited_as_in_the_citation_file(image, small_atlas):
    (paper,) = yaml.safe_load((Path(__file__).parents[3] / "CITATION.cff").read_text("utf-8"))["references"]
    entry = bibtex(record(image, small_atlas))
    authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    for words in (paper["title"], authors, paper["doi"], str(paper["year"]), paper["journal"]):
        assert words in entry


def test_what_comes_from_outside_cannot_end_an_entry(image, small_atlas):
    hostile = replace(small_atlas, name="a}\n@x{", source={"citation": "Evil} @misc{x, 2020, J 1:2}\\\\input{y}"})
    text = bibtex(record(image, hostile))
    assert text.count("@") == len(re.findall(r"^@", text, re.MULTILINE)) + text.count(" @misc")
    assert text.count("{") == text.count("}")


def test_a_result_gives_the_paragraph_with_its_works(image, cited):
    paragraph, _, works = assign(image, cited).methods().partition("\n\n")
    assert paragraph.startswith("blob.nii.gz was split into modes")
    assert "@article{joliot2015j,\n  author = {Joliot and others},\n  year = {2015}," in works
