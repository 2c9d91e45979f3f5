import random

import pytest
import torch

from lit_coder.generation import Completion, GPTGenerator, Prompt, SamplingOptions
from lit_coder.generation.cache import DecodingCache, PromptCache
from lit_coder.networks import GPT, GPTConfig

PAD, END, CONTEXT = 0, 1, 40
PROMPTS = [
    Prompt(tuple(random.Random(length).choices(range(2, 30), k=length)), stream=f"p{length}-{i}")
    for i, length in enumerate((3, 9, 9, 1, 20, 38, 40))
]
SAMPLED = SamplingOptions(num_samples=4, max_new_tokens=24, temperature=1.0, seed=7)


def sharp_gpt(layers: int = 2) -> GPT:
    """A tiny network with confident opinions, so that tokens vary and rows do end."""
    torch.manual_seed(0)
    network = GPT(
        GPTConfig(
            vocab_size=30,
            hidden_size=32,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT,
        )
    )
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 2:
                parameter.mul_(8)
    return network


NETWORK = sharp_gpt()
GENERATOR = GPTGenerator(NETWORK, end_id=END, pad_id=PAD)


def completed(prompt: Prompt, completion: Completion) -> list[int]:
    return [*completion.ids, *([END] if completion.ended else [])]


@torch.no_grad()
def greedy_without_cache(prompt: Prompt, max_new_tokens: int) -> list[int]:
    ids = list(prompt.ids)
    new: list[int] = []
    while len(new) < max_new_tokens and len(ids) < CONTEXT and END not in new:
        logits = NETWORK(torch.tensor([ids]))[0, -1]
        logits[PAD] = float("-inf")
        new.append(int(logits.argmax()))
        ids.append(new[-1])
    return new


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_greedy_tokens_are_those_of_decoding_without_a_cache(batch_size: int) -> None:
    options = SamplingOptions(num_samples=2, max_new_tokens=24, batch_size=batch_size)
    results = GENERATOR.generate(PROMPTS, options)
    for prompt, completions in zip(PROMPTS, results, strict=True):
        wanted = greedy_without_cache(prompt, 24)
        assert [completed(prompt, completion) for completion in completions] == [wanted, wanted]


def test_log_probabilities_are_those_of_the_training_forward() -> None:
    NETWORK.train()
    for prompt, completions in zip(PROMPTS, GENERATOR.generate(PROMPTS, SAMPLED), strict=True):
        for completion in completions:
            new = completed(prompt, completion)
            ids = torch.tensor([[*prompt.ids, *new]])
            logits = NETWORK(ids).index_fill(-1, torch.tensor([PAD]), float("-inf"))
            log_probabilities = logits.log_softmax(-1)[0, len(prompt.ids) - 1 : -1]
            wanted = log_probabilities[torch.arange(len(new)), new]
            torch.testing.assert_close(
                torch.tensor(completion.log_probabilities), wanted, atol=1e-4, rtol=0
            )


def test_some_samples_end_and_some_are_cut() -> None:
    ended = [c.ended for row in GENERATOR.generate(PROMPTS[:5], SAMPLED) for c in row]
    assert True in ended and False in ended


def test_the_end_token_is_not_part_of_the_completion_but_has_a_log_probability() -> None:
    for completions in GENERATOR.generate(PROMPTS, SAMPLED):
        for completion in completions:
            assert END not in completion.ids
            assert len(completion.log_probabilities) == len(completion.ids) + completion.ended


def ids_of(results: list[list[Completion]]) -> list[list[tuple[int, ...]]]:
    return [[completion.ids for completion in row] for row in results]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 9, 28])
def test_the_batch_size_does_not_change_the_samples(batch_size: int) -> None:
    other = SamplingOptions(
        **{**{f: getattr(SAMPLED, f) for f in SAMPLED.__slots__}, "batch_size": batch_size}
    )
    assert ids_of(GENERATOR.generate(PROMPTS, other)) == ids_of(
        GENERATOR.generate(PROMPTS, SAMPLED)
    )


def test_the_order_and_number_of_prompts_do_not_change_the_samples() -> None:
    all_of_them = ids_of(GENERATOR.generate(PROMPTS, SAMPLED))
    assert ids_of(GENERATOR.generate(PROMPTS[::-1], SAMPLED)) == all_of_them[::-1]
    assert ids_of(GENERATOR.generate(PROMPTS[2:4], SAMPLED)) == all_of_them[2:4]


def test_more_samples_begin_with_the_same_ones() -> None:
    fewer = SamplingOptions(num_samples=2, max_new_tokens=24, temperature=1.0, seed=7)
    fewer_ids, more_ids = (ids_of(GENERATOR.generate(PROMPTS, o)) for o in (fewer, SAMPLED))
    assert [row[:2] for row in more_ids] == fewer_ids


