"""What pages of the site take from the code when it is built: commands, named atlases and public names."""

from __future__ import annotations

import argparse
import re
import textwrap
from itertools import groupby
from pathlib import Path
from typing import Any

import napari_atlas_assign
from napari_atlas_assign.cli import build_parser


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """MkDocs calls this for every page."""
    if page.file.src_uri == "command-line.md":
        return markdown + commands()
    if page.file.src_uri == "named-atlases.md":
        return markdown + atlases()
    if page.file.src_uri == "api.md":
        return markdown + functions()
    return markdown


def commands() -> str:
    """A section for each command, from the parser itself."""
    parser = build_parser()
    (subparsers,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return "\n".join(_command(name, command) for name, command in subparsers.choices.items())


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    words = " ".join(parser.format_usage().removeprefix("usage: ").split())
    usage = textwrap.fill(words, 88, subsequent_indent="    ", break_on_hyphens=False)
    rows = [f"| `{_invocation(action)}` | {_escaped(action.help or '')} |" for action in parser._actions if action.help]
    table = "\n".join(["| argument | meaning |", "|---|---|", *rows])
    return f"\n## {name}\n\n{parser.description or ''}\n\n```text\n{usage}\n```\n\n{table}\n"


def _invocation(action: argparse.Action) -> str:
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    if action.choices and action.option_strings:
        return f"{name} {{{','.join(map(str, action.choices))}}}".replace("|", "\\|")
    return f"{name} {action.metavar}" if action.option_strings and action.metavar else name


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("%%", "%").replace("<", "&lt;")


def atlases() -> str:
    """A section for each source of named atlases, from the catalogue."""
    sections = []
    for source, entries in groupby(napari_atlas_assign.atlases(), key=lambda entry: entry.source):
        rows = [
            f"| `{entry.full_name}` | {_escaped(entry.title)} | {entry.space or ''} | {entry.kind} "
            f"| {entry.n_regions or ''} | {_escaped(entry.licence)} |"
            for entry in entries
        ]
        head = ["| name | title | space | kind | regions | licence |", "|---|---|---|---|---|---|"]
        sections.append("\n".join([f"## {source}\n", *head, *rows]))
    return "\n" + "\n\n".join(sections) + "\n"


def functions() -> str:
    """A heading for each public name, from the file that lists them."""
    listed = Path(napari_atlas_assign.__file__).with_suffix(".pyi").read_text("utf-8")
    names = re.findall(r"^from (\S+) import (\w+) as \2$", listed, re.MULTILINE)
    order = sorted(names, key=lambda pair: (pair[1][0].isupper(), pair[1].lower()))
    of_viewer = [("napari_atlas_assign.viewer", name) for name in ("anatomical_view", "add_template", "show_region")]
    blocks = [f"::: napari_atlas_assign{module}.{name}" for module, name in order]
    return "\n\n".join(blocks + [f"::: {module}.{name}" for module, name in of_viewer])
