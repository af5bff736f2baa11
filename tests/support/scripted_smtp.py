"""A mail server that misbehaves on purpose: at a given stage it is silent, hangs up, or answers as a test tells it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

SILENT = "silent"
"""No answer, and the connection stays."""
DROP = "drop"
"""No answer, and the connection ends."""
_ANSWERS = {"greeting": "220 ready", "EHLO": "250 hello", "DATA": "354 go on", "dot": "250 taken", "QUIT": "221 bye"}


class ScriptedServer:
    """Use it as a context manager.

    Attributes:
        stage: where it misbehaves: `greeting`, `EHLO`, `MAIL`, `RCPT`, `DATA` or `dot`, the end of the mail.
        deed: `SILENT`, `DROP` or a reply such as `450 later`; None: it behaves.
        mails: those that came whole, whatever was said to them.
        heard: what came of the last mail so far, without the dot that ends it.
        tried: how many mails were begun.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.deed: str | None = None
        self.mails: list[bytes] = []
        self.heard = b""
        self.tried = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        for connection in self._open:
            connection.close()

    def behave(self) -> None:
        self.deed = None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            going_on = self._answer(connection, "greeting")
            while going_on and (line := lines.readline()):
                stage = line.split()[0].decode().upper().replace("HELO", "EHLO")
                self.tried += stage == "MAIL"
                going_on = self._answer(connection, stage)
                if stage == "DATA" and self._is_well("DATA"):
                    self.heard = b""
                    while (heard := lines.readline()) not in {b".\r\n", b""}:
                        self.heard += heard
                    if heard:
                        self.mails.append(self.heard)
                        going_on = self._answer(connection, "dot")

    def _is_well(self, stage: str) -> bool:
        return self.deed is None or self.stage != stage

    def _answer(self, connection: socket.socket, stage: str) -> bool:
        if self._is_well(stage):
            reply = _ANSWERS.get(stage, "250 fine")
        elif self.deed == SILENT:
            return True
        elif self.deed == DROP or self.deed is None:
            return False
        else:
            reply = self.deed
        connection.sendall(f"{reply}\r\n".encode())
        return True
