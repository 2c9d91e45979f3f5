"""Keys and values of the tokens already seen, so that each is computed once.

    prompts = PromptCache()                       # records while the prompts are read
    network.hidden(prompt_ids_BT, prompts)
    cache = DecodingCache(prompts, rows, lengths, room=96)
    cache.advance()                               # before each new token
    network.hidden(token_B1, cache)
    cache.keep(alive)                             # finished rows leave

The memory of a DecodingCache is taken once. Its columns are not positions: every row's prompt
starts at column 0, all rows write their n-th new token into the same column, and what lies
between a shorter prompt and that column is masked. Keys are stored already rotated, so the order
of the columns does not matter.

Letters after a name are its dimensions:
    P prompts   R rows decoded together   K key-value heads   S columns   D head dimension
"""

from __future__ import annotations

import torch
from torch import Tensor


class PromptCache:
    """Records each layer's keys and values of right-padded prompts read from their start."""

    positions_BT: Tensor | None = None
    mask_BHTS: Tensor | None = None

    def __init__(self) -> None:
        self.layers: list[tuple[Tensor, Tensor]] = []

    def extend(self, layer: int, key_BKTD: Tensor, value_BKTD: Tensor) -> tuple[Tensor, Tensor]:
        """Keeps this layer's keys and values, and hands them on."""
        assert layer == len(self.layers), "a PromptCache is read into once, layer after layer"
        self.layers.append((key_BKTD, value_BKTD))
        return key_BKTD, value_BKTD


class DecodingCache:
    """Keys and values of rows that grow by one token at a time.

    Args:
        prompts: what the prompts left behind.
        prompt_of_row_R: which of the prompts each row continues.
        lengths_R: true length of each row's prompt.
        room: new tokens that can be stored.
        max_positions: positions that the network knows.
    """

    def __init__(
        self,
        prompts: PromptCache,
        prompt_of_row_R: Tensor,
        lengths_R: Tensor,
        room: int,
        max_positions: int,
    ) -> None:
        self._layers: list[tuple[Tensor, Tensor]] = []
        for key_PKSD, value_PKSD in prompts.layers:
            pair = []
            for part_PKSD in (key_PKSD, value_PKSD):
                _, heads, columns, size = part_PKSD.shape
                shape = (len(prompt_of_row_R), heads, columns + room, size)
                stored_RKSD = part_PKSD.new_empty(shape)
                stored_RKSD[:, :, :columns] = part_PKSD[prompt_of_row_R]
                pair.append(stored_RKSD)
            self._layers.append((pair[0], pair[1]))
        self._lengths_R = lengths_R
        self._last_position = max_positions - 1
        self._prompt_columns = self._filled = prompts.layers[0][0].shape[2]
        # Equal lengths leave no gap, and no mask is the faster path.
        self._visible_RS: Tensor | None = None
        if bool((lengths_R != self._prompt_columns).any()):
            columns_S = torch.arange(self._prompt_columns + room, device=lengths_R.device)
            in_prompt_RS = columns_S < lengths_R[:, None]
            self._visible_RS = in_prompt_RS | (columns_S >= self._prompt_columns)
        self.positions_BT: Tensor | None = None
        self.mask_BHTS: Tensor | None = None

    def advance(self) -> None:
        """Makes the next column the one that is written; called before each new token."""
        new_tokens = self._filled - self._prompt_columns
        self._filled += 1
        # Rows that have finished but not yet left may stand past the end: their result is unused.
        positions_R = (self._lengths_R + new_tokens).clamp(max=self._last_position)
        self.positions_BT = positions_R[:, None]
        if self._visible_RS is not None:
            self.mask_BHTS = self._visible_RS[:, None, None, : self._filled]

    def extend(self, layer: int, key_BKTD: Tensor, value_BKTD: Tensor) -> tuple[Tensor, Tensor]:
        """Stores one new token of each row; all of this layer's keys and values so far."""
        key_RKSD, value_RKSD = self._layers[layer]
        key_RKSD[:, :, self._filled - 1] = key_BKTD[:, :, 0]
        value_RKSD[:, :, self._filled - 1] = value_BKTD[:, :, 0]
        return key_RKSD[:, :, : self._filled], value_RKSD[:, :, : self._filled]

    def keep(self, rows_R: Tensor) -> None:
        """Lets every row go but these (indices)."""
        for layer, (key_RKSD, value_RKSD) in enumerate(self._layers):
            self._layers[layer] = (self._gather(key_RKSD, rows_R), self._gather(value_RKSD, rows_R))
        self._lengths_R = self._lengths_R[rows_R]
        if self._visible_RS is not None:
            self._visible_RS = self._visible_RS[rows_R]

    def _gather(self, stored_RKSD: Tensor, rows_R: Tensor) -> Tensor:
        shape = (len(rows_R), *stored_RKSD.shape[1:])
        kept_RKSD = stored_RKSD.new_empty(shape)
        kept_RKSD[:, :, : self._filled] = stored_RKSD[:, :, : self._filled][rows_R]
        return kept_RKSD
