"""Rows that are filled as a whole: what is read, and the labels of the canvas at its end."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.training_data.canvas_examples import CanvasGroup
from lit_coder.training_data.examples import IGNORED, collate

PAD, END, MASK = 0, 1, 2
CANVAS = Canvas(CanvasShape(prompt_length=3, canvas_length=4), PAD, END, MASK)

Triple = tuple[list[int], list[int], list[int]]
IDS = st.integers(3, 50)
TRIPLES = st.tuples(
    st.lists(IDS, max_size=3), st.lists(IDS, max_size=4), st.lists(IDS, max_size=4)
).filter(lambda triple: triple[0] or triple[1])


@given(st.lists(TRIPLES, min_size=1, max_size=6))
@settings(deadline=None)
def test_a_batch_holds_what_is_read_and_labels_at_the_canvas_alone(triples: list[Triple]) -> None:
    group = CanvasGroup(CANVAS, triples)
    assert len(group) == len(triples)
    batch = collate([group[number] for number in range(len(group))], pad_id=99)
    assert batch.keys() == {"ids_BT", "labels_BT"}
    for number, (prompt, draft, answer) in enumerate(triples):
        assert batch["ids_BT"][number].tolist() == CANVAS.row(prompt, draft)
        labels = batch["labels_BT"][number].tolist()
        assert labels[:3] == [IGNORED] * 3
        assert CANVAS.answer(labels[3:]) == (answer, True)


def test_every_row_has_the_same_size_and_says_it_before_it_is_written() -> None:
    group = CanvasGroup(CANVAS, [([3], [], []), ([3, 4, 5], [6, 7, 8, 9], [9, 8, 7, 6])])
    assert group.num_positions.tolist() == [7, 7]
    for number in range(len(group)):
        assert (group[number].num_positions, group[number].num_targets) == (7, 4)
    batch = collate([group[1], group[0]], PAD)
    assert batch["ids_BT"].shape == batch["labels_BT"].shape == (2, 7)
    assert batch["ids_BT"].dtype == batch["labels_BT"].dtype == torch.int64


def test_rows_of_a_canvas_are_packed_one_by_one() -> None:
    """They fill a row each, so asking for packed rows changes none of them."""
    group = CanvasGroup(CANVAS, [([3], [4], [5]), ([6], [], [7])])
    rows = [group[0], group[1]]
    packed, plain = collate(rows, PAD, num_positions=7), collate(rows, PAD)
    assert torch.equal(packed["ids_BT"], plain["ids_BT"])
    assert torch.equal(packed["labels_BT"], plain["labels_BT"])
    assert not packed["documents_BT"].any()
