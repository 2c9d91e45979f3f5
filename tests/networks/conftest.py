from __future__ import annotations

from tests.objectives.broken_compiler import broken_compiler

__all__ = ["broken_compiler"]
