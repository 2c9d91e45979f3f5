"""Cases in a line of a problem file: a call of a function, or an object with calls of its methods.

    {"arguments": [12], "expected": 2}                                   # last_digit(12) == 2
    {"build": [0, 50], "calls": [{"method": "add", "arguments": [3], "expected": 53}]}

`build` are the arguments of the class that the entry point names; the calls follow on that one
object, in their order, and a call without `arguments` has none. Values are as `typed_values.py`
says. All cases of one problem are of the same form.
"""

from __future__ import annotations

from lit_coder.problems.problem import Call, Case, Construct, MethodCall, Problem, Value
from lit_coder.problems.typed_values import value_from_json, value_to_json

_CALL_FORM = '{"method": "...", "arguments": [...], "expected": ...}'


def builds_objects(entries: list[object]) -> bool:
    """Whether the cases of a record build objects.

    Raises:
        ValueError: some do and some do not.
    """
    forms = {isinstance(entry, dict) and "build" in entry for entry in entries}
    if len(forms) > 1:
        raise ValueError(
            'some cases have "build" and some have not; the entry_point is a class or a function, '
            "so write all in one form"
        )
    return forms == {True}


def case_from_record(entry: object, entry_point: str) -> Case:
    """One case of the entry point with its expected values.

    Raises:
        ValueError: it is in neither form.
    """
    if isinstance(entry, dict) and "build" in entry:
        return _object_case(entry, entry_point)
    if not isinstance(entry, dict) or entry.keys() != {"arguments", "expected"}:
        raise ValueError(
            f'the case {entry!r} is not {{"arguments": [...], "expected": ...}}, nor '
            '{"build": [...], "calls": [...]} of a class'
        )
    arguments = _arguments(entry["arguments"])
    return Case.call(entry_point, arguments, value_from_json(entry["expected"]))


def _object_case(entry: dict[str, object], entry_point: str) -> Case:
    """An object and the calls of its methods."""
    calls = entry.get("calls")
    if entry.keys() != {"build", "calls"} or not isinstance(calls, list) or not calls:
        raise ValueError(
            f'the case {entry!r} is not {{"build": [...], "calls": [...]}} with at least one call'
        )
    operations: list[Construct | MethodCall] = [Construct(entry_point, _arguments(entry["build"]))]
    expected: list[Value] = [None]
    for call in calls:
        if (
            not isinstance(call, dict)
            or not {"method", "expected"} <= call.keys() <= {"method", "arguments", "expected"}
            or not isinstance(call["method"], str)
        ):
            raise ValueError(f"the call {call!r} is not {_CALL_FORM}")
        if not call["method"].isidentifier():
            raise ValueError(f"the method {call['method']!r} is no name; write it as in the class")
        operations.append(MethodCall(call["method"], _arguments(call.get("arguments", []))))
        expected.append(value_from_json(call["expected"]))
    return Case(tuple(operations), tuple(expected))


def _arguments(value: object) -> tuple[Value, ...]:
    if not isinstance(value, list):
        raise ValueError(f"the arguments {value!r} are no list; put them into one")
    return tuple(value_from_json(argument) for argument in value)


def case_record(problem: Problem, case: Case) -> dict[str, object]:
    """What `case_from_record` makes the case of.

    Raises:
        ValueError: the case does more than call the entry point once, or build one object of it
            and call its methods.
    """
    first, *others = case.operations
    if isinstance(first, Call) and first.function == problem.entry_point and not others:
        expected = value_to_json(case.expected[0])
        return {"arguments": [*map(value_to_json, first.arguments)], "expected": expected}
    calls = [each for each in others if isinstance(each, MethodCall)]
    is_object = isinstance(first, Construct) and first.class_name == problem.entry_point
    if not is_object or not calls or len(calls) < len(others):
        raise ValueError(
            f"{problem.task_id} does more than call {problem.entry_point}, or build one object of "
            "it and call its methods, which a problem file cannot say"
        )
    return {
        "build": [*map(value_to_json, first.arguments)],
        "calls": [
            {
                "method": call.method,
                "arguments": [*map(value_to_json, call.arguments)],
                "expected": value_to_json(value),
            }
            for call, value in zip(calls, case.expected[1:], strict=True)
        ],
    }
