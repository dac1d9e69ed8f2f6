"""What came of a run of the command line."""

from __future__ import annotations


def fails_in_one_line(outcome, code, *words):
    """Check a failure: this code, nothing on standard output, one line with these words on standard error."""
    found, out, err = outcome
    assert (found, out) == (code, ""), err
    assert err.startswith("napari-atlas-assign")
    assert err.count("\n") == 1, err
    assert err.endswith("\n")
    assert "Traceback" not in err
    for word in words:
        assert word in err
