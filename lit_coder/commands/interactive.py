"""`main.py interactive`: a conversation with a trained model.

    python main.py interactive --ckpt_path last --temperature 0.2

The beginning of a program is typed or pasted, and the model goes on, token by token; `/run` runs
the last program in the sandbox, `/help` lists the other commands. Prompts may also come through a
pipe; then only the answers are printed. This is a process boundary; reading lines is
`prompt_reader.py`, what a line means `interactive_session.py`.
"""

from __future__ import annotations

import io
import sys

from lit_coder.cli.loading import load_torch
from lit_coder.cli.screen import log_to_stderr
from lit_coder.commands.ending import ended
from lit_coder.commands.generation_arguments import (
    GenerationParser,
    load_asked,
    sampling_options,
    stops_of,
)
from lit_coder.commands.prompt_reader import PromptReader, history_file

_DESCRIPTION = "Write programs together with a trained model; /help in it lists its commands."
_EPILOG = (
    "Prompts may come through a pipe as well, each ended by an empty line. Lines are remembered in "
    "$XDG_STATE_HOME/lit_coder/history, by default below ~/.local/state."
)


def run(argv: list[str]) -> int:
    """Talk until the user leaves; returns the exit status."""
    return ended(lambda: _talk(argv))


def _talk(argv: list[str]) -> int:
    parser = GenerationParser("interactive", _DESCRIPTION, _EPILOG)
    parser.add_generation_arguments()
    arguments = parser.read(argv)
    own = arguments.own
    stops = stops_of(own)
    sampling = sampling_options(own, num_samples=1)
    log_to_stderr()
    load_torch()

    from lit_coder.commands.generation_settings import GenerationSettings
    from lit_coder.commands.interactive_session import Session

    module = load_asked(own, parser.configs)
    settings = GenerationSettings(
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        max_new_tokens=sampling.max_new_tokens,
        seed=sampling.seed,
        token_healing=own["token_healing"],
        stops=stops,
    )
    if isinstance(sys.stdin, io.TextIOWrapper):
        # Bytes that are no text are told as such where they are used.
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    with (
        PromptReader(history_file()) as reader,
        Session(module, settings, arguments.options, reader.is_terminal) as session,
    ):
        if reader.is_terminal:
            num_parameters = sum(each.numel() for each in module.parameters())
            print(f"{own['ckpt_path']}: {num_parameters:,} parameters, on {module.device}")
            print("Write the beginning of a program, then an empty line. /help, /quit")
        while (text := reader.read()) is not None and session.take(text):
            pass
    return 0
