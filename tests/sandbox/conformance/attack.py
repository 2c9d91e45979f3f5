"""What an attack is: a program, and what the host sees if it worked.

    Attack("open", "leak", "return open('$secret_file').read()")

The body becomes a function `f` of no arguments, which a CallJob calls. `$name` stands for a part
of the bait, `$sys_name` for the number of a system call. A program cannot show on the host that a
call into the kernel was granted: such a body returns a text that begins with "gained:", and only
where it was. What an attack may not do at all is the same for all: see `bait.py`.
"""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Literal

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, ExecutionStatus, Limits

Kind = Literal["leak", "change", "contact", "victim", "gain", "process", "status"]
"""leak: a secret came out; change: a file or a kernel object; contact: a listener was reached;
victim: another process was harmed; gain: the program got what it must not have; process: one of
its processes lives on; status: the execution ended as it must not."""

Control = Literal["unwalled", "bare", "none"]

STATUSES: tuple[ExecutionStatus, ...] = (
    "completed",
    "error",
    "timeout",
    "out_of_memory",
    "crashed",
)

_LIBC = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *arguments):
    converted = [ctypes.c_long(each) if type(each) is int else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *converted)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
def passes(number, *arguments):
    try:
        syscall(number, *arguments)
    except OSError as error:
        return error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS)
    return True
"""

# As in asm/unistd_64.h and asm-generic/unistd.h.
_SYSTEM_CALLS = {
    "x86_64": """add_key=248 bpf=321 capget=125 clone=56 clone3=435 execveat=322 fanotify_init=300
        fsopen=430 get_robust_list=274 init_module=175 inotify_add_watch=254 inotify_init1=294
        io_uring_setup=425 ioperm=173 ioprio_set=251 kcmp=312 memfd_secret=447 modify_ldt=154
        mount=165 move_pages=279 mq_open=240 mq_unlink=241 msgget=68 name_to_handle_at=303
        open_by_handle_at=304 open_tree=428 openat=257 openat2=437 perf_event_open=298
        personality=135 pidfd_getfd=438 pidfd_open=434 pivot_root=155 prctl=157 prlimit64=302
        process_vm_readv=310 process_vm_writev=311 ptrace=101 reboot=169 renameat2=316
        rt_sigqueueinfo=129 semget=64 sethostname=170 setns=308 setresuid=117 settimeofday=164
        shmat=30 shmctl=31 shmget=29 syslog=103 tgkill=234 tkill=200 truncate=76 unlinkat=263
        unshare=272 userfaultfd=323 x32_getpid=1073741863""",
    "aarch64": """add_key=217 bpf=280 capget=90 clone=220 clone3=435 execveat=281
        fanotify_init=262 fsopen=430 get_robust_list=100 init_module=105 inotify_add_watch=27
        inotify_init1=26 io_uring_setup=425 ioprio_set=30 kcmp=272 memfd_secret=447 mount=40
        move_pages=239 mq_open=180 mq_unlink=181 msgget=186 name_to_handle_at=264
        open_by_handle_at=265 open_tree=428 openat=56 openat2=437 perf_event_open=241
        personality=92 pidfd_getfd=438 pidfd_open=434 pivot_root=41 prctl=167 prlimit64=261
        process_vm_readv=270 process_vm_writev=271 ptrace=117 reboot=142 renameat2=276
        rt_sigqueueinfo=138 semget=190 sethostname=161 setns=268 setresuid=147 settimeofday=170
        shmat=196 shmctl=195 shmget=194 syslog=116 tgkill=131 tkill=130 truncate=45 unlinkat=35
        unshare=97 userfaultfd=282""",
}


def system_calls() -> dict[str, str]:
    """Placeholder and number of the system calls of this machine."""
    pairs = (each.split("=") for each in _SYSTEM_CALLS.get(platform.machine(), "").split())
    return {f"sys_{name}": number for name, number in pairs}


@dataclass(frozen=True)
class Attack:
    """One way to get at what is none of a program's business.

    Attributes:
        name: what the failing test is called.
        proof: the kind of damage that shows that it worked.
        body: statements of the function `f`.
        top: statements before it.
        control: where it is shown to work: in the unwalled backend, or in a bare interpreter,
            because every backend keeps this from a program when it starts, walls or not.
        why_no_control: with control "none", the reason.
        needs_root: works without walls only for root, or for a file's owner.
        is_optional: a kernel may lack what it needs, and then it works nowhere.
        is_metadata: what Landlock does not govern: only namespaces keep it from the program.
        limits: of its job.
        statuses: how its execution may end.
    """

    name: str
    proof: Kind
    body: str
    top: str = ""
    control: Control = "unwalled"
    why_no_control: str = ""
    needs_root: bool = False
    is_optional: bool = False
    is_metadata: bool = False
    limits: Limits = Limits(wall_seconds=3.0, cpu_seconds=3.0)
    statuses: tuple[ExecutionStatus, ...] = STATUSES

    def __str__(self) -> str:
        return self.name

    def program(self, parts: Mapping[str, str]) -> str | None:
        """The program's text; None where this machine has no such system call."""
        text = function(self.body, self.top)
        known = {**parts, **system_calls()}
        try:
            return Template(text).substitute(known)
        except KeyError as error:
            if not str(error.args[0]).startswith("sys_"):
                raise
            return None

    def job(self, program: str, limits: Limits | None = None) -> CallJob:
        """A job that calls the attack's function."""
        return CallJob(program, ((Call("f", ()),),), limits or self.limits)


def function(body: str, top: str = "") -> str:
    """A program whose `f` has these statements."""
    needs_libc = any(name in top + body for name in ("libc", "syscall(", "passes("))
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    start = textwrap.dedent(top)
    return f"{_LIBC if needs_libc else ''}{start}\nimport os, sys, time\ndef f():\n{lines}\n"
