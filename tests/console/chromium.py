"""A real browser for tests: headless Chromium spoken to over a pipe, with no driver in between."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOUND = shutil.which("chromium") or shutil.which("chromium-browser")
"""Chromium's path, or None where it is not installed."""

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--lang=zh-CN",
)
PATIENCE_SECONDS = 60


class BrowserError(AssertionError):
    """The browser did not do what was asked."""


@dataclass
class Tab:
    """One page of the browser at a time."""

    commands: int
    answers: int
    session: str = ""
    last_id: int = 0
    pending: bytes = b""
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def fresh(self) -> Tab:
        """Begin again in a new tab that shares no cookie with the one before."""
        self.session = ""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        self.complaints, self.dialogs, self.asked = [], [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self

    def open(self, address: str) -> None:
        """Go to an address and wait until it has loaded."""
        self.ask("Page.navigate", url=address)
        self.settle()

    def settle(self) -> None:
        """Wait until the page has loaded."""
        self.wait_for("document.readyState === 'complete'")

    def see(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def text(self) -> str:
        """Return what a person reads."""
        return str(self.see("document.body ? document.body.innerText : ''"))

    def wait_for(self, script: str) -> None:
        """Wait until an expression holds; the page may be replaced meanwhile."""
        self._until(lambda: self.see(script) is True, script)

    def wait_for_text(self, words: str) -> None:
        """Wait until a person reads these words."""
        self._until(lambda: words in self.text(), f"the words {words}; there are: {self.text()}")

    def click(self, selector: str) -> None:
        """Click the middle of an element, as a mouse does."""
        place = self.see(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.click_at(place[0], place[1])

    def click_at(self, x: float, y: float) -> None:
        """Click a point of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, words: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=words)

    def press(self, key: str) -> None:
        """Press Tab, Enter or Space."""
        code = {"Tab": 9, "Enter": 13, "Space": 32}[key]
        text = {"Enter": "\r", "Space": " "}.get(key, "")
        name = " " if key == "Space" else key
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def window(self, width: int, height: int) -> None:
        """Make the window so large, in CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        """Remember what the browser complains of, asks the network for, and pops up."""
        if event.get("sessionId", "") != self.session:
            return
        method, facts = event.get("method", ""), event.get("params", {})
        if method == "Log.entryAdded" and facts["entry"]["level"] == "error":
            self.complaints.append(facts["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(facts["message"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(facts["request"]["url"])

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if holds():
                    return
            except BrowserError:
                pass  # the page was being replaced
            if time.monotonic() > deadline:
                raise BrowserError(f"waited {PATIENCE_SECONDS} s for {what}")
            time.sleep(0.05)

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.answers, 1 << 16) if ready else b""
            if not chunk:
                raise BrowserError("the browser does not answer")
            self.pending += chunk
        line, _, self.pending = self.pending.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser() -> Iterator[Tab]:
    """Start a browser, and end it; `Tab.fresh` gives each test a tab of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        commands, answers, process = _start(profile)
        try:
            yield Tab(commands=commands, answers=answers)
        finally:
            os.close(commands)
            os.close(answers)
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)


def _start(profile: str) -> tuple[int, int, int]:
    """Return the pipe to write to, the pipe to read from, and the process."""
    assert FOUND is not None
    flags = [*FLAGS, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to start as root otherwise
    their_in, our_out = _high(os.pipe())
    our_in, their_out = _high(os.pipe())
    with Path(os.devnull).open("wb") as nowhere:
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        process = os.posix_spawn(
            FOUND,
            [FOUND, *flags],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, their_in, 3),
                (os.POSIX_SPAWN_DUP2, their_out, 4),
                (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, nowhere.fileno(), 2),
            ],
        )
    os.close(their_in)
    os.close(their_out)
    return our_out, our_in, process


def _high(pair: tuple[int, int]) -> tuple[int, int]:
    """Move both ends of a pipe above the numbers that Chromium's side uses."""
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pair]
    for end in pair:
        os.close(end)
    return moved[0], moved[1]
