"""What an answer costs: the TRM at its published size beside a GPT, on the same task.

    python -m benchmarks.trm_inference                     # random weights: cost alone
    python -m benchmarks.trm_inference --steps 2           # shorter
    python -m benchmarks.trm_inference --trm runs/trm_default --gpt runs/gpt --problems 200

Measured: parameters, memory of the weights, the peak with the memory that answering takes, seconds
of one answer and of 32 at once, the models in turn. The TRM computes in bfloat16 from float32
weights, as published; the GPT in bfloat16 on a GPU and in float32 on a CPU. A 9x9 board is read and
a whole board written: the TRM refines it in 1 and in `--steps` supervision steps, the GPT (of as
many parameters, or the checkpoint) writes token by token with its key-value cache. Random weights
never halt early or end: theirs is the cost of the longest answer, and nothing is said about who is
right. With checkpoints both are asked held-out problems of the TRM's run, the halting head decides
on the depth, and the share solved is printed: accuracy is measured there alone.

A GPT reads the draft as the end of its prompt. `--trm X --write-problems FOLDER` writes the
problems of the TRM's run in that form, to train one. Nothing is promised but what is printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import mean, median

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.generation_cache import seconds
from benchmarks.quantization import checkpoint_file
from benchmarks.train_step import device_name
from benchmarks.trm_curves import Trained
from benchmarks.trm_models import CELLS, Memory, Model, Wanted, as_sequence, build, memory_of
from lit_coder.generation.trm_generator import TRMGenerator
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.problem_writing import write_problems
from lit_coder.problems.sudoku import sudoku_problem
from lit_coder.problems.sudoku_grid import SHAPES, minimal_puzzle, random_grid
from lit_coder.verification.answers import judge_answer

BATCHES = (1, 32)


def latencies(
    models: dict[str, Model], problems: Sequence[Problem], max_new_tokens: int, repeats: int
) -> dict[str, dict[int, float]]:
    """Median seconds until a batch is answered, the models taking turns."""
    found: dict[str, dict[int, float]] = {name: {} for name in models}
    for batch in BATCHES:
        times: dict[str, list[float]] = {name: [] for name in models}
        for repeat in range(repeats + (batch == 1)):
            for name, model in models.items():
                taken = seconds(partial(model.answer, problems[:batch], max_new_tokens))
                if repeat or batch > 1:  # the first is the warm-up
                    times[name].append(taken)
        for name in models:
            found[name][batch] = median(times[name])
    return found


def solved(model: Model, problems: Sequence[Problem], max_new_tokens: int) -> tuple[float, float]:
    """The share of the problems that greedy answers solve, and the mean supervision steps."""
    passed, steps = [], []
    for first in range(0, len(problems), max(BATCHES)):
        part = problems[first : first + max(BATCHES)]
        for problem, found in zip(part, model.answer(part, max_new_tokens), strict=True):
            assert isinstance(problem.tests, Answer)
            passed.append(judge_answer(problem.tests, model.tokenizer.decode(found.ids)).passed)
        if isinstance(model.generator, TRMGenerator):
            steps += model.generator.num_steps_taken
    return mean(passed), mean(steps) if steps else 0.0


def random_boards(number: int) -> list[Problem]:
    """9x9 puzzles; random weights do not care which."""
    shape, random = SHAPES[CELLS], Random(0)
    solution = random_grid(shape, random)
    puzzle = minimal_puzzle(shape, solution, random)
    return [
        replace(sudoku_problem(puzzle, solution, "sudoku", 3), task_id=str(place))
        for place in range(number)
    ]


def print_table(title: str, models: dict[str, Model], columns: dict[str, dict[str, str]]) -> None:
    """A model in each row."""
    table = Table("model", title=title)
    for name in columns:
        table.add_column(name, justify="right")
    for model in models:
        table.add_row(model, *(column.get(model, "-") for column in columns.values()))
    Console(width=120).print(table)


def problems_of(trm: str) -> tuple[Trained, list[Problem]]:
    """A TRM's run, and its held-out problems."""
    trained = Trained.load(checkpoint_file(trm).parents[1])
    held_out = list(trained.data.problems.held_out)
    if not all(isinstance(problem.tests, Answer) for problem in held_out):
        raise SystemExit(
            "benchmarks.trm_inference: the TRM's problems are programs; a GPT that reads a draft "
            "in its prompt can be compared on answers alone (sudoku, maze, tracing)"
        )
    return trained, held_out


