"""What is published agrees with itself: workflows, package metadata, recipe, citation."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="a source distribution has no workflows")


def steps(path):
    return [step for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_no_more_than_it_needs_and_runs_scripts_that_there_are(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for step in steps(path):
        assert ("run" in step) != ("uses" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step.get("uses", "a/b@v1"))
        for script in re.findall(r"\.ci/\w+", step.get("run", "")):
            assert (ROOT / script).is_file()
    assert all("timeout-minutes" in job for name, job in workflow["jobs"].items() if name != "publish")


def test_the_pythons_and_systems_of_the_classifiers_are_those_that_are_tested():
    tests = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    matrix = tests["jobs"]["systems"]["strategy"]["matrix"]
    claimed = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
    assert claimed == matrix["python"]
    assert PROJECT["requires-python"] == f">={claimed[0]}"
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_the_recipe_has_the_version_and_the_requirements_of_the_package():
    recipe = (ROOT / "recipe" / "meta.yaml").read_text("utf-8")
    assert f'set version = "{PROJECT["version"]}"' in recipe
    run = recipe.split("  run:\n")[1].split("\n\n")[0]
    listed = dict(line.strip("- ").split(" ") for line in run.splitlines() if "python" not in line)
    assert listed == dict(re.fullmatch(r"([\w-]+)(.*)", d).groups() for d in PROJECT["dependencies"])


def test_citation_and_archive_say_the_same_as_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    archive = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    assert citation["license"] == archive["license"] == PROJECT["license"]
    assert citation["title"] == archive["title"] == PROJECT["name"]
    assert citation["repository-code"] == PROJECT["urls"]["Source"]
    assert set(citation["keywords"]) == set(archive["keywords"]) == set(PROJECT["keywords"])
    assert str(citation["date-released"]) in (ROOT / "CHANGELOG.md").read_text("utf-8")
    for key in ("description", "upload_type", "creators", "related_identifiers"):
        assert archive[key]
