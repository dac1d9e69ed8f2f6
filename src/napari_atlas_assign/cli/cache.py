"""``cache``: what the stored index keeps on this machine, and how to be rid of it."""

from __future__ import annotations

import argparse

from ..errors import counted
from .parser import Subparsers, print_table, printable


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "cache",
        help="list or clear what is stored of atlases that were read, and downloads",
        description="Atlases that were read are stored, so that they load quickly the next time, and so are files that "
        "were downloaded. List them, the atlases most recently used first, or clear all; the atlases' own files are "
        "not touched.",
    )
    parser.add_argument("--clear", action="store_true", help="delete everything that is stored")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..atlas.sources.download import clear_downloads, downloads, downloads_folder
    from ..atlas.storage import index

    stored, files = index.entries(), downloads()
    if arguments.clear:
        print(f"Deleted {counted(len(stored), 'stored atlas')}, {_size(index.clear())}, in {index.cache_folder()}.")
        print(f"Deleted {counted(len(files), 'downloaded file')}, {_size(clear_downloads())}, in {downloads_folder()}.")
        return
    rows = [(printable(entry.name), str(entry.n_regions), _size(entry.n_bytes)) for entry in stored]
    if rows:
        print_table(("atlas", "regions", "size"), rows)
    total = sum(entry.n_bytes for entry in stored)
    print(
        f"{counted(len(stored), 'stored atlas')}, {_size(total)}, in {index.cache_folder()}; "
        f"at most {_size(index.MAX_BYTES)} are kept."
    )
    if files:
        print_table(("download", "size"), [(printable(name), _size(size)) for name, size in files])
    print(
        f"{counted(len(files), 'downloaded file')}, {_size(sum(size for _, size in files))}, in {downloads_folder()}."
    )


def _size(n_bytes: int) -> str:
    size = float(n_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
