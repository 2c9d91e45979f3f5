"""Several optimizers as one, and 8-bit AdamW with a state of plain tensors.

    optimizer = OptimizerOfParts([AdamW(tables), Muon(matrices)])
    optimizer = EightBitAdamW(groups, lr=3e-4)

One optimizer is what Lightning's automatic optimization, its checkpoints and a learning-rate
schedule are made for: groups, state and step counts are the whole's, and the parts are only the
arithmetic on them. Which parameters belong where is decided in `optimizers`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

logger = logging.getLogger("lit_coder.modules")

_PART = "part"


class OptimizerOfParts(Optimizer):
    """Optimizers that step together; groups of the first part come first.

    Args:
        parts: as they were made, each with its groups. They are not to be used by themselves.
    """

    def __init__(self, parts: Sequence[Optimizer]) -> None:
        self._parts = tuple(parts)
        groups = [
            {**group, _PART: number}
            for number, part in enumerate(parts)
            for group in part.param_groups
        ]
        super().__init__(groups, {})

    def step(  # type: ignore[override]
        self, closure: Callable[[], float] | None = None
    ) -> float | None:
        """One step of each part, with the groups and the state as they are now."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, part in enumerate(self._parts):
            # Loading a state puts other containers in the place of these.
            part.state = self.state
            part.param_groups = [g for g in self.param_groups if g[_PART] == number]
            self._step_part(part)
        return loss

    def _step_part(self, part: Optimizer) -> None:
        part.step()


class EightBitAdamW(OptimizerOfParts):
    """AdamW whose moments take 8 bits a number (Dettmers et al. 2022), computed by torchao.

    Matrices of at least 4,096 numbers, a multiple of 256, have such moments; others are wide.
    Weights in bfloat16 are rounded stochastically, else small updates would be lost.

    Args:
        groups: parameters with their weight decay.
        lr: learning rate.
        betas: decay of the moments.
        eps: added to the root of the second moment.
        is_compiled: fuse the update of each matrix; where that fails, a warning says why and it
            is computed as it is.

    Raises:
        ValueError: torchao is not installed.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        lr: float,
        betas: tuple[float, float],
        eps: float,
        is_compiled: bool,
    ) -> None:
        try:
            from torchao.optim import AdamW8bit
            from torchao.optim.subclass_8bit import OptimState8bit
        except ImportError as error:
            raise ValueError(
                f"model.init_args.optimizer adamw_8bit needs torchao ({error}): "
                "pip install 'lit-coder[quantize]', or choose adamw"
            ) from error
        self._moment_type = OptimState8bit
        self._is_compiled = is_compiled
        part = AdamW8bit(groups, lr=lr, betas=betas, eps=eps, bf16_stochastic_round=True)
        for group in part.param_groups:
            group["lr"] = lr
        super().__init__([part])

    def _step_part(self, part: Optimizer) -> None:
        for group in part.param_groups:
            # torchao wants a tensor here, so that a new rate does not compile anew.
            rate = torch.tensor(group["lr"], dtype=torch.float32)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    part.param_groups = [{**group, "lr": rate, "params": [parameter]}]
                    self._step_parameter(part, parameter)

    def _step_parameter(self, part: Optimizer, parameter: Tensor) -> None:
        if self._is_compiled:
            try:
                part.step()
                return
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A fault of the update itself comes again below.
                self._is_compiled = False
                reason = next(iter(str(error).strip().splitlines()), "no reason given")
                logger.warning("the optimizer goes on without torch.compile: %s", reason)
                # It was counted before it failed.
                self.state[parameter]["step"] -= 1
        with torch.compiler.set_stance("force_eager"):
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors only: whoever reads it needs no torchao."""
        content = super().state_dict()
        content["state"] = {
            number: {name: self._plain(value) for name, value in state.items()}
            for number, state in content["state"].items()
        }
        return content

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        state = {
            number: {name: self._moment(value) for name, value in values.items()}
            for number, values in state_dict["state"].items()
        }
        super().load_state_dict({**state_dict, "state": state})

    def _plain(self, value: Any) -> Any:
        if not isinstance(value, self._moment_type):
            return value
        return {
            "codes": value.codes,
            "scale": value.scale,
            "qmap": value.qmap,
            "signed": value.signed,
        }

    def _moment(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return self._moment_type(value["codes"], value["scale"], value["qmap"], value["signed"])
