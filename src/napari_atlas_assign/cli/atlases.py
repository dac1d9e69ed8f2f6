"""``atlases``: what the catalogue offers, from where, and on what terms."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .parser import Subparsers, print_table, printable

if TYPE_CHECKING:
    from ..atlas.sources.entry import CatalogueEntry


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "atlases",
        help="list the atlases that can be named",
        description="List the atlases that --atlas takes by name. What is not local is downloaded at first use.",
    )
    parser.add_argument(
        "--search", metavar="TEXT", help="only those that have all words of TEXT in their name, title, space or kind"
    )
    parser.add_argument("--local", action="store_true", help="only those on this machine")
    parser.add_argument("--verbose", action="store_true", help="with each atlas's licence and citation")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..atlas.catalogue import catalogue

    everything = catalogue()
    entries = [
        entry for entry in everything if _matches(entry, arguments.search) and (entry.local or not arguments.local)
    ]
    rows = [
        (
            entry.full_name,
            entry.title,
            entry.space or "unknown",
            entry.kind,
            "?" if entry.n_regions is None else str(entry.n_regions),
            "local" if entry.local else "download",
        )
        for entry in entries
    ]
    notes = [_terms(entry) for entry in entries] if arguments.verbose else None
    print_table(("name", "title", "space", "kind", "regions", "where"), rows, notes)
    if not any(entry.local for entry in everything):
        print('No atlas is on this machine yet: pip install "napari-atlas-assign[atlases]" brings ten.')


def _matches(entry: CatalogueEntry, text: str | None) -> bool:
    description = f"{entry.full_name} {entry.title} {entry.space or ''} {entry.kind}".lower()
    return all(word in description for word in (text or "").lower().split())


def _terms(entry: CatalogueEntry) -> list[str]:
    return [f"licence: {printable(entry.licence)}", f"citation: {printable(entry.citation)}"]
