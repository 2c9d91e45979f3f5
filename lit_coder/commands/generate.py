"""`main.py generate`: programs of a trained model, and whether they are right.

    python main.py generate --prompt_file prompt.py --num_samples 5 --validate
    python main.py generate --template docstring --prompt "Write a function to calculate factorial"

Without `--output` the programs are printed, each under a line of comment where there are several
or verdicts; with it every one is a line of JSON. What a model wrote is parsed and run in the
sandbox alone, and only with `--validate` or `--ast_cut`. This is a process boundary.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_coder.cli.loading import load_torch
from lit_coder.cli.screen import log_to_stderr
from lit_coder.commands.ending import ended
from lit_coder.commands.generation_arguments import (
    GenerationParser,
    load_asked,
    sampling_options,
    stops_of,
)
from lit_coder.commands.generation_verdicts import Finding, findings
from lit_coder.commands.prompt_text import TEMPLATES, read_prompt
from lit_coder.commands.user_tests import last_function, problem_for
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.training_data.whole_file import write_whole

if TYPE_CHECKING:
    from lit_coder.modules.complete import Continuation

_DESCRIPTION = "Write programs with a trained model."
_EPILOG = (
    "Exit status: 0 the programs were written, whatever their verdicts; 1 the sandbox cannot run "
    "here, or a file cannot be written; 2 a mistake in the command line."
)


def run(argv: list[str]) -> int:
    """Write programs; returns the exit status."""
    return ended(lambda: _generate(argv))


def _generate(argv: list[str]) -> int:
    parser = GenerationParser("generate", _DESCRIPTION, _EPILOG)
    _add_prompt_arguments(parser)
    parser.add_generation_arguments()
    _add_result_arguments(parser)
    arguments = parser.read(argv)
    own = arguments.own
    prompt = read_prompt(own["prompt"], own["prompt_file"], own["template"])
    if own["tests"] and not own["validate"]:
        raise ValueError("--tests are run by --validate: add it, or leave --tests out")
    problem = problem_for(prompt, own["tests"]) if own["validate"] else None
    _require_new(own["output"])
    log_to_stderr()
    load_torch()
    with contextlib.ExitStack() as stack:
        runner = None
        if own["validate"] or own["ast_cut"]:
            # Before the model: where there is no sandbox, that is known at once.
            runner = stack.enter_context(_open_runner(arguments.options, own["num_samples"]))
        drawn = _draw(own, parser.configs, prompt)
        texts = [each.text for each in drawn]
        if own["ast_cut"]:
            assert runner is not None
            texts = _cut(runner, arguments.options, prompt, texts)
        programs = [prompt + text for text in texts]
        found: list[Finding] = []
        if own["validate"]:
            assert runner is not None
            found = list(findings(runner, arguments.options, problem, programs))
    if own["output"] is None:
        _print(programs, found)
    else:
        _write(own["output"], _lines(own, prompt, texts, drawn, found))
    return 0


def _add_prompt_arguments(parser: GenerationParser) -> None:
    add = parser.add_argument
    add(
        "--prompt",
        type=str,
        metavar="TEXT",
        help="the beginning of a program; in a shell $'def f(x):\\n' has a line break at its end",
    )
    add("--prompt_file", type=str, metavar="FILE", help="a file with it; - = standard input")
    add(
        "--template",
        type=str,
        metavar="NAME",
        help="the prompt is a request in plain language, as 'Write a function to calculate "
        f"factorial', and becomes a program's beginning: {' or '.join(TEMPLATES)}, or a text of "
        "your own with {request} in it",
    )
    add("--num_samples", type=int, default=1, metavar="N", help="programs to write")


def _add_result_arguments(parser: GenerationParser) -> None:
    add = parser.add_argument
    add(
        "--ast_cut",
        action="store_true",
        help="end each program where the function that the prompt begins ends, by its syntax",
    )
    add(
        "--validate",
        action="store_true",
        help="say of each program whether it is Python and, where there are tests, whether it "
        "passes: those of --tests, else the prompt's doctests (what a function prints itself is "
        "not compared)",
    )
    add(
        "--tests",
        type=str,
        metavar="FILE",
        help="Python with asserts or test_ functions that call the function, or a problem file "
        "(.jsonl) with one problem or this prompt's",
    )
    add(
        "--output",
        type=str,
        metavar="FILE",
        help="a new file for one JSON object a program: prompt, completion, program, "
        "log_probability of what was drawn (before --ast_cut), num_tokens, ended, with --validate "
        "the verdict; - = standard output",
    )


def _open_runner(options: SandboxOptions, num_samples: int) -> Runner:
    from lit_coder.sandbox.open_runner import open_runner

    if num_samples == 1 and options.workers is None:
        options = dataclasses.replace(options, workers=1)
    return open_runner(options)


def _draw(own: dict[str, Any], configs: tuple[str, ...], prompt: str) -> list[Continuation]:
    """The texts that the model writes after the prompt."""
    options, stops = sampling_options(own, own["num_samples"]), stops_of(own)
    from lit_coder.modules.complete import continuations

    module = load_asked(own, configs)
    return continuations(module, prompt, options, stops, own["token_healing"])


def _cut(runner: Runner, options: SandboxOptions, prompt: str, texts: Sequence[str]) -> list[str]:
    from lit_coder.verification.ast_cut import cut_at_syntax

    entry_point = last_function(prompt)
    return cut_at_syntax(runner, [(prompt, text, entry_point) for text in texts], options.limits())


def _print(programs: Sequence[str], found: Sequence[Finding]) -> None:
    """The programs, a line of comment before each where there is something to say."""
    for index, program in enumerate(programs):
        titles = [f"program {index + 1} of {len(programs)}"] if len(programs) > 1 else []
        titles += [found[index].line()] if found else []
        if titles:
            print(f"# {': '.join(titles)}")
        print(program if program.endswith("\n") else program + "\n", end="")
    sys.stdout.flush()


def _lines(
    own: dict[str, Any],
    prompt: str,
    texts: Sequence[str],
    drawn: Sequence[Continuation],
    found: Sequence[Finding],
) -> str:
    """The programs as lines of JSON."""
    lines = []
    for index, (text, each) in enumerate(zip(texts, drawn, strict=True)):
        record: dict[str, object] = {
            "prompt": prompt,
            "completion": text,
            "program": prompt + text,
            "sample": index,
            "seed": own["seed"],
            "temperature": own["temperature"],
            "log_probability": each.log_probability,
            "num_tokens": len(each.ids),
            "ended": each.ended,
        }
        record |= found[index].fields() if found else {}
        lines.append(json.dumps(record) + "\n")
    return "".join(lines)


def _require_new(output: str | None) -> None:
    """Refuse now what could not be written after the work."""
    if output in (None, "-"):
        return
    path = Path(str(output)).absolute()
    if path.exists():
        raise ValueError(f"--output {output} exists; name another file, or remove it first")
    if not path.parent.is_dir():
        raise ValueError(f"--output {output}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"--output {output}: the folder {path.parent} cannot be written to")


def _write(output: str, text: str) -> None:
    """Write the lines, whole or not at all."""
    if output == "-":
        print(text, end="", flush=True)
        return
    write_whole(Path(output), text)
