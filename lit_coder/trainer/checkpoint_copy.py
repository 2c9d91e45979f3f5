"""Copies a checkpoint into host memory, so that it can be written while training goes on.

    copier = HostCopier()
    copied = copier.copy(checkpoint)     # tensors of any device, containers of any depth
    copied.arrived()                     # waits for the device's part of the copying
    torch.save(copied.content, path)

One block of host memory takes all tensors and is used again by the next copy, which invalidates
the former one. For CUDA it is page-locked: the copies are queued behind the training step, device
memory does not grow and the training thread does not wait. Tensors that are the same one stay the
same one. Writing files is `checkpoint_writer.py`'s business.
"""

from __future__ import annotations

import copy
import logging
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

logger = logging.getLogger("lit_coder.trainer")

_ALIGNMENT_BYTES = 64
_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes)


@dataclass(frozen=True)
class CopiedCheckpoint:
    """A checkpoint in host memory; call `arrived` before its tensors are read."""

    content: Any
    arrived: Callable[[], None]


class HostCopier:
    """Copies checkpoints into memory that it keeps."""

    def __init__(self) -> None:
        self._memory: mmap.mmap | None = None
        self._locked_address = 0
        self._used_bytes = 0
        self._placed: dict[tuple[Any, ...], torch.Tensor] = {}

    @property
    def num_bytes(self) -> int:
        """Host memory that is kept for the next copy."""
        return 0 if self._memory is None else len(self._memory)

    def copy(self, checkpoint: Any) -> CopiedCheckpoint:
        """Copy containers and tensors; whatever else is mutable is copied deeply.

        The content of the copy before is overwritten.
        """
        tensors = {_identity(tensor): tensor for tensor in _plain_tensors(checkpoint)}
        devices = {tensor.device for tensor in tensors.values() if tensor.is_cuda}
        self._reserve(sum(_room(tensor) for tensor in tensors.values()), bool(devices))
        self._used_bytes = 0
        self._placed.clear()
        content = self._copy_of(checkpoint)
        self._placed.clear()
        events = [_recorded_event(device) for device in devices]

        def arrived() -> None:
            for event in events:
                event.synchronize()

        return CopiedCheckpoint(content, arrived)

    def release(self) -> None:
        """Give the memory back; it goes when the last copied tensor goes."""
        if self._locked_address:
            _cuda_runtime().cudaHostUnregister(self._locked_address)
            self._locked_address = 0
        self._memory = None

    def _reserve(self, num_bytes: int, lock: bool) -> None:
        if num_bytes == 0 or (num_bytes <= self.num_bytes and (self._locked_address or not lock)):
            return
        self.release()
        self._memory = mmap.mmap(-1, num_bytes)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        if lock:
            address = torch.frombuffer(self._memory, dtype=torch.uint8, count=1).data_ptr()
            # PyTorch's own page-locked allocations are rounded up to powers of two.
            if int(_cuda_runtime().cudaHostRegister(address, num_bytes, 0)) == 0:
                self._locked_address = address
            else:
                logger.warning(
                    "%.1f GB of host memory cannot be page-locked: training waits longer for the "
                    "copy of each checkpoint",
                    num_bytes / 1e9,
                )

    def _copy_of(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensor_copy(value)
        if isinstance(value, dict):
            # Shallow first: a state_dict is an OrderedDict with attributes of its own.
            copied = copy.copy(value)
            for key, item in value.items():
                copied[key] = self._copy_of(item)
            return copied
        if isinstance(value, (list, tuple)):
            items = [self._copy_of(item) for item in value]
            if type(value) in (list, tuple):
                return type(value)(items)
            return type(value)(*items) if hasattr(value, "_fields") else copy.deepcopy(value)
        return value if isinstance(value, _IMMUTABLE) else copy.deepcopy(value)

    def _tensor_copy(self, tensor: torch.Tensor) -> torch.Tensor:
        if _is_wrapper(tensor):
            wrapper: Any = tensor
            names, context = wrapper.__tensor_flatten__()
            inner = {name: self._copy_of(getattr(wrapper, name)) for name in names}
            made: torch.Tensor = type(wrapper).__tensor_unflatten__(
                inner, context, wrapper.size(), wrapper.stride()
            )
            return made
        if not _is_plain(tensor):
            return tensor.detach().cpu().clone()
        key = _identity(tensor)
        if key not in self._placed:
            self._placed[key] = self._place(tensor.detach())
        return self._placed[key]

    def _place(self, tensor: torch.Tensor) -> torch.Tensor:
        assert self._memory is not None
        # A storage of its own: torch.save writes whole storages.
        storage = torch.frombuffer(
            self._memory, dtype=torch.uint8, count=tensor.nbytes, offset=self._used_bytes
        )
        self._used_bytes += _room(tensor)
        strides = torch.empty_like(tensor, device="meta").stride()
        host = storage.view(tensor.dtype).as_strided(tensor.size(), strides)
        return host.copy_(tensor, non_blocking=tensor.is_cuda)


def _is_wrapper(tensor: torch.Tensor) -> bool:
    """Whether tensors are inside, as in the states of 8-bit optimizers."""
    return bool(is_traceable_wrapper_subclass(tensor))


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and not tensor.is_quantized
        and tensor.device.type != "meta"
        and tensor.numel() > 0
    )


def _plain_tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors that get a place in the block."""
    if isinstance(value, torch.Tensor):
        if _is_wrapper(value):
            wrapper: Any = value
            for name in wrapper.__tensor_flatten__()[0]:
                yield from _plain_tensors(getattr(wrapper, name))
        elif _is_plain(value):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _plain_tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _plain_tensors(item)


def _identity(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Equal for tensors that are the same memory, seen in the same way."""
    return (
        tensor.device, tensor.data_ptr(), tuple(tensor.size()), tensor.stride(), tensor.dtype,
    )  # fmt: skip


def _room(tensor: torch.Tensor) -> int:
    return -(-tensor.nbytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES


def _recorded_event(device: torch.device) -> torch.cuda.Event:
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))
    return event


def _cuda_runtime() -> Any:
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]
