"""One of two processes that share a network's weights; prints one line of JSON.

RANK=0 WORLD_SIZE=2 ... python -m tests.distributed.sharded_weights
"""

from __future__ import annotations

import json

import torch
from torch import distributed
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.distributed.fsdp.wrap import ModuleWrapPolicy

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.networks.gpt import Block
from lit_coder.recursion.weights import sampling_mode


def _differences(policy: ModuleWrapPolicy | None, num_forwards: int) -> dict[str, float]:
    """What a sharded network differs by from a whole one, while it is sampled from and after."""
    torch.manual_seed(0)
    module = GPTModule(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=300,
        max_position_embeddings=64,
    )
    ids_BT = torch.arange(1, 17)[None]
    with torch.no_grad():
        expected_BTV = module.network(ids_BT)
    whole = sum(p.numel() for p in module.parameters())
    # Lightning refuses the strategy without a GPU; what it wraps runs on the CPU all the same.
    wrapped = FullyShardedDataParallel(
        module, auto_wrap_policy=policy, use_orig_params=True, device_id=torch.device("cpu")
    )
    wrapped(ids_BT).square().mean().backward()
    own = sum(p.numel() for p in wrapped.parameters())
    largest = 0.0
    with sampling_mode(module, wrapped):
        for _ in range(num_forwards):
            found_BTV = module.network(ids_BT)
            largest = max(largest, float((found_BTV - expected_BTV).abs().max()))
    wrapped(ids_BT).square().mean().backward()
    after = float((wrapped(ids_BT) - expected_BTV).abs().max())
    shard = sum(p.numel() for p in wrapped.parameters())
    return {
        "share": own / whole,
        "share_after": shard / whole,
        "difference": largest,
        "difference_after": after,
    }


def main() -> None:
    """Compare with the network wrapped as a whole, and with each block wrapped as well."""
    distributed.init_process_group("gloo")
    # Processes decode different numbers of tokens.
    num_forwards = 1 + 2 * distributed.get_rank()
    found = [_differences(policy, num_forwards) for policy in (None, ModuleWrapPolicy({Block}))]
    print(json.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
