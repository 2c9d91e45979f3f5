"""The training loops that `benchmarks.train_step` compares, on the same network sizes.

    setting = Setting(config, rows=8, device="cpu")
    for name, loop in loops(setting).items(): ...

All start from the same weights and train next-token prediction in bfloat16 autocast with fused
AdamW and clipping to norm 1. Ours may also train on packed rows of several documents, as a corpus
gives them (`documents_per_row`). Hugging Face's are `LlamaForCausalLM` under the `Trainer` of
transformers with its defaults, and compiled as a whole in a plain loop.
"""

from __future__ import annotations

import importlib.util
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from rich.console import Console
from torch import Tensor, nn

from benchmarks.training_turns import Loop
from lit_coder.modules.code_module import Batch
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.networks import GPTConfig
from lit_coder.networks.hugging_face import to_hugging_face
from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.progress import StepProgress
from lit_coder.training_data.examples import IGNORED

OURS, OURS_EAGER = "lit_coder, compiled", "lit_coder"
RAW, RAW_EAGER = "raw loop, compiled", "raw loop"
TRAINER, COMPILED = "Hugging Face Trainer", "Hugging Face, compiled"
PEER_PACKAGES = ("transformers", "accelerate")
RATE = 1e-4


@dataclass
class Setting:
    """What is trained, and where.

    Attributes:
        options: the GPTModule's.
        rows: of a micro-batch.
        device: cpu or cuda.
        documents_per_row: more than one makes rows packed; only our own module takes such rows.
        first_losses: what each loop found at its first step, by its name.
    """

    options: dict[str, Any]
    rows: int
    device: str
    documents_per_row: int = 1
    first_losses: dict[str, float] = field(default_factory=dict)

    @property
    def config(self) -> GPTConfig:
        """The sizes of the network."""
        return self.module("off").network.config

    def batch(self) -> Tensor:
        """Random tokens (B, T), the same every time; pinned for a GPU."""
        torch.manual_seed(1)
        shape = (self.rows, self.options["max_position_embeddings"])
        ids_BT = torch.randint(self.options["vocab_size"], shape)
        return ids_BT.pin_memory() if self.device == "cuda" else ids_BT

    @cached_property
    def documents_BT(self) -> Tensor | None:
        """The documents of packed rows, pinned for a GPU; None where a row is one."""
        if self.documents_per_row == 1:
            return None
        positions = self.options["max_position_embeddings"]
        documents_BT = random_documents(self.rows, positions, self.documents_per_row)
        return documents_BT.pin_memory() if self.device == "cuda" else documents_BT

    def module(self, compile_mode: str) -> GPTModule:
        """The same random weights every time."""
        torch.manual_seed(0)
        rates = {"learning_rate": RATE, "warmup_steps": 0}
        return GPTModule(**(self.options | rates | {"compile": compile_mode}))

    def note(self, name: str, loss: Tensor) -> None:
        """Keep a loop's first loss."""
        if name not in self.first_losses:
            self.first_losses[name] = float(loss.detach())


def missing_peers() -> list[str]:
    """Packages without which Hugging Face's loops cannot run."""
    return [name for name in PEER_PACKAGES if importlib.util.find_spec(name) is None]


def loops(setting: Setting) -> dict[str, Loop]:
    """All loops that can run here, ours first."""
    found: dict[str, Loop] = {
        OURS: partial(lightning_loop, setting, OURS, "on"),
        RAW: partial(raw_loop, setting, RAW, "on"),
        OURS_EAGER: partial(lightning_loop, setting, OURS_EAGER, "off"),
        RAW_EAGER: partial(raw_loop, setting, RAW_EAGER, "off"),
    }
    if not missing_peers():
        found[TRAINER] = partial(hugging_face_trainer_loop, setting)
        found[COMPILED] = partial(hugging_face_compiled_loop, setting)
    return found


def random_documents(num_rows: int, num_positions: int, per_row: int) -> Tensor:
    """Numbers of the documents (B, T) that rows are packed of, each cut at random places."""
    generator = torch.Generator().manual_seed(2)
    begins_BT = torch.zeros(num_rows, num_positions, dtype=torch.long)
    for begins_T in begins_BT:
        places = 1 + torch.randperm(num_positions - 1, generator=generator)[: per_row - 1]
        begins_T[places] = 1
    return begins_BT.cumsum(1)


def our_batch(ids_BT: Tensor, documents_BT: Tensor | None = None) -> Batch:
    """Labels as Hugging Face shifts them itself: the last token of a row or document has none."""
    labels_BT = torch.cat((ids_BT[:, 1:], torch.full_like(ids_BT[:, :1], IGNORED)), 1)
    if documents_BT is None:
        return {"ids_BT": ids_BT, "labels_BT": labels_BT}
    ends_BT = documents_BT.diff(append=documents_BT[:, -1:]) > 0
    labels_BT = labels_BT.masked_fill(ends_BT, IGNORED)
    return {"ids_BT": ids_BT, "labels_BT": labels_BT, "documents_BT": documents_BT}


