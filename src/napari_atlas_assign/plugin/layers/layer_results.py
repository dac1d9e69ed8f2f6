"""Which result the layers of a viewer came from; forgotten with the layers."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from .metadata import own_metadata

_results: WeakKeyDictionary[Any, Result | PointResult] = WeakKeyDictionary()


def remember(layer: Any, result: Result | PointResult) -> None:
    """Note the result that a layer shows, in place of an earlier one."""
    _results[itself(layer)] = result


def result_of(layer: Any) -> Result | PointResult | None:
    """The result that a layer shows; None for other layers."""
    return _results.get(itself(layer))


def results_in(viewer: Any) -> list[Result]:
    """The results of maps whose layers of modes a viewer holds, each once, the uppermost first."""
    modes = [layer for layer in reversed(list(viewer.layers)) if own_metadata(layer).get("role") == "modes"]
    results = [result_of(layer) for layer in modes]
    return list({id(result): result for result in results if isinstance(result, Result)}.values())


def run_shown(viewer: Any) -> Result | None:
    """The uppermost layer of modes as the result of one run: of a stack, of the volume shown; None without any."""
    for layer in reversed(list(viewer.layers)):
        metadata, result = own_metadata(layer), result_of(layer)
        if metadata.get("role") == "modes" and isinstance(result, Result):
            runs = [(run.map_index, run.atlas.name) for run in result.comparisons]
            return result.single(runs.index((metadata["volume"], metadata["atlas"])))
    return None


def itself(layer: Any) -> Any:
    """The layer behind the proxy that plugins are handed; proxies come and go."""
    return getattr(layer, "__wrapped__", layer)
