"""Which process writes a study, and whether it is still running."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_DEAD = "ZX"  # states of a process that has ended but that its parent has not asked about


def this_writer() -> str:
    """Return what identifies this process: host, number, and when it began."""
    return f"{socket.gethostname()}:{os.getpid()}:{_began(os.getpid())}"


def is_alive(writer: str | None) -> bool:
    """Return whether the process that claimed a study still runs, as far as can be seen.

    A process of another host counts as gone: SQLite's journal does not work across hosts,
    and a container that is started again has a new name.
    """
    host, _, rest = (writer or "").partition(":")
    pid, _, began = rest.partition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    return bool(began) and _began(int(pid)) == began


def _began(pid: int) -> str:
    """Return when a process began, as text; empty if it does not run or cannot be seen."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        fields = stat.rpartition(")")[2].split()  # a name may hold spaces and brackets
        return "" if fields[0] in _DEAD else fields[19]
    if os.name != "posix":
        return ""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "running"  # by another user
    except OSError:
        return ""
    return "running"