def test_samples_of_one_prompt_differ() -> None:
    row = GENERATOR.generate(PROMPTS[:1], SAMPLED)[0]
    assert len({completion.ids for completion in row}) > 1


def test_another_seed_gives_other_samples() -> None:
    other = SamplingOptions(num_samples=4, max_new_tokens=24, temperature=1.0, seed=8)
    assert ids_of(GENERATOR.generate(PROMPTS, other)) != ids_of(
        GENERATOR.generate(PROMPTS, SAMPLED)
    )


def test_equal_prompts_without_a_stream_get_different_samples() -> None:
    first, second = ids_of(GENERATOR.generate([Prompt((5, 6))] * 2, SAMPLED))
    assert first != second


def test_top_k_of_one_equals_greedy() -> None:
    one = SamplingOptions(max_new_tokens=24, temperature=2.0, top_k=1)
    greedy = SamplingOptions(max_new_tokens=24)
    assert ids_of(GENERATOR.generate(PROMPTS, one)) == ids_of(GENERATOR.generate(PROMPTS, greedy))


def test_the_global_random_state_is_neither_read_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = GENERATOR.generate(PROMPTS, SAMPLED)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert GENERATOR.generate(PROMPTS, SAMPLED) == first


@pytest.mark.parametrize("training", [True, False])
def test_the_network_stays_in_its_mode(training: bool) -> None:
    NETWORK.train(training)
    GENERATOR.generate(PROMPTS[:1], SAMPLED)
    assert NETWORK.training is training


def test_the_network_trains_on_after_sampling() -> None:
    network = sharp_gpt()
    GPTGenerator(network, END, PAD).generate(PROMPTS, SAMPLED)
    network(torch.tensor([[3, 4]])).sum().backward()
    assert network.embed_tokens.weight.grad is not None


def test_banned_tokens_are_never_chosen() -> None:
    banned = tuple(range(2, 20))
    generator = GPTGenerator(NETWORK, END, PAD, banned)
    options = SamplingOptions(num_samples=20, max_new_tokens=10, temperature=5.0)
    chosen = {i for c in generator.generate(PROMPTS[:1], options)[0] for i in c.ids}
    assert chosen and not chosen & {PAD, *banned}


def test_the_context_is_never_exceeded() -> None:
    options = SamplingOptions(num_samples=3, max_new_tokens=100, temperature=1.0)
    for prompt, completions in zip(PROMPTS, GENERATOR.generate(PROMPTS, options), strict=True):
        for completion in completions:
            length = len(prompt.ids) + len(completed(prompt, completion))
            assert length <= CONTEXT
            assert completion.ended or length == CONTEXT


def test_a_prompt_that_fills_the_context_gets_nothing() -> None:
    assert GENERATOR.generate([PROMPTS[-1]], SamplingOptions()) == [[Completion((), (), False)]]


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"41 tokens.* 40"):
        GENERATOR.generate([Prompt((2,) * 41)], SamplingOptions())


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        GENERATOR.generate([Prompt(())], SamplingOptions())


def test_no_prompts_give_no_completions() -> None:
    assert GENERATOR.generate([], SamplingOptions()) == []


def test_each_prompt_is_read_once_for_all_its_samples(monkeypatch) -> None:
    rows_read = []
    hidden = GPT.hidden

    def counting(self, ids, cache=None, documents=None):
        if isinstance(cache, PromptCache):
            rows_read.append(len(ids))
        return hidden(self, ids, cache, documents)

    monkeypatch.setattr(GPT, "hidden", counting)
    options = SamplingOptions(num_samples=10, max_new_tokens=3, temperature=1.0, batch_size=4)
    GENERATOR.generate(PROMPTS[:3], options)
    assert sum(rows_read) == 3


def test_finished_rows_leave_the_batch(monkeypatch) -> None:
    rows = []
    keep = DecodingCache.keep

    def counting(self, kept):
        rows.append(len(kept))
        keep(self, kept)

    monkeypatch.setattr(DecodingCache, "keep", counting)
    options = SamplingOptions(num_samples=32, max_new_tokens=30, temperature=1.0)
    GENERATOR.generate(PROMPTS[:2], options)
    assert rows and rows == sorted(rows, reverse=True) and rows[0] < 64


def test_bfloat16_weights_can_be_sampled_from() -> None:
    network = sharp_gpt().to(torch.bfloat16)
    results = GPTGenerator(network, END, PAD).generate(PROMPTS, SAMPLED)
    values = [value for row in results for c in row for value in c.log_probabilities]
    assert values and all(value <= 0 for value in values)
