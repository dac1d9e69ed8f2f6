"""What was done, as a paragraph for a paper, with the works to cite as BibTeX; made from the record alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...certainty.registration import DRAWS
from ..wording import counted, listed, shortened
from .choices import CONNECTIVITIES

Record = Mapping[str, Any]

_SIIBRA = """@article{siibra,
  title = {Siibra: A software tool suite for realizing a Multilevel Human Brain Atlas from complex data resources},
  author = {Dickscheid, T. and Gui, X. and Simsek, A. N. and Schiffer, C. and Mangin, J.-F. and Leprince, Y. and \
Jirsa, V. and Bjaalie, J. G. and Leergaard, T. B. and Bludau, S. and Amunts, K.},
  journal = {Nature Methods},
  year = {2026},
  doi = {10.1038/s41592-026-03159-x}
}"""

_WORK = re.compile(r"(?P<author>[^\W\d][\w'’ -]*?) (?P<others>et al\.? )?\(?(?P<year>(?:19|20)\d\d)\)?, (?P<where>.+)")
"""How the catalogue cites: ``Joliot et al. 2015, J Neurosci Methods 254:46``."""


def methods_text(record: Record) -> str:
    """The paragraph and, after an empty line, the works that it cites."""
    return f"{methods_paragraph(record)}\n\n{bibtex(record)}"


def methods_paragraph(record: Record) -> str:
    """What was done, in sentences for a paper; works are cited by their keys, as in ``[@siibra]``."""
    if "points" in record:
        sentences = [_points(record)]
    else:
        sentences = [*_modes(record), _convention(record), *_scores(record["parameters"]), *_certainty(record)]
    return " ".join([*sentences, *_level(record["parameters"]), _software(record["software"])])


def bibtex(record: Record) -> str:
    """The package, siibra, and the works by which the atlases, and maps that came with one, ask to be cited."""
    package = (
        "@software{napari-atlas-assign,\n  title = {napari-atlas-assign},\n"
        "  author = {{napari-atlas-assign developers}},\n"
        f"  version = {{{_tex(record['software'].get('napari-atlas-assign', ''))}}}\n}}"
    )
    cited = [*record["atlases"], *record.get("images", ())]
    entries = {key: _entry(key, work) for one in cited for key, work in _works(one).items()}
    unknown = [
        f"% {shortened(atlas['name'])}: how to cite it is not known here; see where it came from"
        for atlas in record["atlases"]
        if not _works(atlas)
    ]
    return "\n\n".join([package, _SIIBRA, *entries.values(), *unknown])


# --- sentences ---


def _modes(record: Record) -> list[str]:
    parameters, images = record["parameters"], record["images"]
    if parameters["threshold"] is None:
        return [f"The values of {listed([image['name'] for image in images])} were compared with {_regions(record)}."]
    several = len(images) > 1
    works = _keys({key: work for image in images for key, work in _works(image).items()})
    what = f"{len(images)} maps, {images[0]['name']} to {images[-1]['name']}{works}," if several else images[0]["name"]
    what += "" if several else works
    if parameters["rois"]:
        split = f", each split where voxels do not share {_joined(parameters)}," if parameters["split_rois"] else ""
        return [f"The regions of interest of {what.rstrip(',')}{split} were compared with {_regions(record)}."]
    return [
        f"{what} {'were' if several else 'was'} split into modes: connected voxels {_beyond(record)}, "
        f"where neighbours share {_joined(parameters)}.",
        *_kept(parameters),
        f"Each mode was compared with {_regions(record)}.",
    ]


def _joined(parameters: Record) -> str:
    return f"{CONNECTIVITIES[parameters['connectivity']]} (connectivity {parameters['connectivity']})"


def _beyond(record: Record) -> str:
    """Which voxels are in modes."""
    parameters, thresholds = record["parameters"], {run["threshold"] for run in record["runs"]}
    value = f"{thresholds.pop():.4g}" if len(thresholds) == 1 else "the threshold of each map"
    below = "0" if value == "0" else f"−{value}" if value[0].isdigit() else f"minus {value}"
    sides = {"positive": f"above {value}", "negative": f"below {below}", "both": f"above {value} or below {below}"}
    return sides[parameters["tail"]] + _how(record)


def _how(record: Record) -> str:
    """How the threshold was chosen, where it was not simply given."""
    chosen = record["parameters"]["threshold"]
    if not isinstance(chosen, Mapping) or chosen["kind"] == "value":
        return ""
    words, _, _ = record["runs"][0]["chosen"].rpartition(", threshold")
    if chosen["kind"] == "percentile":
        return f" ({words} of the values on that side)"
    return f" (uncorrected {words})"


def _kept(parameters: Record) -> list[str]:
    done = []
    if parameters["min_volume_mm3"]:
        done.append(f"modes smaller than {parameters['min_volume_mm3']:g} mm³ were dropped")
    if parameters["min_voxels"] > 1:
        done.append(f"modes of fewer than {parameters['min_voxels']} voxels were dropped")
    if parameters["split_height"] is not None:
        done.append(f"modes were split at saddles, from peaks that stand out by {parameters['split_height']:g} or more")
    if parameters["keep_largest"] is not None:
        done.append(f"no more than the {parameters['keep_largest']} largest modes were kept")
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in [listed(done)] if done]


def _regions(record: Record) -> str:
    return listed([f"the {counted(atlas['regions'], 'region')} of {_cited(atlas)}" for atlas in record["atlases"]])


def _cited(atlas: Record) -> str:
    """An atlas with its space and its works."""
    space = f" (in {shortened(atlas['space'])})" if atlas["space"] else ""
    return f"the atlas {shortened(atlas['name'])}{space}{_keys(_works(atlas))}"


def _keys(works: Mapping[str, str]) -> str:
    """The works behind what they are of, as in `` [@a; @b]``."""
    return f" [{'; '.join(f'@{key}' for key in works)}]" if works else ""


def _convention(record: Record) -> str:
    if record["parameters"]["convention"] == "siibra":
        return "The map was resampled to the atlas's grid first, and all scores follow the rules of siibra [@siibra]."
    return (
        "Nothing was warped or resampled: voxels are boxes in world coordinates, over which the scores, those of "
        "siibra [@siibra] and further ones, are integrals."
    )


def _scores(parameters: Record) -> list[str]:
    if parameters["threshold"] is None:
        return []
    least = parameters["minimum_probability"]
    return [
        "The correlation is Pearson's, of region map and mode over the smallest box that holds both; the share is the "
        "part of the mode that a region accounts for by its probabilities, so that the shares and the unassigned share "
        "add up to 1"
        + (f"; probabilities below {least:g} have no part in the maximum probability map." if least else ".")
    ]


def _points(record: Record) -> str:
    points, siibra = record["points"], record["parameters"]["convention"] == "siibra"
    rules = ", by the rules of siibra [@siibra]" if siibra else ", with the scores of siibra [@siibra] and further ones"
    return (
        f"The {counted(points['count'], 'point')} of {shortened(points['name'])} were compared with "
        f"{_regions(record)}: "
        f"exact points by the voxel that contains them, uncertain ones as Gaussian blobs{rules}. Nothing was warped."
    )


def _level(parameters: Record) -> list[str]:
    level = parameters["level"]
    return [] if level is None else [f"Regions are those at level {level} of the atlas's tree, whose root is level 0."]


def _certainty(record: Record) -> list[str]:
    parameters, sentences = record["parameters"], []
    if parameters.get("registration_sd_mm"):
        sentences.append(
            f"How sure shares and best regions are was judged by {DRAWS} random translations of the modes, from a "
            f"normal distribution with a standard deviation of {parameters['registration_sd_mm']:g} mm along each axis."
        )
    if parameters.get("placements"):
        places = listed([*dict.fromkeys(run["placed in"] for run in record["runs"] if run.get("placed in"))])
        sentences.append(
            f"Each mode was placed {counted(parameters['placements'], 'time')} elsewhere, turned and moved at random "
            f"within the {places}: p is how often its mean of the region map is at least as large there, corrected "
            "over regions (Westfall and Young, min-p) and modes (Holm)."
        )
    if parameters.get("sweep"):
        sentences.append(f"Modes were followed over the thresholds {listed([f'{t:g}' for t in parameters['sweep']])}.")
    if parameters.get("surrogates"):
        sentences.append(
            "The mean of the map in each region was compared with those in "
            f"{counted(parameters['surrogates'], 'random map')} as smooth as the map and with its values; p is "
            "corrected over regions by the largest statistic (max-T)."
        )
    return sentences


def _software(software: Record) -> str:
    versions = [f"{name} {software[key]}" for key, name in _PACKAGES.items() if key in software]
    return (
        f"This was done with napari-atlas-assign {software.get('napari-atlas-assign', '')} [@napari-atlas-assign] on "
        f"{listed(versions)}."
    )


_PACKAGES = {"python": "Python", "numpy": "NumPy", "scipy": "SciPy", "nibabel": "NiBabel"}


# --- works ---


def _works(atlas: Record) -> dict[str, str]:
    """Key -> each work by which an atlas, or a map, asks to be cited."""
    citation = atlas["source"].get("citation")
    parts: Sequence[Any] = citation if isinstance(citation, list) else [citation]
    works = [shortened(work, 500) for part in parts if isinstance(part, str) for work in part.split("; ")]
    return {_citation_key(work, atlas["name"]): work for work in works if work}


def _citation_key(work: str, atlas: str) -> str:
    fits = _WORK.fullmatch(work)
    text = f"{fits['author']}{fits['year']}{fits['where'].split()[0]}" if fits else f"{atlas}-{work[:24]}"
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "atlas"


def _entry(key: str, work: str) -> str:
    fits = _WORK.fullmatch(work)
    if not fits:
        return f"@misc{{{key},\n  note = {{{_tex(work)}}}\n}}"
    author = fits["author"] + (" and others" if fits["others"] else "")
    place = re.fullmatch(r"(?P<journal>.+) (?P<volume>\d+):(?P<pages>\S+)", fits["where"])
    fields = {"author": author, "year": fits["year"]} | (place.groupdict() if place else {"note": fits["where"]})
    lines = [f"  {name} = {{{_tex(value)}}}" for name, value in fields.items()]
    return "\n".join([f"@article{{{key},", ",\n".join(lines), "}"])


def _tex(text: str) -> str:
    """Text as BibTeX shows it."""
    plain = re.sub(r"[\\{}]", "", shortened(text, 500))
    return re.sub(r"([&%$#_])", r"\\\1", plain)
