"""Compare the convention ``siibra`` with releases of siibra itself, each in an environment of its own.

    python benchmarks/siibra_releases.py PYTHON...

PYTHON is an interpreter that imports a release of siibra, such as ``peers/siibra-old/bin/python`` with 0.4a107 (Python
3.8) and ``peers/siibra/bin/python`` with the newest; without one, the siibra of this environment is compared. All work
on one configuration on disk, small volumes in the place of the published ones, so that no network is needed. Printed
are the version, the number of rows, and the largest difference in any number of the eleven columns. It ends with 1
if a release has other rows, or numbers that differ by more than 1e-6.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COLUMNS = (
    *("correlation", "intersection over union", "map value", "map weighted mean", "map containedness"),
    *("input weighted mean", "input containedness"),
)
TOLERANCE = 1e-6
MODE, MODES, AREAS = "fusiform", "difumo 64", "julich 2.9"


def main(pythons: list) -> int:
    """Print one line for each release; 1 if one differs."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(SIIBRA_CACHEDIR=f"{scratch}/cache", SIIBRA_LOG_LEVEL="CRITICAL")
        configuration = written(Path(scratch))
        ours = rows_of_this_package(configuration)
        print(f"{len(ours)} rows by this package")
        return int(not all([compared(python, configuration, ours) for python in pythons or [sys.executable]]))


def written(scratch: Path) -> Path:
    """The folder of the configuration that the test suite uses."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests import siibra_configuration

    return siibra_configuration.write(scratch / "configuration")


def rows_of_this_package(configuration: Path) -> dict:
    """Numbers of each row, by mode and region."""
    import siibra

    import napari_atlas_assign as naa

    siibra.use_configuration(str(configuration))
    atlas = naa.load_atlas(f"siibra:{AREAS}")
    return by_pair(naa.assign(mode_image(siibra), atlas, convention="siibra").assignments)


def compared(python: str, configuration: Path, ours: dict) -> bool:
    """Print how a release differs; whether it does not."""
    command = [python, __file__, "--child", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{python}: failed: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
        return False
    told = json.loads(done.stdout.splitlines()[-1])
    theirs = {tuple(pair): numbers for pair, numbers in told["rows"]}
    both = [pair for pair in theirs if pair in ours]
    largest = max((float(np.abs(np.subtract(ours[pair], theirs[pair])).max()) for pair in both), default=0.0)
    same = set(ours) == set(theirs) and largest <= TOLERANCE
    verdict = "the same" if same else f"DIFFERS ({len(set(ours) ^ set(theirs))} rows are of one alone)"
    print(f"siibra {told['version']}: {len(theirs)} rows, largest difference {largest:.1e}, {verdict}")
    return same


def child(configuration: str) -> None:
    """In the environment of a release: print its rows as JSON."""
    import siibra

    siibra.use_configuration(configuration)
    areas = siibra.get_map(parcellation=AREAS, space="mni152", maptype="statistical")
    image = mode_image(siibra)
    from_nifti = getattr(siibra.volumes.volume, "from_nifti", None)  # since 1.0a1
    table = areas.assign(image if from_nifti is None else from_nifti(image, areas.space, "mode"))
    rows = [(list(pair), numbers) for pair, numbers in by_pair(table).items()]
    print(json.dumps({"version": siibra.__version__, "rows": rows}))


def mode_image(siibra):
    """The functional mode as siibra fetches it."""
    modes = siibra.get_map(parcellation=MODES, space="mni152", maptype="statistical")
    return modes.fetch(region=next(region for region in modes.regions if MODE in region.lower()))


def by_pair(table) -> dict:
    """Numbers of each row, by the place of its mode among the modes and its region."""
    numbers = sorted(set(table["input structure"]))
    rows = table[list(COLUMNS)].to_numpy(dtype=float).tolist()
    modes, regions = table["input structure"].tolist(), table["region"].tolist()
    names = [getattr(region, "name", str(region)) for region in regions]
    return {(numbers.index(modes[n]), names[n]): row for n, row in enumerate(rows)}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
