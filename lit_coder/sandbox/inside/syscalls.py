"""Linux system call numbers of the processors we know, by name: those our filter speaks of.

    architecture = find_architecture()    # None: not Linux, or a processor without a table
    architecture.numbers["openat"]

A call that a processor does not have (aarch64 has no `open`) is absent from its table. A number
that is wrong here opens a hole, so the tests compare both tables with the kernel's headers. No
system call is made here.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

# name, x86_64, aarch64; in the order of the x86_64 numbers. The last line is the newest call.
_TABLE = """
read 0 63
write 1 64
open 2 -
close 3 57
stat 4 -
fstat 5 80
lstat 6 -
poll 7 -
lseek 8 62
mmap 9 222
mprotect 10 226
munmap 11 215
brk 12 214
rt_sigaction 13 134
rt_sigprocmask 14 135
rt_sigreturn 15 139
ioctl 16 29
pread64 17 67
pwrite64 18 68
readv 19 65
writev 20 66
access 21 -
pipe 22 -
select 23 -
sched_yield 24 124
mremap 25 216
msync 26 227
madvise 28 233
dup 32 23
dup2 33 -
pause 34 -
nanosleep 35 101
getitimer 36 102
alarm 37 -
setitimer 38 103
getpid 39 172
sendfile 40 71
sendto 44 206
recvfrom 45 207
socketpair 53 199
clone 56 220
execve 59 221
exit 60 93
wait4 61 260
uname 63 160
fcntl 72 25
fsync 74 82
fdatasync 75 83
ftruncate 77 46
getdents 78 -
getcwd 79 17
chdir 80 49
fchdir 81 50
rename 82 -
mkdir 83 -
rmdir 84 -
creat 85 -
link 86 -
unlink 87 -
symlink 88 -
readlink 89 -
umask 95 166
gettimeofday 96 169
getrlimit 97 163
getrusage 98 165
sysinfo 99 179
times 100 153
getuid 102 174
getgid 104 176
geteuid 107 175
getegid 108 177
getppid 110 173
getpgrp 111 -
getgroups 115 158
getresuid 118 148
getresgid 120 150
getpgid 121 155
getsid 124 156
capget 125 90
rt_sigpending 127 136
rt_sigtimedwait 128 137
rt_sigsuspend 130 133
sigaltstack 131 132
statfs 137 43
fstatfs 138 44
getpriority 140 141
prctl 157 167
arch_prctl 158 -
gettid 186 178
time 201 -
futex 202 98
sched_getaffinity 204 123
epoll_create 213 -
getdents64 217 61
set_tid_address 218 96
restart_syscall 219 128
fadvise64 221 223
clock_gettime 228 113
clock_getres 229 114
clock_nanosleep 230 115
exit_group 231 94
epoll_wait 232 -
epoll_ctl 233 21
waitid 247 95
openat 257 56
mkdirat 258 34
newfstatat 262 79
unlinkat 263 35
renameat 264 38
linkat 265 37
symlinkat 266 36
readlinkat 267 78
faccessat 269 48
pselect6 270 72
ppoll 271 73
set_robust_list 273 99
epoll_pwait 281 22
fallocate 285 47
eventfd2 290 19
epoll_create1 291 20
dup3 292 24
pipe2 293 59
preadv 295 69
pwritev 296 70
prlimit64 302 261
getcpu 309 168
renameat2 316 276
getrandom 318 278
membarrier 324 283
copy_file_range 326 285
preadv2 327 286
pwritev2 328 287
statx 332 291
rseq 334 293
clone3 435 435
close_range 436 436
openat2 437 437
faccessat2 439 439
epoll_pwait2 441 441
futex_waitv 449 449
file_setattr 469 469
"""
_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


class Architecture(NamedTuple):
    """A processor as the kernel's filters see it: its audit number and its call numbers."""

    name: str
    audit_arch: int
    numbers: Mapping[str, int]


def _read_table() -> dict[str, Architecture]:
    rows = [line.split() for line in _TABLE.split("\n") if line]
    return {
        name: Architecture(
            name,
            audit_arch,
            {row[0]: int(row[column]) for row in rows if row[column] != "-"},
        )
        for column, (name, audit_arch) in enumerate(_AUDIT_ARCHITECTURES.items(), start=1)
    }


_ARCHITECTURES = _read_table()


def find_architecture(machine: str | None = None) -> Architecture | None:
    """The table for a machine's name as `uname` gives it; this process's own by default.

    None where there is no table: no filter can be built, and so no program may be run.
    """
    if machine is None:
        # A 32-bit process under a 64-bit kernel uses the numbers of another table.
        if sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8:
            return None
        machine = os.uname().machine
    return _ARCHITECTURES.get(machine)
