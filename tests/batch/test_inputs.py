"""What the user names becomes a list of maps."""

from __future__ import annotations

import json

import pytest

from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.errors import InputError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(*sources, **entities):
    return [found.path.name for found in find_maps(sources, entities or None)]


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "dataset_description.json").write_text(json.dumps({"Name": "x", "BIDSVersion": "1.8.0"}))
    stem = "sub-{s}/ses-1/func/sub-{s}_ses-1_task-{t}_contrast-faces_stat-{stat}_statmap.nii.gz"
    touch(tmp_path, *(stem.format(s=s, t=t, stat=k) for s in "12" for t in ("rest", "go") for k in ("z", "effect")))
    touch(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz", ".git/sub-9_stat-z_statmap.nii.gz", "sub-1/sub-1_desc-x_mask.nii.gz")
    return tmp_path


def test_a_folder_gives_the_images_directly_in_it_sorted(tmp_path):
    touch(tmp_path, "b.nii", "a.nii.gz", "._a.nii.gz", "notes.txt", "deep/c.nii.gz")
    assert names(tmp_path) == ["a.nii.gz", "b.nii"]


def test_a_pattern_gives_what_fits_it(tmp_path):
    touch(tmp_path, "a.nii.gz", "deep/deeper/c.nii.gz", "deep/d.txt")
    assert names(f"{tmp_path}/**/*.nii.gz") == ["a.nii.gz", "c.nii.gz"]


def test_a_map_named_twice_is_taken_once(tmp_path):
    touch(tmp_path, "a.nii", "b.nii")
    assert names(tmp_path / "b.nii", f"{tmp_path}/*.nii") == ["b.nii", "a.nii"]


def test_a_map_named_in_several_ways_is_taken_once(tmp_path, monkeypatch):
    touch(tmp_path / "maps", "a.nii")
    monkeypatch.chdir(tmp_path)
    assert [m.file for m in find_maps(["maps/a.nii", "./maps/a.nii", tmp_path / "maps", "map*/a.nii"])] == [
        "maps/a.nii"
    ]


def test_entities_pick_maps_of_a_dataset(dataset):
    assert names(dataset, stat=["z"], task=["go"]) == [
        f"sub-{s}_ses-1_task-go_contrast-faces_stat-z_statmap.nii.gz" for s in "12"
    ]
    assert len(names(dataset, stat=["z"], task=["go", "rest"])) == 4
    assert names(dataset, suffix=["mask"]) == ["sub-1_desc-x_mask.nii.gz"]


def test_a_dataset_with_several_statistics_is_not_guessed_at(dataset):
    with pytest.raises(InputError, match=r"effect, z.*--entity stat=z"):
        find_maps([dataset])


def test_part_of_a_dataset_may_be_named_with_entities(dataset):
    assert len(names(dataset / "sub-1", stat=["z"])) == 2


@pytest.mark.parametrize(("ending", "mark"), [(".csv", ","), (".tsv", "\t")])
def test_a_manifest_names_maps_their_names_and_thresholds(tmp_path, ending, mark):
    rows = [("path", "name", "threshold"), ("a.nii", "first", "2.5"), ("missing.nii", "", "")]
    (tmp_path / f"list{ending}").write_text("\ufeff" + "\n".join(mark.join(row) for row in rows), "utf-8")
    first, second = find_maps([tmp_path / f"list{ending}"])
    assert (first.path, first.name, first.threshold) == (tmp_path / "a.nii", "first", 2.5)
    assert (second.path, second.name, second.threshold) == (tmp_path / "missing.nii", None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file\na.nii\n", "no column 'path'"),
        ("path\n", "names no map"),
        ("", "is empty; name one map per row"),
        ("path,threshold\na.nii,-1\n", "line 2: the threshold is '-1'"),
        ("path,threshold\na.nii,nan\n", "line 2: the threshold is 'nan'"),
        ("path,name\n,x\n", "line 2: the path is empty"),
        (b"path\n\xff\xfe\n", "UTF-8"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path, text, message):
    manifest = tmp_path / "list.csv"
    manifest.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        find_maps([manifest])


@pytest.mark.parametrize("source", ["missing.nii", "no*.nii", "a\0b", "."])
def test_a_source_without_maps_is_refused(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        find_maps([source])


def test_entities_are_refused_where_there_is_no_dataset(tmp_path):
    (tmp_path / "a.nii.gz").touch()
    with pytest.raises(InputError, match="--entity: only for folders; leave it out"):
        find_maps([tmp_path / "a.nii.gz"], {"stat": ["z"]})
