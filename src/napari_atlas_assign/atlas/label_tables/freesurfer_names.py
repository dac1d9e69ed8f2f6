"""The names of FreeSurfer's standard colour table, by number: aseg, Desikan-Killiany, its white matter, Destrieux.

FreeSurfer writes aseg, aparc+aseg, aparc.a2009s+aseg and wmparc without names beside them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd

from .hemispheres import with_sides

_STANDARD = re.compile(r"(?:^|[^a-z])(?:aseg|aparc\.a2009s\+aseg|aparc\+aseg|wmparc)(?=[^a-z]|$)", re.IGNORECASE)

_PAIRED = {
    **{2: "Cerebral-White-Matter", 3: "Cerebral-Cortex", 4: "Lateral-Ventricle", 5: "Inf-Lat-Vent"},
    **{7: "Cerebellum-White-Matter", 8: "Cerebellum-Cortex", 10: "Thalamus", 11: "Caudate", 12: "Putamen"},
    **{13: "Pallidum", 17: "Hippocampus", 18: "Amygdala", 26: "Accumbens-area", 28: "VentralDC", 30: "vessel"},
    **{31: "choroid-plexus", 78: "WM-hypointensities", 81: "non-WM-hypointensities", 5001: "UnsegmentedWhiteMatter"},
}
"""Structures of the left side."""

_RIGHT = {
    **{2: 41, 3: 42, 4: 43, 5: 44, 7: 46, 8: 47, 10: 49, 11: 50, 12: 51, 13: 52, 17: 53, 18: 54, 26: 58},
    **{28: 60, 30: 62, 31: 63, 78: 79, 81: 82, 5001: 5002},
}
"""The number on the right side of each number on the left."""

_MIDLINE = {
    **{14: "3rd-Ventricle", 15: "4th-Ventricle", 16: "Brain-Stem", 24: "CSF", 72: "5th-Ventricle"},
    **{77: "WM-hypointensities", 80: "non-WM-hypointensities", 85: "Optic-Chiasm", 251: "CC_Posterior"},
    **{252: "CC_Mid_Posterior", 253: "CC_Central", 254: "CC_Mid_Anterior", 255: "CC_Anterior"},
}

_DESIKAN = [
    "unknown",
    "bankssts",
    "caudalanteriorcingulate",
    "caudalmiddlefrontal",
    "corpuscallosum",
    "cuneus",
    "entorhinal",
    "fusiform",
    "inferiorparietal",
    "inferiortemporal",
    "isthmuscingulate",
    "lateraloccipital",
    "lateralorbitofrontal",
    "lingual",
    "medialorbitofrontal",
    "middletemporal",
    "parahippocampal",
    "paracentral",
    "parsopercularis",
    "parsorbitalis",
    "parstriangularis",
    "pericalcarine",
    "postcentral",
    "posteriorcingulate",
    "precentral",
    "precuneus",
    "rostralanteriorcingulate",
    "rostralmiddlefrontal",
    "superiorfrontal",
    "superiorparietal",
    "superiortemporal",
    "supramarginal",
    "frontalpole",
    "temporalpole",
    "transversetemporal",
    "insula",
]
"""From 1000 in the left cortex, 2000 in the right, 3000 and 4000 in the white matter below."""

_DESTRIEUX = [
    "Unknown",
    "G_and_S_frontomargin",
    "G_and_S_occipital_inf",
    "G_and_S_paracentral",
    "G_and_S_subcentral",
    "G_and_S_transv_frontopol",
    "G_and_S_cingul-Ant",
    "G_and_S_cingul-Mid-Ant",
    "G_and_S_cingul-Mid-Post",
    "G_cingul-Post-dorsal",
    "G_cingul-Post-ventral",
    "G_cuneus",
    "G_front_inf-Opercular",
    "G_front_inf-Orbital",
    "G_front_inf-Triangul",
    "G_front_middle",
    "G_front_sup",
    "G_Ins_lg_and_S_cent_ins",
    "G_insular_short",
    "G_occipital_middle",
    "G_occipital_sup",
    "G_oc-temp_lat-fusifor",
    "G_oc-temp_med-Lingual",
    "G_oc-temp_med-Parahip",
    "G_orbital",
    "G_pariet_inf-Angular",
    "G_pariet_inf-Supramar",
    "G_parietal_sup",
    "G_postcentral",
    "G_precentral",
    "G_precuneus",
    "G_rectus",
    "G_subcallosal",
    "G_temp_sup-G_T_transv",
    "G_temp_sup-Lateral",
    "G_temp_sup-Plan_polar",
    "G_temp_sup-Plan_tempo",
    "G_temporal_inf",
    "G_temporal_middle",
    "Lat_Fis-ant-Horizont",
    "Lat_Fis-ant-Vertical",
    "Lat_Fis-post",
    "Medial_wall",
    "Pole_occipital",
    "Pole_temporal",
    "S_calcarine",
    "S_central",
    "S_cingul-Marginalis",
    "S_circular_insula_ant",
    "S_circular_insula_inf",
    "S_circular_insula_sup",
    "S_collat_transv_ant",
    "S_collat_transv_post",
    "S_front_inf",
    "S_front_middle",
    "S_front_sup",
    "S_interm_prim-Jensen",
    "S_intrapariet_and_P_trans",
    "S_oc_middle_and_Lunatus",
    "S_oc_sup_and_transversal",
    "S_occipital_ant",
    "S_oc-temp_lat",
    "S_oc-temp_med_and_Lingual",
    "S_orbital_lateral",
    "S_orbital_med-olfact",
    "S_orbital-H_Shaped",
    "S_parieto_occipital",
    "S_pericallosal",
    "S_postcentral",
    "S_precentral-inf-part",
    "S_precentral-sup-part",
    "S_suborbital",
    "S_subparietal",
    "S_temporal_inf",
    "S_temporal_sup",
    "S_temporal_transverse",
]
"""From 11100 in the left cortex, 12100 in the right, 13100 and 14100 in the white matter below."""


def standard_table(path: Path) -> pd.DataFrame | None:
    """The standard names for a file that FreeSurfer calls aseg, aparc+aseg or wmparc; None for other files."""
    return _table().copy() if _STANDARD.search(path.name) else None


@cache
def _table() -> pd.DataFrame:
    names = dict(_MIDLINE)
    for number, name in _PAIRED.items():
        names |= {number: f"Left-{name}", _RIGHT[number]: f"Right-{name}"}
    for first, of in ((1000, "ctx-lh-"), (2000, "ctx-rh-"), (3000, "wm-lh-"), (4000, "wm-rh-")):
        names |= {first + n: of + name for n, name in enumerate(_DESIKAN)}
    for first, of in ((11100, "ctx_lh_"), (12100, "ctx_rh_"), (13100, "wm_lh_"), (14100, "wm_rh_")):
        names |= {first + n: of + name for n, name in enumerate(_DESTRIEUX)}
    return with_sides(pd.DataFrame({"id": list(names), "name": list(names.values())}))
