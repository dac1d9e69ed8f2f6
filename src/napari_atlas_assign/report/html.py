"""The report: one HTML file with everything in it, to be read, printed, sent on and kept.

Whatever comes from outside (names of regions, files and atlases, sentences that hold them) passes `text` on its way
into the page. The page asks for nothing beyond itself, and tells the browser to let nothing else run or load.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pandas as pd

from ..assignment.result import Result
from ..errors import InputError
from .canvas import ON_PAGE
from .colors import REGION_COLORS, mode_color
from .figures import draw_figures, figure_bytes
from .provenance import record_of
from .scene import MAX_MODES, best_assignments
from .wording import MISSING, fixed, number, one_line, percent, place, rounded

MEANINGS = {
    "input structure": "number of the mode",
    "sign": "1 for a mode of positive values, −1 of negative ones",
    "voxels": "voxels of the mode",
    "volume mm3": "volume of the mode in mm³",
    "centroid": "unweighted mean position of the mode's voxels, world mm",
    "peak": "position of the mode's most extreme value, world mm",
    "peak value": "the most extreme value",
    "mean value": "mean image value over the mode",
    "best region by correlation": "region with the largest correlation",
    "best region by share": "region with the largest share",
    "unassigned share": "part of the mode that no region accounts for; shares and it add up to 1",
    "volume": "number of the region's map in the atlas, from 0 (no size)",
    "region": "name of the region",
    "correlation": "Pearson correlation of region map and image over the box that holds both",
    "intersection over union": "common volume of mode and region, divided by their joint volume",
    "map value": "largest value of the region map under the mode",
    "map weighted mean": "mean of the region map, weighted by the image",
    "map containedness": "part of the region that the mode covers",
    "input weighted mean": "mean of the image, weighted by the region map",
    "input containedness": "part of the mode that lies in the region",
    "map maximum": "largest value of the whole region map",
    "map mean": "mean of the region map over the mode",
    "share": "part of the mode that the region accounts for",
}
"""What the columns of the tables hold, in a line each."""


def save_report(result: Result, path: str | os.PathLike[str], *, radiological: bool = False) -> Path:
    """Write a result as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    result : Result
        What to report.
    path : path
        Ends in ``.html`` or ``.htm``. Folders are made; an existing file is replaced.
    radiological : bool
        Draw the left of the brain on the right.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the name has another ending, the file cannot be written, or matplotlib is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path} does not end in .html; name the report so, for example report.html")
    if target.is_dir():
        raise InputError(f"{path} is a folder; name a file for the report")
    content = report_page(result, radiological=radiological).encode("utf-8", errors="replace")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be written ({reason}); name another file for the report") from error
    return target


def report_page(result: Result, *, radiological: bool = False) -> str:
    """The report as the text of a page."""
    figures = {name: figure_bytes(figure) for name, figure in draw_figures(result, ON_PAGE, radiological=radiological)}
    style, script = (Path(__file__).with_name(name).read_text("utf-8") for name in ("page.css", "page.js"))
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{script_hash}'"
    record = record_of(result)
    maker = f"napari-atlas-assign {record['software'].get('napari-atlas-assign', '')}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(result.image.name)} – modes and regions</title>
<style>
{style}</style>
</head>
<body>
<main>
{_heading(result)}
{_overview(result, figures)}
{_modes(result, figures)}
{_assignments(result)}
{_record(record)}
<footer>Made with {text(maker)}, {text(record["created"])}.</footer>
</main>
<script>{script}</script>
</body>
</html>
"""


def text(value: Any, length: int = 200) -> str:
    """Anything as text that a page shows and never obeys."""
    return html.escape(one_line(value, length))


def _heading(result: Result) -> str:
    n_modes, n_pairs = len(result.modes), len(result.assignments)
    facts = {
        "Image": result.image.name,
        "Atlas": f"{result.atlas.name} ({number(result.atlas.n_regions, 0)} regions)",
        "Space of the image": result.image.space or "not stated",
        "Space of the atlas": result.atlas.space or "not stated",
        **{_words(name): _plain(value) for name, value in result.parameters.as_dict().items()},
    }
    notices = "".join(f'<p class="notice">{text(warning, 1000)}.</p>' for warning in result.warnings)
    return f"""<header>
