"""Samples from a GPT: many rows at a time, each prompt read once, finished rows leave.

    generator = GPTGenerator(network, end_id=tokenizer.end_id, pad_id=tokenizer.pad_id)
    completions = generator.generate([Prompt((5, 6, 7))], SamplingOptions(num_samples=8))
    for token_id in generator.stream(Prompt((5, 6, 7)), SamplingOptions()):
        ...                                       # one sample, each token as it is drawn

Prompts of any lengths share a batch without changing each other's results (up to float noise),
on whatever device and in whatever type the network's weights are. A completion ends with the end
token, at `max_new_tokens`, where the context is full (prompt, completion and end token together),
or where a stop rule says so. Reads the network, never changes it; text and prompts' wording are
not its matter.

Letters after a name are its dimensions:
    P prompts   R rows (samples) decoded together   T prompt tokens   C hidden   V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from lit_coder.generation.cache import PromptCache
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions, StopRule
from lit_coder.generation.fastest_step import fastest_step
from lit_coder.generation.one_token import OneTokenStep
from lit_coder.generation.row_batch import RowBatch, Rows, TokenRules
from lit_coder.generation.sampling import stream_key
from lit_coder.networks.gpt import GPT


class GPTGenerator:
    """Completes token ids with a GPT (a `TokenGenerator`).

    Args:
        network: the GPT; its weights may change between calls.
        end_id: the token that ends a completion.
        pad_id: fills short rows, never chosen.
        banned_ids: further ids that are never chosen, and have no part in log-probabilities: these
            are of the distribution that is drawn from, as a policy is trained.
    """

    origin = "gpt"

    def __init__(
        self, network: GPT, end_id: int, pad_id: int, banned_ids: Sequence[int] = ()
    ) -> None:
        self.network = network
        self.end_id = end_id
        self.pad_id = pad_id
        self.banned_ids = tuple(sorted({pad_id, *banned_ids} - {end_id}))

    def generate(
        self,
        prompts: Sequence[Prompt],
        options: SamplingOptions,
        is_over: StopRule | None = None,
    ) -> list[list[Completion]]:
        """`num_samples` completions for each prompt, in the order of the prompts.

        Raises:
            ValueError: a prompt is empty or longer than the context.
        """
        self._check(prompts)
        results: list[list[Completion]] = [[] for _ in prompts]
        num_rows = min(options.batch_size, len(prompts) * options.num_samples)
        with self._reading():
            step = fastest_step(self.network, num_rows, options.max_new_tokens)
            for group in _groups(prompts, options):
                for batch, indices in self._batches(prompts, group, step, options, is_over):
                    while not batch.is_done:
                        batch.step()
                    for index, completion in zip(indices, batch.completions(), strict=True):
                        results[index].append(completion)
        return results

    def stream(
        self, prompt: Prompt, options: SamplingOptions, is_over: StopRule | None = None
    ) -> Iterator[int]:
        """The ids of one sample as they are drawn: those of `generate` with one prompt.

        The network may not be trained while the stream is being read.

        Raises:
            ValueError: the prompt is empty or longer than the context.
        """
        self._check([prompt])
        options = replace(options, num_samples=1)
        return self._streamed(prompt, options, is_over)

    def _streamed(
        self, prompt: Prompt, options: SamplingOptions, is_over: StopRule | None
    ) -> Iterator[int]:
        with self._reading():
            step = fastest_step(self.network, 1, options.max_new_tokens)
            ((batch, _),) = self._batches([prompt], [0], step, options, is_over)
        while not batch.is_done:
            # Not around the whole loop: between two tokens the caller's own code runs.
            with self._reading():
                batch.step()
                token = batch.newest()
            if token is None:
                return
            yield token

    def _check(self, prompts: Sequence[Prompt]) -> None:
        limit = self.network.config.max_position_embeddings
        for index, prompt in enumerate(prompts):
            if not 0 < len(prompt.ids) <= limit:
                raise ValueError(
                    f"prompt {index} has {len(prompt.ids)} tokens; it must have at least 1 and "
                    f"at most the context length, {limit}"
                )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """The network in evaluation mode, without gradients; it is left in its own mode."""
        was_training = self.network.training
        self.network.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.network.train(was_training)

    def _batches(
        self,
        prompts: Sequence[Prompt],
        group: list[int],
        step: OneTokenStep,
        options: SamplingOptions,
        is_over: StopRule | None,
    ) -> Iterator[tuple[RowBatch, list[int]]]:
        """Reads the group's prompts once; all their samples in batches, and whose they are."""
        cache, lengths_P, logits_PV = self._read([prompts[index].ids for index in group])
        device = lengths_P.device
        banned = torch.tensor(self.banned_ids, dtype=torch.int64, device=device)
        rules = TokenRules(self.end_id, self.pad_id, banned, is_over)
        limit = self.network.config.max_position_embeddings
        samples = [(place, j) for place in range(len(group)) for j in range(options.num_samples)]
        for start in range(0, len(samples), options.batch_size):
            batch = samples[start : start + options.batch_size]
            indices = [group[place] for place, _ in batch]
            keys = [
                stream_key(options.seed, prompts[group[place]].stream or str(group[place]), j)
                for place, j in batch
            ]
            prompt_R = torch.tensor([place for place, _ in batch], device=device)
            openings = [prompts[index].opening for index in indices]
            rows = Rows(prompt_R, lengths_P[prompt_R], keys, openings)
            yield (
                RowBatch(cache, rows, logits_PV[prompt_R], step, limit, rules, options),
                indices,
            )

    def _read(self, prompts: Sequence[tuple[int, ...]]) -> tuple[PromptCache, Tensor, Tensor]:
        """What the prompts leave behind, their lengths, and the logits of what follows them."""
        device = self.network.embed_tokens.weight.device
        lengths = [len(ids) for ids in prompts]
        ids_PT = torch.full((len(prompts), max(lengths)), self.pad_id, dtype=torch.int64)
        for row, ids in enumerate(prompts):
            ids_PT[row, : lengths[row]] = torch.tensor(ids)
        cache = PromptCache()
        lengths_P = torch.tensor(lengths, device=device)
        # Padding stands on the right, where causal attention keeps it from being seen.
        hidden_PTC = self.network.hidden(ids_PT.to(device), cache)
        last_PC = hidden_PTC[torch.arange(len(prompts), device=device), lengths_P - 1]
        return cache, lengths_P, self.network.logits(last_PC)


def _groups(prompts: Sequence[Prompt], options: SamplingOptions) -> Iterator[list[int]]:
    """Indices of prompts that are read together: of like lengths, as many as fill a batch."""
    by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index].ids))
    size = max(1, options.batch_size // options.num_samples)
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]
