r"""Says in a prompt which lines are suspicious, for a model that is to make a draft right.

    hinted_prompt("def f(x):\n    # 12468:92840", [4])      # "def f(x):\n    # 12468:92840 4"
    hinted_prompt('def f(x):\n    "Adds."\n', [4])          # '...\n    "Adds."  # line 4?\n'

Lines are those of prompt and draft together, counted from 1. The hint stands in a comment at the
end of the prompt's last line: no line moves, and of a prompt that ends there no token moves. Where
that line is a comment already, the number alone joins it, one token. A mark behind the line of the
draft would cost more: the answer does not bear it, so that everything behind it stands at another
place of the canvas than what is to be written there.

A hinted prompt is read by a model. Programs are run, judged and kept with the plain one. Who finds
the lines is not known here: `environment/suspicion.py` does, and families that teach to read hints.
"""

from __future__ import annotations

from collections.abc import Sequence


def hinted_prompt(prompt: str, lines: Sequence[int]) -> str:
    """The prompt with a hint at these lines; as it is where there are none."""
    if not lines:
        return prompt
    text = prompt.rstrip()
    is_comment = text.rpartition("\n")[2].lstrip().startswith("#")
    numbers = " ".join(map(str, lines))
    hint = f" {numbers}" if is_comment else f"  # line {numbers}?"
    return text + hint + prompt[len(text) :]
