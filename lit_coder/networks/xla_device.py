"""What XLA devices want of torch_xla: TPUs, and XLA's client for a CPU.

    run_pending(device)                    # what was asked for so far is a graph of its own
    share_rows(ids_BL)                     # each device holds an equal part of the rows
    checkpoint = on_host(checkpoint)       # all tensors in one transfer

Operations on an XLA device are written down, and compiled and run where a value is looked at or
`run_pending` is called; the same graph again is not compiled again. Several devices are driven by
one process, as one: torch_xla calls that SPMD. On other devices all this does nothing, and
torch_xla is imported only where there is an XLA device: this is the only file that calls it, but
for trainer/xla_cpu.py, which tells Lightning of the devices.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def run_pending(device: torch.device) -> None:
    """Have an XLA device run what was asked of it so far; the host does not wait for it.

    Whoever calls this decides where graphs end. Random numbers drawn afterwards depend on how
    often it was called.
    """
    if device.type == "xla":
        import torch_xla

        torch_xla.sync()


def wait(device: torch.device) -> None:
    """Wait until an XLA device has done what was asked of it."""
    if device.type == "xla":
        import torch_xla

        torch_xla.sync(wait=True)


def share_rows(tensor: Tensor) -> Tensor:
    """Share the rows of a tensor out among the XLA devices, where there are several.

    What is computed from it is shared out likewise, without being said. Rows that cannot be
    divided equally stay on every device.

    Args:
        tensor: its first dimension is that of the rows.

    Returns:
        The same tensor.
    """
    if tensor.device.type != "xla" or tensor.dim() == 0:
        return tensor
    count = _num_sharing_devices()
    if count > 1 and tensor.shape[0] % count == 0:
        import torch_xla.core.xla_model as xla_model
        import torch_xla.distributed.spmd as spmd

        # What is still being computed has no data that could be shared out.
        xla_model.wait_device_ops()
        spmd.mark_sharding(tensor, _mesh(), ("rows", *[None] * (tensor.dim() - 1)))
    return tensor


def on_host(content: Any) -> Any:
    """Containers of any depth with the tensors of XLA devices copied to the host.

    Others stay what they are, and so does content without such tensors.
    """
    found: dict[int, Tensor] = {}

    def find(tensor: Tensor) -> Tensor:
        if tensor.device.type == "xla":
            found[id(tensor)] = tensor.detach()
        return tensor

    _with_tensors(content, find)
    if not found:
        return content
    import torch_xla.core.xla_model as xla_model

    copies = dict(zip(found, xla_model._maybe_convert_to_cpu(list(found.values())), strict=True))
    return _with_tensors(content, lambda tensor: copies.get(id(tensor), tensor))


def random_state() -> int:
    """The state of the XLA devices' random numbers."""
    import torch_xla.core.xla_model as xla_model

    return int(xla_model.get_rng_state())


def set_random_state(state: int) -> None:
    """Go on with such a state; a seed is one."""
    import torch_xla.core.xla_model as xla_model

    xla_model.set_rng_state(state)


def peak_bytes(device: torch.device) -> int | None:
    """The most memory an XLA device's tensors have taken; None where it is not counted.

    Neither the CPU client counts it, nor several devices as one.
    """
    import torch_xla.core.xla_model as xla_model

    try:
        return int(xla_model.get_memory_info(device)["peak_bytes_used"])
    except (RuntimeError, KeyError):
        return None


def device_name() -> str:
    """How many XLA devices of which kind this process drives."""
    import torch_xla.runtime

    count = torch_xla.runtime.addressable_runtime_device_count()
    return f"{count if torch_xla.runtime.is_spmd() else 1} x XLA {torch_xla.runtime.device_type()}"


@functools.cache
def _num_sharing_devices() -> int:
    import torch_xla.runtime

    if not torch_xla.runtime.is_spmd():
        return 1
    return int(torch_xla.runtime.global_runtime_device_count())


@functools.cache
def _mesh() -> Any:
    import torch_xla.distributed.spmd as spmd

    return spmd.get_1d_mesh("rows")


def _with_tensors(content: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same containers with other tensors in them; what is in others stays as it is."""
    if isinstance(content, Tensor):
        return change(content)
    if isinstance(content, dict):
        # Shallow first: a state_dict is an OrderedDict with attributes of its own.
        copied = copy.copy(content)
        for key, item in content.items():
            copied[key] = _with_tensors(item, change)
        return copied
    if isinstance(content, (list, tuple)):
        items = [_with_tensors(item, change) for item in content]
        return type(content)(*items) if hasattr(content, "_fields") else type(content)(items)
    return content
