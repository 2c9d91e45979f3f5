"""Two processes draw what one draws: the first one decides, and counts are of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lit_coder.training_data.pool import SamplePool
from tests.distributed.two_processes import TINY, TWO, rounds_of, run, run_here

pytestmark = pytest.mark.slow


def test_two_processes_draw_and_select_what_one_does(tmp_path: Path) -> None:
    fit = [
        "fit",
        *(option for option in TINY if not option.startswith("--data.corpus")),
        "--recursion.curriculum=SolvedSometimes",
        "--recursion.curriculum.equal_share=0.1",
        # Not every program is let in, and which ones does not hang on the weights.
        "--recursion.solver=lit_coder.recursion.solvers.ReferenceSolver",
        "--recursion.near_duplicates=0.1",
        "--recursion.max_kept_per_family=7",
    ]
    found = []
    for name, ended in (
        ("one", run_here([*fit, "--trainer.default_root_dir=one"], tmp_path)),
        ("two", run([*fit, *TWO, "--trainer.default_root_dir=two"], tmp_path)),
    ):
        assert ended.status == 0, ended.err
        records = rounds_of(tmp_path / name)
        samples = SamplePool(tmp_path / name / "pool.lance", "").read(records[-1].pool_version)
        texts = [(s.round, s.task_id, s.completion, s.reason, s.shingles) for s in samples]
        found.append(([(r.curriculum, r.counts, r.contaminated) for r in records], texts))
    assert found[0] == found[1]
    (*_, (curriculum, counts, contaminated)), _ = found[0]
    assert curriculum is not None and contaminated == {}
    assert sum(cell["drawn"] for cell in curriculum["cells"].values()) == 9
    assert sum(each.near_duplicates for each in counts.values()) > 0
