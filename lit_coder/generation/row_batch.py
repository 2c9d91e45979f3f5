"""Rows decoded together, one token each at a time, from read prompts to completions.

    batch = RowBatch(cache, rows, logits_RV, step, limit, rules, options)
    while not batch.is_done:
        batch.step()
    completions = batch.completions()

A row goes on until its end token, the end of its room or its stop rule; rows that have finished
leave once a good share has. What each row draws depends on nothing but its own logits and its own
random numbers. Reading prompts and packing weights are not done here.

Letters after a name are its dimensions:
    R rows   A rows still in the batch   N new tokens   V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lit_coder.generation.cache import DecodingCache, PromptCache
from lit_coder.generation.contract import (
    ASKED_EVERY,
    Completion,
    OpeningRule,
    SamplingOptions,
    StopRule,
)
from lit_coder.generation.one_token import OneTokenStep
from lit_coder.generation.sampling import choose, row_uniforms


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens mean what.

    Args:
        end_id: ends a completion.
        pad_id: fills what was not drawn.
        banned_ids: never chosen.
        is_over: may end a row; None = nothing does.
    """

    end_id: int
    pad_id: int
    banned_ids: Tensor
    is_over: StopRule | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What each row continues.

    Args:
        prompt_R: which of the prompts that were read.
        lengths_R: their true lengths.
        keys: of each row's random stream.
        openings: what each row must begin with; None = anything.
    """

    prompt_R: Tensor
    lengths_R: Tensor
    keys: Sequence[int]
    openings: Sequence[OpeningRule | None]


class RowBatch:
    """A batch on its way.

    Args:
        prompts: what the prompts left behind.
        rows: what each row continues.
        logits_RV: of each row's first token.
        step: gives the logits of the next ones.
        limit: positions that the network knows.
        rules: which tokens mean what.
        options: how to sample.
    """

    def __init__(
        self,
        prompts: PromptCache,
        rows: Rows,
        logits_RV: Tensor,
        step: OneTokenStep,
        limit: int,
        rules: TokenRules,
        options: SamplingOptions,
    ) -> None:
        device = logits_RV.device
        self._step, self._rules, self._options = step, rules, options
        self._room_R = (limit - rows.lengths_R).clamp(max=options.max_new_tokens)
        self._num_steps = int(self._room_R.max())
        self._cache: DecodingCache | None = None
        if self._num_steps > 1:
            self._cache = step.cache_type(
                prompts, rows.prompt_R, rows.lengths_R, self._num_steps, limit
            )
        shape = (len(rows.keys), self._num_steps)
        self._tokens_RN = torch.full(shape, rules.pad_id, device=device)
        self._log_probabilities_RN = torch.zeros(shape, device=device)
        self._uniforms_AN = row_uniforms(rows.keys, self._num_steps).to(device)
        self._logits_AV: Tensor | None = logits_RV
        self._row_A = torch.arange(len(rows.keys), device=device)
        self._going_A = self._room_R > 0
        self._openings = {row: rule for row, rule in enumerate(rows.openings) if rule is not None}
        self._opening_length: dict[int, int] = {}
        self._over: dict[int, int] = {}
        # Asking a GPU whether rows have finished makes it wait, so it is asked now and then.
        self._check_every = 1 if device.type == "cpu" else ASKED_EVERY
        self.num_drawn = 0
        """Tokens that each row still going has drawn."""
        self.is_done = self._num_steps == 0

    def step(self) -> None:
        """Draws the next token of each row."""
        drawn = self.num_drawn
        if self._logits_AV is None:
            assert self._cache is not None
            self._cache.advance()
            last_A = self._tokens_RN[self._row_A, drawn - 1]
            self._logits_AV = self._step(last_A, self._cache)
        token_A, log_probability_A = self._choose(self._logits_AV.float())
        self._logits_AV = None
        self._tokens_RN[self._row_A, drawn] = token_A
        self._log_probabilities_RN[self._row_A, drawn] = log_probability_A
        self.num_drawn = drawn = drawn + 1
        going_A = self._going_A & (token_A != self._rules.end_id)
        self._going_A = going_A & (drawn < self._room_R[self._row_A])
        if self._rules.is_over is not None and drawn % ASKED_EVERY == 0:
            self._ask(self._rules.is_over)
        self.is_done = drawn == self._num_steps
        if not self.is_done and (drawn - 1) % self._check_every == 0:
            self._let_finished_rows_go()

    def newest(self) -> int | None:
        """The first row's newest token, None where that was the end token."""
        token = int(self._tokens_RN[0, self.num_drawn - 1])
        return None if token == self._rules.end_id else token

    def _choose(self, logits_AV: Tensor) -> tuple[Tensor, Tensor]:
        """A token for each row, and its log-probability among all that are not banned."""
        # The logits are not needed as they were: what is chosen keeps its own.
        allowed_AV = logits_AV.index_fill_(1, self._rules.banned_ids, float("-inf"))
        normalizer_A = allowed_AV.logsumexp(-1)
        if self._openings:
            self._hold_to_openings(allowed_AV)
        token_A = choose(allowed_AV, self._uniforms_AN[:, self.num_drawn], self._options)
        return token_A, allowed_AV.gather(1, token_A[:, None])[:, 0] - normalizer_A

    def _hold_to_openings(self, allowed_AV: Tensor) -> None:
        """Leaves each row with an opening only the tokens that it allows."""
        place_of = {row: place for place, row in enumerate(self._row_A.tolist())}
        for row, rule in list(self._openings.items()):
            place = place_of.get(row)
            ids = self._tokens_RN[row, : self.num_drawn].tolist()
            wanted = None if place is None or self._rules.end_id in ids else rule(ids)
            if wanted is None:
                del self._openings[row]
                self._opening_length[row] = self.num_drawn
                continue
            wanted_W = torch.tensor(wanted, device=allowed_AV.device)
            kept_W = allowed_AV[place, wanted_W]
            allowed_AV[place] = float("-inf")
            allowed_AV[place, wanted_W] = kept_W

    def _ask(self, is_over: StopRule) -> None:
        """Ends the rows of which the stop rule says so."""
        going = self._going_A.tolist()
        rows = self._row_A.tolist()
        ids_RN = self._tokens_RN[:, : self.num_drawn].tolist()
        for place, row in enumerate(rows):
            if not going[place] or row in self._openings:
                continue
            if is_over(ids_RN[row][self._opening_length.get(row, 0) :]):
                self._over[row] = self.num_drawn
                going[place] = False
        self._going_A = torch.tensor(going, device=self._going_A.device)

    def _let_finished_rows_go(self) -> None:
        left = int(self._going_A.sum())
        self.is_done = left == 0
        # Moving the cache costs about one step, so a good share of rows leaves at once.
        if self.is_done or left > self._step.share_that_stays * len(self._row_A):
            return
        assert self._cache is not None
        kept = self._going_A.nonzero()[:, 0]
        self._cache.keep(kept)
        self._row_A, self._going_A = self._row_A[kept], self._going_A[kept]
        self._uniforms_AN = self._uniforms_AN[kept]

    def completions(self) -> list[Completion]:
        """Cuts each row at its end token, where its stop rule held, or at the end of its room."""
        completions = []
        end_id = self._rules.end_id
        ids_RN, values_RN = self._tokens_RN.tolist(), self._log_probabilities_RN.tolist()
        for row, room in enumerate(self._room_R.tolist()):
            length = min(room, self._over.get(row, room))
            ended = end_id in ids_RN[row][:length]
            if ended:
                length = ids_RN[row].index(end_id)
            completions.append(
                Completion(
                    tuple(ids_RN[row][:length]), tuple(values_RN[row][: length + ended]), ended
                )
            )
        return completions
