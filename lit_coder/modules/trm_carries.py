"""What the slots of a TRM work on between optimizer steps, for one process and in a checkpoint.

    carries = Carries(network, num_micro_batches=1)
    carry = carries.of(batch, index=0); ...; carries.keep(0, step.carry)
    saved = carries.state_dict()                   # of all processes, in the order of their rows
    carries.load_state_dict(saved)                 # also on another number of processes

Each micro-batch of an optimizer step has slots of its own. Rows of a step are dealt out like
cards (`BatchLayout.own`): row r of micro-batch m on device d is global row m * devices + d + r *
micro-batches. Saved in the global order, they are dealt again the same way; where optimizer steps
have another number of rows, which a `RoundLoader` refuses, all slots start anew. Binary latents are
saved as bits.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, distributed

from lit_coder.modules.canvas_learning import CANVAS_COLUMNS, SAMPLING
from lit_coder.networks.binary_latents import pack_bits, unpack_bits
from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_halting import Carry, initial_carry
from lit_coder.networks.xla_device import on_host, share_rows

logger = logging.getLogger("lit_coder.modules")

_FIELDS = ("ids_BT", "labels_BT", "puzzle_ids_B", *CANVAS_COLUMNS, SAMPLING)


class Carries:
    """The carry of each micro-batch of an optimizer step on this device.

    Args:
        network: whose states they hold.
        num_micro_batches: of an optimizer step, on this device.
    """

    def __init__(self, network: TRM, num_micro_batches: int) -> None:
        self._network = network
        self._count = num_micro_batches
        self._carries: dict[int, Carry] = {}
        self._saved: dict[str, Tensor] | None = None

    def of(self, batch: Mapping[str, Tensor], index: int) -> Carry:
        """The carry of a micro-batch; at first its slots are free, or those of a checkpoint."""
        if self._saved is not None:
            self._deal(self._saved, batch)
            self._saved = None
        if index not in self._carries:
            fields = {name: batch[name] for name in _FIELDS if name in batch}
            self._carries[index] = initial_carry(self._network, fields)
        return self._carries[index]

    def keep(self, index: int, carry: Carry) -> None:
        """Remember a micro-batch's carry for its next step."""
        self._carries[index] = carry

    def state_dict(self) -> dict[str, Tensor]:
        """Every field of all slots of the run, in the global order; every process must ask.

        Empty before the first step.
        """
        if len(self._carries) < self._count:
            return dict(self._saved or {})
        own = [_as_tensors(self._carries[index]) for index in range(self._count)]
        if _processes()[0] == 1:
            own = on_host(own)
        if self._network.config.binary_threshold is not None:
            for each in own:
                each["z_bits_BLD"] = pack_bits(each.pop("z_BLD"))
        return {name: _in_order([each[name] for each in own]) for name in own[0]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave, at the next step."""
        self._saved = dict(state) or None

    def _deal(self, saved: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> None:
        ids_BT = batch["ids_BT"]
        num_devices, device_number = _processes()
        total = self._count * num_devices
        device, num_rows = ids_BT.device, total * len(ids_BT)
        if len(saved["num_steps_B"]) != num_rows:
            logger.warning(
                "optimizer steps have %d rows, in the checkpoint %d rows: every slot starts anew",
                num_rows,
                len(saved["num_steps_B"]),
            )
            return
        for index in range(self._count):
            first = index * num_devices + device_number
            own = {name: field[first::total] for name, field in saved.items()}
            if "z_bits_BLD" in own:
                # Before they are sent: on an XLA device it would be a part of the first step.
                num_features, dtype = self._network.config.hidden_size, self._network.compute_dtype
                own["z_BLD"] = unpack_bits(own.pop("z_bits_BLD"), num_features, dtype)
            carry = _as_carry({name: share_rows(field.to(device)) for name, field in own.items()})
            # What was trained without rewards goes on with them, and the other way round.
            for name in _FIELDS[3:]:
                if name in batch and name not in carry.data:
                    carry.data[name] = torch.zeros_like(batch[name])
                elif name not in batch:
                    carry.data.pop(name, None)
            self._carries[index] = carry


def _processes() -> tuple[int, int]:
    """How many processes train together, and the number of this one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 1, 0
    return distributed.get_world_size(), distributed.get_rank()


def _in_order(own: list[Tensor]) -> Tensor:
    """A field of all slots of the run on the host, in the order of the step's global rows."""
    count, _ = _processes()
    columns = []
    for micro_batch in own:
        parts = [micro_batch]
        if count > 1:
            # Bytes: a backend need not know every type.
            sent = micro_batch.contiguous().view(torch.uint8)
            received = [torch.empty_like(sent) for _ in range(count)]
            distributed.all_gather(received, sent)
            parts = [each.view(micro_batch.dtype) for each in received]
        columns += [part.cpu() for part in parts]
    # Row r of every column, then row r + 1: the global order.
    return torch.stack(columns, 1).flatten(0, 1)


def _as_tensors(carry: Carry) -> dict[str, Tensor]:
    return {
        "y_BLD": carry.state.y_BLD,
        "z_BLD": carry.state.z_BLD,
        "num_steps_B": carry.num_steps_B,
        "halted_B": carry.halted_B,
        **{f"data.{name}": field for name, field in carry.data.items()},
    }


def _as_carry(tensors: Mapping[str, Tensor]) -> Carry:
    data = {n.removeprefix("data."): f for n, f in tensors.items() if n.startswith("data.")}
    state = TRMState(tensors["y_BLD"], tensors["z_BLD"])
    return Carry(state, tensors["num_steps_B"], tensors["halted_B"], data)
