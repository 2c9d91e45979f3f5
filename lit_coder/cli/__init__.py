"""fit, validate, test and predict: from the command line to the Trainer, errors in one sentence.

    status = run(["fit", "--config", "configs/quickstart.yaml"])

This is a process boundary: the user's mistakes and full disks end here in one sentence and a
status that is not 0. Our own bugs keep their traceback. Of several processes one speaks.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lit_coder.cli.config_file import SECTIONS, Given
from lit_coder.cli.failures import failure_sentence
from lit_coder.cli.loading import ending_at_once
from lit_coder.cli.processes import Ending, hand_on, handed_plan, is_first_process, take_back
from lit_coder.cli.screen import log_to_stderr, quiet_loggers, quiet_warnings

if TYPE_CHECKING:
    from lit_coder.cli.resume import CommandPlan

RUNS_FOLDER = Path("runs")


def run(arguments: list[str]) -> int:
    """Run a Trainer command; returns the exit status."""
    # Before torch is loaded: threads that spin while they wait make a step twenty times slower
    # where another process wants a core too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    quiet_warnings()
    log_to_stderr(speaks=is_first_process())
    former, go_on, ending = sys.argv, "", Ending()
    try:
        plan = _plan(arguments)
        go_on = _going_on(arguments, plan)
        sys.argv = [sys.argv[0], *plan.arguments]
        hand_on(plan)
        _start(plan, ending)
    except BaseException as error:
        is_test = arguments[0] == "test" and go_on
        kept = f"what was verified is kept; go on with: {go_on}" if is_test else ""
        status, sentence = failure_sentence(error, go_on, kept, ending.config)
        return ending.fail(error, status, sentence, go_on)
    finally:
        take_back()
        sys.argv = former
    return 0


def _going_on(arguments: list[str], plan: CommandPlan) -> str:
    """The command that goes on with what this one did; a test goes on by itself."""
    if arguments[0] == "fit":
        return f"python main.py fit --ckpt_path {plan.run_folder}/checkpoints/last.ckpt"
    return shlex.join(["python", "main.py", *arguments])


def _plan(arguments: list[str]) -> CommandPlan:
    """The command line as LightningCLI shall see it; help needs no run and no weights."""
    with ending_at_once(speaks=is_first_process()):
        from lit_coder.cli.parser import OneSentenceParser
        from lit_coder.cli.resume import CommandPlan, plan_command

    sections = [a[2:-5] for a in arguments if a.startswith("--") and a.endswith(".help")]
    OneSentenceParser.help_section = next((s for s in sections if s in SECTIONS), None)
    if OneSentenceParser.help_section:
        arguments = [arguments[0], "--help"]
    if any(word in ("-h", "--help") or ".help" in word for word in arguments):
        return CommandPlan(tuple(arguments), RUNS_FOLDER / "unused", None)
    given = Given.read(arguments[1:])
    OneSentenceParser.given = given
    if any(word.startswith("--print_config") for word in arguments):
        return CommandPlan(tuple(arguments), RUNS_FOLDER / "unused", None)
    return handed_plan(arguments) or plan_command(arguments, RUNS_FOLDER, given)


def _start(plan: CommandPlan, ending: Ending) -> None:
    with ending_at_once(speaks=is_first_process()):
        from rich.console import Console

        from lit_coder.cli.lit_coder_cli import TRAINER_DEFAULTS, LitCoderCLI
        from lit_coder.cli.parser import OneSentenceParser
        from lit_coder.modules.code_module import CodeModule
        from lit_coder.modules.gpt_module import GPTModule
        from lit_coder.modules.trm_module import TRMModule
        from lit_coder.training_data.data_module import CodeDataModule

    quiet_loggers()
    OneSentenceParser.model_classes = {"GPTModule": GPTModule, "TRMModule": TRMModule}
    LitCoderCLI(
        plan,
        Console(stderr=False, quiet=not is_first_process()),
        ending,
        model_class=CodeModule,
        datamodule_class=CodeDataModule,
        subclass_mode_model=True,
        save_config_callback=None,
        trainer_defaults=TRAINER_DEFAULTS,
        seed_everything_default=1,
        parser_class=OneSentenceParser,
        auto_configure_optimizers=False,
    )
