"""Word problems as functions: what a story asks for, from two amounts.

    def solve(days, stock):
        \"\"\"A store holds boxes, `stock` of them at first. Each day 4 come in ...\"\"\"

Difficulty is the number of steps of the story.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.stories import (
    STORY_INPUTS,
    lacking_functions,
    random_story,
    returned_lines,
)


def story(difficulty: int, random: Random) -> Sketch:
    """A story of `difficulty` steps."""
    told = random_story(difficulty, random)
    question = told.question
    if random.random() < 0.5:
        question = f"Return the answer to this: {question[0].lower()}{question[1:]}"
    text = " ".join((told.opening, *told.sentences, question))
    return Sketch(
        names=("solve", "answer", "calculate", "story", "work_out"),
        parameters=tuple((name, "int") for name in told.numbers),
        returns="int",
        words=(text,),
        body=returned_lines(told),
        inputs=STORY_INPUTS,
        without=lacking_functions(told),
    )


WORD_PROBLEMS = DrawnFamily("word_problems", (story,))
