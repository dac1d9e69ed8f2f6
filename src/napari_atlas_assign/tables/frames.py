"""pandas, imported where something of it is first used: that takes longer than to assign a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
else:

    class _Later:
        """Stands for the module."""

        def __getattr__(self, name: str) -> Any:
            import pandas

            return getattr(pandas, name)

    pd = _Later()

__all__ = ["pd"]
