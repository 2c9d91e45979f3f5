import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.networks.memory import LiveBytes, key_value_cache_bytes, optimizer_bytes

CONFIG = GPTConfig(
    vocab_size=320,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
)


def test_a_tensor_counts_while_something_holds_it() -> None:
    with LiveBytes() as live:
        first = torch.ones(100)
        second = first + 1
        view = second[:10]
        assert live.live_bytes == 800
        del first
        assert live.live_bytes == 400
        del second
        assert live.live_bytes == 400, "the view holds the storage"
        del view
        assert live.live_bytes == 0
    assert live.peak_bytes == 800


def test_views_of_what_was_there_before_do_not_count() -> None:
    weight = torch.ones(100, 10, requires_grad=True)
    given = torch.ones(1, 10)
    with LiveBytes() as live:
        made = torch.nn.functional.linear(given, weight)
        transposed = weight.t()
    assert live.live_bytes == made.nbytes
    assert transposed.data_ptr() == weight.data_ptr()


@pytest.mark.parametrize("every", [0, 1, 2])
def test_fake_tensors_count_as_real_ones_do(every: int) -> None:
    def counted() -> tuple[int, int]:
        network = GPT(CONFIG, gradient_checkpointing=every).train()
        ids_BT = torch.zeros(2, 300, dtype=torch.long)
        with LiveBytes() as live:
            hidden_BTC = network.hidden(ids_BT)
            held = live.live_bytes
            hidden_BTC.sum().backward()
        return held, live.peak_bytes

    with FakeTensorMode():
        fake = counted()
    assert counted() == fake


def test_what_is_held_after_the_forward_pass_is_what_autograd_saves() -> None:
    network = GPT(CONFIG).train()
    parameters = {parameter.data_ptr() for parameter in network.parameters()}
    parameters |= {buffer.data_ptr() for buffer in network.buffers()}
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids_BT = torch.zeros(4, 512, dtype=torch.long)
    with LiveBytes() as live, torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept):
        hidden_BTC = network.hidden(ids_BT)
        held = live.live_bytes
    assert hidden_BTC.requires_grad
    assert held == pytest.approx(sum(saved.values()), rel=0.1)


def test_a_cache_is_as_large_as_its_keys_and_values() -> None:
    # 2 layers of 2 heads of 16 numbers, keys and values.
    assert key_value_cache_bytes(CONFIG, 3, 10, bytes_per_number=2) == 3 * 10 * 2 * 2 * 32 * 2


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_the_state_of_an_optimizer_is_what_torch_keeps(kind: str) -> None:
    network = GPT(CONFIG)
    matrices = [p for p in network.layers.parameters() if p.dim() == 2]
    others = [p for p in network.parameters() if not any(p is m for m in matrices)]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(network.parameters())]
    if kind == "muon":
        optimizers = [torch.optim.Muon(matrices), torch.optim.AdamW(others)]
    network.hidden(torch.zeros(1, 4, dtype=torch.long)).sum().backward()
    kept = 0
    for optimizer in optimizers:
        optimizer.step()
        for state in optimizer.state.values():
            kept += sum(v.nbytes for v in state.values() if torch.is_tensor(v) and v.dim())
    assert optimizer_bytes(kind, CONFIG, 4) == pytest.approx(kept, rel=0.02)
