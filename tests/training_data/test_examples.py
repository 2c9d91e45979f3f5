from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.examples import IGNORED, Example, collate, encode_example
from tests.training_data.parts import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
PROMPT, COMPLETION = "def f(x):\n", "    return x + 12\n"

EXAMPLES = st.builds(
    lambda ids, cut: Example(tuple(ids), min(cut, len(ids) - 1)),
    st.lists(st.integers(1, 50), min_size=1, max_size=9),
    st.integers(0, 8),
)


def test_an_example_is_prompt_then_completion_then_the_end_token() -> None:
    example = encode_example(TOKENIZER, PROMPT, COMPLETION, 64)
    assert example is not None
    prompt, completion = TOKENIZER.encode(PROMPT), TOKENIZER.encode(COMPLETION)
    assert example.ids == (*prompt, *completion, TOKENIZER.end_id)
    assert example.num_prompt_tokens == len(prompt)


def test_loss_is_on_the_completion_and_its_end_token_and_nowhere_else() -> None:
    example = encode_example(TOKENIZER, PROMPT, COMPLETION, 64)
    assert example is not None
    batch = collate([example], TOKENIZER.pad_id)
    first = example.num_prompt_tokens - 1
    learned = [*TOKENIZER.encode(COMPLETION), TOKENIZER.end_id]
    assert batch["ids_BT"].tolist() == [list(example.ids[:-1])]
    assert batch["labels_BT"].tolist() == [[IGNORED] * first + learned]


@given(st.lists(EXAMPLES.filter(lambda e: len(e.ids) > 1), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_every_label_is_the_next_id_of_a_completion_or_ignored(examples: list[Example]) -> None:
    batch = collate(examples, pad_id=0)
    assert batch["ids_BT"].shape == batch["labels_BT"].shape
    for row, example in enumerate(examples):
        for t in range(batch["ids_BT"].shape[1]):
            is_inside = t + 1 < len(example.ids)
            expected = example.ids[t + 1] if is_inside else IGNORED
            if t + 1 < example.num_prompt_tokens:
                expected = IGNORED
            assert batch["labels_BT"][row, t] == expected
            assert batch["ids_BT"][row, t] == (example.ids[t] if is_inside else 0)


def test_padding_gives_no_label_even_where_the_pad_token_is_a_real_id() -> None:
    batch = collate([Example((1, 2, 3, 4), 1), Example((1, 9), 1)], pad_id=9)
    assert batch["labels_BT"].tolist() == [[2, 3, 4], [9, IGNORED, IGNORED]]
    assert batch["ids_BT"][1].tolist() == [1, 9, 9]


def test_an_example_longer_than_the_context_is_left_out_and_one_that_fits_exactly_is_not() -> None:
    length = len(TOKENIZER.encode(PROMPT)) + len(TOKENIZER.encode(COMPLETION)) + 1
    assert encode_example(TOKENIZER, PROMPT, COMPLETION, length) is not None
    assert encode_example(TOKENIZER, PROMPT, COMPLETION, length - 1) is None


def test_a_prompt_longer_than_the_context_is_left_out() -> None:
    assert encode_example(TOKENIZER, "# " + "a b " * 50, "", 16) is None


def test_after_an_empty_prompt_every_token_but_the_first_is_learned() -> None:
    example = encode_example(TOKENIZER, "", "print(1)\n", 32)
    assert example is not None and example.num_prompt_tokens == 0
    batch = collate([example], TOKENIZER.pad_id)
    assert batch["labels_BT"].tolist() == [list(example.ids[1:])]


def test_an_empty_completion_learns_only_to_end() -> None:
    example = encode_example(TOKENIZER, PROMPT, "", 32)
    assert example is not None
    labels = collate([example], TOKENIZER.pad_id)["labels_BT"]
    assert labels[labels != IGNORED].tolist() == [TOKENIZER.end_id]


def test_text_that_spells_a_special_token_is_never_learned_as_one() -> None:
    example = encode_example(TOKENIZER, PROMPT, "    return '<|end|>'\n", 64)
    assert example is not None
    assert example.ids.count(TOKENIZER.end_id) == 1
    assert torch.count_nonzero(collate([example], 0)["labels_BT"] == TOKENIZER.end_id) == 1
