from __future__ import annotations

import sys
from typing import Any

import pytest

from lit_coder.problems.benchmarks.benchmark import Benchmark, BenchmarkTask
from lit_coder.problems.benchmarks.registry import BENCHMARK_NAMES
from lit_coder.problems.problem import Cases, Problem
from lit_coder.verification.protocols import (
    PROTOCOL_NAMES,
    PUBLISHED_BENCHMARKS,
    default_protocol,
    find_protocol,
)
from tests.verification.benchmark_tasks import (
    cruxeval_task,
    humaneval,
    humaneval_task,
    mbpp,
    mbpp_task,
)


@pytest.mark.parametrize(
    "name", ["humaneval@openai", "mbpp@google-3shot", "mbpp@bigcode", "mbpp@evalplus"]
)
def test_the_protocols_that_people_name_are_there(name: str) -> None:
    protocol = find_protocol(name)
    assert protocol.title == f"{name}-v{protocol.version}"


@pytest.mark.parametrize("name", PROTOCOL_NAMES)
def test_a_protocol_is_named_after_its_benchmark(name: str) -> None:
    assert find_protocol(name).benchmark == name.partition("@")[0]


@pytest.mark.parametrize("benchmark", sorted({name.partition("@")[0] for name in PROTOCOL_NAMES}))
def test_a_benchmarks_name_alone_means_its_default_protocol(benchmark: str) -> None:
    assert find_protocol(benchmark) is default_protocol(benchmark)


def test_every_published_benchmark_has_a_protocol() -> None:
    assert sorted(PUBLISHED_BENCHMARKS) == sorted(BENCHMARK_NAMES)


def test_the_usual_protocols_are_the_defaults() -> None:
    assert default_protocol("humaneval").name == "humaneval@openai"
    assert default_protocol("mbpp").name == "mbpp@google-3shot"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("humaneval@opnai", "did you mean humaneval@openai?"),
        ("mbpp@google", "did you mean mbpp@google-3shot?"),
        ("humanevla", "did you mean humaneval?"),
        ("xyz", "choose from humaneval@openai"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match="there is no protocol") as caught:
        find_protocol(name)
    assert hint in str(caught.value)


def test_humaneval_is_composed_as_its_evaluator_does() -> None:
    task = humaneval_task()
    text = find_protocol("humaneval").compose(task, "    return 4\n")
    record = task.record
    end = f"check({record['entry_point']})"
    assert text == record["prompt"] + "    return 4\n" + "\n" + record["test"] + "\n" + end


def test_mbpps_setup_follows_the_solution() -> None:
    task = mbpp_task(367, setup="root = Node(1)")
    text = find_protocol("mbpp").compose(task, "class Node: ...")
    assert text.split("\n") == ["class Node: ...", "root = Node(1)", *task.record["test_list"]]


def test_the_google_prompt_shows_tasks_two_three_and_four() -> None:
    benchmark = mbpp()
    prompt = find_protocol("mbpp@google-3shot").prompt(benchmark.tasks[-1], benchmark)
    assert prompt.count("[BEGIN]\n") == 4
    assert prompt.endswith("assert add13(3) == 16\n[BEGIN]\n")
    assert prompt.startswith(
        "You are an expert Python programmer, and here is your task: Add 2. Your code should pass "
        "these tests:\n\nassert add2(1) == 3\nassert add2(2) == 4\nassert add2(3) == 5\n[BEGIN]\n"
        "def add2(x):\n  return x + 2\n[DONE]\n\nYou are an expert Python programmer"
    )
    assert "add4" in prompt and "add5" not in prompt


def test_only_the_shots_of_lm_eval_hold_carriage_returns() -> None:
    benchmark = mbpp()
    task = benchmark.tasks[-1]
    prompt = find_protocol("mbpp@lm-eval").prompt(task, benchmark)
    assert prompt.count("\r\n") == 3
    google = find_protocol("mbpp@google-3shot").prompt(task, benchmark)
    assert prompt.replace("\r", "") == google and "\r" not in google


def test_a_few_shot_prompt_needs_its_examples() -> None:
    benchmark = Benchmark("mbpp", (mbpp_task(11),), "sha256:0")
    with pytest.raises(ValueError, match="lacks task 2"):
        find_protocol("mbpp@google-3shot").prompt(benchmark.tasks[0], benchmark)


def test_bigcodes_mbpp_prompt_is_a_docstring_with_one_test() -> None:
    benchmark = mbpp()
    prompt = find_protocol("mbpp@bigcode").prompt(benchmark.tasks[0], benchmark)
    assert prompt == '"""\nAdd 2.\nassert add2(1) == 3\n"""\n'
    assert prompt == find_protocol("mbpp@evalplus").prompt(benchmark.tasks[0], benchmark)


