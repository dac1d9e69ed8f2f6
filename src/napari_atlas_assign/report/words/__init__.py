"""What a record says, in words for the report and for papers."""

from __future__ import annotations
