"""What the header and the name of an image file say: where its voxels lie in mm, and what their values are.

Everything that opens an image asks here, so that maps, atlases, regions of interest and layers are understood alike.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ..encoding import decode, one_line
from ..errors import InputError
from ..grid import Floats, corners_of

StatisticName = Literal["z", "t", "F", "chi2", "r", "p", "log10 p", "ln p"]

MM_PER_UNIT = {1: 1000.0, 3: 0.001}
"""Of the codes that NIfTI has for units of length; all others are mm, or say nothing."""

MM_OF_UNIT = {
    **{"meter": 1e3, "decimeter": 100.0, "centimeter": 10.0, "millimeter": 1.0},
    **{"micrometer": 1e-3, "micron": 1e-3, "nanometer": 1e-6, "angstrom": 1e-7},
}
"""Millimetres of units of length by the names that OME-Zarr and napari give them."""

_IMPLAUSIBLE_MM = 100.0
"""No brain image has voxels this wide: a header that says so has its unit wrong."""

_INTENTS: dict[int, tuple[StatisticName, int]] = {
    **{2: ("r", 1), 3: ("t", 1), 4: ("F", 2), 5: ("z", 0), 6: ("chi2", 1)},
    **{22: ("p", 0), 23: ("ln p", 0), 24: ("log10 p", 0)},
}
"""NIfTI's intent codes: the statistic, and how many degrees of freedom it has."""

_OF_AFNI = re.compile(r"(Ttest|Ftest|Zscore|Chisq)\(([\d., ]*)\)")
_NAMES_OF_AFNI: dict[str, tuple[StatisticName, int]] = {
    **{"Ttest": ("t", 1), "Ftest": ("F", 2), "Zscore": ("z", 0), "Chisq": ("chi2", 1)},
}

_AFNI_EXTENSION = 4
_AFNI_ATTRIBUTE = re.compile(r"atr_name=\"(\w+)\"[^<>]*>\s*\"([^\"]*)\"")

_LABEL_INTENT = 1002

MODES_INTENT = "modes"
"""The intent's name in files of modes, which look like an atlas and are none."""

_OF_SPM = re.compile(r"SPM\s*\{\s*([TFZX])\s*_?\s*\[?\s*([\d.]+)?\s*(?:,\s*([\d.]+))?\s*\]?\s*\}")
_NAMES_OF_SPM: dict[str, tuple[StatisticName, int]] = {"T": ("t", 1), "F": ("F", 2), "Z": ("z", 0), "X": ("chi2", 1)}

_LABEL_NAME = re.compile(r"_(?:dseg|parc|atlas)(?=[_.]|$)|[-_.](?:label|labelmap|seg)\.(?:nrrd|nhdr)$", re.IGNORECASE)
_P_NAME = re.compile(r"(?:^|[^a-z])(?:p|pvals?|pvalues?|p[-_]?values?|p[-_]?vals?)(?=[^a-z]|$)", re.IGNORECASE)

_FAR_APART = 1.0
"""Voxels by which two positions of one file may differ without a word."""


@dataclass(frozen=True)
class Statistic:
    """What statistic the values of a map are.

    Parameters
    ----------
    name : str
        ``z``, ``t``, ``F``, ``chi2``, ``r`` (a correlation), ``p``, ``log10 p`` or ``ln p``.
    df : tuple of float
        Its degrees of freedom: one of t, chi2 and r, two of F.
    """

    name: StatisticName
    df: tuple[float, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.name} with {' and '.join(f'{d:g}' for d in self.df)} degrees of freedom" if self.df else self.name
        )

    @property
    def symbol(self) -> str:
        """As papers write it: ``t(19)``, ``F(2, 30)``, ``z``."""
        return f"{self.name}({', '.join(f'{d:g}' for d in self.df)})" if self.df else self.name


@dataclass(frozen=True)
class Stated:
    """What an image says about itself beside its values and its grid.

    Parameters
    ----------
    statistic : Statistic, optional
        What the values are.
    labels : bool
        The values are labels of regions.
    step : float
        The difference of neighbouring values that can be stored, 0 where they are stored as they are.
    remarks : tuple of str
        Sentences about what is doubtful in the header.
    """

    statistic: Statistic | None = None
    labels: bool = False
    step: float = 0.0
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a layer's metadata; `from_dict` takes them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Stated:
        """What `as_dict` gave, also after JSON; nothing stated where it is something else."""
        try:
            told = values["statistic"]
            statistic = None if told is None else Statistic(told["name"], tuple(map(float, told["df"])))
            remarks = tuple(map(str, values["remarks"]))
            return cls(statistic, bool(values["labels"]), float(values["step"]), remarks)
        except (TypeError, KeyError, ValueError):
            return cls()


def stated_by(img: Any, name: str, remarks: tuple[str, ...], volume: int = 0) -> Stated:
    """What a nibabel image of a name says about itself, and about one of its volumes, counted from 0.

    The remarks are those of `position_of`, which are the same for all volumes.
    """
    statistic = statistic_of(img.header) or _of_afni(img.header, volume)
    return Stated(statistic, says_labels(name, img.header), step_of(img), remarks)


