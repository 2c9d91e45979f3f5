"""How much memory tensors take: counted while they live, and the arithmetic of weights and caches.

    with LiveBytes() as live:
        loss = step()                       # real tensors, or fake ones that take no memory
    live.peak_bytes

    key_value_cache_bytes(config, num_rows=256, num_positions=512, bytes_per_number=2)

Under torch's `FakeTensorMode` a step of any size is counted in seconds and in no memory: the count
comes from the network itself and cannot drift away from it. What an allocator adds (rounding,
fragments, the device's context) is not counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lit_coder.networks.gpt import GPTConfig


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of storages that are made inside and still held by something.

    Views of what was there before do not count: the transposed weights of a linear layer are none.

    Attributes:
        live_bytes: held now.
        peak_bytes: the most that were held at the same time since the last `start_over`.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live_bytes = 0
        self.peak_bytes = 0
        self._known: set[int] = set()
        self._older: set[int] = set()

    def start_over(self) -> None:
        """The peak is counted anew, from what is held now."""
        self.peak_bytes = self.live_bytes

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the operation and count what it made."""
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor):
                self._note_given(leaf)
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._add(leaf)
        return result

    def _note_given(self, tensor: Tensor) -> None:
        """What an operation is given and none has made was there before."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._known and key not in self._older:
            self._older.add(key)
            weakref.finalize(storage, self._older.discard, key)

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known or key in self._older:
            return
        num_bytes = storage.nbytes()
        self._known.add(key)
        self.live_bytes += num_bytes
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)
        weakref.finalize(storage, self._release, key, num_bytes)

    def _release(self, key: int, num_bytes: int) -> None:
        self._known.discard(key)
        self.live_bytes -= num_bytes


def key_value_cache_bytes(
    config: GPTConfig, num_rows: int, num_positions: int, bytes_per_number: int
) -> int:
    """Keys and values of rows that are decoded together, each `num_positions` long."""
    per_position = 2 * config.num_hidden_layers * config.key_value_heads * config.features_per_head
    return num_rows * num_positions * per_position * bytes_per_number


def optimizer_bytes(kind: str, config: GPTConfig, bytes_per_weight: int) -> int:
    """State of an optimizer beside the weights.

    AdamW keeps two moments as wide as the weights; 8-bit AdamW two bytes and two float32 scales
    for each 256 numbers (its vectors keep wide moments and are few); Muon one moment for the
    hidden matrices and AdamW's two for the rest.
    """
    total = config.num_parameters
    tables = (1 if config.tie_word_embeddings else 2) * config.vocab_size * config.hidden_size
    if kind == "adamw_8bit":
        return int(total * (2 + 2 * 4 / 256))
    if kind == "muon":
        return bytes_per_weight * (total - tables) + 2 * bytes_per_weight * tables
    assert kind == "adamw", kind
    return 2 * bytes_per_weight * total
