"""Worker servers that outlive a search and are reused by later ones.

A server is used by one search at a time. It exits after a minute without a search, with the
main process, or if there are too many idle servers. Forks of the main process have none.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from threading import Lock

from ._server_link import ServerLink

PATIENCE = 60.0  # seconds that an idle server waits for another search
MOST = 4  # idle servers at a time
PASSING = {"PYTEST_CURRENT_TEST"}  # variables that no library reads

_idle: list[ServerLink] = []  # the one that was used last comes last
_lock = Lock()


def take(env: Mapping[str, str]) -> ServerLink:
    """Return an idle server that still serves, or a new one."""
    key = _key(env)
    while True:
        with _lock:
            fitting = [server for server in _idle if server.key == key]
            if not fitting:
                break
            _idle.remove(fitting[-1])
        if fitting[-1].is_alive():
            return fitting[-1]
        fitting[-1].hang_up()
    return ServerLink(env, PATIENCE, key)


def give_back(server: ServerLink) -> None:
    """Keep a server that has cleaned up after its search; stop any other."""
    if not server.rest():
        server.hang_up()
        return
    with _lock:
        _idle.append(server)
        surplus = [_idle.pop(0)] if len(_idle) > MOST else []
    for other in surplus:
        other.hang_up()


def close() -> None:
    """End all idle servers."""
    with _lock:
        servers = list(_idle)
        _idle.clear()
    for server in servers:
        server.hang_up()


def idle_servers() -> set[int | None]:
    """Return the process ids of the idle servers; None for one that has not sent its own."""
    with _lock:
        for server in _idle:
            server.ended()  # hangs up if that one is gone
        _idle[:] = [server for server in _idle if server.channel.fileno() >= 0]
        return {server.pid for server in _idle}


def _key(env: Mapping[str, str]) -> tuple:
    """Return everything that a server inherits when it starts."""
    import resource  # not on Windows, where nothing is forked

    variables = frozenset(item for item in env.items() if item[0] not in PASSING)
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    limits = tuple(resource.getrlimit(getattr(resource, name)) for name in names)
    cores = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return variables, tuple(map(str, sys.path)), sys.executable, sys.flags.optimize, limits, cores


def _forget() -> None:
    """Drop the servers of the parent process after a fork, without closing them."""
    global _lock
    _lock = Lock()
    for server in _idle:
        server.channel.socket.close()
    _idle.clear()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
