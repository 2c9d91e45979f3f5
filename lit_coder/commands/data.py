"""`main.py data`: the datasets of the field, and a run's own pool of samples.

    python main.py data list
    python main.py data inspect mbpp_train
    python main.py data inspect --pool runs/last

Each action is a module of its own, which is not imported before it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
import sys

from lit_coder.commands.ending import ended

# Action: the module with its `run(argv)`, and what the help says of it.
ACTIONS = {
    "list": ("data_list", "every dataset that can be read: rows, size, licence, found here or not"),
    "download": ("data_download", "fetch datasets from the Hugging Face hub or Kaggle"),
    "inspect": ("data_inspect", "columns, counts, samples, and the share of rows that holds"),
    "prepare": ("data_prepare", "clean a corpus and write it as tokens for fit, with a manifest"),
    "make-tests": ("data_make_tests", "write a pytest file for the functions of a file of yours"),
    "harvest": ("data_harvest", "make problems of the functions found in real code"),
    "versions": ("data_pool", "the versions of a run's pool"),
    "compare": ("data_pool", "what differs between two versions of a pool"),
    "restore": ("data_pool", "make an earlier version of a pool the newest"),
    "export": ("data_pool", "write a pool as Parquet or in Hugging Face format"),
}
_POOL_MODULE = "data_pool"
_POOL_OPTION = "--pool"


def run(argv: list[str]) -> int:
    """Do one action; returns the exit status."""
    action, rest = (argv[0], argv[1:]) if argv else ("", [])
    if action in ("-h", "--help"):
        print(help_text())
        return 0
    if action not in ACTIONS:
        near = difflib.get_close_matches(action, ACTIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(ACTIONS)}"
        what = f"there is no data {action}" if action else "data needs to be told what to do"
        print(f"lit-coder: {what}; {hint}", file=sys.stderr)
        return 2
    module = ACTIONS[action][0]
    if any(word.partition("=")[0] == _POOL_OPTION for word in rest):
        module = _POOL_MODULE
    # One module serves several actions of a pool, so it is told which.
    words = [action, *rest] if module == _POOL_MODULE else rest
    return ended(lambda: _act(module, words))


def help_text() -> str:
    """What is printed where help is asked for."""
    lines = ["usage: python main.py data ACTION [options]", ""]
    lines += [f"{action:<12}{text}" for action, (_, text) in ACTIONS.items()]
    lines += [
        "",
        "inspect --pool runs/last shows the samples of a run instead.",
        "Options of an action: python main.py data ACTION --help",
    ]
    return "\n".join(lines)


def _act(module: str, words: list[str]) -> int:
    return int(importlib.import_module(f"lit_coder.commands.{module}").run(words))
