"""The other side of `other_user.py`: opens a runner and executes lists of jobs until it is left.

python runner_process.py        # pickles on standard input and output
"""

from __future__ import annotations

import os
import pickle
import sys

from lit_coder.sandbox.contract import SandboxError, SandboxUnavailable
from lit_coder.sandbox.open_runner import open_runner


def main() -> None:
    """Read options, then lists of jobs; answer each with one object, an exception for trouble."""
    answers = os.fdopen(os.dup(1), "wb")
    # Nothing else may get between the answers.
    os.dup2(2, 1)

    def answer(message: object) -> None:
        pickle.dump(message, answers)
        answers.flush()

    try:
        with open_runner(pickle.load(sys.stdin.buffer)) as runner:
            answer("ready")
            while True:
                answer(list(runner.run(pickle.load(sys.stdin.buffer))))
    except EOFError:
        pass
    except (SandboxUnavailable, SandboxError) as error:
        answer(error)


if __name__ == "__main__":
    main()
