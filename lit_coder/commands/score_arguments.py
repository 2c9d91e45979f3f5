"""The options of `main.py score`: its own, and those of the sandbox under fit's names.

    request = read_request(["--benchmark", "humaneval", "--samples", "samples.jsonl"])
    request.benchmark, request.samples, request.output, request.options

What can be known to be wrong before anything is opened is said here, by the option's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lit_coder.commands.sandbox_arguments import SandboxParser
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.verification.protocol import Protocol
from lit_coder.verification.protocols import PUBLISHED_BENCHMARKS, default_protocol, find_protocol

AskedVerdict: TypeAlias = Literal["official", "strict"]

_DESCRIPTION = (
    "Score a samples file on a benchmark, program by program in the sandbox. Each line of the file "
    'is {"task_id": ..., "completion": ...}; other keys are kept. For mbpp, mbpp_sanitized and '
    "mbpp_plus a completion is the whole program, else it follows the task's prompt."
)
_EPILOG = (
    "Exit status: 0 every line was scored, whatever the verdicts; 1 some lines could not be scored "
    "(each is named on standard error), or nothing could be; 2 a mistake in the command line."
)
_USAGE = (
    "python main.py score --benchmark NAME --samples FILE [--protocol P] "
    "[--verdict official|strict] [--output FILE] [--OPTION VALUE ...]"
)


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What a user asks for.

    Attributes:
        protocol: how the benchmark is composed and judged; its benchmark is the one to score.
        samples: the file to score.
        output: where the scored lines go in the end.
        verdict: which verdict counts.
        folder: of benchmark files, or the file itself; None = where they are usually looked for.
        ks: of pass@k; empty = 1, 10, 100 and the number of samples of each task.
        options: the sandbox's.
    """

    protocol: Protocol
    samples: Path
    output: Path
    verdict: AskedVerdict
    folder: str | None
    ks: tuple[int, ...]
    options: SandboxOptions

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""
        return self.protocol.benchmark


class _ScoreParser(SandboxParser):
    """The parser; its errors are one sentence."""

    def __init__(self) -> None:
        super().__init__("run", "", _DESCRIPTION, _EPILOG)
        self.prog = "main.py score"
        self.usage = _USAGE
        self.add_argument(
            "--benchmark",
            required=True,
            type=str,
            metavar="NAME",
            help=f"one of {', '.join(PUBLISHED_BENCHMARKS)}",
        )
        self.add_argument(
            "--samples", required=True, type=str, metavar="FILE", help="a .jsonl or .jsonl.gz file"
        )
        self.add_argument(
            "--protocol",
            type=str,
            metavar="NAME",
            help="as humaneval@openai; without it the benchmark's default one",
        )
        self.add_argument(
            "--verdict",
            type=Literal["official", "strict"],
            default="official",
            help="official: as the published evaluator, which a program can cheat; strict: the "
            "judge's, and what official would have passed all the same is counted and listed",
        )
        self.add_argument(
            "--output",
            type=str,
            metavar="FILE",
            help="the same lines with passed, status, detail, trusted and seconds; without it, the "
            "samples file's name with _results.jsonl after it",
        )
        self.add_argument(
            "--folder",
            type=str,
            metavar="FOLDER",
            help="where the benchmark's file lies, or the file itself; without it "
            "LIT_CODER_DATA_DIR, ./data, and then the Hugging Face hub are asked",
        )
        self.add_argument(
            "--k",
            type=str,
            metavar="K,K,...",
            help="of pass@k; without it 1, 10, 100 and as many as each task has samples",
        )


def read_request(argv: list[str]) -> ScoreRequest:
    """The request; ends the process where the parser refuses the words.

    Raises:
        ValueError: options cannot be served, or do not fit together.
    """
    arguments = _ScoreParser().read(argv)
    own = arguments.own
    samples = Path(own["samples"])
    output = Path(own["output"]) if own["output"] else Path(f"{samples}_results.jsonl")
    _require_files(samples, output)
    if own["folder"] is not None and not Path(own["folder"]).exists():
        raise ValueError(f"--folder {own['folder']}: there is no such folder or file")
    protocol = _protocol(own["benchmark"], own["protocol"])
    if own["verdict"] == "strict" and not protocol.has_judge:
        raise ValueError(
            f"--verdict strict: {protocol.benchmark} has no strict verdict, since its tests work "
            "inside the program only, where it could forge them; use --verdict official"
        )
    return ScoreRequest(
        protocol=protocol,
        samples=samples,
        output=output,
        verdict=own["verdict"],
        folder=own["folder"],
        ks=_numbers(own["k"]) if own["k"] else (),
        options=arguments.options,
    )


def _protocol(benchmark: str, name: str | None) -> Protocol:
    # A wrong benchmark is said before a wrong protocol.
    if benchmark not in PUBLISHED_BENCHMARKS:
        raise ValueError(
            f"--benchmark: there is no {benchmark!r}; choose from {', '.join(PUBLISHED_BENCHMARKS)}"
        )
    if name is None:
        return default_protocol(benchmark)
    protocol = find_protocol(name)
    if protocol.benchmark != benchmark:
        raise ValueError(
            f"--protocol {protocol.name} is for the benchmark {protocol.benchmark}, not for "
            f"{benchmark}; leave it out for {default_protocol(benchmark).name}"
        )
    return protocol


def _require_files(samples: Path, output: Path) -> None:
    if samples.exists() and not samples.is_dir() and not samples.is_file():
        raise ValueError(
            f"--samples {samples} is not a regular file, and it is read more than once; write its "
            "lines to one and give that"
        )
    if not samples.is_file():
        what = "is a folder" if samples.is_dir() else "there is no such file"
        raise ValueError(f"--samples {samples}: {what}; give the path of a .jsonl file")
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else f"there is no folder {output.parent}"
        raise ValueError(f"--output {output}: {what}; name a file in a folder that exists")
    if output.resolve() == samples.resolve():
        raise ValueError(f"--output {output} is the samples file itself; choose another name")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in text.strip("[]() ").split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise ValueError(f"--k must be whole numbers from 1 as 1,10,100, not {text!r}")
    return numbers
