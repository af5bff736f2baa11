"""Thunderbird without a screen: somebody whose mail program handles the invites that come."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_SCRIPT = Path(__file__).with_name("read_mail.js")
_PATIENCE_S = 60
_PREFERENCES = {
    "marionette.port": 0,  # a free one, which it writes down
    "network.dns.disabled": True,  # it talks to nobody but us
    "mail.provider.suppress_dialog_on_startup": True,
    "mailnews.start_page.enabled": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a mail."""

    offered: str | None
    """What Thunderbird offered to do: REQUEST, REQUEST:UPDATE or CANCEL; None if the mail tells it nothing new."""
    asked: bool
    """Whether it asked if that is really meant: it does for what it has deleted."""
    held: list[dict[str, str]]
    """What the calendar holds then."""


class Thunderbird:
    """Use it as a context manager. It is driven by Marionette, the protocol of Mozilla's own tests."""

    def __init__(self, home: Path, email: str, smtp_port: int) -> None:
        self._home = home
        self._email = email
        self._smtp_port = smtp_port
        self._asked = 0

    def __enter__(self) -> Self:
        self._home.mkdir()
        preferences = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items())
        (self._home / "user.js").write_text("\n".join(preferences), encoding="utf-8")
        program = shutil.which("thunderbird") or "thunderbird"
        flags = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        self._program = subprocess.Popen(
            [program, *flags, "--profile", str(self._home)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._home), "TZ": "UTC"},
        )
        try:
            self._connect()
            self._ask("WebDriver:NewSession", capabilities={})
            self._ask("Marionette:SetContext", value="chrome")
        except BaseException:
            self._program.kill()
            self._program.wait()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()
        self._program.terminate()
        try:
            self._program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()

    def read(self, raw: bytes, *, answer: str = "", sure: bool = True) -> Seen:
        """Open a mail, and press the button that is offered for its invite.

        Args:
            answer: what to answer to an invite, by mail: ACCEPTED or DECLINED. Accepted without a word where empty.
            sure: the answer when Thunderbird asks whether that is really meant.
        """
        script = _SCRIPT.read_text(encoding="utf-8")
        arguments = [raw.decode("latin-1"), self._email, answer, sure, self._smtp_port]
        answer = self._ask("WebDriver:ExecuteAsyncScript", script=script, args=arguments, scriptTimeout=20_000)
        seen = answer["value"]
        assert "error" not in seen, seen["error"]
        return Seen(seen["offered"], seen["asked"], seen["held"])

    def _connect(self) -> None:
        port = self._home / "MarionetteActivePort"
        deadline = time.monotonic() + _PATIENCE_S
        while not (port.exists() and port.read_text().strip()):
            assert self._program.poll() is None, "Thunderbird ended"
            assert time.monotonic() < deadline, "Thunderbird did not start"
            time.sleep(0.05)
        self._socket = socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=_PATIENCE_S)
        self._stream = self._socket.makefile("rwb")
        assert self._answer()["marionetteProtocol"] == 3

    def _ask(self, command: str, **facts: object) -> Any:
        self._asked += 1
        question = json.dumps([0, self._asked, command, facts]).encode()
        self._stream.write(b"%d:%b" % (len(question), question))
        self._stream.flush()
        _, number, error, result = self._answer()
        assert number == self._asked
        assert error is None, error
        return result

    def _answer(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            assert digit, "Thunderbird has gone"
            length += digit
        return json.loads(self._stream.read(int(length)))
