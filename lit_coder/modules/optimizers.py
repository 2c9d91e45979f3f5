"""Which optimizer updates which parameter.

    kinds = parameter_kinds(module)                   # while weights still have their shapes
    optimizer = make_optimizer(options, module.named_parameters(), kinds)

AdamW for everything, its 8-bit form, or Muon for the matrices inside the network with AdamW for
the rest: always one optimizer with a few groups. Weight decay is on matrices and tables only
(Loshchilov and Hutter, 2019). How the learning rate moves is in `schedule`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from lit_coder.modules.optimizer_parts import EightBitAdamW, OptimizerOfParts

OptimizerKind = Literal["adamw", "adamw_8bit", "muon"]
ParameterKind = Literal["matrix", "table", "vector"]

_BETAS = (0.9, 0.95)
_EPSILON = 1e-8
_FUSED_DEVICES = {"cpu", "cuda", "mps", "xpu"}
# Sharding puts its own names between those of the modules.
_WRAPPER_NAMES = ("_fsdp_wrapped_module.", "_orig_mod.")


@dataclass(frozen=True, slots=True)
class OptimizerOptions:
    """What the user chooses of it; see `GPTModule`."""

    kind: OptimizerKind
    learning_rate: float
    muon_learning_rate: float | None
    weight_decay: float
    muon_weight_decay: float | None = None

    def __post_init__(self) -> None:
        for name in ("learning_rate", "muon_learning_rate"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"model.init_args.{name} must be above 0, not {value}")
        for name in ("weight_decay", "muon_weight_decay"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"model.init_args.{name} must be 0 or more, not {value}")


def parameter_kinds(module: nn.Module) -> dict[str, ParameterKind]:
    """What each trainable parameter is, by its name.

    A table holds one row for each token: embedding and output layer. A matrix is any other with
    two dimensions or more, a vector one with fewer. To be called before a strategy shards the
    weights: its shards are flat.
    """
    tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding)}
    for part in module.modules():
        tables.add(id(getattr(part, "output_weight", None)))
    kinds: dict[str, ParameterKind] = {}
    for name, parameter in module.named_parameters():
        if id(parameter) in tables:
            kinds[name] = "table"
        else:
            kinds[name] = "matrix" if parameter.dim() >= 2 else "vector"
    return kinds


def make_optimizer(
    options: OptimizerOptions,
    named_parameters: Iterable[tuple[str, nn.Parameter]],
    kinds: Mapping[str, ParameterKind],
    is_compiled: bool = False,
) -> Optimizer:
    """The optimizer over all trainable parameters, as one object.

    AdamW has two groups, matrices with tables and vectors. Muon (Jordan et al., 2024) has three:
    tables, vectors, and its matrices last.

    Args:
        options: kind and rates.
        named_parameters: as they are now, perhaps sharded.
        kinds: what they are.
        is_compiled: whether 8-bit updates are fused.

    Raises:
        ValueError: torchao is missing.
    """
    parameters: dict[ParameterKind, list[nn.Parameter]] = {"matrix": [], "table": [], "vector": []}
    decayed = []
    for name, parameter in named_parameters:
        if parameter.requires_grad:
            kind = kinds[_own_name(name)]
            parameters[kind].append(parameter)
            if kind != "vector":
                decayed.append(parameter)
    vectors = {"params": parameters["vector"], "weight_decay": 0.0}
    if options.kind == "muon":
        tables = {"params": parameters["table"], "weight_decay": options.weight_decay}
        muon = _muon(parameters["matrix"], options)
        return OptimizerOfParts([_adamw([tables, vectors], options), muon])
    groups = [{"params": decayed, "weight_decay": options.weight_decay}, vectors]
    if options.kind == "adamw_8bit":
        return EightBitAdamW(groups, options.learning_rate, _BETAS, _EPSILON, is_compiled)
    return _adamw(groups, options)


def suit_device(state: dict[str, Any], device_type: str) -> None:
    """Have a saved optimizer state be of AdamW as it is on this device, wherever it was saved."""
    for group in state["param_groups"]:
        if "fused" in group:
            group["fused"] = device_type in _FUSED_DEVICES
        if "capturable" in group:
            group["capturable"] = device_type == "xla"


def _adamw(groups: list[dict[str, Any]], options: OptimizerOptions) -> torch.optim.AdamW:
    devices = {parameter.device.type for group in groups for parameter in group["params"]}
    return torch.optim.AdamW(
        groups,
        lr=options.learning_rate,
        betas=_BETAS,
        eps=_EPSILON,
        fused=devices <= _FUSED_DEVICES,
        # Counts its steps on the device. XLA would compile anew where a number made of them on the
        # host rounds to 1, as the correction of the second moment does at step 720 or so.
        capturable=devices == {"xla"},
    )


def _muon(matrices: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Muon:
    """Muon with rate and decay of its own, or with AdamW's.

    A step with AdamW's rate is scaled to the size that AdamW's has (Liu et al., 2025, "Muon is
    scalable for LLM training"); one with Muon's own to that of Jordan et al.
    """
    rate, decay = options.muon_learning_rate, options.muon_weight_decay
    return torch.optim.Muon(
        matrices,
        lr=options.learning_rate if rate is None else rate,
        weight_decay=options.weight_decay if decay is None else decay,
        adjust_lr_fn="match_rms_adamw" if rate is None else "original",
    )


def _own_name(name: str) -> str:
    for wrapper in _WRAPPER_NAMES:
        name = name.replace(wrapper, "")
    return name
