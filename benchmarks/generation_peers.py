"""Our generator and Hugging Face's on the same weights, in one process, taking turns.

    for lengths in ("equal", "mixed"):
        comparison = compare(setting_for("cpu"), lengths, repeats=5)
        print(comparison.ratio, comparison.rows_equal)

`generate` is `LlamaForCausalLM.generate`: greedy, its default cache, prompts padded on the left
where their lengths differ. `generate_batch` is its continuous batching. No side has an end token;
all write the same number of tokens, with the same threads, in fp32. The weights are random and
stretched, so that rows differ; the padding token's are zero, so that none has to forbid it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch

from benchmarks.generation_cache import seconds
from lit_coder.generation import GPTGenerator, Prompt, SamplingOptions
from lit_coder.networks import GPT, GPTConfig
from lit_coder.networks.hugging_face import to_hugging_face

PAD, NO_END = 0, -1
# Two tokens whose logits lie nearer than this are a matter of the order of additions.
SMALLEST_GAP = 1e-3


@dataclass(frozen=True)
class Setting:
    """What is generated with which model."""

    device: str
    batch: int
    config: GPTConfig
    prompt_tokens: int = 64
    new_tokens: int = 128


def setting_for(device: str) -> Setting:
    """The model and the batch of a device."""
    sizes = {"cpu": (32, 384, 8, 6), "cuda": (64, 1024, 24, 16)}
    batch, hidden, layers, heads = sizes[device]
    return Setting(device, batch, GPTConfig(8192, hidden, layers, heads))


@dataclass
class Comparison:
    """Seconds of each way, repeat by repeat, and what was written."""

    tokens: int
    times: dict[str, list[float]] = field(default_factory=dict)
    rows_equal: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def ratio(self, peer: str) -> float:
        """How many times as fast as the peer we are: the median of the repeats' ratios."""
        pairs = zip(self.times[peer], self.times["lit_coder"], strict=True)
        return median(theirs / ours for theirs, ours in pairs)

    def speed(self, name: str) -> float:
        """Tokens per second in the middle repeat."""
        return self.tokens / median(self.times[name])


def make_network(setting: Setting) -> GPT:
    """The same random weights every time."""
    torch.manual_seed(0)
    network = GPT(setting.config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 2:
                parameter.mul_(3)
        network.embed_tokens.weight[PAD] = 0
    return network.to(setting.device)


def make_llama(network: GPT) -> Any:
    """Hugging Face's model around the same numbers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config, state = to_hugging_face(network)
    llama: Any = LlamaForCausalLM(LlamaConfig(**config, pad_token_id=PAD, eos_token_id=None))
    missing = llama.load_state_dict(state, strict=False).missing_keys
    assert set(missing) <= {"lm_head.weight"}, missing  # tied
    llama.generation_config.eos_token_id = None
    return llama.eval().to(network.embed_tokens.weight.device)


def make_prompts(setting: Setting, lengths: str) -> list[list[int]]:
    """Prompts of random tokens, all as long as the setting says or from a quarter of it on."""
    choose = random.Random(1)
    longest = setting.prompt_tokens
    sizes = [longest] * setting.batch
    if lengths == "mixed":
        sizes = [longest, *(choose.randint(longest // 4, longest) for _ in sizes[1:])]
    return [[choose.randrange(1, setting.config.vocab_size) for _ in range(n)] for n in sizes]


Way = Callable[[], list[list[int]]]


def generate_of_hugging_face(llama: Any, setting: Setting, prompts: list[list[int]]) -> Way:
    longest = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (longest - len(row)) + row for row in prompts])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts])
    ids, mask = ids.to(setting.device), mask.to(setting.device)

    @torch.inference_mode()
    def way() -> list[list[int]]:
        written = llama.generate(
            ids, attention_mask=mask, max_new_tokens=setting.new_tokens, do_sample=False
        )
        new: list[list[int]] = written[:, longest:].tolist()
        return new

    return way


def generate_batch_of_hugging_face(llama: Any, setting: Setting, prompts: list[list[int]]) -> Way:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.CRITICAL)
    generation = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=setting.new_tokens, do_sample=False, eos_token_id=NO_END, pad_token_id=PAD
    )
    # On a GPU its own choice; without one it would take all memory before it starts.
    cpu = ContinuousBatchingConfig(num_blocks=2 * setting.batch, max_batch_tokens=2048)

    def way() -> list[list[int]]:
        outputs = llama.generate_batch(
            inputs=prompts,
            generation_config=generation,
            continuous_batching_config=cpu if setting.device == "cpu" else None,
            persistent_manager=True,
            progress_bar=False,
        )
        by_number = sorted(outputs.items(), key=lambda item: int(item[0].rpartition("_")[2]))
        errors = [output.error for _, output in by_number if output.error]
        if errors:
            raise RuntimeError(errors[0])
        return [list(output.generated_tokens) for _, output in by_number]

    return way


def generate_of_lit_coder(network: GPT, setting: Setting, prompts: list[list[int]]) -> Way:
    generator = GPTGenerator(network, end_id=NO_END, pad_id=PAD)
    options = SamplingOptions(max_new_tokens=setting.new_tokens, batch_size=setting.batch)
    asked = [Prompt(tuple(row)) for row in prompts]
    return lambda: [list(row[0].ids) for row in generator.generate(asked, options)]


def compare(setting: Setting, lengths: str, repeats: int) -> Comparison:
    """Runs all ways in turns; a way that fails is left out, with its reason."""
    network = make_network(setting)
    llama = make_llama(network)
    prompts = make_prompts(setting, lengths)
    ways = {
        "lit_coder": generate_of_lit_coder(network, setting, prompts),
        "generate": generate_of_hugging_face(llama, setting, prompts),
        "generate_batch": generate_batch_of_hugging_face(llama, setting, prompts),
    }
    found = Comparison(tokens=setting.batch * setting.new_tokens)
    written = {}
    for name, way in list(ways.items()):
        try:
            written[name] = way()  # also the warm-up
        # Continuous batching fails in as many ways as there are devices; the rest goes on.
        except (RuntimeError, ValueError, ImportError, NotImplementedError) as error:
            if name != "generate_batch":
                raise
            found.failures[name] = str(error).splitlines()[0]
            del ways[name]
    for name in written:
        found.rows_equal[name] = sum(
            is_same(network, *rows)
            for rows in zip(prompts, written["lit_coder"], written[name], strict=True)
        )
    found.times = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            found.times[name].append(seconds(way))
    return found


@torch.inference_mode()
def is_same(network: GPT, prompt: list[int], ours: list[int], theirs: list[int]) -> bool:
    """Whether the tokens agree, up to the first one that is a tie between two."""
    if ours == theirs:
        return True
    if len(ours) != len(theirs):
        return False
    at = next(i for i in range(len(ours)) if ours[i] != theirs[i])
    ids = torch.tensor([[*prompt, *ours[:at]]], device=network.embed_tokens.weight.device)
    logits = network(ids)[0, -1]
    return bool((logits.max() - logits[[ours[at], theirs[at]]]).max() < SMALLEST_GAP)
