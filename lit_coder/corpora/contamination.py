"""Which benchmark tasks a corpus already holds: whole, or by runs of ten words.

    tasks = [(task.task_id, text) for task in benchmark.tasks
             for text in (task.problem.prompt, task.problem.reference or "")]
    found = overlaps(tasks, ((file.name, file.text) for file in corpus))
    found["HumanEval/0"]            # Overlap(kind="10-gram", where="a.py", share=0.8)

A task may come with several texts, its statement and its solution, each compared by itself, so
that either alone is found. What counts as found is `run_index.py`'s rule. Tasks found so:

    HumanEval   164 of 164 in HumanEval-X and HumanEvalPack, 143 in HumanEval-X's JavaScript
                0 in MBPP, CRUXEval and the standard library, 2 in 233 MB of installed packages,
                2 in 2,017 tasks of Code Alpaca (Euclid's algorithm; a search for primes)
    MBPP test   70 of 500 in its own other splits, near-duplicates to the eye ("30 days" for "31")

The benchmark is indexed and the corpus streams by, a megabyte at a time. It finds no paraphrases
and no renamed programs, and removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lit_coder.corpora.rolling_hashes import RollingHashes, word_numbers
from lit_coder.corpora.run_index import RunIndex

# Longer corpus texts are taken in windows, so that memory does not grow with the longest file.
_WINDOW_CHARS = 2**20

OverlapKind: TypeAlias = Literal["substring", "10-gram"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How a task was found in a corpus.

    Attributes:
        kind: "substring": one of its texts is there whole; "10-gram": enough runs of it are.
        where: name of the corpus text that holds the most of it.
        share: part of that text of the task, by its distinct runs of words, that is there.
    """

    kind: OverlapKind
    where: str
    share: float


def overlaps(
    tasks: Iterable[tuple[str, str]], corpus: Iterable[tuple[str, str]]
) -> dict[str, Overlap]:
    """The tasks that overlap with the corpus, in their own order.

    Args:
        tasks: (task id, text); an id may come again with another text, as statement and solution.
        corpus: (name, text), taken once, one at a time.
    """
    tasks = list(tasks)
    numbers = {task_id: number for number, task_id in enumerate(dict(tasks))}
    index = RunIndex.of((numbers[task_id], text) for task_id, text in tasks)
    margin = 4 * max((len(text) for _, text in tasks), default=0)
    best: dict[int, Overlap] = {}
    for name, text in corpus:
        for window in _windows(text, margin):
            for held in index.search(RollingHashes(word_numbers(window))):
                known = best.get(held.owner)
                is_more = known is None or (held.is_whole, held.share) > (
                    known.kind == "substring",
                    known.share,
                )
                if is_more:
                    kind: OverlapKind = "substring" if held.is_whole else "10-gram"
                    best[held.owner] = Overlap(kind, name, held.share)
    return {task_id: best[number] for task_id, number in numbers.items() if number in best}


def _windows(text: str, overlap: int) -> Iterator[str]:
    for start in range(0, max(len(text), 1), _WINDOW_CHARS):
        yield text[start : start + _WINDOW_CHARS + overlap]
