import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.networks import GPT, GPTConfig, attention
from lit_coder.networks.layers import RMSNorm, RotaryEmbedding, rotate

TINY = GPTConfig(
    vocab_size=50,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    intermediate_size=48,
    max_position_embeddings=24,
)


def tiny_gpt(config: GPTConfig = TINY) -> GPT:
    torch.manual_seed(0)
    return GPT(config)


def some_ids(batch: int = 3, length: int = 16) -> torch.Tensor:
    return torch.randint(0, 50, (batch, length), generator=torch.Generator().manual_seed(1))


def test_logits_have_the_shape_batch_tokens_vocabulary() -> None:
    assert tiny_gpt()(some_ids()).shape == (3, 16, 50)


def test_the_parameter_count_is_that_of_the_modules() -> None:
    network = tiny_gpt()
    assert sum(p.numel() for p in network.parameters()) == TINY.num_parameters


def test_future_tokens_do_not_change_past_logits() -> None:
    network, ids = tiny_gpt(), some_ids()
    changed = ids.clone()
    changed[:, 9:] = (changed[:, 9:] + 7) % 50
    torch.testing.assert_close(network(ids)[:, :9], network(changed)[:, :9])
    assert not torch.allclose(network(ids)[:, 9:], network(changed)[:, 9:])


def test_rows_of_a_batch_do_not_touch_each_other() -> None:
    network, ids = tiny_gpt(), some_ids()
    torch.testing.assert_close(network(ids)[1:2], network(ids[1:2]), rtol=1e-5, atol=1e-6)


def test_the_order_of_tokens_matters() -> None:
    network = tiny_gpt()
    assert not torch.allclose(
        network(torch.tensor([[3, 4, 5]]))[0, -1], network(torch.tensor([[4, 3, 5]]))[0, -1]
    )


def test_untrained_loss_is_that_of_guessing() -> None:
    targets = some_ids().roll(1, 0).flatten()
    loss = F.cross_entropy(tiny_gpt()(some_ids()).flatten(0, 1), targets)
    assert abs(loss.item() - torch.tensor(50.0).log().item()) < 0.05


def test_grouped_queries_equal_full_heads_with_repeated_keys() -> None:
    grouped = tiny_gpt()
    full = tiny_gpt(GPTConfig(**{**vars(TINY), "num_key_value_heads": 4}))
    weights = grouped.state_dict()
    for name in weights:
        if name.endswith(("k_proj.weight", "v_proj.weight")):
            weights[name] = weights[name].view(2, 8, 32).repeat_interleave(2, 0).view(32, 32)
    full.load_state_dict(weights)
    torch.testing.assert_close(grouped(some_ids()), full(some_ids()), rtol=1e-5, atol=1e-6)


def gradients(network: GPT) -> dict[str, torch.Tensor]:
    network.zero_grad()
    F.cross_entropy(network(some_ids()).flatten(0, 1), some_ids().flatten()).backward()
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ("every", "recomputed_blocks"),
    [(1, [0, 1, 2, 3, 4]), (True, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (9, [0])],
)
def test_every_nth_block_is_recomputed_and_no_gradient_changes(every, recomputed_blocks) -> None:
    config = GPTConfig(**{**vars(TINY), "num_hidden_layers": 5})
    plain = gradients(tiny_gpt(config))
    network = tiny_gpt(config)
    network.gradient_checkpointing = every
    read: list[int] = []
    for index, block in enumerate(network.layers):
        block.input_layernorm.register_forward_hook(lambda *_, index=index: read.append(index))
    recomputed = gradients(network)
    assert sorted(read[5:]) == recomputed_blocks
    assert plain.keys() == recomputed.keys() == dict(network.named_parameters()).keys()
    for name in plain:
        assert torch.equal(plain[name], recomputed[name]), name


