"""A wheel, a source distribution and an editable install all bring the manifest and the sample data, and work.

So do a wheel and an editable install made from a clone without symbolic links, as git makes them on Windows.
"""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NAME = "napari_atlas_assign"


def run(*command, **settings):
    """Run a program; its output, or a failure that shows it."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, env=clean, **settings)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    """The wheel and the source distribution; the wheel is built from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist, "editable": ROOT}


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory):
    """A folder of links to what is installed here, but for this package.

    A fresh environment that sees it has the dependencies without the minutes that installing them takes, and nothing of
    this package but what is then installed into it.
    """
    folder = tmp_path_factory.mktemp("dependencies")
    for packages in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}:
        for entry in Path(packages).iterdir() if Path(packages).is_dir() else ():
            link = folder / entry.name
            if NAME not in entry.name and entry.suffix != ".pth" and not link.is_symlink():
                link.symlink_to(entry)
    return folder


def install(folder, dependencies, source, *options):
    """Install the package into a fresh environment; its folder of programs."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    packages = Path(run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (packages / "dependencies.pth").write_text(f"{dependencies}\n")
    # Without a network, since what building needs is there; outside the source tree, so that nothing is found in it.
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    run(programs / "python", "-m", "pip", "install", *offline, *options, source, cwd=folder)
    imported = run(programs / "python", "-c", f"import {NAME}; print({NAME}.__file__)", cwd=folder).strip()
    home = source / "src" if "--editable" in options else packages
    assert Path(imported).is_relative_to(home), imported
    return programs


@pytest.fixture(scope="module", params=["wheel", "sdist", "editable"])
def environment(request, artefacts, dependencies, tmp_path_factory):
    """The folder of programs of a fresh environment with the package installed in one of three ways."""
    options = ["--editable"] if request.param == "editable" else []
    return install(tmp_path_factory.mktemp(request.param), dependencies, artefacts[request.param], *options)


def test_distributions_hold_what_belongs_and_are_small(artefacts):
    with tarfile.open(artefacts["sdist"]) as archive:
        top = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {"src", "tests", "docs", "LICENSE", "README.md", "CHANGELOG.md", "napari.yaml", "sample_data"} <= top
    assert not top & {".github", ".coverage", "dist", "site", ".pre-commit-config.yaml"}
    with zipfile.ZipFile(artefacts["wheel"]) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    assert {name.split("/")[0].split("-")[0] for name in names} == {NAME}
    assert "License-Expression: BSD-3-Clause\n" in metadata
    assert "Description-Content-Type: text/markdown\n" in metadata
    assert artefacts["wheel"].stat().st_size < 1e6  # docs/release.md says how large it is


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git repository")
@pytest.mark.parametrize("options", [[], ["--editable"]], ids=["wheel", "editable"])
def test_napari_finds_the_manifest_of_a_clone_without_symbolic_links(options, dependencies, tmp_path):
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", "-c", "core.symlinks=false", ROOT, clone)
    programs = install(tmp_path / "environment", dependencies, clone, *options)
    out = run(programs / "python", "-m", "npe2", "validate", "napari-atlas-assign", cwd=tmp_path)
    assert "Manifest for 'Atlas Assign' valid" in out


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git repository")
def test_the_repository_holds_no_symbolic_link():
    modes = {line.split()[0] for line in run("git", "-C", ROOT, "ls-files", "--stage").splitlines()}
    assert "120000" not in modes


def test_a_type_checker_is_told_that_the_package_is_typed(environment, tmp_path):
    code = f"import pathlib, {NAME}; print(*sorted(p.name for p in pathlib.Path({NAME}.__file__).parent.glob('*py*')))"
    assert {"py.typed", "__init__.pyi"} <= set(run(environment / "python", "-c", code, cwd=tmp_path).split())


def test_napari_finds_and_imports_every_contribution(environment, tmp_path):
    out = run(environment / "python", "-m", "npe2", "validate", "--imports", "napari-atlas-assign", cwd=tmp_path)
    assert "Manifest for 'Atlas Assign' valid" in out


def test_the_bundled_example_is_assigned_at_the_command_line(environment, tmp_path):
    code = f"from {NAME}.resources import sample_data_folder; print(sample_data_folder())"
    data = Path(run(environment / "python", "-c", code, cwd=tmp_path).strip())
    image, atlas = data / "synthetic-fusiform_map.nii.gz", data / "synthetic-fusiform_probseg.nii.gz"
    program = environment / "napari-atlas-assign"
    out = run(program, "assign", image, "--atlas", atlas, "--output", "out", cwd=tmp_path)
    assert "2 modes" in out
    best = [row.split("\t")[8] for row in (tmp_path / "out" / "modes.tsv").read_text("utf-8").splitlines()[1:]]
    assert len(set(best)) == 2
    assert "n/a" not in best
