"""List pipelines: a list of integers is filtered, mapped, cut and ordered; some end in a number.

    def f(xs):
        \"\"\"keep even; sort; drop first 2; sum\"\"\"

Every step is defined for every list, the empty one included, so a reference cannot raise.
"""

from __future__ import annotations

from lit_coder.problems.pipeline import PipelineFamily, ending, steps

LISTS = PipelineFamily(
    name="lists",
    argument="xs",
    operations=(
        steps("add {} to each", "[x + {} for x in xs]", range(2, 10)),
        steps("multiply each by {}", "[x * {} for x in xs]", range(2, 10)),
        steps("modulo {} of each", "[x % {} for x in xs]", range(2, 10)),
        steps("keep above {}", "[x for x in xs if x > {}]", range(2, 10)),
        steps("keep below {}", "[x for x in xs if x < {}]", range(2, 10)),
        steps("keep even", "[x for x in xs if x % 2 == 0]"),
        steps("keep odd", "[x for x in xs if x % 2 == 1]"),
        steps("negate each", "[-x for x in xs]"),
        steps("square each", "[x * x for x in xs]"),
        steps("reverse", "xs[::-1]"),
        steps("sort", "sorted(xs)"),
        steps("unique", "list(dict.fromkeys(xs))"),
        steps("every second", "xs[::2]"),
        steps("take first {}", "xs[:{}]", range(2, 6)),
        steps("drop first {}", "xs[{}:]", range(1, 5)),
        steps("drop last {}", "xs[:-{}]", range(1, 5)),
    ),
    endings=(
        ending("sum", "sum(xs)"),
        ending("count", "len(xs)"),
        ending("largest", "max(xs, default=0)"),
        ending("smallest", "min(xs, default=0)"),
    ),
    ending_share=0.25,
    visible_inputs=(
        [5, 2, 9, 2, 7, 4, 6, 3],
        [-3, 8, -3, 0, 11, 5],
        [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
        [4, 4, 6],
        [1, 12, 3, 10, -5, 8, 7, 7, 2],
        [],
    ),
    hidden_inputs=(
        [1],
        [6, -2],
        [3, 5, 7, 9, 11],
        [2, 4, 6, 8, 10, 12],
        [0, 0, 1, 1, 2, 2, 3, 3],
        [-9, -8, -7, -6, -5],
        [15, 3, 15, 4, 3, 8],
        [7, 1, 8, 2, 9, 3, 10, 4, 11, 5],
        [20, -20, 13, -13, 5, -5, 6],
        [9, 9, 9, 8, 8, 7],
        [2, 3, 5, 8, 13, 21, 34],
    ),
)