<p class="kind">Modes and brain regions</p>
<h1>{text(result.image.name)}</h1>
<p class="lead">{_count(n_modes, "mode")}, compared with the regions of the atlas {text(result.atlas.name)}:
{_count(n_pairs, "assignment")}.</p>
{notices}
<dl>{"".join(f"<div><dt>{text(term)}</dt><dd>{text(fact)}</dd></div>" for term, fact in facts.items())}</dl>
</header>"""


def _overview(result: Result, figures: Mapping[str, bytes]) -> str:
    caption = "All modes, seen through the brain from above, from behind and from the right."
    return f"""<section>
<h2>Overview</h2>
<p class="quiet">{caption}</p>
<figure>{_image(figures["overview"], caption)}</figure>
</section>"""


def _modes(result: Result, figures: Mapping[str, bytes]) -> str:
    drawn = [(row, f"mode_{mode:02d}") for row, mode in enumerate(result.found.number.tolist())]
    drawn = [(row, name) for row, name in drawn if name in figures]
    note = ""
    if len(result.modes) > len(drawn):
        note = f" Figures show the {MAX_MODES} largest of {number(len(result.modes), 0)} modes; the tables hold all."
    slices = ""
    if drawn:
        slices = f"""<section>
<h2>Mode by mode</h2>
<p class="quiet">Slices through each mode's peak. Image values below the threshold fade out. The cased line is the mode;
the other lines are its best regions by correlation, drawn at a quarter of their largest value.{note}</p>
{"".join(_mode(result, row, figures[name]) for row, name in drawn)}
</section>"""
    links = {int(result.found.number[row]) for row, _ in drawn}
    return f"""<section>
<h2>Modes</h2>
{_table(result.modes, links)}
</section>
{slices}"""


def _mode(result: Result, row: int, figure: bytes) -> str:
    mode, facts = int(result.found.number[row]), result.modes.iloc[row]
    items = "".join(
        f'<li><i style="background:{color}"></i><span class="name">{text(pair["region"])}</span>'
        f"<span>r = {fixed(pair['correlation'], 2)}</span>{_share(pair['share'])}</li>"
        for color, (_, pair) in zip(REGION_COLORS, best_assignments(result, mode).iterrows(), strict=False)
    )
    return f"""<section class="mode" id="mode-{mode}">
<h3>{_chip(mode)} Mode {mode}</h3>
<p class="facts">{rounded(facts["volume mm3"])} mm³ · {_count(facts["voxels"], "voxel")} ·
peak {rounded(facts["peak value"])} at {place(facts["peak"])} mm · {percent(facts["unassigned share"])} in no region</p>
<figure>{_image(figure, f"Axial, coronal and sagittal slice through the peak of mode {mode}")}</figure>
{f'<ul class="legend">{items}</ul>' if items else '<p class="quiet">It overlaps no region of the atlas.</p>'}
</section>
"""


def _assignments(result: Result) -> str:
    links = set(result.found.number.tolist()) if len(result.modes) <= MAX_MODES else set()
    used = [name for name in dict.fromkeys([*result.modes.columns, *result.assignments.columns]) if name in MEANINGS]
    meanings = "".join(f"<tr><th>{text(name)}</th><td>{text(MEANINGS[name])}</td></tr>" for name in used)
    return f"""<section>
<h2>Assignments</h2>
<p class="quiet">One row for each mode and region that overlap. Point at a number for all its digits.</p>
{_table(result.assignments, links)}
<details><summary>What the columns mean</summary><table class="record">{meanings}</table></details>
</section>"""


def _record(record: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><th>{text(name)}</th><td>{text(value, 1000)}</td></tr>" for name, value in _flat(record))
    return f"""<section>
