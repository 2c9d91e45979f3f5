"""Samples from a GPT: many rows at a time, each prompt read once, finished rows leave.

    generator = GPTGenerator(network, end_id=tokenizer.end_id, pad_id=tokenizer.pad_id)
    completions = generator.generate([Prompt((5, 6, 7))], SamplingOptions(num_samples=8))

Prompts of any lengths share a batch without changing each other's results (up to float noise),
on whatever device and in whatever type the network's weights are. A completion ends with the end
token, at `max_new_tokens`, or where the context is full (prompt, completion and end token
together). Reads the network, never changes it; text and prompts' wording are not its matter.

Letters after a name are its dimensions:
    P prompts   R rows (samples) decoded together   A rows still going   T prompt tokens
    N new tokens   V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lit_coder.generation.cache import DecodingCache, PromptCache
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions
from lit_coder.generation.sampling import choose, row_uniforms, stream_key
from lit_coder.networks.gpt import GPT


class GPTGenerator:
    """Completes token ids with a GPT (a `TokenGenerator`).

    Args:
        network: the GPT; its weights may change between calls.
        end_id: the token that ends a completion.
        pad_id: fills short rows, never chosen.
        banned_ids: further ids that are never chosen. Log-probabilities stay those of the whole
            vocabulary, as in training.
    """

    def __init__(
        self, network: GPT, end_id: int, pad_id: int, banned_ids: Sequence[int] = ()
    ) -> None:
        self.network = network
        self.end_id = end_id
        self.pad_id = pad_id
        self.banned_ids = tuple(sorted({pad_id, *banned_ids} - {end_id}))

    def generate(
        self, prompts: Sequence[Prompt], options: SamplingOptions
    ) -> list[list[Completion]]:
        """`num_samples` completions for each prompt, in the order of the prompts.

        Raises:
            ValueError: a prompt is empty or longer than the context.
        """
        limit = self.network.config.max_position_embeddings
        for index, prompt in enumerate(prompts):
            if not 0 < len(prompt.ids) <= limit:
                raise ValueError(
                    f"prompt {index} has {len(prompt.ids)} tokens; it must have at least 1 and "
                    f"at most the context length, {limit}"
                )
        results: list[list[Completion]] = [[] for _ in prompts]
        was_training = self.network.training
        self.network.eval()
        try:
            with torch.inference_mode():
                for group in _groups(prompts, options):
                    for index, completion in self._complete(prompts, group, options):
                        results[index].append(completion)
        finally:
            self.network.train(was_training)
        return results

    def _complete(
        self, prompts: Sequence[Prompt], group: list[int], options: SamplingOptions
    ) -> Iterator[tuple[int, Completion]]:
        """Reads the group's prompts once and completes all their samples, batch by batch."""
        device = self.network.embed_tokens.weight.device
        lengths = [len(prompts[index].ids) for index in group]
        ids_PT = torch.full((len(group), max(lengths)), self.pad_id, dtype=torch.int64)
        for row, index in enumerate(group):
            ids_PT[row, : lengths[row]] = torch.tensor(prompts[index].ids)
        cache = PromptCache()
        lengths_P = torch.tensor(lengths, device=device)
        # Padding stands on the right, where causal attention keeps it from being seen.
        hidden_PTC = self.network.hidden(ids_PT.to(device), cache)
        last_PC = hidden_PTC[torch.arange(len(group), device=device), lengths_P - 1]
        logits_PV = self.network.logits(last_PC)

        rows = [(row, j) for row in range(len(group)) for j in range(options.num_samples)]
        for start in range(0, len(rows), options.batch_size):
            batch = rows[start : start + options.batch_size]
            keys = [
                stream_key(options.seed, prompts[group[row]].stream or str(group[row]), sample)
                for row, sample in batch
            ]
            prompt_of_row_R = torch.tensor([row for row, _ in batch], device=device)
            completions = self._decode(
                cache,
                prompt_of_row_R,
                lengths_P[prompt_of_row_R],
                logits_PV[prompt_of_row_R],
                keys,
                options,
            )
            for (row, _), completion in zip(batch, completions, strict=True):
                yield group[row], completion

    def _decode(
        self,
        prompts: PromptCache,
        prompt_of_row_R: Tensor,
        lengths_R: Tensor,
        logits_AV: Tensor,
        keys: list[int],
        options: SamplingOptions,
    ) -> list[Completion]:
        """Completes rows whose prompts have been read; `logits_AV` are of their first token."""
        device = lengths_R.device
        limit = self.network.config.max_position_embeddings
        room_R = (limit - lengths_R).clamp(max=options.max_new_tokens)
        num_steps = int(room_R.max())
        tokens_RN = torch.full((len(keys), num_steps), self.pad_id, device=device)
        log_probabilities_RN = torch.zeros((len(keys), num_steps), device=device)
        uniforms_AN = row_uniforms(keys, num_steps).to(device)
        # Asking a GPU whether rows have finished makes it wait, so it is asked now and then.
        check_every = 1 if device.type == "cpu" else 8
        row_A = torch.arange(len(keys), device=device)
        going_A = room_R > 0
        cache: DecodingCache | None = None
        for step in range(num_steps):
            token_A, log_probability_A = self._choose(logits_AV, uniforms_AN[:, step], options)
            tokens_RN[row_A, step] = token_A
            log_probabilities_RN[row_A, step] = log_probability_A
            going_A = going_A & (token_A != self.end_id) & (step + 1 < room_R[row_A])
            if step + 1 == num_steps:
                break
            if cache is None:
                cache = DecodingCache(prompts, prompt_of_row_R, lengths_R, num_steps, limit)
            if step % check_every == 0:
                left = int(going_A.sum())
                if left == 0:
                    break
                # Moving the cache costs about one step, so a good share of rows leaves at once.
                if left <= 0.75 * len(row_A):
                    kept = going_A.nonzero()[:, 0]
                    cache.keep(kept)
                    row_A, going_A = row_A[kept], going_A[kept]
                    token_A, uniforms_AN = token_A[kept], uniforms_AN[kept]
            cache.advance()
            logits_AV = self.network(token_A[:, None], cache)[:, 0]
        return self._completions(tokens_RN, log_probabilities_RN, room_R)

    def _choose(
        self, logits_AV: Tensor, uniform_A: Tensor, options: SamplingOptions
    ) -> tuple[Tensor, Tensor]:
        """A token for each row, and its log-probability under the untouched distribution."""
        logits_AV = logits_AV.float()
        log_probability_AV = logits_AV.log_softmax(-1)
        allowed_AV = logits_AV.clone()
        allowed_AV[:, list(self.banned_ids)] = float("-inf")
        token_A = choose(allowed_AV, uniform_A, options)
        return token_A, log_probability_AV.gather(1, token_A[:, None])[:, 0]

    def _completions(
        self, tokens_RN: Tensor, log_probabilities_RN: Tensor, room_R: Tensor
    ) -> list[Completion]:
        """Cuts each row at its end token or at the end of its room."""
        completions = []
        for ids, values, room in zip(
            tokens_RN.tolist(), log_probabilities_RN.tolist(), room_R.tolist(), strict=True
        ):
            ended = self.end_id in ids[:room]
            length = ids.index(self.end_id) if ended else room
            completions.append(
                Completion(tuple(ids[:length]), tuple(values[: length + ended]), ended)
            )
        return completions


def _groups(prompts: Sequence[Prompt], options: SamplingOptions) -> Iterator[list[int]]:
    """Indices of prompts that are read together: of like lengths, as many as fill a batch."""
    by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index].ids))
    size = max(1, options.batch_size // options.num_samples)
    for start in range(0, len(by_length), size):
        yield by_length[start : start + size]
