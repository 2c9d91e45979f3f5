"""A machine on which torch.compile finds no compiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo
import torch._inductor.compile_fx
import torch._inductor.config


@pytest.fixture
def broken_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was compiled before is forgotten, and the C++ compiler is a path to nowhere."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()
    with torch._inductor.config.patch({"cpp.cxx": ("/nowhere/c++",), "compile_threads": 1}):
        yield
    torch._dynamo.reset()


@pytest.fixture
def no_backward_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was compiled before is forgotten; forward passes compile, backward passes do not."""
    compile_graph = torch._inductor.compile_fx.fx_codegen_and_compile

    def forward_only(*arguments: Any, **options: Any) -> Any:
        if options.get("is_backward"):
            raise RuntimeError("no backward pass today")
        return compile_graph(*arguments, **options)

    monkeypatch.setattr(torch._inductor.compile_fx, "fx_codegen_and_compile", forward_only)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()
    with torch._inductor.config.patch({"fx_graph_cache": False, "compile_threads": 1}):
        yield
    torch._dynamo.reset()
