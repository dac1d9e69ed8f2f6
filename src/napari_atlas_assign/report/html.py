"""The report: one HTML file with everything in it, to be read, printed, sent on and kept.

Whatever comes from outside (names of regions, files and atlases, sentences that hold them) passes `text` on its way
into the page. The page asks for nothing beyond itself, and tells the browser to let nothing else run or load.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..assignment.columns import (
    ASSIGNMENTS,
    CLUSTERS,
    LISTED_POINTS,
    MODES,
    PEAKS,
    POINT_ASSIGNMENTS,
    POINTS,
    REGION_TEST,
    REGIONS,
    Columns,
    column_named,
)
from ..assignment.point_result import PointResult
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atomic import told_if_not_written, whole_file
from ..certainty.registration import DRAWS, HELD
from ..errors import InputError, plural
from ..image import exists
from ..tables.frames import pd
from .canvas import ON_PAGE
from .colors import REGION_COLORS, mode_color
from .coverage import coverage, covered_elsewhere, is_covered, not_covered
from .figures import draw_figures, figure_bytes
from .provenance import record_of
from .scene import MAX_MODES, MAX_RUNS, best_assignments, drawn_runs
from .short import n_modes
from .wording import MISSING, counted, fixed, listed, number, percent, place, rounded, shortened
from .words.choices import choices
from .words.flat_record import MAX_ENTRIES, flat
from .words.methods import bibtex, methods_paragraph

MAX_REGIONS = 2000
"""Rows of the table of regions that the page shows."""

MAX_ROWS = 2000
"""Rows of a table on a page; of more, a page takes long to open, and nobody reads them there."""


def save_report(result: Result | PointResult, path: str | os.PathLike[str], *, radiological: bool = False) -> Path:
    """Write a result as one self-contained HTML file, whole or not at all.

    Parameters
    ----------
    result : Result or PointResult
        What to report. A stack or several atlases have a part for each of the first 10 runs; points have only tables.
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
    if exists(target) and target.is_dir():
        raise InputError(f"{path} is a folder; name a file for the report")
    content = report_page(result, radiological=radiological).encode("utf-8", errors="replace")
    with told_if_not_written(path, "name another file for the report"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as new:
            new.write_bytes(content)
    return target


def report_page(result: Result | PointResult, *, radiological: bool = False) -> str:
    """The report as the text of a page."""
    record = record_of(result)
    if isinstance(result, PointResult):
        title, content = result.points.name, _of_points(result, record)
    else:
        title, content = _name(result), _of_maps(result, record, radiological)
    return whole_page(f"{title} – modes and regions", f"{content}\n{_methods(record)}", record)


def whole_page(title: str, content: str, record: Mapping[str, Any]) -> str:
    """A page with a title, what stands on it, and a record at its end."""
    style, script = (Path(__file__).with_name(name).read_text("utf-8") for name in ("page.css", "page.js"))
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{script_hash}'"
    version, created = record["software"].get("napari-atlas-assign", ""), record.get("created")
    maker = f"napari-atlas-assign {version}" + (f", {created}" if created else "")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{content}
{_record(record)}
<footer>Made with {text(maker)}.</footer>
</main>
<script>{script}</script>
</body>
</html>
"""


def text(value: Any, length: int = 200) -> str:
    """Anything as text that a page shows and never obeys."""
    return html.escape(shortened(value, length))


def _of_maps(result: Result, record: Mapping[str, Any], radiological: bool) -> str:
    several = len(result.comparisons) > 1
    parts = [_heading(result, record)]
    if several:
        parts.append(_runs(result))
    for n, (run, most) in enumerate(drawn_runs(result), 1):
        drawn = draw_figures(run, ON_PAGE, radiological=radiological, most=most)
        figures = {name: figure_bytes(figure) for name, figure in drawn}
        prefix = f"run-{n}-" if several else ""
        part = "\n".join(
            (
                _summary(run, figures, prefix),
                _overview(figures),
                _modes(run, figures, prefix),
                _peaks(run, figures, prefix),
                _how_sure(run, figures),
                _assignments(run, figures, prefix),
            )
        )
        if several:
            title = f"{text(run.image.name)} and {text(run.atlas.name)}"
            part = f'<section class="run" id="run-{n}"><p class="kind">Run {n}</p><h1>{title}</h1>\n{part}</section>'
        parts.append(part)
    parts.append(_regions(result))
    return "\n".join(parts)


def _regions(result: Result | PointResult) -> str:
    """What is in every region, folded away: atlases have hundreds of them."""
    table = result.regions
    shown = table.head(MAX_REGIONS)
    note = "One row for each region and ancestor in the atlas's tree; (none) is what lies in no region."
    left_out = len(table) - len(shown)
    if left_out:
        note += f" {counted(left_out, 'more row')} {plural(left_out, 'stands', 'stand')} in the saved table."
    return f"""<section>
<h2>Regions</h2>
<p class="quiet">{note}</p>
<details><summary>What is in every region</summary>{html_table(shown, {}, REGIONS)}</details>
{column_meanings([*table.columns], REGIONS)}
</section>"""


def _of_points(result: PointResult, record: Mapping[str, Any]) -> str:
    n, atlases = len(result.points), result.atlases
    facts = {
        "Points": result.points.name,
        **_atlas_facts(atlases),
        "Space of the points": result.points.space or "not stated",
        **choices(record),
    }
    lead = f"{counted(n, 'point')}, compared with the regions of {_names([a.name for a in atlases])}."
    tables = "".join(
        f"<section><h2>{title}</h2>{html_table(table, {}, columns)}</section>"
        for title, table, columns in (
            ("Summary", result.summary(), LISTED_POINTS),
            ("Points", result.listed, POINTS),
            ("Assignments", result.assignments, POINT_ASSIGNMENTS),
        )
    )
    used = [*result.modes.columns, *result.assignments.columns]
    top = _top("Points and brain regions", result.points.name, lead, result.warnings, facts)
    return f"{top}\n{tables}\n{column_meanings(used, {**POINT_ASSIGNMENTS, **POINTS})}\n{_regions(result)}"


def _heading(result: Result, record: Mapping[str, Any]) -> str:
    images, atlases = result.images, result.atlases
    facts = {
        "Image" if len(images) == 1 else "Images": shortened(_name(result)),
        **_atlas_facts(atlases),
        "Space of the image": result.image.space or "not stated",
        **choices(record),
    }
    across = "" if len(result.comparisons) == 1 else f" in {len(result.comparisons)} runs"
    lead = (
        f"{counted(n_modes(result), 'mode')}{across}, compared with the regions of "
        f"{_names([a.name for a in atlases])}: {counted(len(result.assignments), 'assignment')}."
    )
    return _top("Modes and brain regions", _name(result), lead, result.warnings, facts)


def _top(kind: str, title: str, lead: str, warnings: Sequence[str], facts: Mapping[str, str]) -> str:
    """The head of a page; `lead` is ready for the page, all else comes from outside."""
    notices = "".join(f'<p class="notice">{text(warning, 1000)}.</p>' for warning in warnings[:MAX_ENTRIES])
    left = len(warnings) - MAX_ENTRIES
    if left > 0:
        more = f"{counted(left, 'more warning')} {plural(left, 'stands', 'stand')}"
        notices += f'<p class="notice">{more} in provenance.json.</p>'
    return f"""<header>
<p class="kind">{kind}</p>
<h1>{text(title)}</h1>
<p class="lead">{lead}</p>
{notices}
<dl>{"".join(f"<div><dt>{text(term)}</dt><dd>{text(fact)}</dd></div>" for term, fact in facts.items())}</dl>
</header>"""


def _atlas_facts(atlases: Sequence[Atlas]) -> dict[str, str]:
    return {
        "Atlas" if len(atlases) == 1 else "Atlases": ", ".join(
            f"{atlas.name} ({counted(atlas.n_regions, 'region')})" for atlas in atlases
        ),
        "Space of the atlas": ", ".join(dict.fromkeys(atlas.space or "not stated" for atlas in atlases)),
    }


def _name(result: Result) -> str:
    """The image's name, or those of the first and last of a stack."""
    images = result.images
    return images[0].name if len(images) == 1 else f"{len(images)} maps, {images[0].name} to {images[-1].name}"


def _names(names: Sequence[str]) -> str:
    """Names of atlases in a sentence, ready for the page."""
    return f"the atlas{'' if len(names) == 1 else 'es'} {listed([text(name) for name in names])}"


def _runs(result: Result) -> str:
    """All images with all atlases, those that are drawn with the way to their part of the page."""
    links = [f'<a href="#run-{n}">{n}</a>' for n in range(1, min(MAX_RUNS, len(result.comparisons)) + 1)]
    links += [str(n) for n in range(MAX_RUNS + 1, len(result.comparisons) + 1)]
    rows = "\n".join(
        f'<tr><td class="n" title="{n}">{links[n - 1]}</td>'
        f"{_other_cell(run.image.name)}{_other_cell(run.atlas.name)}{_number_cell(run.threshold, 3)}"
        f"{_number_cell(run.modes.n_modes, 0)}{_number_cell(len(run.sums.mode), 0)}</tr>"
        for n, run in enumerate(result.comparisons, 1)
    )
    note = "One run is one map with one atlas."
    if len(result.comparisons) > MAX_RUNS:
        n = number(len(result.comparisons), 0)
        note += f" This page shows the first {MAX_RUNS} of {n} runs; the saved tables hold all."
    heads = "".join(
        f'<th scope="col"{style}>{name}</th>'
        for name, style in (
            *(("run", ' class="n"'), ("map", ""), ("atlas", ""), ("threshold", ' class="n"')),
            *(("modes", ' class="n"'), ("assignments", ' class="n"')),
        )
    )
    return f"""<section>
<h2>Runs</h2>
<p class="quiet">{note}</p>
<div class="scroll"><table class="sortable">
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div>
</section>"""


def _summary(result: Result, figures: Mapping[str, bytes], prefix: str) -> str:
    return f"""<section>
<h2>Summary</h2>
<p class="quiet">Size and peak of each mode, the region at the peak, and the best region of the whole mode.</p>
{html_table(result.summary(), _links(result, figures, prefix), CLUSTERS)}
</section>"""


def _peaks(result: Result, figures: Mapping[str, bytes], prefix: str) -> str:
    if result.parameters.rois:
        return ""
    return f"""<section>
<h2>Peaks</h2>
<p class="quiet">The highest places of each mode, and the regions there with their values.</p>
{html_table(result.peaks, _links(result, figures, prefix), PEAKS)}
</section>"""


def _methods(record: Mapping[str, Any]) -> str:
    return f"""<section>
<h2>Methods</h2>
<p class="quiet">Ready to paste into a paper; the keys in brackets are those of the BibTeX entries.</p>
<blockquote>{text(methods_paragraph(record), 20_000)}</blockquote>
<details><summary>Works to cite (BibTeX)</summary><pre>{html.escape(bibtex(record))}</pre></details>
</section>"""


def _overview(figures: Mapping[str, bytes]) -> str:
    caption = "All modes, seen through the brain from above, from behind and from the right."
    return f"""<section>
<h2>Overview</h2>
<p class="quiet">{caption}</p>
<figure>{_image(figures["overview"], caption)}</figure>
</section>"""


def _modes(result: Result, figures: Mapping[str, bytes], prefix: str) -> str:
    drawn = _drawn(result, figures)
    note = ""
    if len(result.modes) > len(drawn):
        note = f" Figures show the {len(drawn)} largest of {number(len(result.modes), 0)} modes; the tables hold all."
    slices = ""
    where = "the middle of each region of interest" if result.parameters.rois else "each mode's peak"
    if drawn:
        elsewhere = covered_elsewhere(result)
        slices = f"""<section>
<h2>Mode by mode</h2>
<p class="quiet">Slices through {where}. Image values below the threshold fade out. The cased line is the mode;
the other lines are its best regions by correlation, of those that account for 1 % of it or more, drawn at a quarter of
their largest value. The bar is what regions account for, what they leave open, and what lies outside all.{note}</p>
{"".join(_mode(result, row, figures[name], prefix, elsewhere) for row, name in drawn)}
</section>"""
    return f"""<section>
<h2>Modes</h2>
{html_table(result.modes, _links(result, figures, prefix), MODES)}
</section>
{slices}"""


def _drawn(result: Result, figures: Mapping[str, bytes]) -> list[tuple[int, str]]:
    """Rows of the modes that have a figure, with the figure's name."""
    names = [(row, f"mode_{mode:02d}") for row, mode in enumerate(result.mode_voxels.number.tolist())]
    return [(row, name) for row, name in names if name in figures]


def _links(result: Result, figures: Mapping[str, bytes], prefix: str) -> dict[int, str]:
    """The place on the page of each mode that has a figure."""
    numbers = [int(result.mode_voxels.number[row]) for row, _ in _drawn(result, figures)]
    return {mode: f"{prefix}mode-{mode}" for mode in numbers}


def _mode(result: Result, row: int, figure: bytes, prefix: str, elsewhere: Mapping[int, str]) -> str:
    mode, facts = int(result.mode_voxels.number[row]), result.modes.iloc[row].to_dict()
    items = "".join(
        f'<tr><td><i style="background:{color}"></i></td><td class="t">{text(pair["region"])}</td>'
        f'<td class="n">{fixed(pair["correlation"], 2)}</td><td>{_share(pair["share"])}</td></tr>'
        for color, (_, pair) in zip(REGION_COLORS, best_assignments(result, mode).iterrows(), strict=False)
    )
    is_rois = result.parameters.rois
    words = f"Axial, coronal and sagittal slice through the {'middle' if is_rois else 'peak'} of mode {mode}"
    peak = "" if is_rois else f" ·\npeak {rounded(facts['peak value'])} at {place(facts['peak'])} mm{_plateau(facts)}"
    missing = "" if is_covered(facts) else not_covered(facts, elsewhere.get(mode))
    return f"""<section class="mode" id="{prefix}mode-{mode}">
<h3>{_chip(mode)} Mode {mode}</h3>
<p class="facts">{rounded(facts["volume mm3"])} mm³ · {counted(facts["voxels"], "voxel")}{peak}</p>
<p class="facts">{_coverage_bar(facts)} {coverage(facts)}</p>
{_under_shifts(facts)}
{f'<p class="notice">{text(missing, 1000)}.</p>' if missing else ""}
<figure>{_image(figure, words)}</figure>
{_legend(items) if items else f'<p class="quiet">{_no_region(result, mode)}</p>'}
</section>
"""


def _under_shifts(facts: Mapping[Any, Any]) -> str:
    """Whether the best region holds when the mode is moved; nothing where that was not asked."""
    stability, words = facts.get("best region stability"), facts.get("best region under shifts")
    if stability is None or words is None:
        return ""
    return f'<p class="facts">{text(words)} · best region the same in {percent(stability)} of moves</p>'


def _legend(rows: str) -> str:
    return (
        '<table class="legend"><thead><tr><th></th><th scope="col">region</th>'
        '<th scope="col" class="n">correlation</th><th scope="col">share of the mode</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _no_region(result: Result, mode: int) -> str:
    if (result.assignments["input structure"] == mode).any():
        return "No region accounts for 1 % of it."
    return "It overlaps no region of the atlas."


def _coverage_bar(facts: Mapping[Any, Any]) -> str:
    """The assigned, the undecided and the outside share as one bar."""
    parts = (1 - facts["unassigned share"], facts["undecided share"], facts["outside share"])
    widths = [100 * min(max(part, 0.0), 1.0) for part in parts]
    names = ("assigned", "undecided", "outside")
    shown = "".join(f'<b class="{n}" style="width:{width:.1f}%"></b>' for n, width in zip(names, widths, strict=True))
    return f'<span class="bar coverage">{shown}</span>'


def _plateau(facts: Mapping[Any, Any]) -> str:
    n = facts["peak voxels"]
    return f" (one of {number(n, 0)} equal voxels)" if n > 1 else ""


def _how_sure(result: Result, figures: Mapping[str, bytes]) -> str:
    """What was asked of how sure the answers are, in words, with the sweep and the test of the whole map."""
    parameters = result.parameters
    if not parameters.asks_how_sure:
        return ""
    parts = []
    if parameters.registration_sd_mm:
        parts.append(
            f"""<h3>If the image lay a little differently</h3>
<p>The modes were moved {DRAWS} times, with a standard deviation of {parameters.registration_sd_mm:g} mm along each
axis. The best region stability is the part of these moves in which the best region by share is the same; below
{percent(HELD)} it is undecided. The share sd is the standard deviation of a share over the moves.</p>"""
        )
    if parameters.placements:
        parts.append(
            f"""<h3>Elsewhere in comparable tissue</h3>
<p>Of blobs of this shape in comparable tissue, a fraction p would lie in this region as much as this one (p corrected:
in any region, for all modes of the map). Read p corrected for a region that was chosen by looking at the table. Each
mode was placed {number(parameters.placements, 0)} times. This says nothing about activation, subjects or
populations.</p>"""
        )
    if "sweep" in figures:
        words = "Volume of every mode along the threshold; names are the best regions where they change."
        parts.append(
            f"""<h3>At other thresholds</h3>
<p>{words} Modes are told by their peaks; a dotted line leads to the mode that another one has merged into. Grey modes
are none of their own at the threshold of this assignment.</p>
<figure>{_image(figures["sweep"], words)}</figure>"""
        )
    if result.region_test is not None:
        parts.append(_region_test(result.region_test, result))
    return f"<section><h2>How sure</h2>{''.join(parts)}</section>"


def _region_test(test: pd.DataFrame, result: Result) -> str:
    """The regions of which a whole map is furthest from random maps."""
    parameters = result.parameters
    how = {"positive": "so high a mean", "negative": "so low a mean", "both": "a mean so far from what is expected"}
    tested = test[test["z"].notna()]
    order = tested.assign(far=-tested["z"].abs()).sort_values(["p corrected", "far"], kind="stable").index
    shown = tested.loc[order[:MAX_ENTRIES]]
    return f"""<h3>The whole map</h3>
<p>A random map as smooth as this one and with its values would have {how[parameters.tail]} in this region in a
fraction p of cases (p corrected: in any region). There {plural(parameters.surrogates, "was", "were")}
{counted(parameters.surrogates, "random map")}. Below are {number(len(shown), 0)} of
{counted(len(tested), "region")} that were tested, the least likely first; region_test.tsv has all.</p>
{html_table(shown, {}, REGION_TEST)}"""


def _assignments(result: Result, figures: Mapping[str, bytes], prefix: str) -> str:
    links = _links(result, figures, prefix) if len(result.modes) <= MAX_MODES else {}
    return f"""<section>
<h2>Assignments</h2>
<p class="quiet">One row for each mode and region that overlap. Point at a number for all its digits.</p>
{html_table(result.assignments, links, ASSIGNMENTS)}
{column_meanings([*result.peaks.columns, *result.modes.columns, *result.assignments.columns], _MEANINGS)}
</section>"""


_MEANINGS = {**PEAKS, **MODES, **ASSIGNMENTS}
"""Columns of the tables of maps; where names are the same, those of the assignments."""


def column_meanings(names: Sequence[str], columns: Columns) -> str:
    """What columns mean, folded away."""
    known = dict.fromkeys(column_named(name, columns) for name in names)
    rows = "".join(
        f"<tr><th>{text(column.name)}</th><td>{text(column.explanation, 1000)}</td></tr>" for column in known if column
    )
    return f'<details><summary>What the columns mean</summary><table class="record">{rows}</table></details>'


def _explanation(name: str, columns: Columns) -> str:
    column = column_named(name, columns)
    return name if column is None else column.explanation


def _record(record: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><th>{text(name)}</th><td>{text(value, 1000)}</td></tr>" for name, value in flat(record))
    return f"""<section>
<h2>Record</h2>
<p class="quiet">Software, inputs and parameters. Files are named without their folders.</p>
<details open><summary>All entries</summary><table class="record">{rows}</table></details>
</section>"""


def html_table(table: pd.DataFrame, links: Mapping[int, str], columns: Columns) -> str:
    """A sortable table; modes in `links` lead to their figures. A long one is cut, with a word on what is left out."""
    if table.empty:
        return '<p class="quiet">This table is empty: there is nothing to list.</p>'
    left = len(table) - MAX_ROWS
    table = table.head(MAX_ROWS)
    numeric = {name: ' class="n"' if pd.api.types.is_numeric_dtype(table[name]) else "" for name in table.columns}
    heads = "".join(_head_cell(name, numeric[name], columns) for name in table.columns)
    cells = [_cells(name, table[name], links) for name in table.columns]
    rows = "\n".join(f"<tr>{''.join(row)}</tr>" for row in zip(*cells, strict=True))
    return f"""<div class="scroll"><table class="sortable">
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div>{_left_out(left)}"""


def _left_out(n: int) -> str:
    if n <= 0:
        return ""
    rows = f"{counted(n, 'more row')} {plural(n, 'is', 'are')}"
    return f'<p class="quiet">{rows} left out here; the tables beside this page hold all.</p>'


def _head_cell(name: str, style: str, columns: Columns) -> str:
    return f'<th scope="col"{style} title="{text(_explanation(name, columns), 1000)}">{_hyphenated(text(name))}</th>'


def _hyphenated(heading: str) -> str:
    """A heading whose long words may be broken, so that a table of many columns fits the page."""
    for word in _LONG_WORDS:
        heading = heading.replace(word.replace("-", ""), word.replace("-", "&shy;"))
    return heading


_LONG_WORDS = (
    *("struc-ture", "cen-troid", "corre-lation", "inter-section", "weight-ed", "contained-ness", "maxi-mum"),
    *("proba-bility", "hemi-sphere", "un-assigned", "un-decided", "posi-tion", "dis-tance"),
)


def _cells(name: str, column: pd.Series, links: Mapping[int, str]) -> list[str]:
    values = column.tolist()
    if name in ("input structure", "cluster"):
        return [_mode_cell(mode, links) for mode in values]
    if pd.api.types.is_numeric_dtype(column):
        finite = column.dropna()
        finite = finite[np.isfinite(finite)]
        decimals = 0 if (finite == finite.round()).all() and len(finite) else 3
        return [_number_cell(value, decimals) for value in values]
    return [_other_cell(value) for value in values]


def _mode_cell(mode: Any, links: Mapping[int, str]) -> str:
    if pd.isna(mode):
        return f'<td class="n">{MISSING}</td>'
    return f'<td class="n" title="{mode}">{_chip(mode, links.get(mode))}</td>'


def _number_cell(value: float, decimals: int) -> str:
    if pd.isna(value):
        return f'<td class="n">{MISSING}</td>'
    return f'<td class="n" title="{value!r}">{number(value, decimals)}</td>'


def _other_cell(value: Any) -> str:
    if isinstance(value, tuple):
        return f'<td title="{text(value)}">{text(place(value))}</td>'
    if value is None or value is pd.NA or value != value:
        return f'<td class="t">{MISSING}</td>'
    # Long names of regions have underscores for spaces, and may be broken there.
    return f'<td class="t">{text(value, 2000).replace("_", "_<wbr>")}</td>'


def _chip(mode: int, link: str | None = None) -> str:
    chip = f'<span class="chip" style="background:{mode_color(mode)}">{mode}</span>'
    return f'<a href="#{link}">{chip}</a>' if link else chip


def _share(part: float) -> str:
    width = 0.0 if part != part else 100 * min(max(part, 0.0), 1.0)
    bar = f'<span class="bar"><b style="width:{width:.1f}%"></b></span>'
    return f'<span class="share">{bar}<span>{percent(part)}</span></span>'


def _image(png: bytes, words: str) -> str:
    return f'<img alt="{text(words)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
