"""Answers of a Tiny Recursive Model: a canvas refined as a whole, from several noisy starts.

    generator = TRMGenerator(network, canvas, RefinementOptions(max_steps=16))
    completions = generator.generate([Prompt(prompt_ids, draft_ids=draft_ids)], SamplingOptions())

A `TokenGenerator`. Greedy answers think from the network's own starts; samples (a temperature
above 0) from starts with noise of that temperature's size, and are ranked: the answer that the
halting head is surest of comes first. Each sample's noise is its own, from (seed, the prompt's
stream, sample), so order and batches change nothing. All tokens are chosen at once, the likeliest
at each position: top_k, top_p, stop rules and prompt openings have nothing to act on.

Letters after a name are its dimensions:
    R rows   L positions   A positions of the canvas   V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lit_coder.generation.canvas import Canvas
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions, StopRule
from lit_coder.generation.sampling import stream_key
from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_refinement import Refinement, begin_refinement, refine


@dataclass(frozen=True, slots=True)
class RefinementOptions:
    """How long an answer is thought about.

    Args:
        max_steps: supervision steps, at most.
        is_adaptive: an answer that the halting head accepts is not refined further.
        looks_at_halting: stop early once every row of a batch is accepted; it waits for the device
            after each step, which XLA would rather not.
    """

    max_steps: int = 16
    is_adaptive: bool = True
    looks_at_halting: bool = True


class TRMGenerator:
    """Fills canvases with a TRM.

    Args:
        network: the TRM; its weights may change between calls.
        canvas: how prompt, draft and answer are laid out.
        options: how long it thinks.
        banned_ids: ids that are never chosen. Log-probabilities stay those of the whole
            vocabulary, as in training.

    Attributes:
        num_steps_taken: supervision steps of each row of the last call, in the order of the rows.
    """

    origin = "trm"

    def __init__(
        self,
        network: TRM,
        canvas: Canvas,
        options: RefinementOptions,
        banned_ids: Sequence[int] = (),
    ) -> None:
        self.network = network
        self.canvas = canvas
        self.options = options
        self.banned_ids = tuple(banned_ids)
        self.num_steps_taken: list[int] = []

    def generate(
        self,
        prompts: Sequence[Prompt],
        options: SamplingOptions,
        is_over: StopRule | None = None,
    ) -> list[list[Completion]]:
        """As `TokenGenerator`; the samples of a prompt are ordered, the surest first.

        Raises:
            ValueError: a prompt and its draft have no room in the canvas, or are both empty.
        """
        self.num_steps_taken = []
        rows = [(prompt, sample) for prompt in prompts for sample in range(options.num_samples)]
        written: list[tuple[float, Completion]] = []
        for first in range(0, len(rows), options.batch_size):
            written.extend(self._batch(rows[first : first + options.batch_size], options))
        count = options.num_samples
        groups = [written[first : first + count] for first in range(0, len(written), count)]
        # Sorting keeps the order of equals: that of the samples.
        return [[each for _, each in sorted(group, key=lambda pair: -pair[0])] for group in groups]

    def _batch(
        self, rows: Sequence[tuple[Prompt, int]], options: SamplingOptions
    ) -> Iterator[tuple[float, Completion]]:
        """How sure the network is of each row's answer, and the answer."""
        device = self.network.y_start_D.device
        ids_RL = torch.tensor([self._row(prompt) for prompt, _ in rows], device=device)
        starts = None
        if options.temperature > 0:
            seeds = [stream_key(options.seed, prompt.stream, sample) for prompt, sample in rows]
            noise = self.network.start_noise(seeds, options.temperature)
            starts = self.network.initial_state(len(rows), noise)
        refinement = self._refined(ids_RL, starts)
        self.num_steps_taken += refinement.num_steps_B.tolist()
        length = self.canvas.shape.canvas_length
        logits_RAV = refinement.logits_BLV[:, -length:]
        allowed_RAV = logits_RAV.clone()
        allowed_RAV[..., list(self.banned_ids)] = -torch.inf
        chosen_RA = allowed_RAV.argmax(-1)
        log_RA = logits_RAV.log_softmax(-1).gather(-1, chosen_RA[..., None])[..., 0]
        for halt, ids, logs in zip(
            refinement.halt_B.tolist(), chosen_RA.tolist(), log_RA.tolist(), strict=True
        ):
            yield halt, self._completion(ids, logs, options.max_new_tokens)

    def _refined(self, ids_RL: Tensor, starts: TRMState | None) -> Refinement:
        options = self.options
        looks = options.looks_at_halting and options.is_adaptive
        refinement = begin_refinement(self.network, ids_RL, starts)
        for _ in range(options.max_steps):
            refinement = refine(self.network, refinement, ids_RL, is_adaptive=options.is_adaptive)
            if looks and bool(refinement.is_accepted_B.all()):
                break
        return refinement

    def _row(self, prompt: Prompt) -> list[int]:
        if not self.canvas.shape.fits(prompt.ids, prompt.draft_ids):
            shape = self.canvas.shape
            raise ValueError(
                f"a prompt of {len(prompt.ids)} tokens and a draft of {len(prompt.draft_ids)} have "
                f"no room: the model reads {shape.prompt_length} of a prompt and "
                f"{shape.canvas_length} of a draft, and needs one of them"
            )
        return self.canvas.row(prompt.ids, prompt.draft_ids)

    def _completion(self, ids: list[int], logs: list[float], limit: int) -> Completion:
        answer, ended = self.canvas.answer(ids)
        ended = ended and len(answer) <= limit
        answer = answer[:limit]
        # The end token's probability counts, where there is one.
        num_scored = len(answer) + (ended and len(answer) < len(ids))
        return Completion(tuple(answer), tuple(logs[:num_scored]), ended)
