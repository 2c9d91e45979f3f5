"""What was done in an episode, so that it can be done again.

    text = environment.log.to_json()
    observations = replay(EpisodeLog.from_json(text), other_environment)

The log names the problem by the number that it was drawn by, and holds every action. In an
environment with the same problems and rules the observations are the same again, as far as the
programs themselves do the same each time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_coder.environment.coder_environment import CoderEnvironment


@dataclass(frozen=True, slots=True)
class EpisodeLog:
    """One episode.

    Attributes:
        draw: the number that the problem was drawn by.
        task_id: of the problem.
        actions: the name and the text of each.
    """

    draw: int
    task_id: str
    actions: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> EpisodeLog:
        """The log of such a line.

        Raises:
            ValueError: the text is not one.
        """
        try:
            found = json.loads(text)
            actions = [(str(name), str(given)) for name, given in found["actions"]]
            return EpisodeLog(int(found["draw"]), str(found["task_id"]), actions)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"this is not the log of an episode ({error}); give a line that to_json wrote"
            ) from error


def replay(log: EpisodeLog, environment: CoderEnvironment) -> list[dict[str, Any]]:
    """Do the episode again; the observations from its start to its end.

    Raises:
        ValueError: the environment draws another problem by the log's number.
    """
    observation, info = environment.reset(options={"draw": log.draw})
    if info["task_id"] != log.task_id:
        raise ValueError(
            f"draw {log.draw} is {info['task_id']} here and was {log.task_id}; make the "
            "environment with the problems of the log"
        )
    observations = [observation]
    for name, text in log.actions:
        observations.append(environment.step(environment.action(name, text))[0])
    return observations
