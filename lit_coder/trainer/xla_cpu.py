"""XLA devices for Lightning: TPUs, and XLA's client for a CPU, which needs no TPU to be tried.

    python main.py fit --config configs/trm_tpu.yaml                          # accelerator tpu
    python main.py fit --config configs/trm_debug.yaml --trainer.accelerator xla_cpu
    python main.py fit ... --trainer.accelerator xla_cpu --trainer.devices 2

One process drives all devices as if they were one, and rows of a batch are shared out among them
(torch_xla calls that SPMD). Lightning's own strategy for several XLA devices forks a process or
starts a thread for each: neither goes with a sandbox, a pool with one writer, and signals. What
is peculiar to XLA devices stands here, where Lightning is told of them, and in
networks/xla_device.py, where torch_xla is called while a model computes.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch.accelerators import AcceleratorRegistry, XLAAccelerator
from lightning.pytorch.strategies.single_xla import SingleDeviceXLAStrategy
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor

from lit_coder.modules.code_module import CodeModule
from lit_coder.networks.xla_device import share_rows

XLA_ACCELERATORS = ("tpu", "xla_cpu")
_REMEDY = 'pip install "lit-coder[tpu]"'
_NUM_CPU_DEVICES = "CPU_NUM_DEVICES"
"""The variable by which XLA's CPU client is told how many devices it shall play."""


class XLACPUAccelerator(XLAAccelerator):
    """XLA's client for a CPU in the place of a TPU.

    What a TPU would be given to compile is compiled and run, so that recompiling and operations
    that XLA lacks are seen; numbers, not times, are those of a TPU.
    """

    @staticmethod
    def name() -> str:
        """`--trainer.accelerator xla_cpu`."""
        return "xla_cpu"

    @staticmethod
    def is_available() -> bool:  # type: ignore[override]
        """Wherever torch_xla is installed."""
        return xla_fault() == ""

    @staticmethod
    def auto_device_count() -> int:  # type: ignore[override]
        """As many as the client plays: one, unless the variable says otherwise."""
        return int(os.environ.get(_NUM_CPU_DEVICES, "1"))

    @staticmethod
    def parse_devices(devices: int | str | list[int]) -> int:
        """A number of devices."""
        return int(devices) if isinstance(devices, (int, str)) else len(devices)

    @staticmethod
    def get_parallel_devices(devices: int | list[int]) -> list[torch.device]:
        """The devices by their numbers."""
        return [torch.device("xla", index) for index in range(int(str(devices)))]


AcceleratorRegistry.register(
    XLACPUAccelerator.name(), XLACPUAccelerator, description=XLACPUAccelerator.__name__
)


class XLADevicesStrategy(SingleDeviceXLAStrategy):
    """All XLA devices of this machine, or one, driven by this process.

    Weights are on each device; a batch's rows are shared out. A batch is that of all devices
    together, and losses and gradients are those of the whole batch: XLA adds them up.

    Args:
        num_devices: one, or all that there are.
        **options: those of Lightning's `SingleDeviceXLAStrategy`.
    """

    strategy_name = "xla_devices"

    def __init__(self, num_devices: int = 1, **options: Any) -> None:
        if num_devices > 1:
            import torch_xla.runtime

            # Before the first tensor is on a device.
            torch_xla.runtime.use_spmd()
        super().__init__(device=torch.device("xla", 0), **options)

    def batch_to_device(
        self, batch: Any, device: torch.device | None = None, dataloader_idx: int = 0
    ) -> Any:
        """The batch on the devices."""
        batch = super().batch_to_device(batch, device, dataloader_idx)
        return apply_to_collection(batch, Tensor, share_rows)


def xla_fault() -> str:
    """Why torch_xla cannot be used; "" where it can."""
    try:
        importlib.import_module("torch_xla")
    except ModuleNotFoundError as error:
        return str(error)
    except ImportError as error:
        return f"it does not fit PyTorch {torch.__version__}: {str(error).splitlines()[0]}"
    return ""


def meant_accelerator(accelerator: Any, module: type[CodeModule]) -> Any:
    """What `auto` means where there is a TPU: Lightning would choose it with its own strategy.

    Args:
        accelerator: the option of Trainer; others than `auto` mean themselves.
        module: what is to be trained.
    """
    if accelerator != "auto" or not XLAAccelerator.is_available():
        return accelerator
    return "tpu" if module.has_static_shapes else "cpu"


def refuse_unfit_xla(
    trainer: Mapping[str, Any], module: type[CodeModule], objective: Any = None
) -> None:
    """Raise where options of Trainer cannot work on the XLA devices that they name.

    Args:
        trainer: its options.
        module: what is to be trained.
        objective: what it is to learn by, where it is told; None = what the module has of itself.

    Raises:
        ValueError: naming the option.
    """
    accelerator = trainer["accelerator"]
    if accelerator not in XLA_ACCELERATORS:
        return
    if not module.has_static_shapes:
        raise ValueError(
            f"trainer.accelerator {accelerator} is for a TRMModule, not for a {module.__name__}: "
            "it writes rows that grow, which XLA would compile anew at each token; use "
            "--trainer.accelerator cpu, or auto"
        )
    if objective is not None:
        raise ValueError(
            f"model.init_args.objective cannot be had with trainer.accelerator {accelerator}: the "
            "starts of canvases that the model wrote are looked up row by row, which XLA would "
            "wait for and compile anew; use --trainer.accelerator cpu, or leave the objective out"
        )
    if accelerator == "xla_cpu":
        # Otherwise torch_xla chooses on import, and says so.
        os.environ["PJRT_DEVICE"] = "CPU"
    # XLA's compiler announces at each graph that its partitioner will be another one.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if fault := xla_fault():
        raise ValueError(
            f"trainer.accelerator {accelerator} needs torch_xla ({fault}): {_REMEDY}, or use "
            "--trainer.accelerator cpu"
        )
    if accelerator == "tpu" and not XLAAccelerator.is_available():
        raise ValueError(
            "trainer.accelerator tpu: there is no TPU on this machine; use --trainer.accelerator "
            "cpu, or xla_cpu to have XLA compile for a CPU what it would for a TPU"
        )
    for name, fitting, instead in (
        ("strategy", ("auto",), "one process drives all XLA devices; leave it out"),
        ("num_nodes", (1,), "XLA devices of one machine are supported"),
        (
            "precision",
            (None, "32-true", "32", 32),
            "weights stay in float32 on XLA devices; set model.init_args.compute_dtype bfloat16",
        ),
    ):
        if trainer[name] not in fitting:
            raise ValueError(f"trainer.{name} cannot be {trainer[name]} here: {instead}")
    _num_devices(accelerator, trainer["devices"])


def xla_strategy(trainer: Mapping[str, Any]) -> XLADevicesStrategy:
    """The strategy for options of Trainer that `refuse_unfit_xla` lets pass."""
    return XLADevicesStrategy(_num_devices(trainer["accelerator"], trainer["devices"]))


def _num_devices(accelerator: str, devices: Any) -> int:
    """How many devices are meant; the CPU client is told."""
    text = str(devices)
    if accelerator == "xla_cpu":
        count = XLACPUAccelerator.auto_device_count() if text == "auto" else _whole(text)
        os.environ[_NUM_CPU_DEVICES] = str(count)
        return count
    there = int(XLAAccelerator.auto_device_count())
    count = there if text == "auto" else _whole(text)
    if count not in (1, there):
        raise ValueError(f"trainer.devices must be 1 or {there}, all TPU cores here, not {devices}")
    return count


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"trainer.devices must be a number of XLA devices, not {text}")
    return int(text)
