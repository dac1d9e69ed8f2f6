"""What every measuring process shares: medians of repeated steps and the process's own peak memory, printed as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def seconds(step: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """The median time of a step, and what it returned last."""
    times = []
    result = None
    for _ in range(repeats):
        start = time.perf_counter()
        result = step()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def processor_seconds(step: Callable[[], Any]) -> tuple[float, Any]:
    """The processor time of a step, which other programs on the machine hardly change, and what it returned."""
    start = time.process_time()
    result = step()
    return time.process_time() - start, result


def peak_mib() -> float:
    """This process's peak memory in MiB (VmHWM: unlike ru_maxrss, not the parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def report(**found: Any) -> None:
    """Print one measurement for the parent process."""
    json.dump(found, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()
