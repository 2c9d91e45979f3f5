"""A TRM's answers: cut at their end, ranked by the halting head, the same in whatever batch."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import random
from typing import Any

import pytest
import torch

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions
from lit_coder.generation.sampling import named_key, stream_key, stream_name
from lit_coder.generation.trm_generator import RefinementOptions, TRMGenerator
from lit_coder.networks.stablemax import log_stablemax
from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_refinement import Refinement, begin_refinement, refine
from tests.networks.tiny_trm import tiny_trm

PAD, END, MASK = 0, 1, 2
VOCABULARY, PROMPT_LENGTH, CANVAS_LENGTH, MAX_STEPS = 12, 4, 6, 6
CANVAS = Canvas(CanvasShape(PROMPT_LENGTH, CANVAS_LENGTH), PAD, END, MASK)
NOISY = SamplingOptions(num_samples=4, temperature=1.0, seed=7)
GREEDY = SamplingOptions()


def prompts_of(number: int) -> list[Prompt]:
    """Prompts of all lengths, with and without a draft, one without a prompt."""
    draws = random.Random(0)
    made = []
    for index in range(number):
        ids = draws.choices(range(3, VOCABULARY), k=index % (PROMPT_LENGTH + 1))
        draft = draws.choices(range(3, VOCABULARY), k=draws.randint(0 if ids else 1, CANVAS_LENGTH))
        made.append(Prompt(tuple(ids), f"p{index}", draft_ids=tuple(draft)))
    return made


def opinionated_trm() -> TRM:
    """One whose tokens vary with its rows, and whose halting head accepts some of them.

    Drawn so that noise of 1e-3 changes no greedy answer: rounding cannot either.
    """
    network = tiny_trm(vocab_size=VOCABULARY, sequence_length=PROMPT_LENGTH + CANVAS_LENGTH)
    torch.manual_seed(5)
    with torch.no_grad():
        network.lm_head.weight.normal_()
        network.halt_head.weight.normal_(std=0.5)
        network.halt_head.bias.fill_(-1.0)
    return network


NETWORK = opinionated_trm()
PROMPTS = prompts_of(11)


def generator(banned_ids: tuple[int, ...] = (), **changes: Any) -> TRMGenerator:
    options = dataclasses.replace(RefinementOptions(max_steps=MAX_STEPS), **changes)
    return TRMGenerator(NETWORK, CANVAS, options, banned_ids)


def answers(completions: list[list[Completion]]) -> list[list[tuple[int, ...]]]:
    return [[each.ids for each in group] for group in completions]


@functools.cache
def noisy_answers() -> list[list[Completion]]:
    """What the usual generator samples for all prompts."""
    return generator().generate(PROMPTS, NOISY)


@functools.cache
def refined_alone(prompt: Prompt, sample: int | None, is_adaptive: bool = True) -> Refinement:
    """The refinement of one row without any other; None as the sample = from the starts."""
    ids_BL = torch.tensor([CANVAS.row(prompt.ids, prompt.draft_ids)])
    starts = None
    if sample is not None:
        seed = stream_key(NOISY.seed, prompt.stream, sample)
        starts = NETWORK.initial_state(1, NETWORK.start_noise([seed], NOISY.temperature))
    refinement = begin_refinement(NETWORK, ids_BL, starts)
    for _ in range(MAX_STEPS):
        refinement = refine(NETWORK, refinement, ids_BL, is_adaptive=is_adaptive)
    return refinement


def canvas_of(refinement: Refinement) -> list[int]:
    found: list[int] = refinement.logits_BLV[0, -CANVAS_LENGTH:].argmax(-1).tolist()
    return found


def test_a_greedy_answer_is_what_refining_its_row_alone_gives() -> None:
    for prompt, (found,) in zip(PROMPTS, generator().generate(PROMPTS, GREEDY), strict=True):
        ids, ended = CANVAS.answer(canvas_of(refined_alone(prompt, None)))
        assert (list(found.ids), found.ended) == (ids, ended)


def test_greedy_answers_repeat_themselves() -> None:
    once = generator().generate(PROMPTS, GREEDY)
    assert generator().generate(PROMPTS, GREEDY) == once
    thrice = generator().generate(PROMPTS, SamplingOptions(num_samples=3))
    assert answers(thrice) == [[ids] * 3 for (ids,) in answers(once)]


def test_answers_end_at_their_end_at_padding_or_with_the_canvas() -> None:
    completions = [c for group in noisy_answers() for c in group]
    kinds = set()
    for each in completions:
        assert not {PAD, END} & set(each.ids)
        has_end_token = each.ended and len(each.ids) < CANVAS_LENGTH
        # The end token has a log-probability too, where it was written.
        assert len(each.log_probabilities) == len(each.ids) + has_end_token
        assert all(value <= 0 for value in each.log_probabilities)
        kinds.add((each.ended, len(each.ids) == CANVAS_LENGTH))
    assert kinds == {(True, False), (False, False), (True, True)}


def test_an_answer_is_cut_at_the_most_new_tokens_and_has_not_ended_then() -> None:
    whole = generator().generate(PROMPTS, GREEDY)
    cut = generator().generate(PROMPTS, SamplingOptions(max_new_tokens=2))
    lengths = {len(long.ids) for (long,) in whole}
    assert min(lengths) <= 2 < max(lengths)
    for (long,), (short,) in zip(whole, cut, strict=True):
        assert short.ids == long.ids[:2]
        assert short.ended == (long.ended and len(long.ids) <= 2)
        assert short.log_probabilities == long.log_probabilities[: len(short.log_probabilities)]
        assert len(short.log_probabilities) == len(short.ids) + short.ended


def test_samples_differ_by_their_noise() -> None:
    samples = answers(noisy_answers())
    assert sum(len(set(group)) > 1 for group in samples) > len(PROMPTS) / 2
    other_seed = dataclasses.replace(NOISY, seed=8)
    assert answers(generator().generate(PROMPTS, other_seed)) != samples
    little = dataclasses.replace(NOISY, temperature=1e-3)
    (greedy,) = zip(*answers(generator().generate(PROMPTS, GREEDY)), strict=True)
    for group, ids in zip(answers(generator().generate(PROMPTS, little)), greedy, strict=True):
        assert group == [ids] * 4


def test_equal_prompts_without_a_stream_get_noise_of_their_own() -> None:
    nameless = [dataclasses.replace(PROMPTS[0], stream="")] * 2
    first, second = answers(generator().generate(nameless, NOISY))
    assert first != second


def test_the_answer_that_the_halting_head_is_surest_of_comes_first() -> None:
    for prompt, found in zip(PROMPTS, noisy_answers(), strict=True):
        alone = [refined_alone(prompt, sample) for sample in range(NOISY.num_samples)]
        alone.sort(key=lambda refinement: -float(refinement.halt_B))
        wanted = [CANVAS.answer(canvas_of(refinement)) for refinement in alone]
        assert [(list(each.ids), each.ended) for each in found] == wanted


@pytest.mark.parametrize("batch_size", [1, 3, 7, 44])
def test_the_batch_size_changes_no_answer(batch_size: int) -> None:
    options = dataclasses.replace(NOISY, batch_size=batch_size)
    assert answers(generator().generate(PROMPTS, options)) == answers(noisy_answers())


def test_the_order_and_number_of_prompts_change_no_answer() -> None:
    all_of_them = answers(noisy_answers())
    assert answers(generator().generate(PROMPTS[::-1], NOISY)) == all_of_them[::-1]
    assert answers(generator().generate(PROMPTS[2:4], NOISY)) == all_of_them[2:4]


def test_more_samples_hold_the_same_ones() -> None:
    more = answers(generator().generate(PROMPTS, dataclasses.replace(NOISY, num_samples=6)))
    for few, many in zip(answers(noisy_answers()), more, strict=True):
        left = iter(many)
        assert all(any(ids == other for other in left) for ids in few)


def test_fewer_steps_are_taken_where_the_halting_head_accepts() -> None:
    adaptive = generator()
    adaptive.generate(PROMPTS, GREEDY)
    alone = [refined_alone(prompt, None) for prompt in PROMPTS]
    assert adaptive.num_steps_taken == [int(each.num_steps_B) for each in alone]
    assert 1 <= min(adaptive.num_steps_taken) < max(adaptive.num_steps_taken) == MAX_STEPS
    always = generator(is_adaptive=False)
    found = always.generate(PROMPTS, GREEDY)
    assert always.num_steps_taken == [MAX_STEPS] * len(PROMPTS)
    for prompt, (each,) in zip(PROMPTS, found, strict=True):
        wanted = canvas_of(refined_alone(prompt, None, is_adaptive=False))
        assert list(each.ids) == CANVAS.answer(wanted)[0]


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_an_answer_is_accepted_once_the_halting_head_is_as_sure_as_is_asked(
    threshold: float,
) -> None:
    asked = generator(halting_threshold=threshold)
    asked.generate(PROMPTS, GREEDY)
    for prompt, num_steps in zip(PROMPTS, asked.num_steps_taken, strict=True):
        ids_BL = torch.tensor([CANVAS.row(prompt.ids, prompt.draft_ids)])
        refinement = begin_refinement(NETWORK, ids_BL)
        sureness = []
        for _ in range(MAX_STEPS):
            refinement = refine(NETWORK, refinement, ids_BL, is_adaptive=False)
            sureness.append(float(refinement.halt_B.sigmoid()))
        assert max(sureness[: num_steps - 1], default=0.0) <= threshold
        assert num_steps == MAX_STEPS or sureness[num_steps - 1] > threshold


def test_a_batch_ends_once_all_its_answers_are_accepted() -> None:
    soon = [p for p in PROMPTS if int(refined_alone(p, None).num_steps_B) <= 2]
    looking, blind = generator(), generator(looks_at_halting=False)
    calls: list[None] = []
    handle = NETWORK.register_forward_hook(lambda *_: calls.append(None))
    try:
        found = looking.generate(soon, GREEDY)
        assert len(calls) == max(looking.num_steps_taken) == 2
        assert blind.generate(soon, GREEDY) == found
        assert len(calls) == 2 + MAX_STEPS and blind.num_steps_taken == looking.num_steps_taken
    finally:
        handle.remove()


def test_banned_tokens_are_never_chosen() -> None:
    free = {i for group in answers(noisy_answers()) for ids in group for i in ids}
    banned = tuple(range(2, 8))
    assert free & set(banned)
    completions = generator(banned).generate(PROMPTS, NOISY)
    assert not set(banned) & {i for group in answers(completions) for ids in group for i in ids}


@pytest.mark.parametrize("is_stablemax", [True, False])
def test_log_probabilities_are_of_what_is_not_banned(is_stablemax: bool) -> None:
    banned = torch.tensor([3, 4, 5])
    generating = generator((3, 4, 5), is_stablemax=is_stablemax)
    for prompt, (found,) in zip(PROMPTS, generating.generate(PROMPTS, GREEDY), strict=True):
        logits_AV = refined_alone(prompt, None).logits_BLV[0, -CANVAS_LENGTH:]
        logits_AV = logits_AV.index_fill(1, banned, -math.inf)
        logs_AV = log_stablemax(logits_AV) if is_stablemax else logits_AV.log_softmax(-1)
        assert torch.allclose(logs_AV.exp().sum(-1), torch.ones(CANVAS_LENGTH), atol=1e-5)
        for place, (i, value) in enumerate(zip(found.ids, found.log_probabilities, strict=False)):
            assert math.isclose(value, float(logs_AV[place, i]), abs_tol=1e-4)


def test_answers_in_lines_are_read_from_their_slots_as_are_their_log_probabilities() -> None:
    shape = CanvasShape(PROMPT_LENGTH, CANVAS_LENGTH, line_length=3)
    canvas = Canvas(shape, PAD, END, MASK, frozenset(range(3, 8)))
    in_lines = TRMGenerator(NETWORK, canvas, RefinementOptions(MAX_STEPS))
    fitting = [each for each in PROMPTS if canvas.fits(each.ids, each.draft_ids)]
    num_skipped = 0
    for prompt, (found,) in zip(fitting, in_lines.generate(fitting, GREEDY), strict=True):
        ids_BL = torch.tensor([canvas.row(prompt.ids, prompt.draft_ids)])
        refinement = begin_refinement(NETWORK, ids_BL)
        for _ in range(MAX_STEPS):
            refinement = refine(NETWORK, refinement, ids_BL)
        logs_AV = log_stablemax(refinement.logits_BLV[0, -CANVAS_LENGTH:])
        assert (list(found.ids), found.ended) == canvas.answer(logs_AV.argmax(-1).tolist())
        written = canvas.with_end(found.ids) if found.ended else list(found.ids)
        places = canvas.places(found.ids)[: len(written)]
        wanted = [float(logs_AV[place, i]) for place, i in zip(places, written, strict=True)]
        assert found.log_probabilities == pytest.approx(wanted, abs=1e-4)
        num_skipped += places != list(range(len(places)))
    assert num_skipped


def test_each_sample_says_which_noise_it_began_with_and_how_long_it_took() -> None:
    for prompt, group in zip(PROMPTS, noisy_answers(), strict=True):
        assert sorted(each.sample for each in group if each.sample is not None) == [0, 1, 2, 3]
        for each in group:
            alone = refined_alone(prompt, each.sample)
            assert list(each.ids) == CANVAS.answer(canvas_of(alone))[0]
            assert each.num_steps == int(alone.num_steps_B)
            name = stream_name(NOISY.seed, prompt.stream, each.sample or 0)
            assert named_key(name) == stream_key(NOISY.seed, prompt.stream, each.sample or 0)


def test_the_global_random_state_is_neither_read_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = generator().generate(PROMPTS, NOISY)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert generator().generate(PROMPTS, NOISY) == first


def test_prompts_without_room_are_refused_with_all_numbers() -> None:
    for ids, draft in itertools.product(((3,) * 5, ()), ((3,) * 7, ())):
        with pytest.raises(ValueError) as caught:
            generator().generate([Prompt(ids, draft_ids=draft)], GREEDY)
        sentence = str(caught.value)
        assert f"a prompt of {len(ids)} tokens and a draft of {len(draft)} have" in sentence
        assert "reads 4 of a prompt and 6 of a draft" in sentence and "\n" not in sentence


def test_no_prompts_give_no_completions() -> None:
    idle = generator()
    assert idle.generate([], GREEDY) == [] and idle.num_steps_taken == []


def test_states_may_be_bfloat16_and_latents_binary() -> None:
    network = tiny_trm(
        vocab_size=VOCABULARY,
        sequence_length=PROMPT_LENGTH + CANVAS_LENGTH,
        compute_dtype="bfloat16",
        binary_threshold=0.5,
    )
    found = TRMGenerator(network, CANVAS, RefinementOptions(2)).generate(PROMPTS, NOISY)
    assert all(math.isfinite(v) for group in found for c in group for v in c.log_probabilities)
