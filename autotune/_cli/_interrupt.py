"""What a second Ctrl-C does."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ._errors import INTERRUPTED

_PATIENCE = 1.0  # seconds for the process to end by itself


@contextmanager
def ending_at_interrupt() -> Iterator[None]:
    """End the process soon after a further Ctrl-C, also in the middle of a long call.

    Python acts upon a signal between two of its own instructions only, so a thread is told of
    it: if the process does not end by itself, the thread ends it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno())
    done = threading.Event()
    threading.Thread(target=_end_when_told, args=(reader, done), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        signal.set_wakeup_fd(before)
        writer.close()


def _end_when_told(reader: socket.socket, done: threading.Event) -> None:
    """Wait for SIGINT, then end the process unless it is done in time."""
    with reader, suppress(OSError):
        while told := reader.recv(1):
            if told[0] == signal.SIGINT and not done.wait(_PATIENCE):
                os._exit(INTERRUPTED)
