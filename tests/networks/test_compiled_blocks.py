import copy
import pickle

import pytest
import torch
import torch.nn.functional as F

from lit_coder.generation import GPTGenerator, Prompt, SamplingOptions
from lit_coder.networks import GPT, gpt
from lit_coder.networks.fused_block import fused_length
from tests.networks.shapes import shaped_gpt, warnings_of

# torch's own modules warn of each other while they are compiled with.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
]
IDS = torch.randint(0, 40, (2, 60), generator=torch.Generator().manual_seed(1))
DOCUMENTS = (torch.arange(60) // 25)[None].expand(2, -1)


def loss_and_gradients(
    network: GPT, num_tokens: int, documents_BT: torch.Tensor | None
) -> list[torch.Tensor]:
    ids = IDS[:, :num_tokens]
    logits = network(ids, documents_BT=documents_BT)
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    return [loss, *torch.autograd.grad(loss, list(network.parameters()))]


@pytest.mark.slow
def test_compiled_blocks_give_the_loss_and_the_gradients_of_the_others(caplog) -> None:
    network = shaped_gpt("all_of_it", num_hidden_layers=3)
    plain, compiled = network, copy.deepcopy(network)
    compiled.compile_blocks()
    for documents_BT in (None, DOCUMENTS):
        for num_tokens, checkpointing in ((60, 0), (51, 2), (60, 1)):
            plain.gradient_checkpointing = compiled.gradient_checkpointing = checkpointing
            documents = None if documents_BT is None else documents_BT[:, :num_tokens]
            pairs = zip(
                loss_and_gradients(compiled, num_tokens, documents),
                loss_and_gradients(plain, num_tokens, documents),
                strict=True,
            )
            for ours, theirs in pairs:
                torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    assert compiled.is_compiled and warnings_of(caplog) == []


def test_compiling_leaves_weights_copies_and_generation_as_they_are() -> None:
    network = shaped_gpt("qwen3")
    names = list(network.state_dict())
    generator = GPTGenerator(network, end_id=1, pad_id=0)
    prompts, options = [Prompt((3, 4)), Prompt((5, 6, 7))], SamplingOptions(max_new_tokens=6)
    before = generator.generate(prompts, options)
    network.compile_blocks()
    # Nothing below compiles: compiling is for training forwards, and there is none.
    assert generator.generate(prompts, options) == before
    assert list(network.state_dict()) == names
    assert copy.deepcopy(network).is_compiled
    assert list(pickle.loads(pickle.dumps(network)).state_dict()) == names
    network.eval()
    torch.testing.assert_close(network(IDS), shaped_gpt("qwen3")(IDS), rtol=0, atol=0)


def test_training_goes_on_exactly_where_compiling_fails(broken_compiler, caplog) -> None:
    network = shaped_gpt("grouped", hidden_size=40, head_dim=22)
    wanted = loss_and_gradients(network, 48, None)
    network.compile_blocks()
    given = loss_and_gradients(network, 48, None)
    assert not network.is_compiled
    (warning,) = warnings_of(caplog)
    assert "goes on without torch.compile" in warning and "C++ compiler" in warning
    for ours, theirs in zip(given, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def test_lack_of_memory_is_not_taken_for_a_failing_compiler(monkeypatch) -> None:
    def without_memory(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(gpt, "fused", lambda _: without_memory)
    network = shaped_gpt("grouped")
    network.compile_blocks()
    with pytest.raises(torch.OutOfMemoryError):
        network(IDS)
    assert network.is_compiled


@pytest.mark.parametrize("limit", [1, 3, 64, 100, 1024])
def test_compiled_rows_have_one_of_four_lengths_and_fit(limit: int) -> None:
    lengths = {fused_length(num_tokens, limit) for num_tokens in range(1, limit + 1)}
    assert len(lengths) <= 4 and max(lengths) == limit
    assert all(fused_length(n, limit) >= n for n in range(1, limit + 1))
