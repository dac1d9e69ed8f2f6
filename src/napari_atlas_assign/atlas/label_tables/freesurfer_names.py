"""Names and colours of FreeSurfer's standard colour table: aseg, Desikan-Killiany, its white matter, Destrieux.

FreeSurfer writes aseg, aparc+aseg, aparc.a2009s+aseg and wmparc without names beside them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ...tables.frames import pd
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


_COLORS = {
    **{2: 0xF5F5F5, 3: 0xCD3E4E, 4: 0x781286, 5: 0xC43AFA, 7: 0xDCF8A4, 8: 0xE69422},
    **{10: 0x00760E, 11: 0x7ABADC, 12: 0xEC0DB0, 13: 0x0C30FF, 17: 0xDCD814, 18: 0x67FFFF},
    **{26: 0xFFA500, 28: 0xA52A2A, 30: 0xA020F0, 31: 0x00C8C8, 78: 0xFF940A, 81: 0xA46CE2},
    **{5001: 0x141E28, 41: 0x00E100, 52: 0x0D30FF, 63: 0x00C8DD, 14: 0xCCB68E, 15: 0x2ACCA4},
    **{16: 0x779FB0, 24: 0x3C3C3C, 72: 0x78BE96, 77: 0xC846FF, 80: 0xA46CE2, 85: 0xEAA91E},
    **{251: 0x000040, 252: 0x000070, 253: 0x0000A0, 254: 0x0000D0, 255: 0x0000FF},
}
"""Red, green and blue of the structures; one on the right that is not here has the colour of its partner."""

_DESIKAN_COLORS = (
    "190519 196428 7d64a0 641900 784632 dc1464 dc140a b4dc8c dc3cdc b42878 8c148c 141e8c 234b32 e18c8c "
    "c8234b a06432 14dc3c 3cdc3c dcb48c 146432 dc3c14 78643c dc1414 dcb4dc 3c14dc a08cb4 50148c 4b327d "
    "14dca0 14b48c 8cdcdc 50a014 640064 464646 9696c8 ffc020 "
)
"""In the order of `_DESIKAN`; the white matter below has the complement."""

_DESTRIEUX_COLORS = (
    "000000 17dc3c 173cb4 3f643c 3f14dc 0d00fa 1a3c00 1a3c4b 1a3c96 193cfa 3c1919 b41414 dc1464 8c3c3c "
    "b4dc8c 8c64b4 b4148c 170a0a e18c8c b43cb4 14dc3c 3c148c dcb48c 416414 dc3c14 143cdc 64643c dcb4dc "
    "14b48c 3c8cb4 19148c 143c64 3cdc14 3c3cdc dc3cdc 41dc3c 198c14 dcdc64 b43c3c 3d14dc 3d143c 3d3c64 "
    "191919 8c143c dcb414 3fb4b4 dd140a dd1464 dd3c8c dd14dc 3ddcdc 64c8c8 0ac8c8 dddc14 8d1464 3ddc64 "
    "8d3c14 8f14dc 653cdc 15148c 3d14b4 dd8c14 8d64dc dd6414 b5c814 651414 6564b4 b5dc14 158cc8 1514f0 "
    "1514c8 15143c 653c3c 15b4b4 dfdc3c dd3c3c "
)
"""In the order of `_DESTRIEUX`, of cortex and white matter."""


def standard_table(path: Path) -> pd.DataFrame | None:
    """Standard names and colours for a file that FreeSurfer calls aseg, aparc+aseg or wmparc; None for other files."""
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
    colors = _colors()
    table = {"id": list(names), "name": list(names.values()), "color": [colors.get(number) for number in names]}
    return with_sides(pd.DataFrame(table))


def _colors() -> dict[int, str]:
    """``#rrggbb`` by number."""
    levels = {_RIGHT[number]: _COLORS[number] for number in _PAIRED} | _COLORS
    for first, words in ((1000, _DESIKAN_COLORS), (11100, _DESTRIEUX_COLORS)):
        of_cortex = [int(word, 16) for word in words.split()]
        of_white = [0xFFFFFF - color if first == 1000 else color for color in of_cortex]
        for half in (0, 1000):
            levels |= {first + half + n: color for n, color in enumerate(of_cortex)}
            levels |= {first + 2000 + half + n: color for n, color in enumerate(of_white)}
    return {number: f"#{color:06x}" for number, color in levels.items()}
