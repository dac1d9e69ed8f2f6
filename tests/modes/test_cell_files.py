"""Cells in the files and the coordinates of BrainGlobe's programs, against brainglobe-atlasapi and brainglobe-space."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile
from brainglobe_space import AnatomicalSpace
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, InputError, PointSet, assign, load_atlas
from napari_atlas_assign.atlas.formats.brainglobe import affine_of
from napari_atlas_assign.grid import Grid
from napari_atlas_assign.modes.point_columns import find_coordinates
from napari_atlas_assign.modes.point_files import read_points
from tests.brainglobe import EDGES, NAMES, ORIENTATIONS, LookUps, world_of_cells
from tests.mouse import MICROMETRES, SHAPE, annotation, random_cells, write_mouse
from tests.outcomes import fails_in_one_line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_mouse(tmp_path_factory.mktemp("mouse") / "generated_mouse_100um_v1.0")


@pytest.fixture(scope="module")
def atlas(folder):
    return load_atlas(folder)


def write_cells(places, is_cell, path):
    """Cells as cellfinder lays them out, as XML by kind and as CSV with the row's number."""
    kinds = [2 if yes else 1 for yes in is_cell]
    markers = {kind: "" for kind in sorted(set(kinds))}
    for (x, y, z), kind in zip(places, kinds, strict=True):
        markers[kind] += f"<Marker><MarkerX>{x:g}</MarkerX><MarkerY>{y:g}</MarkerY><MarkerZ>{z:g}</MarkerZ></Marker>"
    by_kind = "".join(f"<Marker_Type><Type>{kind}</Type>{text}</Marker_Type>" for kind, text in markers.items())
    data = f"<Marker_Data><Current_Type>1</Current_Type>{by_kind}</Marker_Data>"
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<CellCounter_Marker_File>{data}</CellCounter_Marker_File>'
    )
    pd.DataFrame(places, columns=["x", "y", "z"]).assign(type=kinds).to_csv(path.with_suffix(".csv"))


def their_atlas():
    """brainglobe-atlasapi's look-ups in the generated atlas."""
    return LookUps(annotation(), (MICROMETRES,) * 3, hemispheres())


def regions_of(points, atlas, **options):
    """The region of each point; empty where it is in none."""
    table = assign(points, atlas, **options).assignments
    inside = table["region"].notna() & (table["map value"] > 0)
    first = table[inside].drop_duplicates("input structure").set_index("input structure")["region"]
    return [first.get(n, "") for n in range(1, 1 + (len(points) if isinstance(points, np.ndarray) else len(first)))]


@given(st.integers(0, 2**32 - 1), st.sampled_from(["voxels", "micrometres", "whole voxels"]))
@settings(max_examples=15, deadline=None)
def test_every_cell_is_in_the_structure_that_brainglobe_finds(atlas, seed, kind):
    cells = random_cells(40, seed)
    cells[:10] = np.floor(cells[:10])  # on borders of voxels
    if kind == "whole voxels":
        cells = np.floor(cells)
    given = cells * MICROMETRES if kind == "micrometres" else cells
    word = "micrometres" if kind == "micrometres" else "voxels"
    theirs = [their_atlas().structure_from_coords(c, microns=kind == "micrometres") for c in given]
    assert regions_of(given, atlas, coordinates=word) == [NAMES.get(int(i), "") for i in theirs]


def test_counts_by_structure_and_side_are_those_of_brainglobes_own_look_ups(atlas, tmp_path):
    cells, theirs = random_cells(400), their_atlas()
    table = pd.DataFrame(cells, columns=[f"coordinate_atlas_axis_{n}" for n in range(3)])
    raw = pd.DataFrame(cells * 4, columns=[f"coordinate_raw_axis_{n}" for n in range(3)])
    pd.concat([raw, table], axis=1).to_csv(tmp_path / "all_points.csv", index=False)
    ours = assign(tmp_path / "all_points.csv", atlas).regions.set_index("region")
    found = [
        (NAMES.get(theirs.structure_from_coords(c)), theirs.hemisphere_from_coords(c, as_string=True)) for c in cells
    ]
    for name in ("root", "Visual areas", "Thalamus", "corpus callosum"):
        row = ours.loc["root (rest)" if name == "root" else name]  # ancestors hold what their children have
        for side in ("left", "right"):
            assert row[f"{side} count"] == found.count((name, side))
    assert ours.loc["root", "count"] == sum(name is not None for name, _ in found) > 100


