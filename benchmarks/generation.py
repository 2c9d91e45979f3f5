"""How much the key-value cache and batching gain when sampling.

    python -m benchmarks.generation                 # prints three speeds and the ratio

The peer is the same network without a cache: the whole sequence is read again for every token, on
the same batch. Both are greedy, end tokens are ignored, and both must give the same tokens. Exits
with 1 where cached decoding is less than six times as fast at 96 new tokens.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from lit_coder.generation import GPTGenerator, Prompt, SamplingOptions
from lit_coder.networks import GPT, GPTConfig

BATCH, PROMPT_TOKENS, NEW_TOKENS, REPEATS, FLOOR = 32, 32, 96, 2, 6.0
CONFIG = GPTConfig(
    vocab_size=2048,
    hidden_size=256,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=4,
    max_position_embeddings=PROMPT_TOKENS + NEW_TOKENS,
)


@torch.inference_mode()
def generate_uncached(network: GPT, ids_BT: Tensor, new_tokens: int, banned_id: int) -> Tensor:
    """Greedy tokens (B, new_tokens), each from a fresh reading of everything before it."""
    prompt_tokens = ids_BT.shape[1]
    for _ in range(new_tokens):
        logits_BV = network.logits(network.hidden(ids_BT)[:, -1])
        logits_BV[:, banned_id] = float("-inf")
        ids_BT = torch.cat((ids_BT, logits_BV.argmax(-1, keepdim=True)), dim=1)
    return ids_BT[:, prompt_tokens:]


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> int:
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = GPT(CONFIG).to(device).eval()
    # An end id outside the vocabulary: no row ends early, so both do the same work.
    generator = GPTGenerator(network, end_id=-1, pad_id=0)
    prompts_BT = torch.randint(1, CONFIG.vocab_size, (BATCH, PROMPT_TOKENS))
    prompts = [Prompt(tuple(row)) for row in prompts_BT.tolist()]
    options = SamplingOptions(max_new_tokens=NEW_TOKENS, batch_size=BATCH)

    def cached() -> list[list[int]]:
        return [list(row[0].ids) for row in generator.generate(prompts, options)]

    def uncached() -> list[list[int]]:
        return generate_uncached(network, prompts_BT.to(device), NEW_TOKENS, 0).tolist()

    same = sum(a == b for a, b in zip(cached(), uncached(), strict=True))  # also the warm-up
    times: dict[str, list[float]] = {"cached": [], "uncached": [], "one": []}
    for _ in range(REPEATS):  # interleaved, so that a busy moment falls on all
        times["cached"].append(seconds(cached))
        times["uncached"].append(seconds(uncached))
        times["one"].append(seconds(lambda: generator.generate(prompts[:1], options)))
    best = {name: min(values) for name, values in times.items()}
    ratio = best["uncached"] / best["cached"]
    batched = BATCH * NEW_TOKENS
    threads = f", {torch.get_num_threads()} threads" if device == "cpu" else ""
    print(
        f"model of {CONFIG.num_parameters / 1e6:.1f}M parameters, fp32 on {device}{threads}; "
        f"{BATCH} prompts of {PROMPT_TOKENS} tokens, {NEW_TOKENS} new ones each"
    )
    print(f"cached, batch of {BATCH}:    {batched / best['cached']:8.0f} tokens/s")
    print(f"uncached, batch of {BATCH}:  {batched / best['uncached']:8.0f} tokens/s")
    print(f"cached, batch of 1:     {NEW_TOKENS / best['one']:8.0f} tokens/s")
    print(f"rows with the same tokens: {same} of {BATCH}")
    print(f"cached / uncached: {ratio:.1f} (at least {FLOOR:g})")
    return 0 if ratio >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