def test_mbpp_plus_brings_its_own_prompt() -> None:
    problem = Problem("Mbpp/2", "", "f", Cases(()), "function", "mbpp_plus")
    task = BenchmarkTask(problem, {"prompt": '"""\nAdd.\nassert f(1)\n"""\n'})
    benchmark = Benchmark("mbpp_plus", (task,), "sha256:0")
    assert find_protocol("mbpp_plus").prompt(task, benchmark) == task.record["prompt"]


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("humaneval@openai", 'def square(x):\n    """ The square of x.\n    """\n'),
        ("humaneval@lm-eval", 'def square(x):\n    """ The square of x.\n    """\n'),
        ("humaneval@bigcode", 'def square(x):\n    """ The square of x.\n    """'),
    ],
)
def test_humanevals_prompt_is_raw_but_for_bigcode(name: str, prompt: str) -> None:
    benchmark = humaneval()
    assert find_protocol(name).prompt(benchmark.tasks[0], benchmark) == prompt


def test_what_follows_bigcodes_stripped_prompt_composes_to_the_same_program() -> None:
    protocol, benchmark = find_protocol("humaneval@bigcode"), humaneval()
    task = benchmark.tasks[0]
    generated = "\n    return x\n"
    completion = protocol.extract(task, generated)
    assert protocol.compose(task, completion).startswith(
        protocol.prompt(task, benchmark) + generated
    )


@pytest.mark.parametrize(
    "generated",
    [
        "\n    return x * x\n",
        "    return x * x\n",
        "; return x * x",
        "  # comment\n    return x * x",
        '"',
        '""" + 1\n    return x',
        "",
    ],
)
def test_a_text_after_bigcodes_stripped_prompt_is_as_right_as_its_completion(
    generated: str,
) -> None:
    protocol, benchmark = find_protocol("humaneval@bigcode"), humaneval()
    task = benchmark.tasks[0]
    there = protocol.prompt(task, benchmark) + generated
    here = task.problem.prompt + protocol.extract(task, generated)
    assert _square_of_three(here) == _square_of_three(there)


def _square_of_three(program: str) -> object:
    names: dict[str, Any] = {}
    try:
        exec(program, names)
        return names["square"](3)
    except (SyntaxError, TypeError) as error:
        return type(error)


def test_a_text_is_cut_at_the_first_stop_of_any() -> None:
    protocol = find_protocol("humaneval@openai")
    assert protocol.cut("    return 1\n\nprint(2)\ndef g():") == "    return 1\n"
    assert protocol.cut("    return 1\n") == "    return 1\n"


def test_token_healing_and_syntax_cuts_are_for_protocols_that_say_so() -> None:
    assert not find_protocol("humaneval@openai").allows_token_healing
    ours = find_protocol("humaneval@lit_coder")
    assert ours.allows_token_healing and ours.allows_ast_cut


@pytest.mark.parametrize("name", ["mbpp@lit_coder", "held_out@lit_coder"])
def test_protocols_of_our_own_allow_token_healing_and_syntax_cuts(name: str) -> None:
    protocol = find_protocol(name)
    assert protocol.allows_token_healing and protocol.allows_ast_cut


def test_our_own_mbpp_asks_as_bigcodes() -> None:
    benchmark = mbpp()
    task, ours = benchmark.tasks[0], find_protocol("mbpp@lit_coder")
    bigcode = find_protocol("mbpp@bigcode")
    assert ours.prompt(task, benchmark) == bigcode.prompt(task, benchmark)
    assert ours.stops == bigcode.stops


def test_cruxeval_asks_for_the_output_and_asserts_it() -> None:
    task, protocol = cruxeval_task(), find_protocol("cruxeval")
    prompt = protocol.prompt(task, Benchmark("cruxeval", (task,), "sha256:0"))
    assert prompt.endswith(
        "[PYTHON]\ndef f(n):\n    return {n}\nassert f(1) == ??\n[/PYTHON]\n[ANSWER]\n"
    )
    assert protocol.compose(task, "{1}") == "def f(n):\n    return {n}\nassert {1} == {1}"


def test_an_answer_that_calls_the_function_is_none() -> None:
    text = find_protocol("cruxeval").compose(cruxeval_task(), "f(1)")
    with pytest.raises(AssertionError, match="calls the function"):
        exec(text, {})


@pytest.mark.parametrize(
    ("starter", "shown"), [("", "# YOUR CODE HERE"), ("class Solution:", "class Solution:")]
)
def test_livecodebench_asks_for_a_fenced_program(starter: str, shown: str) -> None:
    record = {"question_content": "Add.", "starter_code": starter}
    problem = Problem("LiveCodeBench/1", "", "", Cases(()), "program", "livecodebench")
    task = BenchmarkTask(problem, record)
    prompt = find_protocol("livecodebench").prompt(
        task, Benchmark("livecodebench", (task,), "sha256:0")
    )
    assert prompt.startswith("### Question:\nAdd.\n\n### Format: ")
    assert prompt.endswith(
        f"```python\n{shown}\n```\n\n### Answer: (use the provided format with backticks)\n\n"
    )


def test_livecodebenchs_prelude_gives_solutions_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "exit", sys.exit)  # The prelude replaces it.
    problem = Problem("LiveCodeBench/1", "", "", Cases(()), "program", "livecodebench")
    text = find_protocol("livecodebench").compose(
        BenchmarkTask(problem, {}), "x: List[int] = [gcd(4, 6), Counter('aa')['a']]"
    )
    names: dict[str, object] = {}
    exec(text.replace("sys.setrecursionlimit(50000)", ""), names)
    assert names["x"] == [2, 2]