def position_of(img: Any, name: str) -> tuple[Floats, tuple[str, ...]]:
    """The affine (4, 4) from voxel indices to world mm, and sentences about what is doubtful in it.

    Parameters
    ----------
    img : nibabel image
        Its affine is in the unit that its header states.
    name : str
        For the sentences.

    Raises
    ------
    InputError
        If the image has no affine.
    """
    if img.affine is None:
        raise InputError(f"{name} has no affine; make the image with one, or give (array, affine)")
    affine = np.array(img.affine, np.float64)
    factor, remark = _unit(img.header, affine, name)
    affine[:3] *= factor
    remarks = (remark, _without_position(img, name) or _two_positions(img, factor, name))
    return affine, tuple(sentence for sentence in remarks if sentence)


def statistic_of(header: Any) -> Statistic | None:
    """The statistic that a header states by its intent code, or in SPM's words; None where it states none."""
    name, n = _INTENTS.get(field_of(header, "intent_code"), (None, 0))
    if name is not None:
        df = tuple(_float_of(header, f"intent_p{i + 1}") for i in range(n))
        return Statistic(name, df) if all(d > 0 for d in df) else _of_spm(header)
    return _of_spm(header)


def says_labels(name: str, header: Any = None) -> bool:
    """Whether a file says that its values are labels: by its intent code, or by ``_dseg`` and the like in its name."""
    return field_of(header, "intent_code") == _LABEL_INTENT or bool(_LABEL_NAME.search(name))


def says_modes(header: Any) -> bool:
    """Whether a file says that its labels are modes that this package found, and no atlas."""
    return text_of(header, "intent_name") == MODES_INTENT


def says_p_values(name: str) -> bool:
    """Whether a file's name says that it holds p values."""
    return bool(_P_NAME.search(re.sub(r"(\.nii|\.img|\.hdr|\.gz)+$", "", name, flags=re.IGNORECASE)))


def step_of(img: Any) -> float:
    """The header's scaling of whole numbers that are stored; 0 without one."""
    slope = getattr(img.dataobj, "slope", 1)
    scaled = np.ndim(slope) == 0 and slope not in (0, 1) and np.dtype(img.get_data_dtype()).kind in "iu"
    return abs(float(slope)) if scaled and np.isfinite(slope) else 0.0


def nearest_labels(values: NDArray[Any], step: float = 0.0) -> NDArray[Any]:
    """Values that miss a whole number by rounding alone as that number, all others as they are.

    Parameters
    ----------
    values : array
        Of any shape and real type.
    step : float
        As `step_of`: half a step away from a whole number is rounding, too, as long as steps are below 0.5.
    """
    if values.dtype.kind != "f":
        return values
    nearest = np.rint(values)
    noise = max(1e-3, 0.51 * step if step < 0.5 else 0.0)
    return np.where(np.abs(values - nearest) <= noise, nearest, values)


def volumes_of(shape: tuple[int, ...]) -> int:
    """How many volumes a file of a shape holds: all its places along the axes beyond the third.

    Raises
    ------
    InputError
        If it holds none.
    """
    n = int(np.prod(shape[3:], dtype=np.int64))
    if not n:
        raise InputError(f"an image of the shape {tuple(shape)} holds no volume; give one with voxels")
    return n


def check_volume(volume: int | None, n: int, name: str, error: type[InputError] = InputError) -> None:
    """Refuse a volume, counted from 0, that an image of n volumes does not have."""
    if volume is None or 0 <= volume < n:
        return
    if n == 1:
        raise error(f"{name} has no volume {volume}: it holds a single volume; leave out its number")
    raise error(f"{name} has no volume {volume}; it has {n}, counted from 0: give one from 0 to {n - 1}")


def volume_index(shape: tuple[int, ...], volume: int) -> tuple[Any, ...]:
    """The index of a volume, counted from 0 with the first axis after space fastest, as files hold them."""
    return (..., *(int(i) for i in np.unravel_index(volume, shape[3:], order="F")))


def afni_attributes(header: Any) -> dict[str, str]:
    """The text attributes of an AFNI dataset by name, of its .HEAD file or of the extension of a NIfTI file."""
    if isinstance(header, nib.brikhead.AFNIHeader):
        return {name: value for name, value in header.info.items() if isinstance(value, str)}
    attributes: dict[str, str] = {}
    for extension in getattr(header, "extensions", ()):
        if extension.get_code() == _AFNI_EXTENSION:
            content = extension.get_content()
            text = decode((content if isinstance(content, bytes) else str(content).encode()).rstrip(b"\0"))
            attributes |= {name: unescape(value) for name, value in _AFNI_ATTRIBUTE.findall(text)}
    return attributes


