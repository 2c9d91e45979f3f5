"""Decontamination: planted benchmark problems that are found, and files that are taken for one.

    python -m benchmarks.decontamination                       # with the benchmark files at hand
    python -m benchmarks.decontamination --write-fingerprints  # makes the package's file anew

50 problems of HumanEval and MBPP's test split are copied with every variable and function renamed
and all white space changed, half of them without their docstring, and each is put into a file of
the standard library. The control is the standard library as it is. Printed beside it: what is
found of all 664 problems when none has a docstring, and false alarms on the installed packages.
Exits with 1 where fewer than 45 of the 50 are found, for any of three drawings, or more than 1 %
of the standard library's files are taken for a benchmark's.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence

from lit_coder.corpora.benchmark_files import load_benchmark
from lit_coder.corpora.benchmark_fingerprints import PACKAGED_FILE, BenchmarkFingerprints
from lit_coder.corpora.decontamination import Decontaminator, Match
from lit_coder.corpora.open_sources import open_source
from lit_coder.corpora.source import Document
from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.python_text import parse_quietly

PACKAGED = ("humaneval", "mbpp", "mbpp_sanitized", "mbpp_plus")
NUM_PLANTED, LEAST_FOUND, MOST_FALSE_ALARMS = 50, 45, 0.01
SEEDS = (1, 2, 3)


class _Renamed(ast.NodeTransformer):
    """Every variable, argument and function of a program under a new name."""

    def __init__(self, tree: ast.Module, chooser: random.Random) -> None:
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        own |= {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        numbers = chooser.sample(range(1000), len(own))
        self._names = {
            name: f"{chooser.choice(('value', 'item', 'data', 'thing'))}_{number}"
            for name, number in zip(sorted(own), numbers, strict=True)
        }

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        if node.arg is not None and not hasattr(builtins, node.arg):
            node.arg = self._names.get(node.arg, node.arg)
        self.generic_visit(node)
        return node


def planted(task: BenchmarkTask, keep_docstring: bool, chooser: random.Random) -> str:
    """A copy of a task's solution, renamed, laid out anew, with its statement or without."""
    reference = task.problem.reference or ""
    tree = parse_quietly(task.problem.program(reference))
    statement = str(task.record.get("text") or "")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                statement = statement or text
                node.body = node.body[1:] or [ast.Pass()]
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if keep_docstring and functions:
        wrapped = re.sub(r"\s+", lambda _: chooser.choice((" ", "  ", "\n    ")), statement)
        functions[-1].body.insert(0, ast.Expr(ast.Constant(wrapped)))
    text = ast.unparse(ast.fix_missing_locations(_Renamed(tree, chooser).visit(tree)))
    text = text.replace("    ", chooser.choice(("  ", "\t", "        ")))
    return "\n" + re.sub(r"\n", lambda _: chooser.choice(("\n", "\n\n", "  \n")), text) + "\n"


def planted_corpus(
    tasks: Sequence[BenchmarkTask], documents: Sequence[Document], seed: int
) -> list[tuple[BenchmarkTask, bool, str]]:
    """Tasks, whether each kept its docstring, and the file that each stands in."""
    chooser = random.Random(seed)
    chosen = chooser.sample(list(tasks), NUM_PLANTED)
    hosts = chooser.sample(list(documents), NUM_PLANTED)
    return [
        (task, keep, host.text + "\n" + planted(task, keep, chooser))
        for task, host, keep in zip(chosen, hosts, [True, False] * (NUM_PLANTED // 2), strict=True)
    ]


def false_alarms(
    decontaminator: Decontaminator, documents: Sequence[Document]
) -> list[tuple[str, tuple[Match, ...]]]:
    """Documents in which a benchmark is found."""
    found = ((each.name, decontaminator.matches(each.text)) for each in documents)
    return [(name, matches) for name, matches in found if matches]


def write_fingerprints() -> None:
    """Make the package's file from the benchmark files at hand."""
    benchmarks = [load_benchmark(name, download=False) for name in PACKAGED]
    fingerprints = BenchmarkFingerprints.of(benchmarks)
    fingerprints.save(PACKAGED_FILE)
    for each in fingerprints.benchmarks:
        print(f"{each.name}: {each.num_tasks} tasks, {each.splits}, {each.release} {each.version}")
    print(f"{PACKAGED_FILE}: {PACKAGED_FILE.stat().st_size:,} bytes")


def measure(with_packages: bool) -> bool:
    """Print the figures; whether they are good enough."""
    tasks = [
        task
        for name in ("humaneval", "mbpp")
        for task in load_benchmark(name, download=False).measured_tasks
    ]
    documents = list(open_source("stdlib").documents())
    is_good = True
    with Decontaminator.of_this_machine() as decontaminator:
        for seed in SEEDS:
            found: Counter[str] = Counter()
            for task, kept, text in planted_corpus(tasks, documents, seed):
                matches = decontaminator.matches(text)
                is_found = task.task_id.lower() in {match.task_id.lower() for match in matches}
                found["with docstring" if kept else "without docstring"] += is_found
                found.update({match.detector for match in matches})
            total = found["with docstring"] + found["without docstring"]
            is_good &= total >= LEAST_FOUND
            print(f"drawing {seed}: {total} of {NUM_PLANTED} planted problems found; {dict(found)}")
        bare = sum(
            bool(decontaminator.matches(planted(task, False, random.Random(1)))) for task in tasks
        )
        print(f"all problems, renamed and without docstring: {bare} of {len(tasks)} found")
        for source in ("stdlib", "site-packages") if with_packages else ("stdlib",):
            if source != "stdlib":
                documents = list(open_source(source).documents())
            start, size = time.perf_counter(), sum(len(each.text) for each in documents) / 1e6
            alarms = false_alarms(decontaminator, documents)
            speed = size / (time.perf_counter() - start)
            share = len(alarms) / len(documents)
            print(
                f"{source}: {len(alarms)} of {len(documents)} files taken for a benchmark's "
                f"({share:.2%}), {speed:.1f} MB/s"
            )
            for name, matches in alarms[:10]:
                print(f"    {name}: {'; '.join(map(str, matches))}")
            is_good &= source != "stdlib" or share <= MOST_FALSE_ALARMS
    return is_good


def main() -> int:
    """Run the measurement, or make the package's file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write-fingerprints", action="store_true")
    parser.add_argument("--packages", action="store_true", help="site-packages as well")
    options = parser.parse_args()
    if options.write_fingerprints:
        write_fingerprints()
        return 0
    return 0 if measure(options.packages) else 1


if __name__ == "__main__":
    sys.exit(main())
