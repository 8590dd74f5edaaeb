"""A proxy in front of the API that fails as networks do: what was done is not told, or nobody is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


@dataclass
class Proxy:
    """What comes is forwarded to `target`; for each of `failures` one request fails in its way.

    `lost`: it is done, and the answer is lost. A number: that status is answered, and nothing is done.
    """

    target: str
    failures: list[str | int] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def flaky(target: str) -> Iterator[Proxy]:
    """A proxy that listens until the end of the block."""
    proxy = Proxy(target)

    class Handler(BaseHTTPRequestHandler):
        def _forward(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            proxy.requests.append((self.command, self.path))
            failure = proxy.failures.pop(0) if proxy.failures else None
            if isinstance(failure, int):
                self.send_response(failure)
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = {n: v for n, v in self.headers.items() if n.lower() not in {"host", "connection"}}
            answer = httpx.request(
                self.command, proxy.target + self.path, content=body, headers=headers, timeout=60
            )
            if failure == "lost":
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name in ("content-type", "retry-after"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()
