"""What several processes of one run decide and save alike, in two real processes on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

REPOSITORY = Path(__file__).parents[2]

PROCESSES = """
import random, sys
import numpy, torch
from torch import distributed, multiprocessing
from lit_coder.recursion.processes import Processes
from lit_coder.trainer.random_state import RandomState

def draw():
    return [random.random(), numpy.random.rand(), torch.rand(()).item()]

def draw_after(state):
    restored = RandomState()
    restored.load_state_dict(state)
    restored.on_train_start(None, None)
    return draw()

def work(rank, folder):
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    agreed = Processes.join().largest(15 * rank, 1 - rank, 0)
    random.seed(rank), numpy.random.seed(rank), torch.manual_seed(rank)
    state = RandomState().state_dict()
    drawn = draw()
    assert draw_after(state) == drawn
    of_one = draw_after({name: value for name, value in state.items() if name != "others"})
    found = {"agreed": list(agreed), "drawn": drawn, "of_one": of_one, "state": state}
    torch.save(found, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()

multiprocessing.start_processes(work, (sys.argv[1],), nprocs=2, start_method="fork")
"""


def test_two_processes_agree_and_each_goes_on_with_its_own_random_numbers(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", PROCESSES, str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=200,
    )
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert first["agreed"] == second["agreed"] == [15, 1, 0]
    assert first["drawn"] != second["drawn"]
    # Both save the same: the first process's states, and the others' beside them.
    assert len(first["state"]["others"]) == 1
    assert torch.equal(first["state"]["torch"], second["state"]["torch"])
    # A checkpoint of one process: the first goes on with its states, the second with others.
    assert first["of_one"] == first["drawn"]
    assert second["of_one"] not in (first["drawn"], second["drawn"])
