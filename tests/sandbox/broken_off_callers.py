"""Breaks callers of threads off at random instructions; ends with status 0 if no thread is stuck.

python -m tests.sandbox.broken_off_callers NUM_CALLERS
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import deque

from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task

_STUCK_SECONDS = 20.0


def _work() -> None:
    time.sleep(0.0005)


def _call(threads: InterruptibleThreads) -> None:
    """As a runner does: take results while further calls are submitted."""
    waiting: deque[Task[None]] = deque()
    for _ in range(300):
        waiting.append(threads.submit(_work))
        while waiting and waiting[0].is_done:
            waiting.popleft().result()
    while waiting:
        waiting.popleft().result()


def main() -> None:
    """Every caller is broken off once, then its threads are closed."""
    draw = random.Random(1)
    num_broken_off = 0
    for _ in range(int(sys.argv[1])):
        threads = InterruptibleThreads(2)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, draw.uniform(0.002, 0.010))
            _call(threads)
        except KeyboardInterrupt:
            num_broken_off += 1
        finally:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        closing = threading.Thread(target=threads.close, daemon=True)
        closing.start()
        closing.join(_STUCK_SECONDS)
        if closing.is_alive():
            print("a thread is stuck", flush=True)
            os._exit(1)
    print(f"{num_broken_off} callers were broken off")


if __name__ == "__main__":
    main()
