"""String pipelines: a text is cut, joined, turned round and changed letter by letter.

    def f(s):
        \"\"\"remove a; reverse; take first 3; upper\"\"\"

Letters come from a to e, and the inputs are made of them, so that no step idles for long.
Every step is defined for every text, the empty one included, so a reference cannot raise.
"""

from __future__ import annotations

from lit_coder.problems.pipeline import PipelineFamily, ending, steps

_LETTERS = "abcde"

STRINGS = PipelineFamily(
    name="strings",
    argument="s",
    operations=(
        steps("upper", "s.upper()"),
        steps("lower", "s.lower()"),
        steps("swap case", "s.swapcase()"),
        steps("reverse", "s[::-1]"),
        steps("every second", "s[::2]"),
        steps("repeat {} times", "s * {}", (2, 3)),
        steps("take first {}", "s[:{}]", range(2, 7)),
        steps("take last {}", "s[-{}:]", range(2, 7)),
        steps("drop first {}", "s[{}:]", range(1, 5)),
        steps("drop last {}", "s[:-{}]", range(1, 5)),
        steps("remove {}", 's.replace("{}", "")', _LETTERS),
        steps("strip {}", 's.strip("{}")', _LETTERS),
        steps("turn {} to x", 's.replace("{}", "x")', _LETTERS),
        steps("double {0}", 's.replace("{0}", "{0}{0}")', _LETTERS),
        steps("append {}", 's + "{}"', _LETTERS),
        steps("prepend {}", '"{}" + s', _LETTERS),
    ),
    endings=(
        ending("length", "len(s)"),
        *(ending(f"count {letter}", f's.count("{letter}")') for letter in _LETTERS),
    ),
    ending_share=0.2,
    visible_inputs=(
        "abcdeabcde",
        "deadBEADcab",
        "ccabbage DD",
        "Aeed",
        "edcba",
        "baCe cab be acE",
    ),
    hidden_inputs=(
        "",
        "a",
        "bB",
        "cde",
        "faded",
        "Decade",
        "abracadabra",
        "e b c d a",
        "AbCdEaBcDe",
        "eeeebbbbcccc",
        "beef and cab",
    ),
)
