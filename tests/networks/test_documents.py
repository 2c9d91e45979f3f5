import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention.flex_attention import create_block_mask

from lit_coder.networks import GPT, attention, attention_masks, gpt
from lit_coder.networks.attention_masks import (
    HeadSizes,
    dense_document_mask,
    document_blocks,
    flex_failure,
)
from tests.networks.shapes import SHAPES, shaped_gpt, warnings_of

CPU = torch.device("cpu")
NETWORKS = {shape: shaped_gpt(shape) for shape in SHAPES}
TOKENS = 48

# How many tokens each document of a row of 48 tokens has.
splits = st.lists(st.integers(1, TOKENS), min_size=1, max_size=8).map(
    lambda lengths: _cut(lengths, TOKENS)
)


def _cut(lengths: list[int], room: int) -> list[int]:
    kept = []
    for length in lengths:
        kept.append(min(length, room - sum(kept)))
        if sum(kept) == room:
            return [length for length in kept if length]
    return [*kept, room - sum(kept)]


def documents_of(rows: list[list[int]], first: int = 0) -> torch.Tensor:
    """The document of each token, with gaps between the numbers."""
    return torch.stack(
        [
            torch.repeat_interleave(first + 3 * torch.arange(len(row)), torch.tensor(row))
            for row in rows
        ]
    )


def some_ids(rows: int = 2) -> torch.Tensor:
    return torch.randint(0, 40, (rows, TOKENS), generator=torch.Generator().manual_seed(1))


