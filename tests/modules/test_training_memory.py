import pytest
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.training_memory import (
    TrainingShape,
    generation_memory,
    network_config,
    training_memory,
    weight_type,
)
from lit_coder.networks.memory import LiveBytes

OPTIONS = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 320,
    "max_position_embeddings": 320,
    "optimizer": "adamw",
}


def shape(**changes: object) -> TrainingShape:
    given = {
        "batch_size": 4,
        "max_sequence_length": 320,
        "accumulate_grad_batches": 1,
        "precision": "bf16-mixed",
        "is_packed": False,
    }
    return TrainingShape(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["bf16-mixed", "32-true", "bf16-true"])
@pytest.mark.parametrize("every", [0, 1])
@pytest.mark.parametrize("is_packed", [False, True])
def test_what_is_told_is_within_a_tenth_of_a_real_step(
    precision: str, every: int, is_packed: bool
) -> None:
    options = {**OPTIONS, "gradient_checkpointing": every}
    told = training_memory(options, shape(precision=precision, is_packed=is_packed))
    module = GPTModule(**options).to(weight_type(precision)).train()  # type: ignore[arg-type]
    ids_BT = torch.zeros(4, 320, dtype=torch.long)
    documents_BT = torch.zeros_like(ids_BT) if is_packed else None
    mixed = torch.autocast("cpu", torch.bfloat16, "mixed" in precision, cache_enabled=False)
    with LiveBytes() as live:
        with mixed:
            hidden_BTC = module.network.hidden(ids_BT, None, documents_BT)
            held = live.live_bytes
            loss = module.objective(hidden_BTC, module.network.output_weight, ids_BT)
        loss.backward()
    state = told.weight_bytes + told.optimizer_bytes
    assert told.activation_bytes == pytest.approx(held, rel=0.1)
    assert told.peak_bytes - state == pytest.approx(live.peak_bytes, rel=0.1)


def test_a_second_micro_batch_meets_the_gradients_of_the_first() -> None:
    once = training_memory(OPTIONS, shape())
    twice = training_memory(OPTIONS, shape(accumulate_grad_batches=8))
    assert twice.activation_bytes == pytest.approx(once.activation_bytes, rel=0.02)
    assert 0 < twice.peak_bytes - once.peak_bytes <= once.gradient_bytes * 1.1


def test_gradients_in_the_buckets_of_ddp_are_counted_as_they_live() -> None:
    told = training_memory(OPTIONS, shape(has_buckets=True))
    module = GPTModule(**OPTIONS).train()  # type: ignore[arg-type]
    ids_BT = torch.zeros(4, 320, dtype=torch.long)
    mixed = torch.autocast("cpu", torch.bfloat16, cache_enabled=False)
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        with LiveBytes() as live:
            network = DistributedDataParallel(module.network, gradient_as_bucket_view=True)
            assert live.live_bytes == pytest.approx(told.gradient_bytes, rel=0.01)
            live.start_over()
            with mixed:
                logits_BTV = network(ids_BT)
                loss = torch.nn.functional.cross_entropy(
                    logits_BTV.flatten(0, 1).float(), ids_BT.flatten()
                )
            del logits_BTV
            loss.backward()
            del loss
            assert live.live_bytes < 2 * told.gradient_bytes, "there is one copy"
    finally:
        distributed.destroy_process_group()
    state = told.weight_bytes + told.optimizer_bytes
    assert told.peak_bytes - state == pytest.approx(live.peak_bytes, rel=0.1)


def test_buckets_stay_where_they_are_while_a_round_samples() -> None:
    config = network_config(OPTIONS)
    alone, one_of_two = (
        generation_memory(config, shape(has_buckets=has), "adamw", num_rows=16, num_positions=100)
        for has in (False, True)
    )
    assert one_of_two.peak_bytes - alone.peak_bytes == config.num_parameters * 4


def test_checkpointing_and_smaller_batches_take_less() -> None:
    whole = training_memory(OPTIONS, shape())
    checkpointed = training_memory({**OPTIONS, "gradient_checkpointing": 1}, shape())
    half = training_memory(OPTIONS, shape(batch_size=2))
    assert checkpointed.activation_bytes < whole.activation_bytes / 3
    assert half.activation_bytes == pytest.approx(whole.activation_bytes / 2, rel=0.1)


def test_sampling_beside_training_keeps_the_optimizer() -> None:
    config = network_config(OPTIONS)
    memory = generation_memory(config, shape(), "adamw", num_rows=16, num_positions=100)
    assert memory.resident_bytes == config.num_parameters * (4 + 8)
    assert memory.peak_bytes > memory.resident_bytes + memory.cache_bytes


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"trainer\.precision 64-odd"):
        training_memory(OPTIONS, shape(precision="64-odd"))


def test_a_device_that_keeps_no_pairs_of_tokens_takes_less() -> None:
    changes = {"max_sequence_length": 200, "is_packed": True}
    here = training_memory(OPTIONS, shape(**changes))
    elsewhere = training_memory(OPTIONS, shape(**changes, is_on_cpu=False))
    # 4 rows of 4 heads of 200 x 200 numbers in each of 2 layers, 2 bytes each at the least.
    kept = 4 * 4 * 200 * 200 * 2 * 2
    assert here.activation_bytes - elsewhere.activation_bytes > 0.9 * kept
