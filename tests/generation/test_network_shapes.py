import pytest
import torch

from lit_coder.generation import GPTGenerator, Prompt, SamplingOptions
from lit_coder.generation.cache import PromptCache
from lit_coder.generation.fastest_step import fastest_step
from lit_coder.generation.one_token import NetworkStep, OneTokenStep
from lit_coder.generation.packed_step import PackedStep, can_be_packed
from lit_coder.generation.quantization import quantize
from lit_coder.generation.static_cache import StaticDecodingCache
from lit_coder.networks import GPT
from tests.networks.shapes import SHAPES, shaped_gpt

PAD, END, CONTEXT = 0, 1, 64
LENGTHS = torch.tensor([5, 9, 2])
PROMPTS = [Prompt((3, 9, 4, 17, 8), "a"), Prompt((6,), "b"), Prompt(tuple(range(5, 25)), "c")]


class StaticStep(NetworkStep):
    """What a CUDA graph captures, called without one."""

    cache_type = StaticDecodingCache


def make_packed(network: GPT) -> OneTokenStep:
    if not can_be_packed(network):
        pytest.skip("this CPU has no oneDNN")
    return PackedStep(network, 3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("make", [NetworkStep, StaticStep, make_packed])
@torch.inference_mode()
def test_cached_logits_are_those_of_the_whole_forward(make, shape: str) -> None:
    network = shaped_gpt(shape)
    step = make(network)
    read = torch.randint(2, 40, (3, 9), generator=torch.Generator().manual_seed(1))
    new = torch.randint(2, 40, (3, 4), generator=torch.Generator().manual_seed(2))
    prompts = PromptCache()
    network.hidden(read, prompts)
    cache = step.cache_type(prompts, torch.arange(3), LENGTHS, 4, CONTEXT)
    for count in range(1, 5):
        cache.advance()
        given = step(new[:, count - 1], cache)
        for row, length in enumerate(LENGTHS.tolist()):
            ids = torch.cat([read[row, :length], new[row, :count]])
            wanted = network(ids[None])[0, -1]
            torch.testing.assert_close(given[row], wanted, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_log_probabilities_are_those_of_the_training_forward(shape: str) -> None:
    network = shaped_gpt(shape)
    options = SamplingOptions(num_samples=4, max_new_tokens=20, temperature=1.0, seed=3)
    results = GPTGenerator(network, END, PAD).generate(PROMPTS, options)
    for prompt, completions in zip(PROMPTS, results, strict=True):
        for completion in completions:
            new = [*completion.ids, *([END] if completion.ended else [])]
            scores = network(torch.tensor([[*prompt.ids, *new]]))
            scores = scores.index_fill(-1, torch.tensor([PAD]), float("-inf")).log_softmax(-1)
            wanted = scores[0, len(prompt.ids) - 1 : -1][torch.arange(len(new)), new]
            given = torch.tensor(completion.log_probabilities)
            torch.testing.assert_close(given, wanted, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_packed_where_it_pays(shape: str) -> None:
    network = shaped_gpt(shape)
    can = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    assert type(fastest_step(network, 32, 128)) is (PackedStep if can else NetworkStep)


def test_an_output_layer_of_its_own_is_not_quantized() -> None:
    pytest.importorskip("torchao", exc_type=ImportError)
    network = shaped_gpt("own_output", hidden_size=64)
    before = network.output_weight.detach().clone()
    summary = quantize(network, "int8")
    assert summary.num_matrices == 2 * 7 and summary.left == ()
    assert torch.equal(network.output_weight, before)


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_a_quantized_network_of_every_part_stays_near_full_precision(mode) -> None:
    pytest.importorskip("torchao", exc_type=ImportError)
    network = shaped_gpt("all_of_it", hidden_size=64, head_dim=32, intermediate_size=96)
    with torch.no_grad():
        ids = torch.randint(0, 40, (4, 16), generator=torch.Generator().manual_seed(1))
        wanted = network(ids)
        quantize(network, mode)
        given = network(ids).float()
    assert 0 < (given - wanted).norm() / wanted.norm() < 0.2
    generated = GPTGenerator(network, END, PAD).generate(PROMPTS, SamplingOptions(num_samples=4))
    assert all(len(completions) == 4 for completions in generated)
