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

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lit_coder.generation.canvas import Canvas
from lit_coder.generation.contract import Completion, Prompt, SamplingOptions, StopRule
from lit_coder.generation.sampling import stream_key
from lit_coder.networks.stablemax import log_stablemax
from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_refinement import Refinement, begin_refinement, refine
from lit_coder.networks.xla_device import on_host, share_rows


@dataclass(frozen=True, slots=True)
class RefinementOptions:
    """How long an answer is thought about.

    Args:
        max_steps: supervision steps, at most.
        is_adaptive: an answer that the halting head accepts is not refined further.
        is_stablemax: the network was trained with stablemax, and its log-probabilities are by it;
            else softmax.
        looks_at_halting: stop early once every row of a batch is accepted; it waits for the device
            after each step, which XLA would rather not.
        fills_batches: every batch has as many rows as the others, the last one too, so that XLA
            compiles one size; rows that are too many are thrown away.
        halting_threshold: how sure the halting head must be to accept an answer.
    """

    max_steps: int = 16
    is_adaptive: bool = True
    is_stablemax: bool = True
    looks_at_halting: bool = True
    fills_batches: bool = False
    halting_threshold: float = 0.5


class TRMGenerator:
    """Fills canvases with a TRM.

    Args:
        network: the TRM; its weights may change between calls.
        canvas: how prompt, draft and answer are laid out.
        options: how long it thinks.
        banned_ids: ids that are never chosen, and have no part in log-probabilities.

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
        named = [
            prompt if prompt.stream else replace(prompt, stream=str(place))
            for place, prompt in enumerate(prompts)
        ]
        rows = [(prompt, sample) for prompt in named for sample in range(options.num_samples)]
        written: list[tuple[float, Completion]] = []
        for first in range(0, len(rows), options.batch_size):
            batch = rows[first : first + options.batch_size]
            num_lacking = options.batch_size - len(batch) if self.options.fills_batches else 0
            of_batch = self._batch([*batch, *batch[:1] * num_lacking], options)
            written.extend(itertools.islice(of_batch, len(batch)))
            del self.num_steps_taken[len(written) :]
        count = options.num_samples
        groups = [written[first : first + count] for first in range(0, len(written), count)]
        # Sorting keeps the order of equals: that of the samples.
        return [[each for _, each in sorted(group, key=lambda pair: -pair[0])] for group in groups]

    def _batch(
        self, rows: Sequence[tuple[Prompt, int]], options: SamplingOptions
    ) -> Iterator[tuple[float, Completion]]:
        """How sure the network is of each row's answer, and the answer."""
        device = self.network.y_start_D.device
        ids_RL = torch.tensor([self._row(prompt) for prompt, _ in rows]).to(device)
        share_rows(ids_RL)
        starts = None
        if options.temperature > 0:
            seeds = [stream_key(options.seed, prompt.stream, sample) for prompt, sample in rows]
            noise = self.network.start_noise(seeds, options.temperature)
            starts = self.network.initial_state(len(rows), noise)
        refinement = self._refined(ids_RL, starts)
        length = self.canvas.shape.canvas_length
        logits_RAV = refinement.logits_BLV[:, -length:]
        logits_RAV = logits_RAV + self._ban_V(logits_RAV.shape[-1]).to(device)
        chosen_RA = logits_RAV.argmax(-1)
        is_stablemax = self.options.is_stablemax
        logs_RAV = log_stablemax(logits_RAV) if is_stablemax else logits_RAV.log_softmax(-1)
        log_RA = logs_RAV.gather(-1, chosen_RA[..., None])[..., 0]
        found = (refinement.num_steps_B, refinement.halt_B, chosen_RA, log_RA)
        num_steps, halts, chosen, logs = (each.tolist() for each in on_host(found))
        self.num_steps_taken += num_steps
        for (_, sample), steps, halt, ids, of_ids in zip(
            rows, num_steps, halts, chosen, logs, strict=True
        ):
            completion = self._completion(ids, of_ids, options.max_new_tokens)
            yield halt, replace(completion, sample=sample, num_steps=steps)

    def _ban_V(self, vocab_size: int) -> Tensor:
        """What is added to logits: 0, or minus infinity for the banned ids."""
        ban_V = torch.zeros(vocab_size)
        ban_V[list(self.banned_ids)] = -torch.inf
        return ban_V

    def _refined(self, ids_RL: Tensor, starts: TRMState | None) -> Refinement:
        options = self.options
        looks = options.looks_at_halting and options.is_adaptive
        refinement = begin_refinement(self.network, ids_RL, starts)
        for _ in range(options.max_steps):
            refinement = refine(
                self.network,
                refinement,
                ids_RL,
                is_adaptive=options.is_adaptive,
                halting_threshold=options.halting_threshold,
            )
            if looks and bool(refinement.is_accepted_B.all()):
                break
        return refinement

    def _row(self, prompt: Prompt) -> list[int]:
        if not self.canvas.fits(prompt.ids, prompt.draft_ids):
            shape = self.canvas.shape
            in_lines = f" in lines of {shape.line_length}" if shape.line_length > 1 else ""
            raise ValueError(
                f"a prompt of {len(prompt.ids)} tokens and a draft of {len(prompt.draft_ids)} have "
                f"no room: the model reads {shape.prompt_length} of a prompt and "
                f"{shape.canvas_length} of a draft{in_lines}, and needs one of them"
            )
        return self.canvas.row(prompt.ids, prompt.draft_ids)

    def _completion(self, ids: list[int], logs: list[float], limit: int) -> Completion:
        answer, ended = self.canvas.answer(ids)
        ended = ended and len(answer) <= limit
        answer = answer[:limit]
        # The end token's probability counts, where there is one; padding's never does.
        _, places = self.canvas.written(answer, ended)
        return Completion(tuple(answer), tuple(logs[place] for place in places), ended)
