"""The options that `main.py generate` and `main.py interactive` share, and what they ask for.

    parser = GenerationParser("generate", "Write programs with a trained model.")
    parser.add_generation_arguments()
    arguments = parser.read(argv)            # .options of the sandbox, .own of the command
    module = load_asked(arguments.own, parser.configs)
    sampling = sampling_options(arguments.own, num_samples=1)

The sandbox's options and `--config` are those of `main.py sandbox`. Torch is imported where a
model is loaded, not before.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lit_coder.commands.sandbox_arguments import SandboxParser

if TYPE_CHECKING:
    from lit_coder.generation.contract import SamplingOptions
    from lit_coder.modules.code_module import CodeModule

logger = logging.getLogger("lit_coder.commands")

_RUNS_FOLDER = Path("runs")
_ESCAPES = (("\\n", "\n"), ("\\t", "\t"))


class GenerationParser(SandboxParser):
    """A parser of a command that writes programs; its errors are one sentence."""

    def __init__(self, command: str, description: str, epilog: str = "") -> None:
        super().__init__(command, "", description, epilog)
        self.prog = f"main.py {command}"
        self.usage = f"python {self.prog} [--OPTION VALUE ...]"

    def add_generation_arguments(self) -> None:
        """Add the options of the model and of sampling."""
        add = self.add_argument
        add(
            "--ckpt_path",
            type=str,
            default="last",
            metavar="PATH",
            help="a checkpoint, a run's folder, a folder of `main.py export`, or last: the newest "
            "run, with --config the newest of that configuration",
        )
        add("--temperature", type=float, default=0.8, metavar="T", help="0 = greedy")
        add("--top_k", type=int, default=0, metavar="K", help="the K most likely tokens; 0 = all")
        add(
            "--top_p",
            type=float,
            default=1.0,
            metavar="P",
            help="the smallest set of tokens with this probability; 1 = all",
        )
        add(
            "--max_new_tokens",
            type=int,
            default=256,
            metavar="N",
            help="tokens after which a program is cut; it ends as well where the context is full",
        )
        add("--seed", type=int, default=0, metavar="N", help="the same seed, the same programs")
        add(
            "--stop",
            action="append",
            type=str,
            default=[],
            metavar="TEXT",
            help="a program ends before this text, in which \\n and \\t are line break and tab; "
            "again for a further one",
        )
        self._add_model_arguments()

    def _add_model_arguments(self) -> None:
        add = self.add_argument
        add(
            "--token_healing",
            action="store_true",
            help="take back the prompt's last piece and let the model write it anew: for a prompt "
            "that ends where no prompt in training did, inside a word or behind a line break",
        )
        add(
            "--quantize",
            type=Literal["int8", "int4"] | None,
            metavar="{int8,int4}",
            help="hold the weights in fewer bits; needs torchao",
        )
        add(
            "--device",
            type=Literal["auto", "cpu", "cuda"],
            default="auto",
            metavar="{auto,cpu,cuda}",
            help="where the model computes; auto: the GPU if there is one",
        )

    @property
    def configs(self) -> tuple[str, ...]:
        """The configurations that were read, by their names."""
        return self._given.configs


def sampling_options(own: dict[str, Any], num_samples: int) -> SamplingOptions:
    """How to sample.

    Raises:
        ValueError: an option is out of its range.
    """
    from lit_coder.generation.contract import SamplingOptions

    names = ("temperature", "top_k", "top_p", "max_new_tokens", "seed")
    try:
        return SamplingOptions(num_samples=num_samples, **{name: own[name] for name in names})
    except ValueError as error:
        raise ValueError(f"--{error}") from error


def stops_of(own: dict[str, Any]) -> tuple[str, ...]:
    """The stop sequences, with line breaks and tabs for their spellings.

    Raises:
        ValueError: one is empty.
    """
    stops = []
    for text in own["stop"]:
        for spelling, character in _ESCAPES:
            text = text.replace(spelling, character)
        if not text:
            raise ValueError("--stop is empty, and every program would end before it")
        stops.append(text)
    return tuple(stops)


def load_asked(own: dict[str, Any], configs: tuple[str, ...]) -> CodeModule:
    """The model, on its device and in its number of bits.

    Raises:
        ValueError: it cannot be loaded, or not as asked for.
    """
    import torch

    from lit_coder.modules.complete import CONTINUES_NOTHING
    from lit_coder.modules.gpt_module import GPTModule
    from lit_coder.modules.load import LAST, load_module

    has_cuda = torch.cuda.is_available()
    if own["device"] == "cuda" and not has_cuda:
        raise ValueError("--device cuda: torch sees no GPU here; leave --device out")
    path = own["ckpt_path"]
    if path == LAST and configs:
        path = str(_newest_run(configs[0]))
    try:
        module = load_module(path)
    except ValueError as error:
        raise ValueError(f"--ckpt_path: {error}") from error
    if not isinstance(module, GPTModule):
        raise ValueError(f"--ckpt_path: {CONTINUES_NOTHING}")
    module.to("cuda" if has_cuda and own["device"] != "cpu" else "cpu")
    if own["quantize"]:
        from lit_coder.generation.quantization import quantize

        logger.info("%s", quantize(module.network, own["quantize"]))
    return module


def _newest_run(config: str) -> Path:
    """The newest run of a configuration, found as `fit` finds it."""
    from lit_coder.trainer.run_folder import find_run

    name = Path(config).stem
    run = find_run(_RUNS_FOLDER, name)
    if run is None:
        raise ValueError(
            f"--ckpt_path last: there is no run of {config} under {_RUNS_FOLDER}/{name}; train one "
            "first, or name a checkpoint"
        )
    return run
