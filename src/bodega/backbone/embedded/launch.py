"""Starts one program that dies with its parent, as an unprivileged user if asked.

Run by path with a bare interpreter (`python -I -S launch.py …`), so that nothing happens between
fork and exec in a process with threads. It replaces itself: the program keeps this process id.

    launch.py PARENT SIGNAL self|namespace|nobody PROGRAM [ARGUMENT …]
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def enter_user_namespace() -> None:
    """Be `nobody` in the eyes of this process, and still the owner of our own files.

    Raises OSError where the host forbids it.
    """
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are forbidden here")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/gid_map", f"{NOBODY} {gid} 1")
    _write("/proc/self/uid_map", f"{NOBODY} {uid} 1")


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def die_with_parent(signal_number: int, parent: int) -> None:
    """Have the kernel send `signal_number` here when `parent` dies; leave now if it has.

    Comes after any change of user, which would clear it. The kernel watches the *thread* that
    started us: start children from a thread that lives as long as its process.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def obey() -> None:
    """Programs inherit which signals are ignored or held back, as SIGINT is in the background of a
    shell; ours stop when they are asked to."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def main(arguments: list[str]) -> None:
    parent, signal_number, identity, *command = arguments
    obey()
    try:
        if identity == "namespace":
            enter_user_namespace()
        elif identity == "nobody":
            become_nobody()
        die_with_parent(int(signal_number), int(parent))
        os.execv(command[0], command)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
