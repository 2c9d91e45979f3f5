"""Canvases that a network wrote, as rows with a reward and an advantage."""

from __future__ import annotations

import pytest

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.generation.sampling import stream_key
from lit_coder.training_data.canvas_examples import CanvasGroup
from lit_coder.training_data.canvas_rollouts import CanvasRolloutPart, canvas_rollout_rows
from lit_coder.training_data.examples import IGNORED
from lit_coder.training_data.mixture import Mixture, MixturePart
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader
from tests.training_data.parts import make_sample, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
PROMPT = "f(x)"
PROMPT_LENGTH, CANVAS_LENGTH = 8, 5
CANVAS = Canvas(CanvasShape(PROMPT_LENGTH, CANVAS_LENGTH), TOKENIZER.pad_id, TOKENIZER.end_id, 4)


def test_labels_are_what_was_written_and_its_end_and_nothing_behind() -> None:
    learned = {"prompt": PROMPT, "reward": 1.0}
    samples = [
        make_sample(**learned, advantages=(0.5,) * 4),
        make_sample(
            **learned,
            advantages=(0.5,) * 3,
            ended=False,
            log_probabilities=(-0.5, -0.25, -1.0),
            num_steps=2,
        ),
        make_sample(**learned),
        make_sample(**learned, advantages=(0.5,) * 6, token_ids=(5, 6, 7, 8, 9, 10)),
    ]
    ended, cut = canvas_rollout_rows(samples, TOKENIZER, CANVAS)
    assert ended.written == (5, 6, 7, TOKENIZER.end_id) and cut.written == (5, 6, 7)
    assert list(ended.ids) == CANVAS.row(TOKENIZER.encode(PROMPT))
    assert (ended.num_positions, ended.num_targets) == (13, 4)
    assert ended.places == (8, 9, 10, 11) and cut.places == (8, 9, 10)
    columns = CanvasRolloutPart([ended, cut]).columns([cut], ended.num_positions)
    assert columns["sampling_log_probabilities_BT"].tolist() == [
        [0.0] * PROMPT_LENGTH + [-0.5, -0.25, -1.0, 0.0, 0.0]
    ]
    assert columns["written_steps_B"].tolist() == [2]
    assert columns["start_keys_B"].tolist() == [stream_key(0, "0/arithmetic/1", 0)]


def test_what_was_written_in_lines_is_learned_at_the_places_where_it_was_written() -> None:
    newline = TOKENIZER.encode("\n")[0]
    canvas = Canvas.of_row(TOKENIZER, PROMPT_LENGTH + 9, 9, line_length=3)
    learned = {"prompt": PROMPT, "reward": 1.0, "advantages": (0.5,) * 4}
    samples = [
        make_sample(**learned, token_ids=(5, newline, 7)),
        make_sample(**learned, token_ids=(newline, newline, newline, 5)),
        # No room for its end, which it has not written.
        make_sample(**learned, token_ids=(newline, newline, 5, newline)),
    ]
    ended, full = canvas_rollout_rows(samples, TOKENIZER, canvas)
    assert [place - PROMPT_LENGTH for place in ended.places] == [0, 1, 3, 4]
    assert ended.written == (5, newline, 7, TOKENIZER.end_id)
    assert [place - PROMPT_LENGTH for place in full.places] == [0, 3, 6, 7]
    assert full.written == (newline, newline, 5, newline)
    columns = CanvasRolloutPart([ended]).columns([ended], ended.num_positions)
    (logs,) = columns["sampling_log_probabilities_BT"][:, PROMPT_LENGTH:].tolist()
    assert logs == [-0.5, -0.25, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_batches_say_of_each_row_who_wrote_it_and_what_that_earned() -> None:
    samples = [
        make_sample(prompt=PROMPT, reward=reward, advantages=(reward - 0.5,) * 4)
        for reward in (0.0, 1.0)
    ]
    part = CanvasRolloutPart(canvas_rollout_rows(samples, TOKENIZER, CANVAS), passes=2)
    real = MixturePart("labelled", (CanvasGroup(CANVAS, [([3], [], [9, 8])]),), 0.5)
    mixture = Mixture([real], 4, 1, 3, learned=part, num_steps=2)
    batches = list(RoundLoader(mixture, BatchLayout(4), 2, TOKENIZER.pad_id))
    assert mixture.num_left_out == 0
    rewards = []
    for batch in batches:
        is_policy = batch["is_policy_B"].bool()
        assert is_policy.tolist() == [False, False, True, True]
        assert batch["advantages_B"].tolist() == pytest.approx(
            [0, 0, *(batch["rewards_B"][is_policy] - 0.5).tolist()]
        )
        rewards += batch["rewards_B"][is_policy].tolist()
        labels = batch["labels_BT"][is_policy]
        assert (labels[:, :PROMPT_LENGTH] == IGNORED).all()
        assert labels[0, PROMPT_LENGTH:].tolist() == [5, 6, 7, TOKENIZER.end_id, IGNORED]
    assert sorted(rewards) == [0, 0, 1, 1]
