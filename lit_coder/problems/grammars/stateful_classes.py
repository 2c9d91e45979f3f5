'''Classes with state: accounts, containers, counters, machines, trackers.

    class Account:
        """A bank account that starts with `balance`.

        - deposit(amount): add the amount and return the balance
        """

Difficulty is the number of rules beside the plain behaviour, of machines that of states.
'''

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from lit_coder.problems.grammars.class_sketch import (
    ClassSketch,
    DrawnClassFamily,
    Script,
    Scripts,
)
from lit_coder.problems.grammars.inputs import one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import joined, joined_tests

_ADDED = one_argument(tuple(range(-8, 24)), ())
"""Numbers like those that the scripts hand over."""


def _scripts(arguments: Iterable[tuple[int, ...]], texts: Iterable[str], visible: int) -> Scripts:
    """Scripts of calls that are written as "put 3, take, size"."""
    made: list[Script] = []
    for given, text in zip(arguments, texts, strict=True):
        calls = []
        for call in text.split(", "):
            method, *numbers = call.split(" ")
            calls.append((method, tuple(map(int, numbers))))
        made.append((given, tuple(calls)))
    return Scripts(tuple(made[:visible]), tuple(made[visible:]))


_ACCOUNTS = _scripts(
    ((0,), (100,), (50,), (10,), (25,), (80,), (5,), (200,), (60,), (12,), (0,), (33,)),
    (
        "deposit 50, withdraw 20, withdraw 40, end_month",
        "withdraw 30, withdraw 30, withdraw 30, deposit 10, end_month, deposit 7",
        "deposit 5, end_month, withdraw 60, end_month, deposit 100",
        "withdraw 10, withdraw 1, deposit 3, end_month, withdraw 2",
        "deposit 200, withdraw 150, withdraw 80, withdraw 5, end_month",
        "end_month, end_month, withdraw 75, end_month, deposit 20, withdraw 25",
        "withdraw 6, deposit 1, deposit 12, withdraw 12, end_month, end_month",
        "withdraw 100, withdraw 90, withdraw 9, deposit 15, end_month, withdraw 15",
        "deposit 40, deposit 60, end_month, withdraw 130, withdraw 10, withdraw 10, withdraw 10",
        "withdraw 12, end_month, deposit 2, deposit 30, withdraw 31, end_month",
        "withdraw 5, deposit 9, deposit 11, withdraw 15, deposit 70, end_month",
        "deposit 17, withdraw 50, deposit 50, withdraw 50, withdraw 50, end_month, withdraw 4",
    ),
    visible=6,
)


def account(difficulty: int, random: Random) -> ClassSketch:
    """A bank account with drawn rules."""
    rules = random.sample(("fee", "overdraft", "bonus", "small", "third", "month"), difficulty)
    month = random.choice(("interest", "charge")) if "month" in rules else ""
    k = {rule: random.randint(1, 9) for rule in rules}
    least = random.randint(5, 15)
    return ClassSketch(
        names=("Account", "BankAccount", "Wallet", "Savings"),
        words=_account_words(k, least, month),
        methods=_account_methods(k, least, month),
        scripts=_ACCOUNTS,
        without=tuple(
            _account_methods(
                {other: value for other, value in k.items() if other != rule},
                least,
                "" if rule == "month" else month,
            )
            for rule in (rules if difficulty > 1 else ())
        ),
    )


def _account_words(k: dict[str, int], least: int, month: str) -> tuple[str, ...]:
    deposit = "- deposit(amount): add the amount and return the new balance"
    if "small" in k:
        deposit += f"; an amount below {least} is not added"
    if "bonus" in k:
        deposit += f"; for an amount of {least + 20} or more, {k['bonus']} more is added"
    floor = -10 * k["overdraft"] if "overdraft" in k else 0
    withdraw = "- withdraw(amount): take the amount off and return True"
    if "fee" in k:
        withdraw += f", with a fee of {k['fee']} on top"
    if "third" in k:
        withdraw += f"; every third successful withdrawal costs {k['third']} more"
    withdraw += f"; if all that would leave less than {floor}, take nothing and return False"
    end = "- end_month(): return the balance"
    if month == "interest":
        end = f"- end_month(): if the balance is positive, add {k['month']} percent of it, "
        end += "rounded down; return the balance"
    elif month == "charge":
        end = f"- end_month(): if the balance is below {10 * least}, take {k['month']} off; "
        end += "return the balance"
    return ("An account that starts with `balance`.", deposit, withdraw, end)


