"""Ctrl-C in a batch: one finishes what is in hand, two end at once; neither loses a map nor leaves a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from benchmarks.interrupts import interrupt_twice, make_files, members, start, tables

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks at the processes of a group in /proc")


def finish(folder, out):
    process = start(folder, out)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return tables(out)


def wait_for_a_map(process, out):
    """Until the journal holds a record."""
    while process.poll() is None and not any(file.stat().st_size for file in out.glob("finished/*.journal")):
        time.sleep(0.01)


def test_one_interrupt_finishes_the_maps_in_hand_and_says_how_many(tmp_path):
    make_files(tmp_path, 120)
    process = start(tmp_path, tmp_path / "out")
    wait_for_a_map(process, tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    lines = err.decode().strip().splitlines()
    assert process.returncode == 1
    assert lines[-2].startswith("napari-atlas-assign: finishing ")
    assert lines[-2].endswith(" in hand; Ctrl-C again ends at once")
    assert lines[-1] == "napari-atlas-assign: error: stopped"
    assert members(process.pid) == []
    assert not (tmp_path / "out" / "batch.json").exists()
    assert finish(tmp_path, tmp_path / "out") == finish(tmp_path, tmp_path / "fresh")


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.15])
def test_two_interrupts_end_at_once_and_lose_nothing(tmp_path, gap):
    make_files(tmp_path, 30)
    began = time.monotonic()
    expected = finish(tmp_path, tmp_path / "fresh")
    middle = 0.7 * (time.monotonic() - began)
    assert interrupt_twice(tmp_path, tmp_path / "out", middle, gap, to_group=True) is None
    assert finish(tmp_path, tmp_path / "out") == expected


def test_an_interrupt_before_there_are_workers_is_an_exception_as_ever():
    script = (
        "import os, signal\n"
        "from napari_atlas_assign.batch.stopping import on_interrupt\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it\n"
        "try:\n"
        "    with on_interrupt(print):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        "    print('as ever')\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "as ever\n"
