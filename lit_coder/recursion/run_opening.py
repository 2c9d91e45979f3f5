"""What a fit opens before its first step: pool, records, cores for the sandbox, benchmarks' texts.

    run_id, records = open_run(folder, run_id, data, processes)

What cannot be gone on with is refused here, in one sentence each.
"""

from __future__ import annotations

import dataclasses
import os
import uuid
from pathlib import Path

from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.round_record import RoundRecord, read_records
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import SamplePool

ROUNDS_FOLDER = "rounds"


def open_run(
    folder: Path, run_id: str, data: CodeDataModule, processes: Processes
) -> tuple[str, list[RoundRecord]]:
    """The run's id and the records of its rounds so far; the same for every process.

    Args:
        folder: the run's.
        run_id: of the checkpoint that is gone on from; "" in a new run.
        data: of the round that is next.
        processes: of the run.

    Raises:
        ValueError: the pool does not fit the checkpoint.
    """
    records: list[RoundRecord] = []
    if processes.is_first:
        run_id = open_pool(folder / POOL_FOLDER, run_id, data.pool_version)
        known = read_records(folder / ROUNDS_FOLDER)
        records = [record for record in known if record.round < data.round]
    return processes.from_first((run_id, records))


def open_contamination() -> Decontaminator:
    """What finds benchmarks in samples; for the process that selects.

    Raises:
        ValueError: a benchmark's file is damaged.
    """
    return Decontaminator.of_this_machine()


def open_pool(path: Path, run_id: str, version: int) -> str:
    """Prove that a run's pool is there, or make that of a new run; return the run's id.

    Raises:
        ValueError: the pool does not fit the checkpoint, or holds another run's samples.
    """
    if run_id:
        return SamplePool.open(path, run_id, version).run_id
    return SamplePool.create(path, uuid.uuid4().hex).run_id


def share_of_sandbox(
    options: SandboxOptions, processes: Processes, num_nodes: int
) -> SandboxOptions:
    """The section's options; where they leave the workers open, processes share their cores."""
    if options.workers is not None or processes.count == 1:
        return options
    num_here = max(1, processes.count // num_nodes)
    workers = max(1, len(os.sched_getaffinity(0)) // num_here)
    return dataclasses.replace(options, workers=workers)


def refuse_other_tokenizers(tokenizer: CodeTokenizer, processes: Processes) -> None:
    """Raise where this process made another tokenizer than the first one.

    Raises:
        ValueError: naming the option.
    """
    if processes.from_first(tokenizer.fingerprint) != tokenizer.fingerprint:
        raise ValueError(
            "data.tokenizer: the processes of this run made different tokenizers; train one by "
            "python main.py tokenizer and name its file"
        )
