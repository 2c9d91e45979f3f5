"""Small devices with state: counters that undo, machines with states, trackers of numbers.

    sketch = machine(3, Random(0))     # grammars of the family `stateful_classes`

Difficulty is the number of rules, of machines that of states.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.class_sketch import ClassSketch, Script, Scripts, scripts_of
from lit_coder.problems.grammars.inputs import SMALL_NUMBERS
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import joined, joined_tests

_COUNTERS = scripts_of(
    ((0,), (5,), (-3,), (12,), (7,), (20,), (1,), (-10,), (9,), (15,), (3,), (0,)),
    (
        "up 3, up 4, down 2, read",
        "down 7, down 1, up 10, undo, read",
        "up 1, undo, undo, up 6, down 20, read, undo",
        "up 9, up 9, up 9, undo, read, down 5",
        "down 3, up 8, undo, undo, undo, up 2, read",
        "up 5, down 30, read, up 4, undo, down 1, read",
        "read, up 0, down 0, undo, up 11, read",
        "up 13, down 2, up 6, undo, down 15, undo, read",
        "down 9, down 9, read, undo, up 17, read",
        "up 2, up 3, up 5, up 7, undo, undo, read, down 11",
        "down 4, up 16, down 8, up 1, read, undo, read",
        "up 25, read, down 25, read, undo, read",
    ),
    visible=6,
)


def counter(difficulty: int, random: Random) -> ClassSketch:
    """A counter with bounds, factors and an undo."""
    said_up, up = _rising(random)
    said_down, down = _falling(difficulty, random)
    remember: list[str] = []
    start = ["self.value = start", "self.start = start"]
    undo = ["self.value = self.start", "return self.value"]
    said_undo = "set the value back to `start` and return it"
    if difficulty > 1:
        start[1] = "self.past = []"
        remember = ["self.past.append(self.value)"]
        undo = ["if self.past:", "    self.value = self.past.pop()", "return self.value"]
        said_undo = "take back the last up or down that was not taken back yet, if there is one"
        if difficulty > 3:
            depth = random.randint(1, 3)
            remember += [f"self.past = self.past[-{depth}:]"]
            said_undo += f"; only the last {depth} of them are remembered"
        said_undo += "; return the value"
    read, said_read = "return self.value", "return the value"
    if difficulty == 5:
        change = random_change(random, SMALL_NUMBERS)
        read, said_read = f"return {change.of('self.value')}", f"return {change.said('the value')}"
    return ClassSketch(
        names=("Counter", "Dial", "Meter", "Gauge"),
        words=(
            "A counter that starts at `start`.",
            f"- up(amount): {said_up}; return the value",
            f"- down(amount): {said_down}; return the value",
            f"- undo(): {said_undo}",
            f"- read(): {said_read}",
        ),
        methods=(
            ("__init__(self, start)", tuple(start)),
            ("up(self, amount)", (*remember, *up, "return self.value")),
            ("down(self, amount)", (*remember, *down, "return self.value")),
            ("undo(self)", tuple(undo)),
            ("read(self)", (read,)),
        ),
        scripts=_COUNTERS,
    )


def _rising(random: Random) -> tuple[str, list[str]]:
    """What counting up does, in words and as lines."""
    factor, high = random.randint(1, 5), random.randint(8, 30)
    added = "amount" if factor == 1 else f"{factor} * amount"
    said = "add the amount" if factor == 1 else f"add {factor} times the amount"
    rule, lines = random.choice(
        (
            (
                f"above {high} it becomes {high}",
                [f"self.value = min(self.value + {added}, {high})"],
            ),
            (
                f"above {high} it becomes 0",
                [f"self.value += {added}", f"if self.value > {high}:", "    self.value = 0"],
            ),
            (
                f"if that would lead above {high}, the value does not change",
                [f"if self.value + {added} <= {high}:", f"    self.value += {added}"],
            ),
        )
    )
    return f"{said}; {rule}", lines


def _falling(difficulty: int, random: Random) -> tuple[str, list[str]]:
    """What counting down does, in words and as lines."""
    factor, low = random.randint(1, 4), random.randint(-9, 0)
    taken = "amount" if factor == 1 else f"{factor} * amount"
    said = "subtract the amount" if factor == 1 else f"subtract {factor} times the amount"
    if difficulty < 3:
        return said, [f"self.value -= {taken}"]
    lines = [f"self.value = max(self.value - {taken}, {low})"]
    return f"{said}; below {low} it becomes {low}", lines


_SIGNALS = ("go", "stop", "turn")
_STATES = ("idle", "ready", "busy", "done", "lost", "safe")


def _signal_scripts() -> Scripts:
    texts = ("go stop turn go", "turn turn go go stop", "stop stop go turn go stop", "go",
             "go go go turn stop turn", "stop turn go stop turn go turn", "turn stop", "go turn go",
             "stop go stop go turn turn go", "turn go turn stop go stop go go",
             "go stop go stop turn stop", "turn turn turn turn go go go go stop")  # fmt: skip
    made: list[Script] = []
    for text in texts:
        calls = tuple(("send", (signal,)) for signal in text.split())
        made.append(((), (*calls, ("count", ()))))
    return Scripts(tuple(made[:6]), tuple(made[6:]))


_MACHINES = _signal_scripts()


def machine(difficulty: int, random: Random) -> ClassSketch:
    """A machine whose signals lead from state to state."""
    states = random.sample(_STATES, min(difficulty + 2, 6))
    table = {
        state: {signal: random.choice(states) for signal in _SIGNALS if random.random() < 0.75}
        for state in states
    }
    items, lines = [], []
    for state, ways in table.items():
        away = {signal: target for signal, target in ways.items() if target != state}
        moves = [f"{signal} leads to {target}" for signal, target in away.items()]
        items.append(f"- in {state}: {', '.join(moves) if moves else 'no signal leads away'}")
        ways_code = ", ".join(f'"{signal}": "{target}"' for signal, target in away.items())
        lines.append(f'    "{state}": {{{ways_code}}},')
    counted = random.choice(("moved", "stayed", states[-1]))
    said = {
        "moved": "how many signals led to another state",
        "stayed": "how many signals led to no other state",
    }.get(counted, f"how often a signal led from another state to {counted}")
    test = {
        "moved": "new != self.state",
        "stayed": "new == self.state",
    }.get(counted, f'new != self.state and new == "{counted}"')
    return ClassSketch(
        names=("Machine", "StateMachine", "Robot", "Switch"),
        words=(
            f"A machine that is {states[0]} at first. A signal can lead it to another state:",
            *items,
            "- any other signal leaves the state as it is",
            "Its methods: send(signal) takes a signal and returns the state after it; count() "
            f"returns {said}.",
        ),
        methods=(
            ("__init__(self)", (f'self.state = "{states[0]}"', "self.counted = 0")),
            (
                "send(self, signal)",
                (
                    "ways = {",
                    *lines,
                    "}",
                    "new = ways[self.state].get(signal, self.state)",
                    f"if {test}:",
                    "    self.counted += 1",
                    "self.state = new",
                    "return self.state",
                ),
            ),
            ("count(self)", ("return self.counted",)),
        ),
        scripts=_MACHINES,
    )


_TRACKERS = scripts_of(
    [()] * 12,
    (
        "add 5, add 2, result, add 9, result",
        "result, add -3, add 8, add -3, result",
        "add 10, add 9, add 8, add 7, result, add 6, result",
        "add 4, add 4, result, reset, add 1, result",
        "add 12, reset, result, add 3, add 15, add 6, result",
        "add 0, add 7, add 14, add -7, add 21, result",
        "add 1, result",
        "add 11, add 13, reset, add 2, add 4, add 6, result",
        "add 16, add 20, add 5, result, add 5, result, reset, result",
        "add -5, add -6, add 17, add 3, result",
        "add 8, add 18, add 2, add 12, add 22, result, add 9, result",
        "add 6, add 3, add 9, reset, add 10, add 5, result",
    ),
    visible=6,
)


def tracker(difficulty: int, random: Random) -> ClassSketch:
    """What keeps something of the numbers that were added."""
    conditions = random_filters(random, SMALL_NUMBERS, (1, 1, 2, 2, 3)[difficulty - 1])
    change = random_change(random, SMALL_NUMBERS) if difficulty > 1 else None
    noun = change.said("the number") if change else "the number"
    value = change.of("number") if change else "number"
    said, empty, code = random.choice(
        (
            ("the sum of what is kept", "0", "sum(self.kept)"),
            ("how many different values are kept at least twice", "0",
             "len({value for value in self.kept if self.kept.count(value) > 1})"),
            ("the largest that is kept", "None", "max(self.kept, default=None)"),
            ("the smallest that is kept", "None", "min(self.kept, default=None)"),
            ("the latest that is kept", "None", "self.kept[-1] if self.kept else None"),
            ("the list of all that is kept, sorted", "[]", "sorted(self.kept)"),
            ("the latest minus the oldest that is kept", "0",
             "self.kept[-1] - self.kept[0] if self.kept else 0"),
        )
    )  # fmt: skip
    test = joined_tests([condition.of("number") for condition in conditions])
    plural = joined([condition.singular for condition in conditions])
    add = [f"if {test}:", f"    self.kept.append({value})", "return len(self.kept)"]
    told = "return how many are kept"
    if difficulty > 3:
        most = random.randint(2, 4)
        told = f"of more than {most} the oldest is dropped; {told}"
        add[2:2] = [f"    self.kept = self.kept[-{most}:]"]
    return ClassSketch(
        names=("Tracker", "Recorder", "Log", "Collector"),
        words=(
            "Keeps some of the numbers that are added.",
            f"- add(number): if the number {plural}, keep {noun}; {told}",
            f"- result(): return {said}{'' if empty == '[]' else f'; {empty} if there is nothing'}",
            "- reset(): drop everything and return how many were there",
        ),
        methods=(
            ("__init__(self)", ("self.kept = []",)),
            ("add(self, number)", tuple(add)),
            ("result(self)", (f"return {code}",)),
            ("reset(self)", ("count = len(self.kept)", "self.kept.clear()", "return count")),
        ),
        scripts=_TRACKERS,
    )
