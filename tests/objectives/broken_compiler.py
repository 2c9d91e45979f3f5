"""A machine on which torch.compile finds no compiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch._dynamo
import torch._inductor.config


@pytest.fixture
def broken_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was compiled before is forgotten, and the C++ compiler is a path to nowhere."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()
    with torch._inductor.config.patch({"cpp.cxx": ("/nowhere/c++",), "compile_threads": 1}):
        yield
    torch._dynamo.reset()
