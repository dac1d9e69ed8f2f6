"""The blocks of code of the docs, and the files that they talk of."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import zarr

from tests.mouse import MICROMETRES, annotation, random_cells, write_mouse, write_registration
from tests.nrrd_files.helpers import vectors, write_nrrd

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block; a title, which readers see too, says what it needs that the tests do not have."""

    language: str
    title: str
    code: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page in their order."""
    found = []
    for indent, info, code in FENCE.findall(page.read_text("utf-8")):
        language, _, rest = info.partition(" ")
        title = re.fullmatch(r'title="([^"]+)"|', rest.strip())
        assert title, f"{page.name}: ```{info}"
        found.append(Block(language, title[1] or "", re.sub(f"^{indent}", "", code, flags=re.MULTILINE)))
    return found


def write_files(folder: Path, zmap: Path) -> None:
    """Small files under the names that the docs use, in place of a user's own."""
    shutil.copy(zmap, folder / "zmap.nii.gz")
    img = nib.load(zmap)
    data = img.get_fdata(dtype=np.float32)
    _write_maps(folder, data, img.affine)
    _write_points(folder)
    _write_brains_of_mice(folder)


def _write_maps(folder: Path, data: np.ndarray, affine: np.ndarray) -> None:
    def save(values: np.ndarray, name: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(values, affine), path)

    areas = np.zeros(data.shape, np.uint8)
    areas[data > 4], areas[data < -4] = 1, 2
    save(np.stack([data, -data], axis=-1), "components.nii.gz")
    for name in ("rois.nii.gz", "areas.nii.gz", "my_atlas/dseg.nii.gz"):
        save(areas, name)
    for n in (1, 2, 3, 4):
        save(data * n / 4, f"maps/sub-0{n}.nii.gz")
    for statistic in ("z", "effect"):
        save(data, f"derivatives/fitlins/sub-01/sub-01_task-nback_stat-{statistic}_statmap.nii.gz")
    (folder / "derivatives/fitlins/dataset_description.json").write_text(json.dumps({"Name": "generated"}))
    write_nrrd(
        folder / "tumour.seg.nrrd",
        areas,
        space="right-anterior-superior",
        space_directions=vectors(affine[:3, :3]),
        space_origin="(" + ",".join(map(str, affine[:3, 3])) + ")",
        Segment0_Name="tumour",
        Segment0_LabelValue="1",
    )
    (folder / "names.csv").write_text("index,name\n1,More\n2,Less\n")
    (folder / "areas.csv").write_text("index,name,parent\n1,More,All\n2,Less,All\n")
    (folder / "networks.tsv").write_text("region\tgroup\nMore\tUp\nLess\tDown\n")
    groups = enumerate(("patients", "patients", "controls", "controls"), 1)
    (folder / "design.tsv").write_text("subject\tgroup\n" + "".join(f"sub-0{n}\t{group}\n" for n, group in groups))


def _write_points(folder: Path) -> None:
    (folder / "points.csv").write_text("x,y,z,name\n28,-32,64,hand\n0,0,200,far\n")
    (folder / "sub-01_electrodes.tsv").write_text(
        "name\tx\ty\tz\tsize\nA1\t28\t-32\t64\t1\nA2\t31\t-30\t62\t1\nA3\tn/a\tn/a\tn/a\t1\n"
    )
    (folder / "sub-01_coordsystem.json").write_text(
        json.dumps({"iEEGCoordinateSystem": "MNI152NLin6Asym", "iEEGCoordinateUnits": "mm"})
    )
    (folder / "cluster.txt").write_text(
        "Cluster Index\tVoxels\tMAX\tMAX X (mm)\tMAX Y (mm)\tMAX Z (mm)\n"
        "2\t2169\t7.94\t39\t-22\t55\n1\t5\t3.34\t-66\t-25\t31\n"
    )


def _write_ome_zarr(path: Path, data: np.ndarray) -> None:
    """An image (z, y, x) whose axes point up, to the front and to the right, with voxels of 0.1 mm."""
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.create_array("0", data=data, chunks=(10, 10, 10))
    steps = [
        {"type": "scale", "scale": [MICROMETRES] * 3},
        {"type": "translation", "translation": [-1950.0, -2950.0, -2350.0]},
    ]
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    levels = [{"path": "0", "coordinateTransformations": steps}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": levels}]}


def _write_brains_of_mice(folder: Path) -> None:
    for name in ("generated_mouse_100um_v1.0", "allen_mouse_25um_v1.2"):
        write_mouse(folder / name)
    heat = (annotation() == 11).astype(np.float32)
    nib.save(nib.Nifti1Image(heat, np.eye(4)), folder / "heatmap.nii.gz")
    np.save(folder / "heatmap.npy", heat)
    write_registration(folder / "mouse1", "generated_mouse_100um", brainmapper=True)
    _write_ome_zarr(folder / "brain.ome.zarr", 300 * heat[::-1, ::-1, ::-1].transpose(1, 0, 2))
    np.save(folder / "points.npy", random_cells(400) * MICROMETRES)
    for n in range(1, 5):
        np.save(folder / f"m{n}.npy", random_cells(50, n) * MICROMETRES)
    (folder / "cell_classification.xml").write_text(
        "<CellCounter_Marker_File><Marker_Data><Marker_Type><Type>2</Type><Marker><MarkerX>12</MarkerX>"
        "<MarkerY>10</MarkerY><MarkerZ>14</MarkerZ></Marker></Marker_Type></Marker_Data></CellCounter_Marker_File>"
    )