def names_of_bricks(header: Any, n: int) -> list[str]:
    """The names that AFNI gives the n volumes of a file; none where they are not all named, or by their numbers."""
    names = [one_line(name) for name in afni_attributes(header).get("BRICK_LABS", "").strip("~").split("~")]
    by_number = all(re.fullmatch(r"#?\d+", name) for name in names)
    return names if len(names) == n and all(names) and not by_number else []


def field_of(header: Any, name: str) -> int:
    """A whole number of a header; 0 where a header of this kind has no such field."""
    try:
        return int(header[name])
    except (TypeError, KeyError, ValueError, IndexError):
        return 0


def text_of(header: Any, name: str) -> str:
    """A text of a header; empty where a header of this kind has no such field."""
    try:
        return bytes(np.asarray(header[name]).item()).decode("latin-1").split("\0", 1)[0].strip()
    except (TypeError, KeyError, ValueError, IndexError):
        return ""


def _of_afni(header: Any, volume: int) -> Statistic | None:
    """The statistic of a volume in AFNI's words: ``none;Ttest(19);Zscore()``."""
    words = afni_attributes(header).get("BRICK_STATSYM", "").strip("~").split(";")
    told = _OF_AFNI.fullmatch(words[volume].strip()) if volume < len(words) else None
    if told is None:
        return None
    name, n = _NAMES_OF_AFNI[told[1]]
    df = tuple(float(d) for d in re.findall(r"[\d.]+", told[2]))
    return Statistic(name, df) if len(df) == n and all(df) else None


def _float_of(header: Any, name: str) -> float:
    value = float(header[name])
    return value if np.isfinite(value) else 0.0


def _of_spm(header: Any) -> Statistic | None:
    told = _OF_SPM.search(text_of(header, "descrip"))
    if told is None:
        return None
    name, n = _NAMES_OF_SPM[told[1]]
    df = tuple(float(d) for d in told.groups()[1 : n + 1] if d)
    return Statistic(name, df) if len(df) == n and all(df) else None


def _unit(header: Any, affine: Floats, name: str) -> tuple[float, str]:
    """Millimetres of the header's unit, and a sentence where that cannot be."""
    factor = MM_PER_UNIT.get(field_of(header, "xyzt_units") & 7, 1.0)
    widest = float(np.linalg.norm(affine[:3, :3], axis=0).max())
    if factor > 1 and widest * factor > _IMPLAUSIBLE_MM:
        return 1.0, (
            f"{name} states metres, in which its voxels would be {widest:g} m wide; they are taken as mm, "
            "so check its header"
        )
    return factor, ""


def _without_position(img: Any, name: str) -> str:
    """A sentence about an image whose header does not say where it lies; empty where it does."""
    header, is_file = img.header, bool(img.get_filename())
    if doubt := getattr(header, "doubt", ""):  # of NRRD
        return f"{name} {doubt}"
    if isinstance(header, nib.Nifti1Header):
        if field_of(header, "sform_code") > 0 or field_of(header, "qform_code") > 0:
            return ""
        return (
            f"{name} says nothing about its place in the world (sform and qform codes are 0): its origin, and left and "
            "right, are assumed"
        )
    if isinstance(header, nib.analyze.AnalyzeHeader) and is_file and not _has_matrix(img):
        unknown = "left and right are" if _has_origin(header) else "its origin, and left and right, are"
        return f"{name} is an ANALYZE file without a .mat file, which does not say how it lies: {unknown} assumed"
    if isinstance(header, nib.MGHImage.header_class) and not field_of(header, "goodRASFlag"):
        return f"{name} says nothing about its place in the world (its RAS flag is not set): it is assumed"
    return ""


def _has_matrix(img: Any) -> bool:
    part = img.file_map.get("mat")
    return part is not None and bool(part.filename) and Path(part.filename).is_file()


def _has_origin(header: Any) -> bool:
    try:
        return bool(np.any(header["origin"][:3]))
    except (KeyError, ValueError, TypeError):
        return False


def _two_positions(img: Any, factor: float, name: str) -> str:
    """A sentence about an image that states two places which differ; empty where it does not."""
    header = img.header
    if not isinstance(header, nib.Nifti1Header):
        return ""
    try:
        sform, qform = header.get_sform(coded=True)[0], header.get_qform(coded=True)[0]
    except (nib.spatialimages.HeaderDataError, ValueError, np.linalg.LinAlgError):
        return ""
    if sform is None or qform is None or not np.allclose(sform, img.affine, rtol=1e-3, atol=1e-3):
        return ""
    corners = np.vstack([corners_of(img.shape[:3]).T, np.ones(8)])
    apart = float(np.linalg.norm((sform - qform)[:3] @ corners, axis=0).max())
    mirrored = np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0
    if not mirrored and apart <= _FAR_APART * float(np.linalg.norm(sform[:3, :3], axis=0).min()):
        return ""
    how = "mirror images of each other" if mirrored else f"up to {apart * factor:.3g} mm apart"
    return f"{name} states two places, sform and qform, which are {how}; the sform is taken"
