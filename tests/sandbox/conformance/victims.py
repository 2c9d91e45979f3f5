"""Processes of the host that must come to no harm, one for each user a program may run as.

    victims = Victims({0, 65534}, open_file)
    ...
    victims.harm()        # ["process 123 of uid 0: ended"]
    victims.replace_harmed()

Each holds a secret in its environment (and so on its stack), one as its name, and an open file.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path


class Victims:
    """Sleeping processes whose state is compared with what it was."""

    def __init__(self, uids: Iterable[int], secret_file: Path) -> None:
        self.secret = secrets.token_hex(12)
        self.name = f"victim-{secrets.token_hex(12)}"
        self._secret_file = secret_file
        self._processes = [(uid, self._start(uid)) for uid in sorted(uids)]
        self._states = {victim.pid: _state(victim) for _, victim in self._processes}

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [victim.pid for _, victim in self._processes]

    def harm(self) -> list[str]:
        """What is no longer as it was."""
        return [
            f"process {victim.pid} of uid {uid}: {_state(victim)}"
            for uid, victim in self._processes
            if _state(victim) != self._states[victim.pid]
        ]

    def replace_harmed(self) -> None:
        """Start anew those that are no longer as they were."""
        for index, (uid, victim) in enumerate(self._processes):
            if _state(victim) != self._states[victim.pid]:
                _end(victim)
                fresh = self._start(uid)
                self._processes[index] = (uid, fresh)
                self._states[fresh.pid] = _state(fresh)

    def _start(self, uid: int) -> subprocess.Popen[bytes]:
        sleep = shutil.which("sleep")
        assert sleep is not None
        # As another user without that one's groups, or as this one with all that belongs to it.
        is_other = uid != os.getuid()
        with self._secret_file.open("rb") as file:
            return subprocess.Popen(
                [self.name, "3600"],
                executable=sleep,
                stdin=file,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LIT_CODER_VICTIM": self.secret},
                start_new_session=True,
                user=uid if is_other else None,
                group=uid if is_other else None,
                extra_groups=[] if is_other else None,
            )

    def close(self) -> None:
        """End them."""
        for _, victim in self._processes:
            _end(victim)


def _end(victim: subprocess.Popen[bytes]) -> None:
    victim.kill()
    victim.wait()


def _state(victim: subprocess.Popen[bytes]) -> str:
    """All that another process could change, as text."""
    if victim.poll() is not None:
        return f"ended with {victim.returncode}"
    folder = Path("/proc") / str(victim.pid)
    status = (folder / "status").read_text().splitlines()
    lines = [line for line in status if line.startswith(("State:", "TracerPid:"))]
    limits = (folder / "limits").read_text().splitlines()
    is_stopped = any(line.split()[1] in ("T", "t") for line in lines if "State" in line)
    return " ".join(
        (
            "stopped" if is_stopped else "alive",
            *(line for line in lines if "Tracer" in line),
            f"nice {os.getpriority(os.PRIO_PROCESS, victim.pid)}",
            f"cores {sorted(os.sched_getaffinity(victim.pid))}",
            f"scheduler {os.sched_getscheduler(victim.pid)}",
            *(line for line in limits if line.startswith("Max open files")),
            f"oom {(folder / 'oom_score_adj').read_text().strip()}",
        )
    )
