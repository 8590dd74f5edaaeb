"""The receiver of the campaign's webhooks: it can be killed, and listens at the same port again."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """What has come, by `webhook-id`; `refused` are calls whose signature is wrong."""

    def __init__(self) -> None:
        self.secret = ""
        self.told: dict[str, str] = {}
        self.refused = 0
        self._lock = Lock()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.listen()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/hook"

    def listen(self) -> None:
        """Listens, at the port of before."""
        if self._server is not None:
            return
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(
                    dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"]))
                )
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def kill(self) -> None:
        """Listens no longer; calls are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keeps a call whose signature is right."""
        named = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            try:
                Webhook(self.secret).verify(body, named)
            except WebhookVerificationError:
                self.refused += 1
            else:
                self.told[named["webhook-id"]] = body.decode()
