"""The site of the documentation: every page can be reached, and pages made from the code name what there is."""

from __future__ import annotations

import importlib.util
import inspect
import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import napari_atlas_assign as naa
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.cli import COMMANDS, build_parser

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("hooks", ROOT / ".ci" / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name):
    return SimpleNamespace(file=SimpleNamespace(src_uri=name))


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page():
    listed = re.findall(r"^ +- .+: ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_ci_builds_the_site_and_ends_at_its_first_warning():
    assert re.search(r"^timeout \d+ mkdocs build --strict\b", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)


def anchors(markdown):
    """The anchors that MkDocs gives to headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_link_to_a_heading_leads_to_one(path, hooks):
    text = path.read_text("utf-8")
    for target, anchor in re.findall(r"\]\(([\w./-]*)#([^)\s]+)\)", text):
        aim = path.parent / target if target else path
        made = hooks.on_page_markdown(aim.read_text("utf-8"), page(aim.name))
        assert anchor in anchors(made), f"{target}#{anchor}"


def test_the_page_of_commands_has_every_command_and_option(hooks):
    text = hooks.on_page_markdown("", page("command-line.md"))
    for command in COMMANDS:
        name = command.__name__.rsplit(".", 1)[-1].replace("_", "-")
        assert f"## {name}\n" in text
    for option in ("--threshold", "--atlas", "--registration-sd"):
        assert f"`{option} " in text


def test_the_page_of_named_atlases_has_each_once_with_its_licence(hooks):
    text = hooks.on_page_markdown("", page("named-atlases.md"))
    for entry in naa.atlases():
        (row,) = re.findall(rf"^\| `{re.escape(entry.full_name)}` \|.*$", text, re.MULTILINE)
        assert entry.licence.replace("|", "\\|") in row
        assert row.count(" | ") == 5


def test_the_page_of_functions_has_every_public_name(hooks):
    text = hooks.on_page_markdown("", page("api.md"))
    for name in naa.__all__:
        assert re.search(rf"^::: napari_atlas_assign\S*\.{name}$", text, re.MULTILINE), name
    assert hooks.on_page_markdown("as it is", page("index.md")) == "as it is"


def test_the_page_of_settings_has_those_of_the_manifest_with_their_defaults():
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    manifest = yaml.safe_load((ROOT / "napari.yaml").read_text("utf-8"))
    words = {True: "on", "juelich": "`juelich`", "": ""}
    for group in manifest["contributions"]["configurations"].values():
        for setting in group["properties"].values():
            default = words.get(setting["default"], str(setting["default"]))
            assert re.search(rf"^\| {setting['title']} \| {default} ?\| \S", text, re.MULTILINE), setting["title"]


@pytest.mark.usefixtures("qapp")
def test_the_page_of_parameters_names_every_field_of_the_widget():
    from napari_atlas_assign.plugin.assign.parameter_fields import ParameterFields
    from napari_atlas_assign.plugin.assign.settings import Defaults

    text = (ROOT / "docs" / "parameters.md").read_text("utf-8")
    fields = ParameterFields(Defaults(), lambda: None)
    in_napari = [row.split("|")[1] for row in text.splitlines() if row.startswith("| ")]
    sure = [field for field in fields.sure.container if field.widget_type != "CheckBox"]  # each asks for the next field
    for field in (*fields.more, *sure):
        name = field.label if field.widget_type != "CheckBox" else field.text
        assert any(re.search(rf"\b{re.escape(name)}(?!\w)", cell) for cell in in_napari), name


def test_the_page_of_parameters_names_each_of_them_as_the_code_does():
    text = (ROOT / "docs" / "parameters.md").read_text("utf-8")
    in_python = set(inspect.signature(naa.assign).parameters) - {"source", "atlas", "progress"}
    for name in {field.name for field in fields(Parameters)} & in_python:
        assert f"`{name}`" in text, name
    options = {
        option
        for action in build_parser()._subparsers._group_actions[0].choices["assign"]._actions
        for option in action.option_strings
    }
    for option in re.findall(r"`(--[\w-]+)`", text):
        assert option in options, option
