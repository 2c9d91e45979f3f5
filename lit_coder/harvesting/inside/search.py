"""Finds arguments that a function takes, without being told their types; runs in the sandbox.

    search = Search(function, task, Random("7"))
    search.find_kinds()                       # by trial: which kinds of arguments give values
    for arguments, outcome in search.pool(160): ...

Combinations of kinds are tried, those first that hints, names and defaults speak for. What reaches
new lines of the program is kept and changed a little later on, so that branches are found that
chance alone would not reach. All bounds are counts: equal seeds find equal arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from lit_coder.harvesting.inside.coverage import Reached
from lit_coder.harvesting.inside.execution import Outcome, call, is_plain
from lit_coder.harvesting.inside.inputs import KINDS, Inputs, hinted_kinds

_MOST_COMBINATIONS = 330
_DRAWS_EACH = 3
_MOST_KEPT, _LEAST_KEPT = 6, 2
_MOST_LATE = 3
_MOST_INTERESTING = 60
_MORE_PARAMETERS = 2
_TRIES_EACH = 3
_FOLLOWED_TRIES = 400

Kinds = tuple[str, ...]


class TooSlow(Exception):
    """The function takes too long too often."""


class Search:
    """A search for arguments of one function.

    Args:
        function: what is called.
        task: `parameters` (name, kinds or () where unknown, whether required, default),
            `constants`, `examples`.
        random: where chance comes from.
        kinds: combinations that are known to serve; else `find_kinds` finds them.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        task: dict[str, Any],
        random: Random,
        kinds: list[Kinds] | None = None,
    ) -> None:
        self._function = function
        self._random = random
        parameters = task["parameters"]
        self._required = sum(required for _, _, required, _ in parameters)
        self._choices = [
            list(kinds) or hinted_kinds(name, default) for name, kinds, _, default in parameters
        ]
        self._examples = [tuple(each) for each in task["examples"] if self._fits(each)]
        self._inputs = Inputs(random, task["constants"], self._examples)
        self._lines: set[int] = set()
        self._interesting: list[tuple[Any, ...]] = []
        self._num_late = 0
        self.kinds: list[Kinds] = list(kinds or [])

    def find_kinds(self) -> None:
        """Fill `kinds` with the combinations that give values, the most telling first.

        Raises:
            TooSlow: calls do not end.
        """
        # What comes first is what a reader would give; kinds that serve as well come after it.
        found: list[tuple[set[int], bool, Kinds]] = []
        for kinds in self._combinations():
            lines: set[int] = set()
            num_values = 0
            for _ in range(_DRAWS_EACH):
                outcome, reached = self._followed(tuple(self._inputs.draw(kind) for kind in kinds))
                if outcome.is_value:
                    num_values += 1
                    lines |= reached
            if num_values:
                found.append((lines, num_values > 1, kinds))
        covered: set[int] = set()
        while found and len(self.kinds) < _MOST_KEPT:
            best = max(found, key=lambda each: (len(each[0] - covered), each[1]))
            if self.kinds and not best[0] - covered and len(self.kinds) >= _LEAST_KEPT:
                break
            found.remove(best)
            covered |= best[0]
            self.kinds.append(best[2])
        # Arguments that may be left out are given, too.
        for size in sorted({len(kinds) for _, _, kinds in found} - set(map(len, self.kinds))):
            self.kinds.append(next(kinds for _, _, kinds in found if len(kinds) == size))

    def pool(self, count: int) -> Iterator[tuple[tuple[Any, ...], Outcome]]:
        """Different arguments with what they give; about `count` of them give values.

        Raises:
            TooSlow: calls do not end.
        """
        seen: set[str] = set()
        num_values = 0
        for number in range(count * _TRIES_EACH):
            arguments = self._next(number)
            text = repr(arguments)
            if arguments is None or text in seen or not all(map(is_plain, arguments)):
                continue
            seen.add(text)
            if number < _FOLLOWED_TRIES:
                outcome, reached = self._followed(arguments)
                if reached - self._lines and len(self._interesting) < _MOST_INTERESTING:
                    self._lines |= reached
                    self._interesting.append(arguments)
            else:
                outcome = self._called(arguments)
            yield arguments, outcome
            num_values += outcome.is_value
            if num_values >= count:
                return

    def _next(self, number: int) -> tuple[Any, ...] | None:
        if number < len(self._examples):
            return self._examples[number]
        known = self._interesting + self._examples
        if known and (not self.kinds or self._random.random() < 0.4):
            arguments = self._random.choice(known)
            for _ in range(self._random.choice((1, 1, 2, 3))):
                arguments = self._inputs.varied(arguments)
            return arguments
        if not self.kinds:
            return None
        kinds = self.kinds[min(self._random.randrange(len(self.kinds)) for _ in range(2))]
        return tuple(self._inputs.draw(kind) for kind in kinds)

    def _fits(self, arguments: Any) -> bool:
        return bool(self._required <= len(arguments) <= len(self._choices))

    def _combinations(self) -> Iterator[Kinds]:
        least = max(self._required, 1)
        sizes = range(least, min(len(self._choices), least + _MORE_PARAMETERS) + 1)
        seen = set()
        for size in sizes:
            choices = self._choices[:size]
            num_all = 1
            for kinds in choices:
                num_all *= len(kinds)
            for number in range(min(num_all, _MOST_COMBINATIONS)):
                if num_all <= _MOST_COMBINATIONS:
                    picked = _numbered(choices, number)
                else:
                    picked = tuple(self._likely(kinds, number) for kinds in choices)
                if picked not in seen:
                    seen.add(picked)
                    yield picked

    def _likely(self, kinds: list[str], number: int) -> str:
        if number < len(KINDS) and self._random.random() < 0.5:
            return kinds[0]
        return kinds[min(self._random.randrange(len(kinds)) for _ in range(2))]

    def _followed(self, arguments: tuple[Any, ...]) -> tuple[Outcome, set[int]]:
        with Reached() as reached:
            outcome = self._called(arguments)
        return outcome, reached.lines

    def _called(self, arguments: tuple[Any, ...]) -> Outcome:
        outcome = call(self._function, arguments)
        if outcome.exception == "Late":
            self._num_late += 1
            if self._num_late > _MOST_LATE:
                raise TooSlow
        return outcome


def _numbered(choices: list[list[str]], number: int) -> Kinds:
    picked = []
    for kinds in choices:
        number, index = divmod(number, len(kinds))
        picked.append(kinds[index])
    return tuple(picked)
