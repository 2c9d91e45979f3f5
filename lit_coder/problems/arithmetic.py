"""Arithmetic pipelines: an integer goes through additions, remainders, bounds and the like.

    def f(x):
        \"\"\"add 3; multiply by 4; negate\"\"\"

12 operations, 8 of them with a constant from 2 to 9: 68 steps, and 68 to the power of the
difficulty programs. Every step is defined for every integer, so a reference cannot raise.
"""

from __future__ import annotations

from lit_coder.problems.pipeline import PipelineFamily, steps

_CONSTANTS = range(2, 10)

ARITHMETIC = PipelineFamily(
    name="arithmetic",
    argument="x",
    operations=(
        steps("add {}", "x + {}", _CONSTANTS),
        steps("subtract {}", "x - {}", _CONSTANTS),
        steps("multiply by {}", "x * {}", _CONSTANTS),
        steps("divide by {}", "x // {}", _CONSTANTS),
        steps("modulo {}", "x % {}", _CONSTANTS),
        steps("at least {}", "max(x, {})", _CONSTANTS),
        steps("at most {}", "min(x, {})", _CONSTANTS),
        steps("flip {}", "{} - x", _CONSTANTS),
        steps("negate", "-x"),
        steps("absolute", "abs(x)"),
        steps("square", "x * x"),
        steps("double", "x + x"),
    ),
    # Found by search: of small changes to a program (another constant, another operation, two
    # swapped) that change any output at all, these six inputs miss fewer than one in a hundred.
    visible_inputs=(0, 2, 4, 8, 31, -37),
    hidden_inputs=(1, 3, 5, 6, 7, 9, -1, -4, -13, 19, 97),
)
