"""How far a process gives way to the others on a busy machine."""

import os
from contextlib import suppress
from pathlib import Path

_SESSION = Path("/proc/self/autogroup")


def give_way(nice: int) -> None:
    """This process and what it starts, against all others.

    A niceness counts within a session only where Linux shares the processor out by session
    (`sched_autogroup`, on by default; man 7 sched), so a leader gives its session the same.
    """
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # another kernel, or /proc is not ours to write
            _SESSION.write_text(str(nice))
