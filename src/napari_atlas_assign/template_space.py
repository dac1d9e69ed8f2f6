"""Names of spaces: what a file says about the template of its coordinates, and whether image and atlas agree.

A space is a name, or None where it is unknown. Nothing is ever warped from one space to another: a mismatch is told.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Literal

from .header import field_of, text_of
from .limits import read_bytes

Relation = Literal["same", "close", "different", "unknown"]

_ALIASES: dict[str, tuple[str, ...]] = {
    "MNI152": ("MNI", "MNI space", "MNI 152", "ICBM152", "ICBM 152", "MNI_ANAT", "IXI549Space"),
    "MNI152NLin6Asym": ("MNI_FSL", "FSL MNI152", "MNI152 6th generation", "ICBM152NLin6Asym"),
    "MNI152NLin6Sym": ("ICBM152NLin6Sym",),
    "MNI152NLin2009aAsym": ("mni_icbm152_nlin_asym_09a",),
    "MNI152NLin2009aSym": ("mni_icbm152_nlin_sym_09a",),
    "MNI152NLin2009bAsym": ("mni_icbm152_nlin_asym_09b",),
    "MNI152NLin2009bSym": ("mni_icbm152_nlin_sym_09b",),
    "MNI152NLin2009cAsym": (
        "mni_icbm152_nlin_asym_09c",
        "MNI_2009c_asym",
        "MNI152 2009c",
        "ICBM 2009c Nonlinear Asymmetric",
        "MNI 152 ICBM 2009c Nonlinear Asymmetric",
    ),
    "MNI152NLin2009cSym": ("mni_icbm152_nlin_sym_09c", "ICBM 2009c Nonlinear Symmetric"),
    "MNI152Lin": ("ICBM152Lin",),
    "MNI305": (),
    "Colin27": ("MNIColin27", "Colin", "MNI Colin 27", "MNI_N27"),
    "Talairach": ("TLRC", "TT_N27", "TT_ICBM452"),
    "fsaverage": (),
    "fsaverage5": (),
    "fsaverage6": (),
    "fsLR": (),
    "BigBrain": ("BigBrain microscopic template (histology)",),
    "allen_mouse": (),
    "AllenCCFv3": ("Allen Mouse Common Coordinate Framework", "Allen CCF v3"),
    "whs_sd_rat": (),
    "WaxholmSD": ("Waxholm Space rat brain MRI/DTI",),
}
"""Names in use. A rodent template has two names here, because its packagers begin to count at
different places."""

INDIVIDUAL = frozenset({"T1w", "T2w", "bold", "native", "individual", "orig", "scanner", "fsnative", "ACPC"})
"""Spaces of one subject's own brain: coordinates there say nothing in a template."""

_MIDPLANE_AT_0 = ("MNI", "Colin27", "Talairach", "fsaverage", "BigBrain", "WaxholmSD")
"""How spaces begin whose x is 0 between the hemispheres."""

_FORM_CODES = {3: "Talairach", 4: "MNI152"}
_IN_FILE_NAME = re.compile(r"(?:^|_)(?:space|tpl)-([A-Za-z0-9]+)")
_AFNI_SPACE = re.compile(r"atr_name=\"TEMPLATE_SPACE\"[^<>]*>\s*\"([^\"~]*)")


_CONTRAST = re.compile(r"^\s*(?:spm|contrast|con_|beta)|[<>{}]|\s-\s", re.IGNORECASE)
"""Text that is the name of a contrast, as SPM writes it: any word may stand there."""

_UNMISTAKABLE = re.compile(r"^(?=.*\d)|^(?:tlrc|talairach|bigbrain|fslr|fsaverage)$", re.IGNORECASE)
"""Words that name a space within other text; ``native`` or ``Colin`` may mean anything."""


def _space_key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_KEY = {_space_key(alias): name for name, aliases in _ALIASES.items() for alias in (name, *aliases)}
_CODED_AS_MNI = {name for name in _ALIASES if name.startswith("MNI")} | {"Colin27"}
"""Spaces of which files say in the code that they are MNI152."""
_BY_KEY |= {_space_key(name): name for name in INDIVIDUAL}


def canonical_space(name: str | None) -> str | None:
    """The one name of a space, whatever alias or spelling was given; a name that is not known stays as it is.

    Returns None for None and for text that means unknown.
    """
    if name is None or _space_key(name) in ("", "unknown", "none", "na", "other", "unspecified"):
        return None
    return _BY_KEY.get(_space_key(name), name.strip())