<h2>Record</h2>
<p class="quiet">Software, inputs and parameters. Files are named without their folders.</p>
<details open><summary>All entries</summary><table class="record">{rows}</table></details>
</section>"""


def _table(table: pd.DataFrame, links: set[int]) -> str:
    """A sortable table; modes in `links` lead to their figures."""
    numeric = {name: ' class="n"' if pd.api.types.is_numeric_dtype(table[name]) else "" for name in table.columns}
    heads = "".join(
        f'<th scope="col"{numeric[name]} title="{text(MEANINGS.get(name, name))}">{text(name)}</th>'
        for name in table.columns
    )
    columns = [_cells(name, table[name], links) for name in table.columns]
    rows = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
    return f"""<div class="scroll"><table class="sortable">
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div>"""


def _cells(name: str, column: pd.Series, links: set[int]) -> list[str]:
    values = column.tolist()
    if name == "input structure":
        return [f'<td class="n" title="{mode}">{_chip(mode, link=mode in links)}</td>' for mode in values]
    if pd.api.types.is_numeric_dtype(column):
        finite = column[np.isfinite(column)]
        decimals = 0 if (finite == finite.round()).all() and len(finite) else 3
        return [_number_cell(value, decimals) for value in values]
    return [_other_cell(value) for value in values]


def _number_cell(value: float, decimals: int) -> str:
    if value != value:
        return f'<td class="n">{MISSING}</td>'
    return f'<td class="n" title="{value!r}">{number(value, decimals)}</td>'


def _other_cell(value: Any) -> str:
    if isinstance(value, tuple):
        return f'<td title="{text(value)}">{text(place(value))}</td>'
    if value is None or value is pd.NA or value != value:
        return f'<td class="t">{MISSING}</td>'
    # Long names of regions have underscores for spaces, and may be broken there.
    return f'<td class="t">{text(value).replace("_", "_<wbr>")}</td>'


def _chip(mode: int, link: bool = False) -> str:
    chip = f'<span class="chip" style="background:{mode_color(mode)}">{mode}</span>'
    return f'<a href="#mode-{mode}">{chip}</a>' if link else chip


def _share(part: float) -> str:
    width = 0.0 if part != part else 100 * min(max(part, 0.0), 1.0)
    bar = f'<span class="bar"><b style="width:{width:.1f}%"></b></span>'
    return f'<span class="share">{bar}<span>{percent(part)}</span></span>'


def _image(png: bytes, words: str) -> str:
    return f'<img alt="{text(words)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _count(n: Any, noun: str) -> str:
    return f"{number(n, 0)} {noun}{'' if n == 1 else 's'}"


def _words(name: str) -> str:
    """The name of a parameter in words: ``min_volume_mm3`` as "Minimum volume (mm³)"."""
    return {"min_volume_mm3": "Minimum volume (mm³)"}.get(name) or name.replace("_", " ").capitalize()


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else MISSING if value is None else str(value)


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every fact of a record with the way to it; files by name only: folders tell of a person, not of a result."""
    for key, value in record.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} · ")
        elif isinstance(value, list | tuple):
            if value:
                yield name, ", ".join(_file_name(str(item)) for item in value)
        elif isinstance(value, float):
            yield name, f"{value:.6g}"
        elif value is not None:
            yield name, _file_name(str(value))


def _file_name(value: str) -> str:
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(value).is_absolute():
            return kind(value).name
    return value


def _replace(target: Path, content: bytes) -> None:
    """Write a file beside its target, then let it take the target's place."""
    with NamedTemporaryFile(prefix=f".{target.name[:100]}-", dir=target.parent, delete=False) as file:
        scratch = Path(file.name)
        try:
            file.write(content)
            file.close()
            # Temporary files are closed to other users; a report gets the person's own permissions.
            scratch.chmod(0o666 & ~_umask())
            os.replace(scratch, target)
        except BaseException:
            file.close()
            scratch.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