def write_for_gpt(trm: str, folder: Path) -> None:
    """The problems of the TRM's run with their drafts in the prompts."""
    trained, held_out = problems_of(trm)
    folder.mkdir(parents=True, exist_ok=True)
    for name, problems in (("labelled", trained.data.problems.labelled), ("held_out", held_out)):
        write_problems(folder / f"{name}.jsonl", map(as_sequence, problems))
    print(
        f"wrote {folder}/labelled.jsonl and held_out.jsonl; train a GPT on them with main.py fit "
        f"--data.families '[]' --data.problem_files '[{folder}/labelled.jsonl]' "
        f"--data.held_out_files '[{folder}/held_out.jsonl]'"
    )


def measure(arguments: argparse.Namespace) -> None:
    """Measure and print everything."""
    trm, gpt, steps = arguments.trm or "", arguments.gpt or "", arguments.steps
    device = "cuda" if torch.cuda.is_available() else "cpu"
    gpt_dtype = arguments.gpt_dtype or ("bfloat16" if device == "cuda" else "float32")
    wanted = [
        Wanted(f"TRM, {number} step{'s' * (number > 1)}", "trm", arguments.trm_dtype, trm, number)
        for number in sorted({1, steps})
    ]
    wanted.append(Wanted("GPT", "gpt", gpt_dtype, gpt))
    problems = problems_of(trm)[1] if trm else random_boards(max(BATCHES))
    longest = max(len(problem.reference or "") for problem in problems) + 1
    limit = longest if gpt else CELLS
    asked_at_once = list(islice(cycle(problems), max(BATCHES)))
    models = {each.name: build(each, device) for each in wanted}
    times = latencies(models, asked_at_once, limit, arguments.repeats)
    memory: dict[str, Memory] = {}
    for each in wanted:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn) as pool:
            # More steps take no more memory.
            one_step = each._replace(steps=1)
            told = pool.submit(memory_of, one_step, device, asked_at_once, limit, BATCHES)
            memory[each.name] = told.result()
    numbers = {name: sum(p.numel() for p in m.network.parameters()) for name, m in models.items()}
    columns = {"type": {each.name: each.dtype for each in wanted}}
    columns["parameters"] = {name: f"{number:,}" for name, number in numbers.items()}
    columns["weights"] = {name: f"{memory[name].weights / 1e6:.1f} MB" for name in models}
    for batch in BATCHES:
        columns[f"{batch} at once"] = {
            name: f"{times[name][batch] * 1e3:,.0f} ms" for name in models
        }
        columns[f"peak, {batch}"] = {
            name: f"{memory[name].peaks[batch] / 1e6:.1f} MB" for name in models
        }
    if trm and gpt:
        asked = problems[: arguments.problems]
        shares = {name: solved(model, asked, limit) for name, model in models.items()}
        columns[f"solved of {len(asked)}"] = {n: f"{100 * s:.1f} %" for n, (s, _) in shares.items()}
        columns["mean steps"] = {n: f"{depth:.1f}" for n, (_, depth) in shares.items() if depth}
    what = f"{trm} and {gpt}" if trm and gpt else "random weights"
    print_table(f"{what}, {device_name(device)}", models, columns)
    if not (trm and gpt):
        print("cost alone: random weights say nothing about who is right; give --trm and --gpt")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--trm", help="a TRM's checkpoint or run's folder; none: random weights")
    parser.add_argument("--gpt", help="the same of a GPT that was trained on the TRM's problems")
    parser.add_argument("--steps", type=int, default=16, help="supervision steps, at most")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each time")
    parser.add_argument("--problems", type=int, default=200, help="held-out problems to solve")
    for kind, default in (("trm", "bfloat16"), ("gpt", None)):
        parser.add_argument(
            f"--{kind}-dtype", choices=("bfloat16", "float32"), default=default, help="of products"
        )
    parser.add_argument("--write-problems", type=Path, metavar="FOLDER", help="then nothing else")
    arguments = parser.parse_args()
    if arguments.write_problems is not None:
        if not arguments.trm:
            parser.error("--write-problems needs --trm, whose problems they are")
        write_for_gpt(arguments.trm, arguments.write_problems)
        return 0
    if bool(arguments.trm) != bool(arguments.gpt):
        parser.error("give both --trm and --gpt, or none of them for random weights")
    measure(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
