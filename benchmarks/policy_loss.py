"""What the policy loss costs beside the supervised one, at equal tokens.

    python -m benchmarks.policy_loss                    # about a minute on two CPU cores
    python -m benchmarks.policy_loss --steps 15 --device cuda

A step is forward, backward and optimizer of one GPT on one batch, all of whose tokens are learned:
supervised with `NextToken`; with `PolicyGradient` (no reference model, no value head) from the
log-probabilities of other weights; and, for the record, with an entropy bonus too. On the CPU it
has 9.4 M parameters and 8 x 256 tokens in float32, on a GPU 31 M and 16 x 1024 in bfloat16. The
losses take turns step by step; a ratio is the median over the turns of the CPU's time (a GPU: of
the time that passed), which other programs on the machine disturb least. A last line is JSON.
Exits with 1 where the policy loss takes more than 1.15 times as long.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.objectives.next_token import NextToken
from lit_coder.objectives.policy_gradient import PolicyBatch, PolicyGradient

MOST = 1.15
SIZES = {
    "cpu": (GPTConfig(8192, 320, 6, 10, 5, 864, 256), 8),
    "cuda": (GPTConfig(8192, 512, 8, 8, 4, 1408, 1024), 16),
}
SUPERVISED, POLICY, WITH_ENTROPY = "supervised", "policy", "policy with entropy bonus"
Loss = Callable[[Tensor], Tensor]
"""Of the features; the loss."""


class Step:
    """Forward, backward and optimizer of one loss."""

    def __init__(self, network: GPT, ids_BT: Tensor, loss: Loss) -> None:
        self.network, self.ids_BT, self.loss = network, ids_BT, loss
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6, fused=True)
        self.is_cuda = ids_BT.device.type == "cuda"

    def seconds(self) -> float:
        """Of one step: the process's own on a CPU, those that passed on a GPU."""
        clock = time.perf_counter if self.is_cuda else time.process_time
        started = clock()
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=self.is_cuda):
            loss = self.loss(self.network.hidden(self.ids_BT))
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.is_cuda:
            torch.cuda.synchronize()
        return clock() - started


BANNED_IDS = (0, 2, 3, 4)
"""What sampling never chooses: padding and the marks of a gap, as in training."""


def steps_of(device: str) -> dict[str, Step]:
    """One step for each loss, all of the same network on the same tokens."""
    torch.manual_seed(0)
    config, rows = SIZES[device]
    network = GPT(config).to(device)
    shape = (rows, config.max_position_embeddings)
    ids_BT = torch.randint(config.vocab_size, shape, device=device)
    labels_BT = torch.randint(config.vocab_size, shape, device=device)
    mask_BT = torch.ones(shape, dtype=torch.bool, device=device)
    batch = PolicyBatch(
        labels_BT=labels_BT,
        policy_mask_BT=mask_BT,
        advantages_BT=torch.randn(shape, device=device),
        sampling_log_probabilities_BT=-9 + 0.1 * torch.randn(shape, device=device),
        num_policy_targets=mask_BT.sum().float(),
        num_language_targets=torch.tensor(0.0, device=device),
        banned_ids_K=torch.tensor(BANNED_IDS, device=device),
    )
    supervised = NextToken()
    policies = {POLICY: PolicyGradient(), WITH_ENTROPY: PolicyGradient(entropy_coefficient=0.01)}

    def policy(objective: PolicyGradient) -> Loss:
        return lambda hidden_BTC: objective(hidden_BTC, network.output_weight, batch).total

    losses: dict[str, Loss] = {
        SUPERVISED: lambda hidden_BTC: supervised(hidden_BTC, network.output_weight, labels_BT)
    }
    losses |= {name: policy(objective) for name, objective in policies.items()}
    return {name: Step(network, ids_BT, loss) for name, loss in losses.items()}


def device_name(device: str) -> str:
    """The GPU, or the CPU's threads."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads"


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="The policy loss beside the supervised one.")
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cpu", "cuda"), default=default)
    parser.add_argument("--steps", type=int, default=11, help="turns that count")
    parser.add_argument("--warm-up", type=int, default=2, help="turns before")
    arguments = parser.parse_args()
    steps = steps_of(arguments.device)
    turns = [
        {name: step.seconds() for name, step in steps.items()}
        for _ in range(arguments.warm_up + arguments.steps)
    ][arguments.warm_up :]
    medians = {name: median(turn[name] for turn in turns) for name in steps}
    ratios = {name: median(turn[name] / turn[SUPERVISED] for turn in turns) for name in steps}
    print(f"{device_name(arguments.device)}, {arguments.steps} turns")
    for name in steps:
        print(f"{name:26} {medians[name] * 1e3:9.1f} ms   {ratios[name]:.3f}")
    record = {
        "benchmark": "policy_loss",
        "device": device_name(arguments.device),
        "torch": torch.__version__,
        "milliseconds": {name: each * 1e3 for name, each in medians.items()},
        "ratios": ratios,
        "most": MOST,
    }
    print(json.dumps(record))
    if ratios[POLICY] > MOST:
        print(
            f"FLOOR MISSED: the policy loss takes {ratios[POLICY]:.3f} times as long, over {MOST}"
        )
    return int(ratios[POLICY] > MOST)


if __name__ == "__main__":
    sys.exit(main())
