"""A short run of benchmarks/fuzz.py with other seeds every time; they are printed, and make a failure again."""

from __future__ import annotations

import random

from benchmarks.fuzz import KINDS, fuzz


def test_damaged_files_of_every_kind_are_read_or_refused_in_one_line(tmp_path):
    seed = random.SystemRandom().randrange(2**31)
    print(f"first seed {seed}")
    results = fuzz(tmp_path, 30, seed, most=60)
    assert set(results) == set(KINDS)
    assert all(tried for tried, _ in results.values())
    assert not [f"{kind}, {failure}" for kind, (_, failures) in results.items() for failure in failures]
