"""Programs made wrong on purpose, to see whether tests and judge notice.

    for completion in blunt_mutants(task): ...     # object() or nothing in place of the answer
    for completion in subtle_mutants(task): ...    # one constant or operator is another one

Made from the task's canonical solution, which is trusted text of a benchmark. A subtle mutant may
behave as the solution does; of the blunt ones hardly any test lets all pass.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.problem import Problem
from lit_coder.problems.python_text import parse_quietly

_JAVASCRIPT_BODIES = ("  return {}\n}\n", "}\n")
# The benchmark whose completions are expressions.
_EXPRESSIONS = "cruxeval"
_ANSWERS = ("object()", "None")
_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.FloorDiv: ast.Mod,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def blunt_mutants(task: BenchmarkTask) -> list[str]:
    """Completions that give no answer; at least one fails whatever the tests ask."""
    problem = task.problem
    assert problem.reference is not None, f"{task.task_id} has no canonical solution"
    if problem.language == "javascript":
        return list(_JAVASCRIPT_BODIES)
    if problem.source == _EXPRESSIONS:
        return list(_ANSWERS)
    if problem.suffix:
        # One line in the middle of a body.
        indent = problem.reference[: -len(problem.reference.lstrip()) or None]
        return [f"{indent}return {answer}\n" for answer in _ANSWERS]
    if problem.kind == "answer":
        return ["", problem.draft]
    if problem.kind == "program":
        return ["", "print(object())\n"]
    return [_completion(problem, tree) for tree in _trees_without_an_answer(problem)]


def subtle_mutants(task: BenchmarkTask) -> Iterator[str]:
    """Completions that differ from the canonical one in a constant, an operator or a return."""
    problem = task.problem
    is_whole = problem.language == "python" and problem.kind == "function" and not problem.suffix
    if not is_whole or problem.source == _EXPRESSIONS:
        return
    tree = _parse(problem)
    for function in _functions(tree, problem.entry_point):
        num_nodes = len(list(ast.walk(function)))
        for index in range(num_nodes):
            changed = copy.deepcopy(tree)
            within = next(_functions(changed, problem.entry_point))
            if _change(list(ast.walk(within))[index]):
                yield _completion(problem, changed)
        return


def _trees_without_an_answer(problem: Problem) -> Iterator[ast.Module]:
    for answer in _ANSWERS:
        tree = _parse(problem)
        for function in _functions(tree, problem.entry_point):
            function.body = parse_quietly(f"def f():\n    return {answer}\n").body[0].body  # type: ignore[attr-defined]
        yield tree


def _parse(problem: Problem) -> ast.Module:
    return parse_quietly(problem.program(problem.reference or ""))


def _functions(tree: ast.Module, name: str) -> Iterator[ast.FunctionDef]:
    """The entry point; where that is a class or an alias, every function."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    named = [node for node in functions if node.name == name]
    yield from named or functions


def _completion(problem: Problem, tree: ast.Module) -> str:
    """The changed program as a completion: after a prompt it defines everything once more."""
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return f"    pass\n\n{text}" if problem.prompt else text


def _change(node: ast.AST) -> bool:
    """Change a node into a wrong one; False where there is nothing to change."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value = node.value + 1  # type: ignore[operator]
        return True
    if isinstance(node, ast.Return) and node.value is not None:
        node.value = ast.Constant(None)
        return True
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _OPERATORS:
        node.op = _OPERATORS[type(node.op)]()  # type: ignore[assignment]
        return True
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
        node.ops[0] = _OPERATORS[type(node.ops[0])]()  # type: ignore[call-overload]
        return True
    return False
