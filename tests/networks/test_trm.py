"""The TRM's sizes, starts, recursion and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.weight_casts import WeightCasts
from lit_coder.networks.trm import TRM, TRMConfig, TRMState, TRMStep
from lit_coder.networks.trm_layers import rms_norm, truncated_normal
from tests.networks.tiny_trm import BATCH_SIZE, some_ids, tiny_config, tiny_trm

MIXERS = ["attention", "mlp"]


def gradients(network: TRM, step: TRMStep) -> dict[str, Tensor]:
    """Of a loss that every output is part of."""
    network.zero_grad()
    (step.logits_BLV.logsumexp(-1).sum() + step.halt_B.square().sum()).backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }


def with_cycles(network: TRM, num_outer_cycles: int, num_gradient_cycles: int) -> TRM:
    """The same weights in another recursion."""
    config = network.config
    other = TRM(
        TRMConfig(
            **{
                **vars(config),
                "num_outer_cycles": num_outer_cycles,
                "num_gradient_cycles": num_gradient_cycles,
            }
        )
    )
    other.load_state_dict(network.state_dict())
    return other


@pytest.mark.parametrize(("mixer", "published"), [("attention", 6_828_034), ("mlp", 5_028_866)])
def test_the_published_sizes_have_the_published_number_of_parameters(
    mixer: Any, published: int
) -> None:
    config = TRMConfig(vocab_size=11, sequence_length=81, mixer=mixer)
    with torch.device("meta"):
        network = TRM(config)
    assert sum(parameter.numel() for parameter in network.parameters()) == published
    assert config.num_parameters == published


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mixer": "mlp", "num_hidden_layers": 3},
        {"position_encoding": "learned", "num_puzzle_ids": 5, "num_registers": 1},
    ],
)
def test_parameters_are_counted_without_a_network(changes: dict[str, Any]) -> None:
    network = tiny_trm(**changes)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert network.config.num_parameters == counted


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"vocab_size": 0}, "vocab_size must be above 0"),
        ({"num_registers": -1}, "num_registers must be at least 0"),
        ({"num_outer_cycles": 0}, "num_outer_cycles must be above 0"),
        ({"num_gradient_cycles": 0}, "num_gradient_cycles must be above 0"),
        ({"num_gradient_cycles": 4}, "num_gradient_cycles"),
        ({"hidden_size": 15}, "hidden_size"),
        ({"num_attention_heads": 16}, "num_attention_heads"),
        ({"mixer": "convolution"}, "mixer must be attention or mlp"),
        ({"position_encoding": "none"}, "position_encoding must be rope or learned"),
        ({"compute_dtype": "float16"}, "compute_dtype must be float32 or bfloat16"),
        ({"binary_threshold": 1.0}, "binary_threshold"),
        ({"binary_threshold": 0.0}, "binary_threshold"),
        ({"num_registers": 0, "num_puzzle_ids": 1}, "num_registers"),
    ],
)
def test_an_impossible_option_is_named(changes: dict[str, Any], option: str) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\..*{option}"):
        tiny_config(**changes)


def test_rows_of_another_length_are_refused() -> None:
    network = tiny_trm()
    with pytest.raises(ValueError, match="sequence_length"):
        network(network.initial_state(2), torch.zeros(2, 5, dtype=torch.long))


def test_initial_weights_have_the_deviation_that_was_asked_for() -> None:
    torch.manual_seed(0)
    weights = truncated_normal(400, 500, std=0.3)
    assert weights.std().item() == pytest.approx(0.3, rel=0.01)
    assert weights.abs().max().item() == pytest.approx(2 * 0.3 / 0.8796, rel=0.01)


def test_inputs_have_unit_variance_and_the_halting_head_starts_at_no() -> None:
    torch.manual_seed(0)
    network = TRM(tiny_config(hidden_size=256, num_registers=0))
    inputs_BLD = network._inputs(some_ids(), None)
    assert inputs_BLD.var().item() == pytest.approx(1, rel=0.1)
    step = network(network.initial_state(BATCH_SIZE), some_ids())
    assert step.halt_B.tolist() == [-5.0] * BATCH_SIZE


def test_the_norm_is_computed_in_float32() -> None:
    x = torch.randn(5, 64).bfloat16() * 3
    wide = x.float()
    expected = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-5)
    # Computed in bfloat16, most would differ.
    assert (rms_norm(x, 1e-5) != expected.bfloat16()).float().mean() < 0.01


def test_starts_are_kept_and_never_trained() -> None:
    network = tiny_trm()
    starts = {"y_start_D", "z_start_D"}
    assert starts <= network.state_dict().keys()
    assert not starts & {name for name, _ in network.named_parameters()}
    state = network.initial_state(BATCH_SIZE)
    assert torch.equal(state.y_BLD, network.y_start_D.expand(BATCH_SIZE, 8, -1))
    assert torch.equal(state.z_BLD, network.z_start_D.expand(BATCH_SIZE, 8, -1))


def test_noise_tells_candidates_apart_and_depends_on_the_seed_alone() -> None:
    network = tiny_trm()
    one_two = network.initial_state(2, network.start_noise([1, 2], scale=0.5))
    two = network.initial_state(1, network.start_noise([2], scale=0.5))
    assert torch.equal(one_two.y_BLD[1:], two.y_BLD)
    assert torch.equal(one_two.z_BLD[1:], two.z_BLD)
    ids_BL = some_ids(num_rows=1).expand(2, -1)
    first, second = network(one_two, ids_BL).logits_BLV
    assert not torch.allclose(first, second)
    spread = network.start_noise(list(range(50)), scale=0.5).z_BLD.std().item()
    assert spread == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("mixer", MIXERS)
def test_every_position_sees_every_other(mixer: str) -> None:
    network = tiny_trm(mixer=mixer)
    state = network.initial_state(1)
    ids_BL = torch.zeros(1, 6, dtype=torch.long)
    plain = network(state, ids_BL)
    for position in range(6):
        changed_BL = ids_BL.clone()
        changed_BL[0, position] = 3
        changed = network(state, changed_BL)
        differs_L = (changed.logits_BLV != plain.logits_BLV).any(-1)[0]
        assert differs_L.all()
        assert changed.halt_B != plain.halt_B


def test_the_answer_is_updated_without_the_input() -> None:
    network = tiny_trm(num_inner_cycles=1, num_outer_cycles=1)
    weights = [block.cast(torch.float32) for block in network._blocks]
    state = network.initial_state(BATCH_SIZE)
    step = network(state, some_ids())
    rotation = network.rotary(state.y_BLD) if network.rotary is not None else None
    answer_BLD = network._update(state.y_BLD + step.state.z_BLD, weights, rotation)
    torch.testing.assert_close(step.state.y_BLD, answer_BLD)


@pytest.mark.parametrize("num_gradient_cycles", [1, 2, 3])
@pytest.mark.parametrize("mixer", MIXERS)
def test_only_the_last_cycles_give_gradient(mixer: str, num_gradient_cycles: int) -> None:
    network = tiny_trm(mixer=mixer, num_gradient_cycles=num_gradient_cycles, num_puzzle_ids=3)
    ids_BL, puzzle_ids_B = some_ids(), torch.tensor([0, 2, 1, 1])
    step = network(network.initial_state(BATCH_SIZE), ids_BL, puzzle_ids_B)
    found = gradients(network, step)
    state = network.initial_state(BATCH_SIZE)
    num_free = 3 - num_gradient_cycles
    if num_free:
        state = with_cycles(network, num_free, 1)(state, ids_BL, puzzle_ids_B).state
    last = with_cycles(network, num_gradient_cycles, num_gradient_cycles)
    expected = gradients(last, last(state, ids_BL, puzzle_ids_B))
    assert found.keys() == expected.keys() == dict(network.named_parameters()).keys()
    for name in found:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-4)


def test_more_gradient_cycles_give_another_gradient_and_the_same_answer() -> None:
    network = tiny_trm()
    more = with_cycles(network, 3, 2)
    state = network.initial_state(BATCH_SIZE)
    one_step, two_step = network(state, some_ids()), more(state, some_ids())
    assert torch.equal(one_step.logits_BLV, two_step.logits_BLV)
    name = "layers.0.mlp.down_proj.weight"
    assert not torch.allclose(gradients(network, one_step)[name], gradients(more, two_step)[name])


def test_no_gradient_passes_from_step_to_step() -> None:
    network = tiny_trm()
    step = network(network.initial_state(BATCH_SIZE), some_ids())
    assert not step.state.y_BLD.requires_grad
    assert not step.state.z_BLD.requires_grad


@pytest.mark.parametrize("mixer", MIXERS)
def test_binary_latents_are_carried_and_trained_through(mixer: str) -> None:
    network = tiny_trm(binary_threshold=0.5, mixer=mixer)
    state = network.initial_state(BATCH_SIZE, network.start_noise([1, 2, 3, 4], 0.1))
    assert set(state.z_BLD.unique().tolist()) == {-1.0, 1.0}
    step = network(state, some_ids())
    assert set(step.state.z_BLD.unique().tolist()) == {-1.0, 1.0}
    # Tokens reach the answer through the latents only.
    assert gradients(network, step)["embed_tokens.weight"].norm() > 0


@pytest.mark.parametrize("mixer", MIXERS)
def test_weights_are_cast_once_a_step_however_deep_the_recursion(mixer: str) -> None:
    counts = []
    for cycles in (1, 4):
        network = tiny_trm(
            mixer=mixer,
            compute_dtype="bfloat16",
            num_outer_cycles=cycles,
            num_inner_cycles=cycles,
        )
        with WeightCasts(network) as casts:
            network(network.initial_state(BATCH_SIZE), some_ids())
        counts.append(casts.num_casts)
    # Four matrices a block, the output layer, the halting head and its bias.
    assert counts == [11, 11]


@pytest.mark.parametrize("mixer", MIXERS)
def test_gradients_of_bfloat16_come_near_those_of_float32(mixer: str) -> None:
    found = []
    for dtype in ("float32", "bfloat16"):
        network = tiny_trm(mixer=mixer, compute_dtype=dtype, num_outer_cycles=1)
        step = network(network.initial_state(BATCH_SIZE), some_ids())
        assert step.logits_BLV.dtype == step.halt_B.dtype == torch.float32
        assert step.state.y_BLD.dtype == getattr(torch, dtype)
        found.append(torch.cat([x.flatten() for x in gradients(network, step).values()]))
    assert found[1].dtype == torch.float32
    assert torch.cosine_similarity(*found, dim=0) > 0.98


def test_a_puzzle_has_its_own_embedding_and_others_are_not_touched() -> None:
    network = tiny_trm(num_puzzle_ids=3)
    state = TRMState(*(x[:2] for x in network.initial_state(BATCH_SIZE)))
    ids_BL = some_ids(num_rows=1).expand(2, -1)
    step = network(state, ids_BL, torch.tensor([0, 2]))
    assert not torch.allclose(step.logits_BLV[0], step.logits_BLV[1])
    rows = gradients(network, step)["embed_puzzles.weight"].abs().sum(1)
    assert (rows > 0).tolist() == [True, False, True]
