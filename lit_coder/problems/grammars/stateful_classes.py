"""Classes with state: accounts, containers, counters, machines, trackers.

    class Account:
        ...an account that starts with `balance`; deposit(amount): add the amount ...

Difficulty is the number of rules beside the plain behaviour, of machines that of states.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.class_sketch import ClassSketch, DrawnClassFamily, scripts_of
from lit_coder.problems.grammars.devices import counter, machine, tracker
from lit_coder.problems.grammars.inputs import SMALL_NUMBERS
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import joined, joined_tests

_ACCOUNTS = scripts_of(
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


_OFTEN_IDLE = ("overdraft", "third", "month")
"""Rules that some numbers make idle."""


def account(difficulty: int, random: Random) -> ClassSketch:
    """A bank account with drawn rules."""
    known = ("fee", "overdraft", "bonus", "small", "third", "month")
    rules = random.sample(known, difficulty + 1)
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
            for rule in rules
            if rule in _OFTEN_IDLE
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


_BOXES = scripts_of(
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
    conditions = random_filters(random, SMALL_NUMBERS, (1, 1, 1, 2, 2)[difficulty - 1])
    change = random_change(random, SMALL_NUMBERS) if difficulty > 1 else None
    unique = difficulty > 2
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


STATEFUL_CLASSES = DrawnClassFamily(
    "stateful_classes", (account, container, counter, machine, tracker)
)
