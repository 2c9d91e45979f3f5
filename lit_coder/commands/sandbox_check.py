"""`main.py sandbox check`: what protects you on this machine, proven, on one screen.

    python main.py sandbox check
    python main.py sandbox check --sandbox.backend docker --sandbox.docker_image my-image

Every wall is started and attacked from inside, also those that the options do not admit: the
first that holds of those they do admit is described, and known programs must get their known
verdicts behind it. It reads facts from the running sandbox; nothing is assumed from a version.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lit_coder.commands.sandbox_arguments import SandboxParser
from lit_coder.sandbox.contract import SandboxError, SandboxUnavailable, StdioJob
from lit_coder.sandbox.inside.languages import LANGUAGES
from lit_coder.sandbox.open_runner import walls_for
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner, no_wall_message
from lit_coder.sandbox.wall import Wall
from lit_coder.sandbox.worker import WallFacts
from lit_coder.verification.self_test import check_sandbox

_DESCRIPTION = (
    "What protects you on this machine: every wall is started and attacked from inside, and the "
    "one that the options choose is described and tested."
)
_EPILOG = (
    "Exit status: 0 programs can be run with these options, 1 they cannot, 2 a mistake in the "
    "options."
)
_WIDTH = 80
_TITLE_WIDTH = 14
# The self-test's endless loops wait for nothing but their time limit: two at a time are enough.
_NUM_WORKERS = 2
# What a program of each language prints; behind the walls, so that it is known to run there.
_VERSION_PROGRAMS = {
    "python": "import sys\nprint('%d.%d.%d' % sys.version_info[:3])\n",
    "javascript": "console.log(process.versions.node)\n",
}


@dataclass(slots=True)
class _Findings:
    """How the walls did.

    Attributes:
        failures: why a wall does not hold, by its name.
        held: names of those that do.
        chosen: the first of them that the options admit.
        rows: a title and a text each, of the chosen wall.
        fault: why no program can be run; "" where programs can.
    """

    failures: dict[str, str] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    chosen: Wall | None = None
    rows: list[tuple[str, str]] = field(default_factory=list)
    fault: str = ""


def run(argv: list[str]) -> int:
    """Try every wall, print what was found; returns the exit status."""
    options = SandboxParser("check", "", _DESCRIPTION, _EPILOG).read(argv).options
    admitted = [wall.name for wall in walls_for(options)]
    walls = list(walls_for(dataclasses.replace(options, backend="auto", isolation="auto")))
    if options.backend == "unsafe":
        walls += walls_for(options)
    found = _try_walls(walls, admitted, options)
    _print(walls, admitted, found)
    if found.fault:
        print(f"lit-coder: {found.fault}", file=sys.stderr)
    return 1 if found.fault else 0


def _try_walls(walls: Iterable[Wall], admitted: list[str], options: SandboxOptions) -> _Findings:
    found = _Findings()
    few = dataclasses.replace(options, workers=min(_NUM_WORKERS, options.workers or _NUM_WORKERS))
    for wall in walls:
        try:
            with PoolRunner(few, [wall]) as runner:
                found.held.append(wall.name)
                if found.chosen is None and wall.name in admitted:
                    found.chosen = wall
                    found.rows += _rows(runner, options)
                    found.fault = _wrong_verdict(runner)
        except SandboxUnavailable as error:
            found.failures[wall.name] = _reason(wall, error)
    if found.chosen is None:
        found.fault = _nothing_holds(admitted, found.held)
    return found


def _print(walls: Sequence[Wall], admitted: list[str], found: _Findings) -> None:
    lines = ["walls, the strongest first, each started and attacked from inside:"]
    for wall in walls:
        lines += _wrapped(f"  {wall.name}", _how_it_did(wall, admitted, found))
    if found.chosen is not None:
        lines += ["", f"with these options programs run behind {found.chosen.name}:"]
        for title, text in found.rows:
            lines += _wrapped(f"  {title}", text)
    if not found.fault:
        assert found.chosen is not None, "without a wall there is a fault"
        lines += _wrapped("  verdicts", "right for right, wrong, hanging and cheating programs")
        around = "" if found.chosen.is_proven else ", with no wall around them"
        lines.append(f"programs can be run with these options{around}")
    print("\n".join(lines))


def _reason(wall: Wall, error: SandboxUnavailable) -> str:
    """Why one wall does not hold; a runner's sentence is about all the walls that it tried."""
    before, _, after = no_wall_message([(wall.name, "\0")]).partition("\0")
    reason = str(error).removeprefix(before).removesuffix(after)
    if wall.name == "bubblewrap" and shutil.which("bwrap") is not None:
        reason += " It needs user namespaces: docs/sandbox.md says how to allow them."
    return reason


