import pytest
import torch

from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.networks.narrow_copy import narrow_copy


@pytest.mark.parametrize("tied", [True, False])
def test_a_narrow_copy_computes_what_the_narrowed_network_computes(tied: bool) -> None:
    config = GPTConfig(vocab_size=64, hidden_size=32, attention_bias=True, tie_word_embeddings=tied)
    network = GPT(config).eval()
    copied = narrow_copy(network, torch.bfloat16)
    ids_BT = torch.randint(64, (2, 9))
    with torch.no_grad():
        found = copied(ids_BT)
        network.load_state_dict(copied.state_dict())
        expected = network.to(torch.bfloat16)(ids_BT)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
    assert found.dtype == torch.bfloat16


def test_a_narrow_copy_leaves_the_trained_weights_alone() -> None:
    network = GPT(GPTConfig(vocab_size=64, hidden_size=32)).train()
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    copied = narrow_copy(network, torch.bfloat16)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.dtype == torch.float32 and parameter.requires_grad
    assert copied.training and not any(p.requires_grad for p in copied.parameters())