def alone(network: GPT, ids: torch.Tensor, rows: list[list[int]]) -> torch.Tensor:
    """Logits of every document read in a row of its own, side by side again."""
    return torch.stack(
        [
            torch.cat([network(part[None])[0] for part in row_ids.split(row)])
            for row_ids, row in zip(ids, rows, strict=True)
        ]
    )


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(SHAPES)), splits, splits)
def test_logits_of_a_packed_row_are_those_of_its_documents_alone(shape, one, other) -> None:
    network, ids = NETWORKS[shape], some_ids()
    packed = network(ids, documents_BT=documents_of([one, other]))
    torch.testing.assert_close(packed, alone(network, ids, [one, other]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", ["grouped", "all_of_it"])
def test_long_packed_rows_are_computed_alike(monkeypatch, shape: str) -> None:
    monkeypatch.setattr(attention, "LONGEST_EXPLICIT", 0)
    network, ids, rows = NETWORKS[shape], some_ids(), [[20, 1, 27], [48]]
    packed = network(ids, documents_BT=documents_of(rows, first=7))
    torch.testing.assert_close(packed, alone(network, ids, rows), atol=1e-5, rtol=1e-5)


def gradients(network: GPT, logits: torch.Tensor) -> list[torch.Tensor]:
    weights = [parameter for _, parameter in network.named_parameters()]
    return list(torch.autograd.grad(F.cross_entropy(logits[0], some_ids(1)[0]), weights))


@pytest.mark.parametrize("longest_explicit", [0, 256])
def test_gradients_of_a_packed_row_are_those_of_its_documents_alone(
    monkeypatch, longest_explicit: int
) -> None:
    monkeypatch.setattr(attention, "LONGEST_EXPLICIT", longest_explicit)
    network, ids, rows = NETWORKS["all_of_it"], some_ids(1), [[11, 30, 7]]
    packed = gradients(network, network(ids, documents_BT=documents_of(rows)))
    for ours, theirs in zip(packed, gradients(network, alone(network, ids, rows)), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_without_a_mask_documents_would_see_each_other() -> None:
    network, ids, rows = NETWORKS["grouped"], some_ids(), [[20, 28], [10, 38]]
    assert not torch.allclose(network(ids), alone(network, ids, rows), atol=1e-3)


long_splits = st.lists(st.integers(1, 400), min_size=1, max_size=6)


@settings(deadline=None, max_examples=12)
@given(long_splits, st.integers(1, 600))
def test_the_block_mask_is_the_one_that_torch_finds_by_looking_at_all_pairs(lengths, T) -> None:
    documents_BT = documents_of([_cut(lengths, T), [T]], first=2)

    def sees(batch, head, query, key):
        return (documents_BT[batch, query] == documents_BT[batch, key]) & (query >= key)

    wanted = create_block_mask(sees, 2, None, T, T, device="cpu")
    given_ = document_blocks(documents_BT)
    assert given_.shape == wanted.shape
    for kind in ("kv", "full_kv", "q", "full_q"):
        assert rows_of(given_, kind) == rows_of(wanted, kind)
    query, key = torch.arange(T)[:, None], torch.arange(T)[None]
    assert given_.mask_mod is not None
    for batch in range(2):
        dense_TT = given_.mask_mod(torch.tensor(batch), torch.tensor(0), query, key)
        assert torch.equal(dense_TT, dense_document_mask(documents_BT)[batch])


def rows_of(mask, kind: str) -> list[list[set[int]]]:
    """The blocks that each row of blocks looks at; only the first `count` of the list count."""
    counts, indices = getattr(mask, f"{kind}_num_blocks"), getattr(mask, f"{kind}_indices")
    return [
        [set(row[:count].tolist()) for row, count in zip(rows[0], number[0], strict=True)]
        for rows, number in zip(indices, counts, strict=True)
    ]


@pytest.mark.filterwarnings("ignore:flex_attention called without")
def test_flex_attention_computes_what_the_dense_mask_does() -> None:
    query, key, value = (
        tensor.detach().expand(2, -1, -1, -1)
        for tensor in HeadSizes(4, 2, 16).random_inputs(CPU, torch.float32, 300)
    )
    documents_BT = documents_of([[130, 1, 169], [300]])
    given_ = attention_masks.flex_attention(
        query, key, value, block_mask=document_blocks(documents_BT), enable_gqa=True
    )
    wanted = attention.attend(query, key, value, True, dense_document_mask(documents_BT))
    torch.testing.assert_close(given_, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_network_reads_packed_rows_through_compiled_flex_attention(
    monkeypatch, caplog, compiled: bool
) -> None:
    network = shaped_gpt("grouped", max_position_embeddings=160, head_dim=16)
    ids = torch.randint(0, 40, (2, 160), generator=torch.Generator().manual_seed(1))
    documents_BT = documents_of([[40, 120], [150, 10]])
    with torch.no_grad():  # torch has no backward of it for CPUs
        wanted = network(ids, documents_BT=documents_BT)
        monkeypatch.setattr(
            gpt, "document_mask", lambda documents_BT, *_: document_blocks(documents_BT)
        )
        if compiled:
            network.compile_blocks()
        given_ = network(ids, documents_BT=documents_BT)
    assert network.is_compiled == compiled and warnings_of(caplog) == []
    torch.testing.assert_close(given_, wanted, atol=1e-5, rtol=1e-5)


def test_what_computes_attention_is_said() -> None:
    network = NETWORKS["grouped"]
    assert network.describe_attention(torch.float32, False, 48) == "matrix products"
    assert network.describe_attention(torch.bfloat16, False, 1000).startswith("flash")
    packed = network.describe_attention(torch.bfloat16, True, 48)
    assert packed.startswith("matrix products with a dense mask") and "cpu" in packed


def test_a_device_that_flex_attention_cannot_train_on_is_named() -> None:
    assert "cpu" in str(flex_failure(CPU, torch.float32, HeadSizes(2, 2, 16)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_check_of_flex_attention_tells_right_from_wrong(monkeypatch, dtype) -> None:
    # The kernel is the GPU's and stands in here as matrix products; the check is what is tested.
    heads = HeadSizes(4, 2, 32)
    documents_BT = documents_of([[272, 16]])
    for mask, fails in ((dense_document_mask(documents_BT), False), (None, True)):

        def kernel(query, key, value, *_, mask=mask):
            return attention.attend(query, key, value, True, mask)

        monkeypatch.setattr(attention_masks, "compiled_flex_attention", kernel)
        error = attention_masks._error_of_flex_attention(CPU, dtype, heads)
        assert (error > attention_masks._TOLERANCE) == fails