def test_the_old_true_and_false_still_mean_every_block_and_none() -> None:
    assert GPT(TINY).gradient_checkpointing == 0
    assert GPT(TINY, gradient_checkpointing=False).gradient_checkpointing == 0
    assert GPT(TINY, gradient_checkpointing=True).gradient_checkpointing == 1


def test_a_negative_number_of_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.init_args\.gradient_checkpointing"):
        GPT(TINY, gradient_checkpointing=-1)


@pytest.mark.parametrize("causal", [True, False])
def test_both_ways_of_computing_attention_agree(monkeypatch, causal: bool) -> None:
    network = tiny_gpt()
    for block in network.layers:
        block.self_attn.causal = causal
    explicit, explicit_gradients = network(some_ids()), gradients(network)
    monkeypatch.setattr(attention, "LONGEST_EXPLICIT", 0)
    fused, fused_gradients = network(some_ids()), gradients(network)
    torch.testing.assert_close(explicit, fused, rtol=1e-5, atol=1e-6)
    for name in explicit_gradients:
        torch.testing.assert_close(
            explicit_gradients[name], fused_gradients[name], atol=1e-6, rtol=1e-4
        )


def test_the_norm_divides_by_the_root_mean_square_and_scales() -> None:
    norm, x = RMSNorm(4, eps=0.5), torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, 0.0, -1.0]))
    wanted = x / (7.5 + 0.5) ** 0.5 * norm.weight
    torch.testing.assert_close(norm(x), wanted)


def test_the_norm_of_zeros_is_zero_and_has_a_finite_gradient() -> None:
    norm, x = RMSNorm(8), torch.zeros(2, 8, requires_grad=True)
    norm(x).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
    assert (norm(x) == 0).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_rotated_products_depend_only_on_the_distance(a: int, b: int, shift: int) -> None:
    rotary, generator = RotaryEmbedding(8, 64), torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=generator)

    def product(q_at: int, k_at: int) -> torch.Tensor:
        x = torch.zeros(1, 1, 8)
        q_rotation, k_rotation = (rotary(x, torch.tensor([[at]])) for at in (q_at, k_at))
        return (rotate(q, q_rotation) * rotate(k, k_rotation)).sum()

    torch.testing.assert_close(product(a, b), product(a + shift, b + shift), atol=1e-4, rtol=1e-4)


def test_rotary_tables_are_not_saved_with_the_weights() -> None:
    assert not [name for name in tiny_gpt().state_dict() if "rotary" in name]


def test_more_tokens_than_the_context_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"25 .* 24"):
        tiny_gpt()(some_ids(1, 25))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_size", 30),
        ("num_hidden_layers", 0),
        ("num_key_value_heads", 3),
        ("vocab_size", -1),
        ("max_position_embeddings", 0),
    ],
)
def test_an_impossible_size_is_refused_by_its_name(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{field}"):
        GPTConfig(**{**vars(TINY), field: value})


def test_the_feed_forward_size_defaults_to_eight_thirds_in_steps_of_64() -> None:
    assert GPTConfig(vocab_size=8, hidden_size=128).feed_forward_size == 384


def test_bfloat16_weights_give_nearly_the_same_logits() -> None:
    network = tiny_gpt()
    exact = network(some_ids())
    rounded = network.to(torch.bfloat16)(some_ids())
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.02, rtol=0.1)


def test_logits_are_those_of_hugging_faces_llama() -> None:
    transformers = pytest.importorskip("transformers")
    llama = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            **{**vars(TINY), "tie_word_embeddings": True, "attention_bias": False}
        )
    )
    network = tiny_gpt()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(5)  # far from the near-uniform start, where errors would hide
    weights = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    missing = llama.load_state_dict(weights, strict=False)
    assert missing.unexpected_keys == [] and missing.missing_keys == ["lm_head.weight"]
    with torch.no_grad():
        theirs = llama.eval()(some_ids()).logits
        torch.testing.assert_close(network(some_ids()), theirs, atol=1e-5, rtol=1e-5)
