"""Each of two processes repairs its share: the rounds and the pool are those of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lit_coder.recursion.repairer import REPAIR
from lit_coder.training_data.pool import SamplePool
from tests.distributed.two_processes import TINY, TWO, rounds_of, run, run_here
from tests.recursion.tiny_repairer import save_trm

pytestmark = pytest.mark.slow


def test_two_processes_repair_what_one_does(tmp_path: Path) -> None:
    fit = [
        "fit",
        *(option for option in TINY if not option.startswith("--data.corpus")),
        # As long as drafts are that are cut: some have no room in the canvas.
        "--recursion.max_new_tokens=16",
        "--recursion.gate=tests.recursion.tiny_repairer.RepairsOnly",
        f"--recursion.repairer={save_trm(tmp_path / 'trm.ckpt')}",
    ]
    found = []
    for name, ended in (
        ("one", run_here([*fit, "--trainer.default_root_dir=one"], tmp_path)),
        ("two", run([*fit, *TWO, "--trainer.default_root_dir=two"], tmp_path)),
    ):
        assert ended.status == 0, ended.err
        # The second round's weights differ by rounding, and so might its drafts.
        first = rounds_of(tmp_path / name)[0]
        samples = SamplePool(tmp_path / name / "pool.lance", "").read(first.pool_version)
        texts = [(s.task_id, s.origin, s.draft, s.completion, s.reason) for s in samples]
        found.append((first.repairer, first.repairs, first.counts, texts))
    assert found[0] == found[1]
    _, repairs, _, texts = found[0]
    assert repairs is not None and repairs.problems > 4 and repairs.accepted > 0
    assert repairs.without_room > 0
    assert sum(text[1] == REPAIR for text in texts) == repairs.drafts
