from __future__ import annotations


def counted_calls(loop, monkeypatch):
    """One entry for each call of a compiled loop."""
    calls = []
    compiled = loop._compiled
    monkeypatch.setattr(loop, "_compiled", lambda *given: (calls.append(1), compiled(*given)))
    return calls
