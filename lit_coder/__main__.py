"""The command `lit-coder`: sends the first word to a Trainer command or to a tool.

Nothing heavy is imported before it is known what is asked for, so that `--help` and the tools
that need no model answer at once.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence

TRAINER_COMMANDS = {
    "fit": "train, and improve itself: fit --config configs/quickstart.yaml",
    "validate": "the loss on real solutions: validate --ckpt_path last",
    "test": "pass@k on held-out problems, HumanEval, MBPP: test --ckpt_path last",
    "predict": "one completion for each held-out problem: predict --ckpt_path last",
}
TOOLS = {
    "check": "run one tiny round of a configuration and estimate time, disk and memory",
    "data": "list, download, check and prepare datasets; look into a run's pool",
    "environment": "let a model write, test, search for faults, and accept",
    "export": "write a model as a folder in Hugging Face format",
    "generate": "let a model write programs: generate --prompt 'def f(x):'",
    "interactive": "talk to a model in the terminal, run what it wrote",
    "memory": "what a configuration takes of a device's memory, and which cards it fits",
    "report": "write report.html of a run",
    "sandbox": "what protects you on this machine, and one program behind it",
    "score": "score anybody's samples file: score --benchmark humaneval --samples FILE",
    "tokenizer": "train a tokenizer, or look into one",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return 0 if arguments else 2
    word, rest = arguments[0], arguments[1:]
    if word in TRAINER_COMMANDS:
        from lit_coder import cli

        return cli.run([word, *rest])
    if word in TOOLS:
        module = importlib.import_module(f"lit_coder.commands.{word}")
        return int(module.run(rest))
    near = difflib.get_close_matches(word, [*TRAINER_COMMANDS, *TOOLS], n=1)
    hint = f"; did you mean {near[0]}?" if near else "; see --help"
    print(f"lit-coder: there is no command {word!r}{hint}", file=sys.stderr)
    return 2


def _help() -> str:
    lines = ["usage: python main.py COMMAND [options]        (installed: lit-coder COMMAND)", ""]
    for title, commands in (("training", TRAINER_COMMANDS), ("tools", TOOLS)):
        lines.append(f"{title}:")
        lines += [f"  {name:<13}{text}" for name, text in commands.items()]
        lines.append("")
    lines.append("Options of a command: python main.py COMMAND --help")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
