"""Lightning's way to a file, led through the run's own writer.

    io = RunCheckpointIO(write_at_once)
    trainer.strategy.checkpoint_io = io
    with io.giving(take):                         # take(checkpoint, path) gets what is saved
        trainer.save_checkpoint(path)             # on every process; on the first one it is taken

Strategies gather the state, also a sharded one; on the first process it ends here. A save that
nobody takes, for example a user's own `trainer.save_checkpoint`, is written at once. The file that
Lightning's SLURM handler asks for is not: `requeue_signal.py` lets it run behind a save of the run,
and that is what the requeued job goes on from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.plugins.io.wrapper import _WrappingCheckpointIO

from lit_coder.networks.xla_device import on_host

Take = Callable[[dict[str, Any], Path], None]
_REQUEUE_NAME = re.compile(r"hpc_ckpt_\d+\.ckpt")


class RunCheckpointIO(_WrappingCheckpointIO):
    """Hands checkpoints on instead of writing them; reads them as Lightning does.

    A wrapper, because strategies for XLA devices take nothing else but their own.

    Args:
        write: writes a checkpoint that is not the run's own.
    """

    def __init__(self, write: Take) -> None:
        super().__init__(TorchCheckpointIO())
        self._write = write
        self._take: Take | None = None

    @contextmanager
    def giving(self, take: Take) -> Iterator[None]:
        """Give what is saved meanwhile to `take`."""
        self._take = take
        try:
            yield
        finally:
            self._take = None

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None
    ) -> None:
        """Hand a checkpoint on; see the module's docstring."""
        target = Path(path)
        if _REQUEUE_NAME.fullmatch(target.name):
            return
        checkpoint = on_host(checkpoint)
        if self._take is not None:
            self._take(checkpoint, target)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        self._write(checkpoint, target)
