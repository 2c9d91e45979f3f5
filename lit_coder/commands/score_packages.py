"""What the sandbox of `main.py score` needs beside the options that a user gave.

    benchmark = benchmark_before_sandbox(request)
    options = sandbox_options(request, benchmark)

A benchmark that is made of libraries gets those it names; any other gets NumPy, where some sample
speaks of it: to have it in every worker costs time at the start. A benchmark is read while the
sandbox starts, unless its libraries or a missing file have to be known before.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from lit_coder.commands.score_arguments import ScoreRequest
from lit_coder.corpora.benchmark_files import find_benchmark_files, load_benchmark
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.verification.official_sandbox import official_sandbox

_MADE_OF_LIBRARIES = ("bigcodebench_hard",)
_PIECE = 2**20


def benchmark_before_sandbox(request: ScoreRequest) -> Benchmark | None:
    """The benchmark, if it is made of libraries or its file is not on this machine; else None.

    Raises:
        ValueError: its file cannot be had.
    """
    if request.benchmark not in _MADE_OF_LIBRARIES and _is_here(request):
        return None
    return load_benchmark(request.benchmark, request.folder)


def sandbox_options(request: ScoreRequest, benchmark: Benchmark | None) -> SandboxOptions:
    """The request's options, with libraries and room added."""
    libraries = request.benchmark in _MADE_OF_LIBRARIES
    benchmarks = [benchmark] if benchmark is not None and libraries else []
    return official_sandbox(request.options, benchmarks, _speaks_of(request.samples, "numpy"))


def _is_here(request: ScoreRequest) -> bool:
    if request.folder is not None and Path(request.folder).expanduser().is_file():
        return True
    return bool(find_benchmark_files(request.benchmark, request.folder))


def _speaks_of(path: Path, name: str) -> bool:
    word, tail = name.encode(), b""
    try:
        with path.open("rb") as probe:
            is_packed = probe.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if is_packed else path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                if word in tail + piece:
                    return True
                tail = piece[-len(word) :]
    except (EOFError, OSError, zlib.error):
        # Damage is reported where the lines are read.
        return False
    return False
