from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lit_coder.training_data.learned_part import OrderPlan
from lit_coder.training_data.mixture import Mixture, MixturePart
from lit_coder.training_data.pairs import Pair, PairPart, pair_rows, pairs_of, read_preferences
from lit_coder.training_data.pool import EMPTY_VERSION
from lit_coder.training_data.pool_part import PoolPlace, learned_part
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader
from tests.training_data.parts import example_group, make_sample, tiny_tokenizer


def sample(task: str, text: str, passed: bool, **changes: object):  # type: ignore[no-untyped-def]
    return make_sample(
        task_id=task, completion=text, fingerprint=text, passed_visible=passed, **changes
    )


def part(count: int) -> PairPart:
    pairs = [Pair(f"p{n}\n", f"good {n}\n", f"bad {n}\n") for n in range(count)]
    return PairPart(pair_rows(pairs, tiny_tokenizer(), 64), share=0.5)


def test_pairs_are_what_passed_and_what_failed_of_one_problem_each_program_once() -> None:
    samples = [
        sample("a", "right", True),
        sample("a", "wrong", False),
        sample("a", "wrong", False),
        sample("a", "another", False),
        sample("b", "only right", True),
        sample("c", "only wrong", False),
        sample("d", "right", True),
        sample("d", "cut", False, ended=False),
    ]
    assert [(p.chosen, p.rejected) for p in pairs_of(samples, 4)] == [("right", "another")]


def test_newer_programs_come_first_and_a_problem_has_no_more_pairs_than_are_wanted() -> None:
    samples = [sample("a", f"{i}", passed) for passed in (True, False) for i in range(5)]
    assert [pair.chosen for pair in pairs_of(samples, 2)] == ["4", "3"]


@pytest.mark.parametrize("packed_positions", [None, 24])
@pytest.mark.parametrize("layout", [(8, 1, 1), (4, 2, 1), (4, 1, 2), (4, 3, 1)])
def test_both_rows_of_a_pair_are_in_one_micro_batch_the_chosen_first(
    layout: tuple[int, int, int], packed_positions: int | None
) -> None:
    tokenizer = tiny_tokenizer()
    labelled = MixturePart("labelled", (example_group([((7, 8, 9), 1)]),), 0.5)
    found = []
    for rank in range(layout[2]):
        place = BatchLayout(*layout, rank=rank)
        mixture = Mixture(
            [labelled],
            place.global_batch,
            1,
            3,
            packed_positions,
            learned=part(12),
            num_steps=2,
            num_micro_batches=place.num_micro_batches,
        )
        for batch in RoundLoader(mixture, place, 2, tokenizer.pad_id):
            paired = batch["labels_BT"][batch["is_paired_B"].bool()]
            texts = [tokenizer.decode(row[row >= 0].tolist()[:-1]).split() for row in paired]
            assert [text[0] for text in texts] == ["good", "bad"] * (len(texts) // 2)
            assert [t[1] for t in texts[::2]] == [t[1] for t in texts[1::2]]
            found += [text[1] for text in texts[::2]]
    assert len(found) == len(set(found)) >= 4


def test_a_step_without_two_rows_for_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.batch_size leaves no two rows"):
        part(3).order(OrderPlan(rows_per_step=3, num_steps=1, key="", num_micro_batches=2))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"prompt": "p", "chosen": "a"', "line 2 is not a JSON object with the texts"),
        ('{"prompt": "p", "chosen": 3, "rejected": "b"}', "line 2 is not a JSON object"),
        ('{"prompt": "p", "chosen": "a", "rejected": "a"}', "line 2: the prompt is empty, or"),
    ],
)
def test_a_damaged_line_of_preferences_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"prompt": "p", "chosen": "a", "rejected": "b"}\n' + line)
    with pytest.raises(ValueError, match=sentence):
        read_preferences(str(path))


def test_preferences_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.preference_file .* cannot be read"):
        read_preferences(str(tmp_path / "none.jsonl"))


def options(tmp_path: Path, *texts: str) -> dict[str, Any]:
    path = tmp_path / "mine.jsonl"
    lines = [json.dumps({"prompt": "p", "chosen": text, "rejected": "b"}) for text in texts]
    path.write_text("\n".join(lines))
    return {
        "learns_from": "pairs",
        "labelled_share": 0.5,
        "max_sequence_length": 16,
        "preference_file": str(path),
        "max_pairs_per_problem": 4,
        "steps_per_round": 2,
        "start_after_steps": 3,
    }


def test_a_users_pairs_join_where_the_first_round_that_writes_has_ended(tmp_path: Path) -> None:
    given, joined = options(tmp_path, "a", "c"), []
    for round in range(4):
        place = PoolPlace(tmp_path, EMPTY_VERSION, round)
        found = learned_part(given, place, tiny_tokenizer(), set())
        joined.append(None if found is None else len(found.pairs))  # type: ignore[attr-defined]
    assert joined == [None, None, 2, 2]


def test_pairs_that_are_too_long_are_said_once_and_refused_where_it_is_all_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: set[str] = set()
    place, long = PoolPlace(tmp_path, EMPTY_VERSION, 2), "xyzw" * 9
    for _ in range(2):
        learned_part(options(tmp_path, "a", long, "c"), place, tiny_tokenizer(), said)
    sentence = "1 of 3 pairs of data.preference_file are longer than data.max_sequence_length (16 "
    assert [sentence in message for message in caplog.messages] == [True]
    with pytest.raises(ValueError, match=r"every pair of data\.preference_file .* raise it"):
        learned_part(options(tmp_path, long), place, tiny_tokenizer(), said)