@pytest.mark.parametrize("ending", ["xml", "csv"])
def test_cells_of_cellfinder_are_read_once_it_is_said_what_they_count(atlas, tmp_path, ending):
    cells = np.floor(random_cells(30)).clip(1)  # their XML has no 0
    write_cells(cells[:, ::-1], [True] * len(cells), tmp_path / "cells.xml")
    path = tmp_path / f"cells.{ending}"
    with pytest.raises(InputError, match="does not say what its coordinates count"):
        read_points(path)
    np.testing.assert_allclose(
        assign(path, atlas, coordinates="voxels").points.xyz, atlas.grid.to_world(cells), atol=1e-9
    )


@pytest.mark.parametrize("ending", ["xml", "csv"])
def test_what_was_not_classified_as_a_cell_is_left_out_and_told(tmp_path, ending):
    write_cells([(n, n, n) for n in range(1, 6)], [True, False, True, False, False], tmp_path / "cells.xml")
    with pytest.warns(AssignmentWarning, match="3 objects that were not classified as cells are left out"):
        assert read_points(tmp_path / f"cells.{ending}", coordinates="voxels").xyz[:, 0].tolist() == [1, 3]
    write_cells([(n, n, n) for n in range(1, 5)], [False] * 4, tmp_path / "found.xml")
    with pytest.warns(AssignmentWarning, match="all 4 are taken"):
        assert len(read_points(tmp_path / f"found.{ending}", coordinates="voxels")) == 4


def test_points_for_brainrender_are_micrometres_along_the_array(atlas, tmp_path):
    cells = random_cells(30)
    np.save(tmp_path / "points.npy", cells * MICROMETRES)
    found = assign(tmp_path / "points.npy", atlas, coordinates="micrometres").points.xyz
    np.testing.assert_allclose(found, atlas.grid.to_world(cells - 0.5), atol=1e-4)
    with pytest.raises(InputError, match="give coordinates as 'voxels'"):
        assign(tmp_path / "points.npy", atlas)


def test_parquet_and_csv_give_the_same_points(tmp_path):
    table = pd.DataFrame(random_cells(20), columns=["Centroid X µm", "Centroid Y µm", "Centroid Z µm"])
    table.to_parquet(tmp_path / "cells.parquet")
    table.to_csv(tmp_path / "cells.csv", index=False)
    one, other = (read_points(tmp_path / f"cells.{ending}") for ending in ("parquet", "csv"))
    assert one.coordinates == other.coordinates == "micrometres"
    np.testing.assert_array_equal(one.xyz, other.xyz)


@pytest.mark.parametrize(
    ("header", "columns", "says", "axes"),
    [
        ("name,z,y,x", (3, 2, 1), "mm", "image"),
        ("X_mm\tY_mm\tZ_mm", (0, 1, 2), "mm", "image"),
        ("Image,Object ID,Centroid X µm,Centroid Y µm,Centroid Z µm", (2, 3, 4), "micrometres", "image"),
        ("Centroid X px,Centroid Y px,Centroid Z px", (0, 1, 2), "voxels", "image"),
        ("LABEL,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T", (1, 2, 3), "ask", "image"),
        ("object_id,Center of the object_0,Center of the object_1,Center of the object_2", (1, 2, 3), "ask", "image"),
        (" ,Area,X,Y,Z", (2, 3, 4), "ask", "image"),
        ("index,axis-0,axis-1,axis-2", (1, 2, 3), "ask", "array"),
        ("x (um);y (um);z (um)", (0, 1, 2), "micrometres", "image"),
        ("pixel_z,pixel_y,pixel_x", (2, 1, 0), "voxels", "image"),
    ],
)
def test_columns_of_other_programs_are_told_by_their_titles(header, columns, says, axes):
    separator = next(c for c in "\t;," if c in header)
    assert find_coordinates(header.split(separator), "table") == (columns, says, axes)


@pytest.mark.parametrize("header", [["x", "y"], ["name", "value"], ["x_raw"], ["0", "1", "2"], ["x1", "y1", "z1"]])
def test_columns_that_are_no_coordinates_are_not_taken_for_them(header):
    assert find_coordinates(header, "table") is None


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (["x", "y", "z", "X"], "has 2 columns x"),
        (["x mm", "y mm", "z um"], "in micrometres and mm|in mm and um|in mm and micrometres"),
        (["pos x", "pos y", "pos z", "loc x", "loc y", "loc z"], "2 sets of coordinates"),
    ],
)
def test_columns_that_may_mean_several_things_are_asked_about(header, says):
    with pytest.raises(InputError, match=says):
        find_coordinates(header, "table")


