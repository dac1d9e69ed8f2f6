"""What was chosen for an assignment, in words; made from the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..wording import counted

CONNECTIVITIES = {6: "a face", 18: "a face or an edge", 26: "a face, an edge or a corner"}
"""What neighbours share."""

_TAILS = {"positive": "above the threshold", "negative": "below its negative", "both": "on both sides"}


def choices(record: Mapping[str, Any]) -> dict[str, str]:
    """What was chosen, by a few words that name it; what played no part is left out."""
    parameters = record["parameters"]
    if "points" in record:
        chosen = {}
    elif parameters["threshold"] is None:
        chosen = {"Modes": "none: the whole map alone"}
    else:
        chosen = _of_rois(parameters) if parameters["rois"] else _of_maps(record)
    return chosen | _of_all(parameters)


def _of_rois(parameters: Mapping[str, Any]) -> dict[str, str]:
    if parameters["split_rois"]:
        joined = CONNECTIVITIES[parameters["connectivity"]]
        return {"Regions of interest": f"each label's components, whose voxels share {joined}"}
    return {"Regions of interest": "each label is one mode"}


def _of_maps(record: Mapping[str, Any]) -> dict[str, str]:
    parameters = record["parameters"]
    chosen = {
        "Threshold": _threshold(record),
        "Modes lie": _TAILS[parameters["tail"]],
        "Neighbours share": f"{CONNECTIVITIES[parameters['connectivity']]} ({parameters['connectivity']})",
    }
    smallest = [f"{parameters['min_volume_mm3']:g} mm³"] if parameters["min_volume_mm3"] else []
    smallest += [counted(parameters["min_voxels"], "voxel")] if parameters["min_voxels"] > 1 else []
    if smallest:
        chosen["Smallest mode"] = ", ".join(smallest)
    if parameters["split_height"] is not None:
        chosen["Split at saddles"] = f"from peaks that stand out by {parameters['split_height']:g}"
    if parameters["keep_largest"] is not None:
        chosen["Modes kept"] = f"the {parameters['keep_largest']} largest"
    return chosen


def _threshold(record: Mapping[str, Any]) -> str:
    """What the choice came to; of several maps with thresholds of their own, their range."""
    words = [*dict.fromkeys(run["chosen"] for run in record["runs"])]
    if len(words) == 1:
        return str(words[0])
    values = [run["threshold"] for run in record["runs"]]
    return f"of each map its own, {min(values):.4g} to {max(values):.4g}"


def _of_all(parameters: Mapping[str, Any]) -> dict[str, str]:
    chosen = {}
    if "peaks" in parameters and parameters["threshold"] is not None and not parameters["rois"]:
        most, apart = parameters["peaks"], parameters["peak_distance_mm"]
        chosen["Peaks"] = f"at most {most} of a mode, {apart:g} mm apart" if most > 1 else "one of each mode"
    if parameters["minimum_probability"]:
        chosen["Maximum probability map"] = f"without values below {parameters['minimum_probability']:g}"
    if parameters["level"] is not None:
        chosen["Regions"] = f"at level {parameters['level']} of the tree"
    if parameters.get("registration_sd_mm"):
        chosen["Random translations"] = f"50, standard deviation {parameters['registration_sd_mm']:g} mm"
    if parameters.get("placements"):
        chosen["Placements elsewhere"] = f"{counted(parameters['placements'], 'time')} each"
    if parameters.get("sweep"):
        chosen["Sweep of thresholds"] = ", ".join(f"{threshold:g}" for threshold in parameters["sweep"])
    if parameters.get("surrogates"):
        chosen["Random maps"] = str(parameters["surrogates"])
    if any(parameters.get(name) for name in ("registration_sd_mm", "placements", "surrogates")):
        chosen["Seed"] = str(parameters["seed"])
    return chosen | {"Convention": parameters["convention"]}
