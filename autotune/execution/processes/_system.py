"""Operating system facilities: process trees, their memory, killing them."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import sys
from contextlib import suppress

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
CAN_MEASURE = os.path.exists("/proc/self/statm")
HARMLESS_THREADS = {"jemalloc_bg_thd"}  # jemalloc, which pyarrow brings, prepares itself for forks
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, where it can."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends, where the kernel can do that."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def threads() -> set[str]:
    """Return this process's threads, if known, without those that survive forks."""
    found = set()
    with suppress(OSError):  # not Linux
        for thread in os.listdir("/proc/self/task"):
            # A thread may end meanwhile.
            with suppress(OSError), open(f"/proc/self/task/{thread}/comm") as file:
                if file.read().strip() not in HARMLESS_THREADS:
                    found.add(thread)
    return found


def is_alive(pid: int) -> bool:
    """Return whether a process exists and, if known, is not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return not CAN_MEASURE and _exists(pid)
    except OSError:  # too many open files
        return _exists(pid)


def _exists(pid: int) -> bool:
    """Return whether a process, be it a zombie, is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def redirect_output(output: int, errors: int) -> None:
    """Have this process write to other descriptors, in lines if that is a terminal."""
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for descriptor in (output, errors):
        os.close(descriptor)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=os.isatty(1))


def flush_output() -> None:
    """Write out what is buffered for the standard streams, by Python and by C code."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        # No stream, a full one, a closed one.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[union-attr]  # None is an AttributeError
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).fflush(None)


def _prctl(option: int, value: int) -> None:
    """Set an attribute of this process; other systems than Linux have no such call."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def children(pid: int) -> list[int]:
    """Return the processes whose parent is ``pid``."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:  # gone meanwhile, or not Linux
        return found
    return found


def descendants(pid: int) -> list[int]:
    """Return the children of ``pid``, their children, and so on."""
    found: list[int] = []
    todo = children(pid)
    while todo:
        child = todo.pop()
        found.append(child)
        todo += children(child)
    return found


def memory(pid: int) -> int:
    """Return the bytes of memory of ``pid`` and its descendants; mapped files do not count."""
    return sum(map(_private_memory, [pid, *descendants(pid)]))


def _private_memory(pid: int) -> int:
    """Return the resident bytes of a process that are not shared with files."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            _, resident, shared, *_ = map(int, file.read().split())
    except (OSError, ValueError):  # gone meanwhile
        return 0
    return (resident - shared) * PAGE


def kill_tree(pid: int) -> None:
    """Kill a process that leads a group, its group, and all its descendants."""
    # The tree must be read first: the children of a dead process are no longer its own.
    victims = [pid, *descendants(pid)]
    with suppress(OSError):  # not a leader yet, or nobody left
        os.killpg(pid, signal.SIGKILL)
    for victim in victims:
        with suppress(OSError):  # gone already
            os.kill(victim, signal.SIGKILL)


def describe_exit(code: int) -> str:
    """Return how a process ended, from its exit code or, if negative, its signal."""
    if code >= 0:
        return f"The worker process exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal
        name = f"signal {-code}"
    return f"The worker process was killed by {name}"


def describe_excess(limit: int | None) -> str:
    """Return the message for a process that exceeded its memory limit."""
    return f"The worker process exceeded its memory limit of {(limit or 0) / 1e6:.0f} MB"
