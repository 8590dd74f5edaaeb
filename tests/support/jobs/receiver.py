"""A server that takes webhooks, verifies them with the library, and can be away or refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Receiver:
    """What came: headers and bodies, in order; `status` is what is answered."""

    port: int = 0
    status: int = 204
    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """The bodies of all calls, whose signatures the library accepts."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.calls]

    def ids(self) -> list[str]:
        """The `webhook-id` of each call."""
        return [headers["webhook-id"] for headers, _ in self.calls]


@contextmanager
def receiving_calls(receiver: Receiver | None = None) -> Iterator[Receiver]:
    """Listens until the end of the block; one that listened before listens at the same port again."""
    told = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"x" * 100_000 if told.status == 200 else b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", told.port), Handler) as server:
        told.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield told
        finally:
            server.shutdown()
