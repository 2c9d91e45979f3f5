"""What a worker's container may do and use: Docker's flags, as far as docker-py takes them plainly.

    flags = container_flags(options.limits(), volumes=(), labels={}, runtime=None)
    flags.host["mem_limit"]

Nothing leads out of it: no network, no mount of the host, no writable file system but the scratch
folder, no capability, no way to gain one. Its memory is twice that of a program, for the candidate
and its judge, plus the scratch folder, which is in memory, plus room for zygote and relay; there is
no swap beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.inside.frames import MAX_JOB_BYTES
from lit_coder.sandbox.privileges import NOBODY

SCRATCH = "/scratch"
"""Where a container's scratch folder is."""

_OWN_BYTES = 192 * 2**20
# Relay, zygote, candidate, judge and an interpreter's own threads, beside those asked for.
_OWN_PROCESSES = 32
_ONE_CORE = 10**9
_OPEN_FILES = 1024
_CLOSED = "ro,size=4k,mode=0555"


class ContainerFlags(NamedTuple):
    """Arguments of docker-py's `create_container` and `create_host_config`."""

    container: dict[str, Any]
    host: dict[str, Any]

    @property
    def runtime(self) -> str | None:
        """The runtime that was asked for."""
        runtime: str | None = self.host["runtime"]
        return runtime


def container_flags(
    limits: Limits, volumes: Sequence[str], labels: Mapping[str, str], runtime: str | None
) -> ContainerFlags:
    """The flags of a container for jobs of these limits.

    Args:
        limits: the largest that a job will ask for.
        volumes: paths that the image would have writable.
        labels: what the container is to be found by.
        runtime: null for Docker's own.
    """
    memory_bytes = 2 * limits.memory_bytes + limits.scratch_bytes + _OWN_BYTES
    # A large standard input is a file too; none is larger than the scratch folder else.
    file_bytes = max(MAX_JOB_BYTES, limits.scratch_bytes, limits.file_bytes)
    container = {
        "user": f"{NOBODY}:{NOBODY}",
        "working_dir": "/",
        "stdin_open": True,
        "labels": dict(labels),
        "stop_signal": "SIGKILL",
        # An image's own would be executed beside the programs.
        "healthcheck": {"test": ["NONE"]},
    }
    host = {
        "network_mode": "none",
        "ipc_mode": "none",
        "read_only": True,
        "tmpfs": _file_systems(limits, volumes),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory_bytes,
        "memswap_limit": memory_bytes,
        "pids_limit": _OWN_PROCESSES + limits.processes,
        "nano_cpus": _ONE_CORE,
        "ulimits": [
            {"name": "core", "soft": 0, "hard": 0},
            {"name": "nofile", "soft": _OPEN_FILES, "hard": _OPEN_FILES},
            {"name": "fsize", "soft": file_bytes, "hard": file_bytes},
        ],
        # Or what a program prints could fill the daemon's disk.
        "log_config": {"type": "none"},
        "auto_remove": True,
        "init": False,
        "runtime": runtime,
    }
    return ContainerFlags(container, host)


def _file_systems(limits: Limits, volumes: Sequence[str]) -> dict[str, str]:
    """What is mounted in memory: the scratch folder, and nothing over what would be writable."""
    # Docker mounts message queues so that anybody can leave files there.
    file_systems = dict.fromkeys((*volumes, "/dev/mqueue"), _CLOSED)
    if limits.scratch_bytes:
        # One inode is the folder itself.
        file_systems[SCRATCH] = (
            f"size={limits.scratch_bytes},nr_inodes={limits.scratch_files + 1},"
            f"uid={NOBODY},gid={NOBODY},mode=0700,noexec,nosuid,nodev"
        )
    return file_systems