def space_of_file(path: str | os.PathLike[str], header: Any = None) -> str | None:
    """What an image file says about its space; None where it says nothing.

    Looked at in this order: the entities ``space-`` and ``tpl-`` of a BIDS file name; ``SpatialReference`` in the
    JSON file of the same name; AFNI's ``TEMPLATE_SPACE``; the NIfTI header's sform code, or qform code where that is 0
    (4: one of the MNI152 templates; 3: Talairach); at last the free text of ``intent_name`` and ``descrip``, where it
    holds a name that means nothing else. Text also tells which MNI152 template a code means. What SPM writes there is
    the name of a contrast and says nothing about space.

    Parameters
    ----------
    path : path
        The image file; only its name and its JSON companion are looked at.
    header : nibabel header, optional
        The file's header.
    """
    path = Path(path)
    named = _IN_FILE_NAME.search(path.name)
    if named:
        return canonical_space(named[1])
    return _space_of_sidecar(path) or (None if header is None else _space_of_header(header))


def midplane_of(space: str | None) -> float | None:
    """The x, in world mm, of the plane between the hemispheres of a space; None where it is not known."""
    name = canonical_space(space)
    return 0.0 if name is not None and name.startswith(_MIDPLANE_AT_0) else None


def relation_of_spaces(a: str | None, b: str | None) -> Relation:
    """How two spaces relate.

    ``close``: one only says MNI152, the other is one of the MNI152 templates. ``unknown``: one is not known.
    """
    a, b = canonical_space(a), canonical_space(b)
    if a is None or b is None:
        return "unknown"
    if _space_key(a) == _space_key(b):
        return "same"
    if "MNI152" in (a, b) and a.startswith("MNI152") and b.startswith("MNI152"):
        return "close"
    return "different"


def compare_spaces(a: str | None, b: str | None, a_name: str = "the image", b_name: str = "the atlas") -> str | None:
    """A sentence about two spaces that differ or may differ; None where they are the same or one is unknown.

    Parameters
    ----------
    a, b : str or None
        Spaces, under any alias.
    a_name, b_name : str
        What is in them, for the sentence.
    """
    relation = relation_of_spaces(a, b)
    a, b = canonical_space(a), canonical_space(b)
    if relation == "close":
        return (
            f"{a_name} is in {a} and {b_name} in {b}: the MNI152 templates differ by some millimetres in places, "
            "so check that both mean the same one"
        )
    if relation != "different":
        return None
    assert a is not None
    assert b is not None
    if a.startswith("MNI") and b.startswith("MNI"):
        return (
            f"{a_name} is in {a} but {b_name} in {b}: these templates differ by some millimetres in places, "
            "so small regions may be missed; better use an image and an atlas of one space"
        )
    return (
        f"{a_name} is in {a} but {b_name} in {b}: the same coordinates mean different places there; "
        "transform one to the space of the other first"
    )


def _space_of_sidecar(path: Path) -> str | None:
    stem = re.sub(r"\.nii(\.gz)?$", "", path.name)
    sidecar = path.with_name(f"{stem}.json")
    if not sidecar.exists():
        return None
    try:
        sidecar_facts = json.loads(read_bytes(sidecar, 2**20))
    except (ValueError, RecursionError):
        return None  # which other readers complain about
    reference = sidecar_facts.get("SpatialReference") if isinstance(sidecar_facts, dict) else None
    if isinstance(reference, dict):
        reference = reference.get("VolumeReference") or next(iter(reference.values()), None)
    if not isinstance(reference, str):
        return None
    named = _IN_FILE_NAME.search(reference.rsplit("/", 1)[-1])
    return canonical_space(named[1]) if named else _BY_KEY.get(_space_key(reference))


def _space_of_header(header: Any) -> str | None:
    coded = _space_of_afni(header) or _space_of_code(header)
    if coded not in (None, "MNI152"):
        return coded
    told = _space_of_text(header)
    return told if coded is None or told in _CODED_AS_MNI else coded


def _space_of_afni(header: Any) -> str | None:
    """What AFNI's own header says, in a .HEAD file or as XML in a NIfTI extension."""
    texts = [str(getattr(header, "info", {}).get("TEMPLATE_SPACE", "")).strip("~ ")]
    for extension in getattr(header, "extensions", ()):
        if extension.get_code() == 4:
            content = extension.get_content()
            texts += _AFNI_SPACE.findall(content.decode("latin-1") if isinstance(content, bytes) else str(content))
    return next((_BY_KEY[_space_key(text)] for text in texts if _space_key(text) in _BY_KEY), None)


def _space_of_code(header: Any) -> str | None:
    code = field_of(header, "sform_code") or field_of(header, "qform_code")
    return _FORM_CODES.get(code)


def _space_of_text(header: Any) -> str | None:
    """A space that free text names by words that mean nothing else."""
    for field in ("intent_name", "descrip"):
        text = text_of(header, field)
        if _CONTRAST.search(text):
            continue
        whole, *words = (text, *re.split(r"[;,\s]+", text))
        for word in (whole, *filter(_UNMISTAKABLE.search, words)):
            space = _BY_KEY.get(_space_key(word))
            if space is not None and space not in INDIVIDUAL:
                return space
    return None
