"""Connections to a viewer's events, for as long as a dock is open."""

from __future__ import annotations

from typing import Any


class Following:
    """Connections to events, that can be cut without the widget: it may be half gone by then."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Any, Any]] = []

    def start(self, *pairs: tuple[Any, Any]) -> None:
        """Connect each event to its callback, unless that was done."""
        if not self._pairs:
            self._pairs = list(pairs)
            for event, callback in pairs:
                event.connect(callback)

    def stop(self) -> None:
        """Cut all connections."""
        for event, callback in self._pairs:
            event.disconnect(callback)
        self._pairs = []
