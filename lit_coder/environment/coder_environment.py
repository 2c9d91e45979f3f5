r"""CoderEnvironment: programming with tools, as a gymnasium environment.

    environment = gymnasium.make("lit_coder/Coder-v0", problems="arithmetic", difficulties=(2,))
    observation, info = environment.reset(seed=0)
    act = environment.unwrapped.action
    observation, reward, terminated, truncated, info = environment.step(act("write", "\n    ..."))

An action is a dict of `kind` (its place in `ACTION_NAMES`) and `text`. Observations are texts and
numbers; in texts, what is not printable ASCII stands as an escape, and what is too long is cut. The
reward comes from the visible tests when a program is accepted; of the hidden ones, only
`info["hidden_passed"]` after the end says anything. `info["prompt"]` is whole.

The sandbox starts with the first episode. In `AsyncVectorEnv` each process starts its own; a runner
that is given is shared, and cannot be sent to other processes.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, SupportsFloat, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces

from lit_coder.environment.episode import ACTION_NAMES, Episode, EpisodeRules
from lit_coder.environment.episode_log import EpisodeLog
from lit_coder.environment.problem_draws import ProblemDraws
from lit_coder.problems.problem import Problem
from lit_coder.sandbox.contract import Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions

Observation: TypeAlias = dict[str, Any]

_CHARACTERS = "".join(chr(code) for code in range(32, 127)) + "\n\t"
_CUT = "\n[...]\n"
_MOST_DRAWS = 2**31 - 1


class CoderEnvironment(gymnasium.Env[Observation, dict[str, Any]]):
    """Write, run tests, run a snippet, bisect, accept.

    Args:
        problems: a family's or a group's name, a problem file, or a list of problems.
        difficulties: of a family; () = all.
        runner: a running one that is shared; None = its own.
        sandbox: how its own runner is built; None = one worker and otherwise the defaults.
        render_mode: "ansi" = `render` gives the episode as text.
        rules: the fields of `EpisodeRules` by name.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi"], "render_fps": 1}  # type: ignore[misc]

    def __init__(
        self,
        problems: str | Sequence[Problem] = "arithmetic",
        difficulties: Sequence[int] = (),
        runner: Runner | None = None,
        sandbox: SandboxOptions | None = None,
        render_mode: str | None = None,
        **rules: Any,
    ) -> None:
        if render_mode not in (None, "ansi"):
            raise ValueError(f"render_mode must be ansi or None, not {render_mode!r}")
        self.rules = _rules(rules)
        self.render_mode = render_mode
        self._draws = ProblemDraws(problems, difficulties)
        self._runner = runner
        self._own_runner: Runner | None = None
        self._options = sandbox or SandboxOptions(workers=1)
        self._episode: Episode | None = None
        self._log: EpisodeLog | None = None
        most = self.rules.max_characters
        text = spaces.Text(most, min_length=0, charset=_CHARACTERS)
        budget = np.array([self.rules.max_steps, self.rules.max_executions], dtype=np.int64)
        self.action_space = spaces.Dict({"kind": spaces.Discrete(len(ACTION_NAMES)), "text": text})
        self.observation_space = spaces.Dict(
            {
                "prompt": text,
                "program": text,
                "output": text,
                "share_passed": spaces.Box(-1.0, 1.0, (1,), np.float32),
                "left": spaces.Box(np.zeros(2, np.int64), budget, (2,), np.int64),
            }
        )

    @staticmethod
    def action(name: str, text: str = "") -> dict[str, Any]:
        """The action of that name.

        Raises:
            ValueError: there is none.
        """
        names: Sequence[str] = ACTION_NAMES
        if name not in names:
            raise ValueError(f"there is no action {name!r}; choose from {', '.join(names)}")
        return {"kind": np.int64(names.index(name)), "text": text}

    @property
    def log(self) -> EpisodeLog:
        """Of the episode so far."""
        assert self._log is not None, "reset begins an episode"
        return self._log

    @property
    def problem(self) -> Problem:
        """The episode's problem, with all that an agent must not see."""
        return self._current.problem

    @property
    def _current(self) -> Episode:
        if self._episode is None:
            raise gymnasium.error.ResetNeeded("call reset before step or render")
        return self._episode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; `options={"draw": n}` names its problem by the number of a log.

        Raises:
            ValueError: an option is not known.
            SandboxUnavailable: nothing can be run here.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        draw = int(given.pop("draw", -1))
        if given or draw < -1:
            raise ValueError(f"options holds {options}; it may hold draw, a number from 0")
        if draw == -1:
            draw = int(self.np_random.integers(_MOST_DRAWS))
        problem = self._draws.draw(draw)
        self._episode = Episode(problem, self._running(), self.rules)
        self._log = EpisodeLog(draw, problem.task_id)
        return self._observation(), self._info()

    def step(
        self, action: dict[str, Any]
    ) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Do one action.

        Raises:
            ValueError: it is none.
            SandboxError: the sandbox itself broke down.
        """
        episode = self._current
        if episode.ending is not None:
            raise gymnasium.error.ResetNeeded("the episode has ended; call reset")
        kind, text = int(action["kind"]), action["text"]
        if not 0 <= kind < len(ACTION_NAMES) or not isinstance(text, str):
            raise ValueError(
                f"an action has a kind from 0 to {len(ACTION_NAMES) - 1} and a text, "
                f"not {kind} and {type(text).__name__}"
            )
        self.log.actions.append((ACTION_NAMES[kind], text))
        reward = episode.act(ACTION_NAMES[kind], text)
        has_ended = episode.ending is not None
        terminated = has_ended and ACTION_NAMES[kind] == "accept"
        return self._observation(), reward, terminated, has_ended and not terminated, self._info()

    def render(self) -> str | None:
        """The program as it stands and what the last action said, where that is asked for."""
        if self.render_mode != "ansi":
            return None
        episode = self._current
        return f"{episode.program}\n\n--- after {episode.num_steps} steps\n{episode.output}\n"

    def close(self) -> None:
        """End the environment's own sandbox."""
        if self._own_runner is not None:
            self._own_runner.close()
            self._own_runner = None

    def _running(self) -> Runner:
        if self._runner is not None:
            return self._runner
        if self._own_runner is None:
            self._own_runner = open_runner(self._options).__enter__()
        return self._own_runner

    def _observation(self) -> Observation:
        episode, rules = self._current, self.rules
        left = (
            rules.max_steps - episode.num_steps,
            max(rules.max_executions - episode.num_executions, 0),
        )
        return {
            "prompt": self._shown(episode.problem.prompt),
            "program": self._shown(episode.program),
            "output": self._shown(episode.output),
            "share_passed": np.array([episode.share_passed], np.float32),
            "left": np.array(left, np.int64),
        }

    def _info(self) -> dict[str, Any]:
        """What is known beside the observation; the hidden tests only after the end."""
        episode = self._current
        info: dict[str, Any] = {
            "task_id": episode.problem.task_id,
            "prompt": episode.problem.prompt,
            "num_steps": episode.num_steps,
            "num_executions": episode.num_executions,
            "suspicious_lines": episode.suspicious_lines,
        }
        if episode.ending is not None:
            info["solved"] = episode.ending.verdict.passed_visible
            info["hidden_passed"] = episode.ending.verdict.passed
        return info

    def _shown(self, text: str) -> str:
        """The text in the characters and the length of the observation space."""
        if not set(text) <= _SHOWN:
            text = "".join(
                each
                if each in _SHOWN
                else each.encode("ascii", "backslashreplace").decode()
                if ord(each) > 126
                else repr(each)[1:-1]
                for each in text
            )
        most = self.rules.max_characters
        if len(text) <= most:
            return text
        half = (most - len(_CUT)) // 2
        return text[:half] + _CUT + text[-half:]


_SHOWN = frozenset(_CHARACTERS)
assert set(string.printable) - _SHOWN == set("\r\x0b\x0c"), "what is printable is shown"


def _rules(given: dict[str, Any]) -> EpisodeRules:
    """The rules of these options."""
    known = [each.name for each in fields(EpisodeRules)]
    for name in given:
        if name not in known:
            raise ValueError(
                f"CoderEnvironment has no option {name}; its rules are {', '.join(known)}"
            )
    return EpisodeRules(**given)