def _account_methods(
    k: dict[str, int], least: int, month: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    start = ["self.balance = balance"]
    deposit = ["self.balance += amount", "return self.balance"]
    if "bonus" in k:
        deposit[1:1] = [f"if amount >= {least + 20}:", f"    self.balance += {k['bonus']}"]
    if "small" in k:
        deposit[:0] = [f"if amount < {least}:", "    return self.balance"]
    floor = -10 * k["overdraft"] if "overdraft" in k else 0
    cost = f"cost = amount + {k['fee']}" if "fee" in k else "cost = amount"
    withdraw = [cost]
    if "third" in k:
        start.append("self.withdrawals = 0")
        withdraw += ["if self.withdrawals % 3 == 2:", f"    cost += {k['third']}"]
    name = "cost"
    if len(withdraw) == 1 and cost == "cost = amount":
        withdraw, name = [], "amount"
    withdraw += [f"if self.balance - {name} < {floor}:", "    return False"]
    withdraw += [f"self.balance -= {name}"]
    withdraw += ["self.withdrawals += 1"] if "third" in k else []
    withdraw += ["return True"]
    end = ["return self.balance"]
    if month == "interest":
        end[:0] = ["if self.balance > 0:",
                   f"    self.balance += self.balance * {k['month']} // 100"]  # fmt: skip
    elif month == "charge":
        end[:0] = [f"if self.balance < {10 * least}:", f"    self.balance -= {k['month']}"]
    return (
        ("__init__(self, balance)", tuple(start)),
        ("deposit(self, amount)", tuple(deposit)),
        ("withdraw(self, amount)", tuple(withdraw)),
        ("end_month(self)", tuple(end)),
    )


_BOXES = _scripts(
    ((2,), (3,), (1,), (4,), (3,), (2,), (3,), (5,), (2,), (4,), (1,), (3,)),
    (
        "put 5, put 3, put 9, take, take, take, size",
        "put 4, put 4, put 7, take, put 1, put 8, size, take, take",
        "take, put 6, put 2, take, put 11, size",
        "put 10, put 9, put 8, put 7, put 6, take, take, size, put 3, take",
        "put -1, put 12, put 5, put 12, take, take, take, take",
        "put 3, take, put 15, put 4, put 4, size, take, take",
        "size, put 2, put 2, put 2, put 2, take, size",
        "put 1, put 2, put 3, put 4, put 5, put 6, size, take, take, take, take, take, take",
        "put 20, put 13, take, put 7, put 14, put 0, take, take, size",
        "put 8, put 16, put 5, size, take, put 21, put 6, put 9, take, take, take",
        "put 7, put 7, take, put 18, put 3, take, take",
        "put -4, put 6, put 11, put 2, size, take, take, put 17, take, take",
    ),
    visible=6,
)

_TAKEN = (
    ("the one that was put in last", "self.items.pop()"),
    ("the one that was put in first", "self.items.pop(0)"),
    ("the largest", "self.items.pop(self.items.index(max(self.items)))"),
    ("the smallest", "self.items.pop(self.items.index(min(self.items)))"),
    ("the one in the middle (at the index size // 2 in the order they were put in)",
     "self.items.pop(len(self.items) // 2)"),
)  # fmt: skip


def container(difficulty: int, random: Random) -> ClassSketch:
    """A container of numbers that can be full."""
    said, taken = random.choice(_TAKEN)
    empty = random.choice(("None", "-1", "0"))
    full, code = random.choice(
        (
            ("nothing is put in and False returned", ("return False",)),
            ("the number that was put in first is thrown away to make room",
             ("self.items.pop(0)",)),
            ("the largest number is thrown away to make room",
             ("self.items.remove(max(self.items))",)),
            ("everything is thrown away first", ("self.items.clear()",)),
        )
    )  # fmt: skip
    conditions = random_filters(random, _ADDED, (0, 1, 1, 2, 2)[difficulty - 1])
    change = random_change(random, _ADDED) if difficulty > 2 else None
    unique = difficulty > 3 and random.random() < 0.5
    put = "- put(number): put the number in and return True"
    if change:
        put = f"- put(number): put {change.said('the number')} in and return True"
    put += f"; if there are `capacity` numbers already, {full}"
    lines = ["if len(self.items) == self.capacity:", *(f"    {line}" for line in code)]
    if conditions:
        put += f"; a number that {joined([c.singular for c in conditions], 'and')} is "
        put += "refused before that: return False"
        test = joined_tests([condition.of("number") for condition in conditions])
        lines[:0] = [f"if {test}:", "    return False"]
    if unique:
        value = change.of("number") if change else "number"
        lines[:0] = [f"if {value} in self.items:", "    return True"]
        put += "; what is in already is not put in again, but True is returned in any case"
    value = change.of("number") if change else "number"
    lines += [f"self.items.append({value})", "return True"]
    size = "- size(): return how many numbers are in"
    counted = "return len(self.items)"
    if difficulty == 5:
        size, counted = "- size(): return the sum of the numbers in it", "return sum(self.items)"
    return ClassSketch(
        names=("Box", "Buffer", "Store", "Container", "Shelf"),
        words=(
            "A container with room for `capacity` numbers, empty at first.",
            put,
            f"- take(): take out a number, {said}, and return it; {empty} if there is none",
            size,
        ),
        methods=(
            ("__init__(self, capacity)", ("self.capacity = capacity", "self.items = []")),
            ("put(self, number)", tuple(lines)),
            ("take(self)", ("if not self.items:", f"    return {empty}", f"return {taken}")),
            ("size(self)", (counted,)),
        ),
        scripts=_BOXES,
    )


_COUNTERS = _scripts(
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
    high = random.randint(8, 25)
    bound = random.choice(("clamp", "wrap", "ignore"))
    up, down = random.randint(1, 4), random.randint(1, 3)
    words = ["A counter that starts at `start`."]
    added = "amount" if up == 1 else f"{up} * amount"
    taken = "amount" if down == 1 else f"{down} * amount"
    said_up = "the amount" if up == 1 else f"{up} times the amount"
    said_down = "the amount" if down == 1 else f"{down} times the amount"
    rule = {
        "clamp": f"above {high} it becomes {high}",
        "wrap": f"above {high} it becomes 0",
        "ignore": f"if that would lead above {high}, nothing changes",
    }[bound]
    limit = {
        "clamp": [f"self.value = min(self.value + {added}, {high})"],
        "wrap": [f"self.value += {added}", f"if self.value > {high}:", "    self.value = 0"],
        "ignore": [f"if self.value + {added} <= {high}:", f"    self.value += {added}"],
    }[bound]
    if difficulty == 1:
        limit, rule = [f"self.value += {added}"], ""
    lower = [f"self.value -= {taken}"]
    floor = ""
    if difficulty > 2:
        low = random.randint(-9, 0)
        lower = [f"self.value = max(self.value - {taken}, {low})"]
        floor = f"; below {low} it becomes {low}"
    has_undo = difficulty > 1
    remember = ["self.past.append(self.value)"] if has_undo else []
    undo = ["if self.past:", "    self.value = self.past.pop()", "return self.value"]
    said_undo = "take back the last up or down that was not taken back yet, if there is one, and "
    if difficulty > 3:
        depth = random.randint(1, 3)
        remember += [f"self.past = self.past[-{depth}:]"]
        said_undo = (
            f"take back the last up or down that was not taken back yet, if there is one; only the "
            f"last {depth} of them are remembered; "
        )
    read = ["return self.value"]
    said_read = "return the value"
    if difficulty == 5:
        change = random_change(random, _ADDED)
        read = [f"return {change.of('self.value')}"]
        said_read = f"return {change.said('the value')}"
    words += [
        f"- up(amount): add {said_up}{'; ' + rule if rule else ''}; return the value",
        f"- down(amount): subtract {said_down}{floor}; return the value",
        f"- undo(): {said_undo}return the value" if has_undo
        else "- undo(): set the value back to `start` and return it",
        f"- read(): {said_read}",
    ]  # fmt: skip
    start = ["self.value = start", *(["self.past = []"] if has_undo else ["self.start = start"])]
    if not has_undo:
        undo = ["self.value = self.start", "return self.value"]
    return ClassSketch(
        names=("Counter", "Dial", "Meter", "Gauge"),
        words=tuple(words),
        methods=(
            ("__init__(self, start)", tuple(start)),
            ("up(self, amount)", (*remember, *limit, "return self.value")),
            ("down(self, amount)", (*remember, *lower, "return self.value")),
            ("undo(self)", tuple(undo)),
            ("read(self)", tuple(read)),
        ),
        scripts=_COUNTERS,
    )


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
    states = random.sample(_STATES, min(difficulty + 1, 5))
    signals = _SIGNALS if difficulty > 1 else _SIGNALS[:2]
    table = {
        state: {signal: random.choice(states) for signal in signals if random.random() < 0.75}
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


_TRACKERS = _scripts(
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
    conditions = random_filters(random, _ADDED, (1, 1, 2, 2, 3)[difficulty - 1])
    change = random_change(random, _ADDED) if difficulty > 1 else None
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


STATEFUL_CLASSES = DrawnClassFamily(
    "stateful_classes", (account, container, counter, machine, tracker)
)