def _wrong_verdict(runner: PoolRunner) -> str:
    try:
        check_sandbox(runner)
    except (SandboxUnavailable, SandboxError) as error:
        return str(error)
    return ""


def _nothing_holds(admitted: list[str], held: list[str]) -> str:
    if not held:
        remedy = (
            "do what stands beside one of the walls, or, for programs you would run yourself, "
            "name sandbox.backend unsafe"
        )
    elif held[0] == "docker":
        remedy = "docker holds: name sandbox.backend docker"
    else:
        remedy = f"{held[0]} holds: name sandbox.backend subprocess, sandbox.isolation {held[0]}"
    return (
        f"no program can be run: these options need {' or '.join(admitted)}, and that does not "
        f"hold here; {remedy}"
    )


def _how_it_did(wall: Wall, admitted: list[str], found: _Findings) -> str:
    choice = " <- chosen" if wall is found.chosen else ""
    if wall.name not in admitted:
        choice = " (not admitted)"
    if wall.name in found.failures:
        return f"no: {found.failures[wall.name]}{choice}"
    return f"{'holds' if wall.is_proven else 'is no wall'}{choice}"


def _rows(runner: PoolRunner, options: SandboxOptions) -> Iterator[tuple[str, str]]:
    """What the chosen wall is made of, as its running workers say."""
    wall, facts = runner.wall, runner.facts
    assert facts is not None, "a runner that was entered knows its wall"
    yield "made of", wall.summary
    yield "user", _user(wall, facts)
    if wall.is_proven:
        held_by = f"{_landlock(facts.landlock_version)}, seccomp for {platform.machine()}"
        yield "held by", f"{held_by}; no network"
    yield "writable", _writable(wall, facts, options)
    yield "languages", "; ".join(_languages(runner, options))
    yield "packages", ", ".join(options.packages) or "none beside the standard library"
    yield "limits", ", ".join(_limits(options))


def _landlock(version: int) -> str:
    # Before the third version a program could truncate what it may not write: it is not used.
    return f"Landlock version {version}" if version >= 3 else "no Landlock that can be used"


def _user(wall: Wall, facts: WallFacts) -> str:
    """As whom programs run; in a namespace or a container users have other numbers."""
    own = os.getuid() if hasattr(os, "getuid") else None
    if wall.name == "docker":
        return f"programs are user {facts.user_id} of the container"
    if facts.user_id == own:
        return f"programs are user {own}, as you are"
    if own == 0:
        return f"programs are user {facts.user_id}, never root"
    return f"programs are user {facts.user_id} inside, which outside is you ({own})"


def _writable(wall: Wall, facts: WallFacts, options: SandboxOptions) -> str:
    if not wall.is_proven:
        return "what your user can write"
    if not facts.has_scratch:
        return "nothing; sandbox.scratch_megabytes needs user namespaces or docker"
    if options.scratch_megabytes:
        size, files = options.scratch_megabytes, options.scratch_files
        return f"a folder in memory for each program, {size:g} MB and {files} files"
    return "nothing; sandbox.scratch_megabytes gives a folder in memory"


def _languages(runner: PoolRunner, options: SandboxOptions) -> Iterator[str]:
    for name in ("python", *LANGUAGES):
        job = StdioJob(_VERSION_PROGRAMS.get(name, ""), ("",), options.limits(), language=name)
        try:
            (execution,) = runner.run([job])
        except SandboxError as error:
            yield f"no {name}: {str(error).rstrip('.')}"
            continue
        if execution.status == "completed":
            yield f"{name} {execution.stdout}".strip()
        else:
            yield f"no {name}: {execution.status}, {execution.detail}"


def _limits(options: SandboxOptions) -> Iterator[str]:
    yield f"{options.timeout_seconds:g} s elapsed"
    yield f"{options.cpu_seconds:g} s of processor"
    yield f"{options.memory_megabytes} MB of memory"
    yield f"{options.output_kilobytes} KB of output"
    yield f"{options.file_megabytes} MB a file"
    yield f"{options.processes or 'no'} threads"
    yield f"{options.workers or 'one a core'} at a time"


def _wrapped(title: str, text: str) -> list[str]:
    """A titled paragraph of lines that fit the screen."""
    first = f"{title:<{_TITLE_WIDTH}}"
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )
