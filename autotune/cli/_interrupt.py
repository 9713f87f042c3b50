"""Handling of Ctrl-C after the first one."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ._errors import INTERRUPTED

_PATIENCE = 0.5  # seconds for the process to end by itself


@contextmanager
def ending_at_interrupt() -> Iterator[None]:
    """End the process soon after Ctrl-C, also in the middle of a long call.

    Python acts upon a signal between two of its own instructions only, so a thread is told of
    it too: it ends the process if that does not end by itself. While there is a thread, worker
    processes start slowly, so this is not for the search.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(reader, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        signal.set_wakeup_fd(before)
        writer.close()
        thread.join()


def _watch(reader: socket.socket, done: threading.Event) -> None:
    """End the process at SIGINT unless it is done in time."""
    with reader:
        while told := reader.recv(1):
            if told[0] == signal.SIGINT and not done.wait(_PATIENCE):
                os._exit(INTERRUPTED)