def test_a_word_that_differs_from_the_columns_own_is_refused(tmp_path):
    (tmp_path / "cells.csv").write_text("x um,y um,z um\n1,2,3\n")
    with pytest.raises(InputError, match="says itself that its coordinates are micrometres, not voxels"):
        read_points(tmp_path / "cells.csv", coordinates="voxels")


def test_plain_columns_that_can_hardly_be_mm_are_told(atlas, tmp_path):
    table = pd.DataFrame(random_cells(50)[:, ::-1], columns=["x", "y", "z"])
    table.to_csv(tmp_path / "cells.csv", index=False)
    with pytest.warns(AssignmentWarning, match="would be inside if its coordinates were voxels"):
        assign(tmp_path / "cells.csv", atlas)
    assert not assign(tmp_path / "cells.csv", atlas, coordinates="voxels").warnings


def test_voxels_of_two_different_atlases_are_refused(atlas, tmp_path):
    other = load_atlas(write_mouse(tmp_path / "finer", name="other_mouse", resolution=[50.0] * 3))
    with pytest.raises(InputError, match="counts voxels, but those of"):
        assign(random_cells(3), [atlas, other], coordinates="voxels")


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_world_positions_are_those_of_brainglobe_space(orientation):
    resolution = [EDGES[letter] for letter in orientation]
    shape = (6, 8, 10)
    grid = Grid(shape, affine_of(orientation, resolution))
    cells = np.random.default_rng(0).uniform(0, shape, (20, 3))
    micrometres = PointSet.from_array(cells * resolution, coordinates="micrometres").placed(grid, True).xyz
    voxels = PointSet.from_array(cells, coordinates="voxels").placed(grid, True).xyz
    np.testing.assert_allclose(micrometres, voxels, atol=1e-3)
    np.testing.assert_allclose(voxels, world_of_cells(cells, orientation, shape, resolution), atol=1e-3)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_an_atlas_in_any_orientation_has_the_cells_and_sides_that_brainglobe_finds(atlas, tmp_path, orientation):
    cells = random_cells(60)
    ours, theirs = AnatomicalSpace("asr", shape=SHAPE), AnatomicalSpace(orientation)
    turned = ours.map_stack_to(theirs, annotation())
    folder = write_mouse(tmp_path / "turned", orientation=orientation, shape=list(turned.shape))
    tifffile.imwrite(folder / "annotation.tiff", turned, photometric="minisblack")
    tifffile.imwrite(folder / "hemispheres.tiff", ours.map_stack_to(theirs, hemispheres()), photometric="minisblack")
    moved = np.asarray(ours.map_points_to(theirs, cells))
    counts = ["region", "count", "left count", "right count", "volume mm3"]
    found = assign(moved, load_atlas(folder), coordinates="voxels").regions[counts]
    pd.testing.assert_frame_equal(found, assign(cells, atlas, coordinates="voxels").regions[counts])


def hemispheres():
    """1 on the left, 2 on the right, where the array of the generated atlas begins."""
    sides = np.ones(SHAPE, np.uint8)
    sides[:, :, : SHAPE[2] // 2] = 2
    return sides


def test_the_command_line_takes_the_word_and_the_record_brings_it_back(run, folder, tmp_path):
    np.save(tmp_path / "points.npy", random_cells(20) * MICROMETRES)
    arguments = ("assign", tmp_path / "points.npy", "--atlas", folder, "--output", tmp_path / "out")
    fails_in_one_line(run(*arguments), 2, "--coordinates")
    code, _, err = run(*arguments, "--coordinates", "micrometres")
    assert (code, err) == (0, "")
    code, out, _ = run("rerun", tmp_path / "out")
    assert code == 0
    assert "identical" in out


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cells.xml", b"<a>"),
        ("cells.xml", b"<other/>"),
        ("cells.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><CellCounter_Marker_File/>'),
        ("cells.xml", b"<CellCounter_Marker_File><Marker_Data><Marker_Type><Type>2</Type><Marker><MarkerX>a</MarkerX>"
         b"</Marker></Marker_Type></Marker_Data></CellCounter_Marker_File>"),
        ("cells.npy", b"\x93NUMPY\x01\x00"),
        ("cells.npy", b"no"),
        ("cells.parquet", b"PAR1 no PAR1"),
    ],
)  # fmt: skip
def test_damaged_files_of_cells_are_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read_points(tmp_path / name, coordinates="voxels")


def test_a_table_of_cells_larger_than_label_tables_may_be_is_read(tmp_path):
    names = "n" * 100_000
    path = tmp_path / "cells.csv"
    path.write_text("x,y,z,name\n" + f"1,2,3,{names}\n" * 220)
    assert path.stat().st_size > 20 * 2**20
    assert len(read_points(path)) == 220
