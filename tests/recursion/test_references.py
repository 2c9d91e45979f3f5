"""References of the user's own problems are run before they are trained on."""

from __future__ import annotations

from dataclasses import replace

from lit_coder.problems.problem import Case, Cases, Problem
from lit_coder.recursion.references import failing_references
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.problem_set import ProblemOptions, ProblemSet
from lit_coder.verification.verifier import Verifier

DOUBLE = Problem(
    task_id="own/double",
    prompt='def f(x):\n    """double"""',
    entry_point="f",
    tests=Cases((Case.call("f", (2,), 4), Case.call("f", (5,), 10))),
    kind="function",
    source="own",
    reference="\n    return x + x",
)


def test_a_reference_that_fails_its_own_tests_is_named() -> None:
    wrong = replace(DOUBLE, task_id="own/wrong", reference="\n    return x * x")
    with open_runner(SandboxOptions(workers=1)) as runner:
        verifier = Verifier(runner, Limits())
        assert failing_references([DOUBLE, wrong], verifier) == {"own/wrong"}


def test_a_problem_set_without_a_failing_reference_trains_on_the_others() -> None:
    options = ProblemOptions(("arithmetic",), (1, 2), 10, (1, 2), 2, 1)
    problems = ProblemSet.build(options, seed=3)
    failing = problems.labelled[4].task_id
    left = problems.without_labelled({failing}).labelled
    assert left == tuple(p for p in problems.labelled if p.task_id != failing)
