"""``atlases``: what the catalogue offers, and from where."""

from __future__ import annotations

import argparse

from .parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "atlases", help="list the atlases that can be named", description="List the atlases that --atlas takes by name."
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..atlas.catalogue import catalogue

    header = ("name", "title", "space", "kind", "regions", "source", "local")
    rows = [
        (
            entry.name,
            entry.title,
            entry.space or "unknown",
            entry.kind,
            "?" if entry.n_regions is None else str(entry.n_regions),
            entry.source,
            "yes" if entry.local else "no",
        )
        for entry in catalogue()
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not any(entry[-1] == "yes" for entry in rows):
        print('No atlas is on this machine yet: pip install "napari-atlas-assign[atlases]" brings ten.')
