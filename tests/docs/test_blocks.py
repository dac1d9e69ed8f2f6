"""Every block of code in README and docs runs as printed, in the order of its page, and prints what the page shows."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
import warnings
from collections import Counter

import pandas as pd
import pytest

from napari_atlas_assign.cli import build_parser, main
from tests.docs.helpers import PAGES, ROOT, blocks, write_files
from tests.plugin.conftest import napari_settings  # noqa: F401  blocks that open napari leave the user's alone

NOT_RUN = {
    "needs the network": {"seed-example.md": 2},
    "needs R": {"batch.md": 1},
    "needs SLURM": {"batch.md": 1},
    "needs a terminal for each line": {"batch.md": 1},
}
"""Titles of the blocks that are read but not run, and how many of them a page has."""

OTHER_PROGRAMS = r"(apt-get|pip install|python3? (-m venv|docs/|benchmarks/)|napari |xvfb-run|dask |conda |git clone)"
"""Lines that set up a machine, or open a window that waits for its user."""

PRINTS_AS_SHOWN = int(pd.__version__.partition(".")[0]) >= 3
"""The pages show what pandas 3 prints; earlier ones print missing values in other words."""

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


@pytest.fixture
def folder(tmp_path, monkeypatch, zmap_path):
    """A current folder with the files that the docs talk of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bg_config.conf").write_text(f"[default_dirs]\nbrainglobe_dir = {tmp_path}\n")
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path))
    write_files(tmp_path, zmap_path)
    return tmp_path


def run_python(code: str, names: dict[str, object], page: str) -> None:
    """Run statements as a script does; a result that stands alone on a line has rows."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.Expr):
            value = eval(compile(ast.Expression(node.value), page, "eval"), names)
            assert len(getattr(value, "assignments", "any")) > 0, ast.unparse(node)
        else:
            exec(compile(ast.Module([node], []), page, "exec"), names)


def lines_of(code: str) -> list[str]:
    """The commands of a block; a line that ends in a backslash goes on below."""
    return [line for line in code.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def check_other(line: str) -> None:
    """A line for another program is one of those that docs may have, and names extras and files that there are."""
    assert re.match(OTHER_PROGRAMS, line), line
    for extras in re.findall(r"\[([a-z,]+)\]", line):
        assert set(extras.split(",")) <= set(EXTRAS), line
    for script in re.findall(r"\b(?:docs|benchmarks)/\S+\.py", line):
        assert (ROOT / script).is_file(), line


def run_command(line: str) -> None:
    """Run a line of this package's program; read any other."""
    if not line.startswith("napari-atlas-assign "):
        return check_other(line)
    arguments = shlex.split(line, comments=True)[1:]
    if arguments == ["--version"]:
        return None
    assert main(arguments) == 0, line


def read(block) -> None:
    """Hold a block that is not run to what can be told by reading."""
    if block.language == "python":
        compile(block.code, "block", "exec")
    elif block.language == "bash":
        for line in lines_of(block.code):
            if line.startswith("napari-atlas-assign "):
                build_parser().parse_args(shlex.split(line, comments=True)[1:])
            else:
                check_other(line)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_every_block_of_a_page_runs_as_printed_and_prints_what_is_shown(page, request, capsys, monkeypatch):
    if "napari.Viewer(" in page.read_text("utf-8"):
        monkeypatch.setattr("napari.Viewer", request.getfixturevalue("make_napari_viewer"))
    names: dict[str, object] = {"__name__": "__main__"}
    shown = ""
    for block in blocks(page):
        if block.language == "text":
            assert shown.rstrip() == block.code.rstrip() or not PRINTS_AS_SHOWN
        elif block.title in NOT_RUN:
            read(block)
        elif block.language == "python":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run_python(block.code, names, page.name)
        elif block.language == "bash":
            for line in lines_of(block.code):
                run_command(line)
        shown = capsys.readouterr().out


def test_blocks_are_in_languages_that_the_tests_know_and_those_not_run_are_counted():
    assert {block.language for page in PAGES for block in blocks(page)} <= {"python", "bash", "text", "r", "plain"}
    titles = Counter((block.title, page.name) for page in PAGES for block in blocks(page) if block.title)
    assert titles == {(title, page): n for title, pages in NOT_RUN.items() for page, n in pages.items()}


def test_only_what_no_test_can_run_says_that_it_is_not_run():
    for page in PAGES:
        for block in blocks(page):
            if block.language == "r":
                assert block.title == "needs R", page.name
