"""A real HTTP server that plays a provider: it keeps what it is asked, and answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

DROP = -1
"""Instead of a status: the connection ends after the request, without an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    """By names in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say to a request."""

    status: int
    body: str | dict[str, Any] = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    """Whether the connection ends before the whole body has come."""


class ProviderServer:
    """Use it as a context manager; `url` is where it listens."""

    def __init__(self, usual: Answer) -> None:
        """
        Args:
            usual: the answer to everything that `answers` says nothing of.
        """
        self.usual = usual
        self.answers: list[Answer] = []
        """Given once each, in order."""
        self.asked: list[Asked] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider.asked.append(Asked(self.command, self.path, headers, body))
                self._answer(provider.answers.pop(0) if provider.answers else provider.usual)

            do_GET = do_POST  # noqa: N815

            def _answer(self, answer: Answer) -> None:
                if answer.status == DROP:
                    self.close_connection = True
                    return
                body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode()) + answer.is_cut))
                self.close_connection = answer.is_cut
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
