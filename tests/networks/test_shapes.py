import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.networks import GPT, GPTConfig
from tests.networks.shapes import SHAPES, shaped_config, shaped_gpt

IDS = torch.randint(0, 40, (2, 30), generator=torch.Generator().manual_seed(1))


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.integers(1, 3),
    st.sampled_from([None, 2, 6, 16]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_the_parameter_count_is_that_of_the_modules(shape, layers, head_dim, bias, norm, tied):
    given_ = vars(shaped_config(shape))
    if head_dim is not None:
        given_ = {**given_, "head_dim": head_dim}
    config = GPTConfig(
        **{
            **given_,
            "num_hidden_layers": layers,
            "attention_bias": bias,
            "query_key_norm": norm,
            "tie_word_embeddings": tied,
        }
    )
    assert sum(p.numel() for p in GPT(config).parameters()) == config.num_parameters


def test_the_features_of_a_head_default_to_an_equal_share() -> None:
    assert GPTConfig(8, 96, 1, 6).features_per_head == 16
    assert GPTConfig(8, 96, 1, 6, head_dim=20).features_per_head == 20


def test_a_head_of_an_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.init_args\.head_dim must be even"):
        GPTConfig(8, 96, 1, 6, head_dim=15)


def test_heads_of_their_own_size_need_not_divide_the_hidden_size() -> None:
    assert GPT(GPTConfig(8, 30, 1, 7, 7, 16, head_dim=4))(IDS % 8).shape == (2, 30, 8)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_output_weight_is_the_parameter_that_makes_the_logits(shape: str) -> None:
    network = shaped_gpt(shape)
    names = {name for name, p in network.named_parameters() if p is network.output_weight}
    tied = network.config.tie_word_embeddings
    assert names == {"embed_tokens.weight" if tied else "lm_head.weight"}
    logits = network.hidden(IDS) @ network.output_weight.T
    torch.testing.assert_close(network(IDS), logits, atol=1e-5, rtol=1e-5)


def test_biases_start_at_zero_and_norms_at_one() -> None:
    network = GPT(shaped_config("all_of_it"))
    names = []
    for name, parameter in network.named_parameters():
        if parameter.dim() == 1:
            names.append(name.removeprefix("layers.0.self_attn."))
            assert (parameter == (0 if name.endswith("bias") else 1)).all(), name
    assert {"q_proj.bias", "k_proj.bias", "v_proj.bias", "q_norm.weight", "k_norm.weight"} <= {
        *names
    }
    assert not [name for name in network.state_dict() if "o_proj.bias" in name]


@pytest.mark.parametrize("shape", ["qwen2", "qwen3", "own_output", "wide_heads"])
def test_logits_are_those_of_hugging_face(shape: str) -> None:
    transformers = pytest.importorskip("transformers")
    kind = {"qwen2": "Qwen2", "qwen3": "Qwen3"}.get(shape, "Llama")
    network = shaped_gpt(shape)
    sizes = dict(vars(network.config))
    # Qwen2 always has biases, Qwen3 always norms.
    for name in ("query_key_norm", "attention_bias"):
        sizes.pop(name)
    sizes["head_dim"] = network.config.features_per_head
    sizes["num_key_value_heads"] = network.config.key_value_heads
    theirs = getattr(transformers, f"{kind}ForCausalLM")(
        getattr(transformers, f"{kind}Config")(**sizes, attn_implementation="eager")
    )
    prefixed = {
        name if name.startswith("lm_head") else f"model.{name}": tensor
        for name, tensor in network.state_dict().items()
    }
    missing = theirs.load_state_dict(prefixed, strict=False)
    assert missing.unexpected_keys == []
    assert missing.missing_keys == (["lm_head.weight"] if sizes["tie_word_embeddings"] else [])
    with torch.no_grad():
        wanted = theirs.eval()(IDS).logits
        torch.testing.assert_close(network(IDS), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", ["llama", "all_of_it"])
def test_autocast_gives_nearly_the_same_logits_and_finite_gradients(shape, packed) -> None:
    network = shaped_gpt(shape)
    documents_BT = (torch.arange(30) // 12)[None].expand(2, -1) if packed else None
    exact = network(IDS, documents_BT=documents_BT)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(IDS, documents_BT=documents_BT)
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - exact).norm() / exact.norm() < 0.05
    rounded.float().logsumexp(-1).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