class _FirstLoss(pl.Callback):
    def __init__(self, setting: Setting, name: str) -> None:
        self._setting, self._name = setting, name

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        if trainer.global_step == 1:
            self._setting.note(self._name, outputs["loss"])


class _Batches:
    """A loader without an end that says it is long: then Lightning asks for no batch too early."""

    def __init__(self, setting: Setting, batches: Iterator[Tensor], num_steps: int) -> None:
        self._setting, self._batches, self._num_steps = setting, batches, num_steps

    def __len__(self) -> int:
        return self._num_steps

    def __iter__(self) -> Iterator[Batch]:
        for ids_BT in self._batches:
            batch = our_batch(ids_BT, self._setting.documents_BT)
            if self._setting.device == "cuda":
                batch["labels_BT"] = batch["labels_BT"].pin_memory()
            yield batch


def lightning_loop(
    setting: Setting, name: str, compile_mode: str, batches: Iterator[Tensor], num_steps: int
) -> None:
    """Our module under Lightning's Trainer, with our row of numbers every 50 steps."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(
            accelerator="gpu" if setting.device == "cuda" else "cpu",
            devices=1,
            precision="bf16-mixed",
            max_steps=num_steps,
            max_epochs=-1,
            default_root_dir=folder,
            logger=[MetricsFile(Path(folder))],
            callbacks=[StepProgress(Console(file=io.StringIO())), _FirstLoss(setting, name)],
            log_every_n_steps=50,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        module = setting.module(compile_mode)
        trainer.fit(module, _Batches(setting, batches, num_steps))
    require_compiled(module, compile_mode)


def raw_loop(
    setting: Setting, name: str, compile_mode: str, batches: Iterator[Tensor], num_steps: int
) -> None:
    """The same network and loss in the shortest loop there is."""
    module = setting.module(compile_mode).to(setting.device).train()
    if compile_mode == "on":
        module.compile_network()
    _train(setting, name, module, lambda ids: module.loss(our_batch(ids)), batches, num_steps)
    require_compiled(module, compile_mode)


def require_compiled(module: GPTModule, compile_mode: str) -> None:
    """Our network goes on uncompiled where compiling fails; a figure must not."""
    if module.network.is_compiled != (compile_mode == "on"):
        raise SystemExit("benchmarks.train_step: compiling failed, see above")


def hugging_face_compiled_loop(setting: Setting, batches: Iterator[Tensor], num_steps: int) -> None:
    """Their network, compiled as a whole with its loss, in the same short loop."""
    model = hugging_face_model(setting).to(setting.device).train()
    compiled = torch.compile(model, dynamic=False)

    def loss(ids_BT: Tensor) -> Any:
        return compiled(input_ids=ids_BT, labels=ids_BT, use_cache=False).loss

    _train(setting, COMPILED, model, loss, batches, num_steps)


def _train(
    setting: Setting,
    name: str,
    model: nn.Module,
    loss_of: Any,
    batches: Iterator[Tensor],
    num_steps: int,
) -> None:
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    for _, ids_BT in zip(range(num_steps), batches, strict=False):
        ids_BT = ids_BT.to(setting.device, non_blocking=True)
        with torch.autocast(setting.device, dtype=torch.bfloat16):
            loss = loss_of(ids_BT)
        setting.note(name, loss)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)


def hugging_face_model(setting: Setting) -> Any:
    """Their Llama with our weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    network = setting.module("off").network
    content, state = to_hugging_face(network)
    model = LlamaForCausalLM(LlamaConfig(**content)).float()
    model.load_state_dict(state, strict=not network.config.tie_word_embeddings)
    return model


def hugging_face_trainer_loop(setting: Setting, batches: Iterator[Tensor], num_steps: int) -> None:
    """Their network, their Trainer, their defaults; only logging to services is off."""
    from transformers import PrinterCallback, Trainer, TrainingArguments

    model = hugging_face_model(setting)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=setting.rows,
            max_steps=num_steps,
            learning_rate=RATE,
            bf16=True,
            use_cpu=setting.device == "cpu",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_first_step=True,
        )
        # It asks for a batch before it has trained on the one before.
        rows = _Rows(batches, setting.rows, num_steps + 2)
        trainer = Trainer(model=model, args=arguments, train_dataset=rows)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    setting.first_losses[TRAINER] = trainer.state.log_history[0]["loss"]


class _Rows(torch.utils.data.Dataset[Any]):
    """A data set whose rows are those of the batch that is asked for."""

    def __init__(self, batches: Iterator[Tensor], rows: int, num_batches: int) -> None:
        self._batches, self._length = batches, rows * num_batches

    def __len__(self) -> int:
        return self._length

    def __getitems__(self, indices: list[int]) -> list[dict[str, Tensor]]:
        return [{"input_ids": ids_T, "labels": ids_T} for ids_T in next(self._batches)]
