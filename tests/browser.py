"""A headless Chromium, driven over its DevTools protocol through a pair of pipes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_READ, _WRITE = 3, 4  # where Chromium expects the pipes


def find_browser() -> str | None:
    """Return the path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """One page of a browser; all that it reports is in ``events``."""

    def __init__(self, program: str, profile: Path):
        ours, theirs = os.pipe(), os.pipe()
        # Out of the way of the numbers that the ends get in the child.
        read = fcntl.fcntl(theirs[0], fcntl.F_DUPFD, 10)
        write = fcntl.fcntl(ours[1], fcntl.F_DUPFD, 10)

        def place_pipes() -> None:
            os.dup2(read, _READ)
            os.dup2(write, _WRITE)

        self._process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place_pipes,
            pass_fds=(_READ, _WRITE),
        )
        for end in (theirs[0], ours[1], read, write):
            os.close(end)
        self._input = os.fdopen(theirs[1], "wb", buffering=0)
        self._output, self._unread = ours[0], b""
        self._n_sent, self._session = 0, {}
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._n_sent += 1
        message = {"id": self._n_sent, "method": method, "params": params, **self._session}
        self._input.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._n_sent:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        """Return the next message."""
        while b"\0" not in self._unread:
            content = os.read(self._output, 1 << 20)
            assert content, "the browser has ended"
            self._unread += content
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        while not self.named("Page.loadEventFired"):
            self.events.append(self._receive())

    def named(self, *methods: str) -> list[dict[str, Any]]:
        """Return the parameters of the events with some names."""
        return [e["params"] for e in self.events if e.get("method") in methods]

    def run(self, code: str) -> Any:
        """Return what an expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        """End the browser."""
        self._session = {}
        self.call("Browser.close")
        self._process.wait()
        self._input.close()
        os.close(self._output)
