"""The consumer's own `/metrics`: what only this process knows, on a port of its own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from app.access import is_loopback, is_token
from app.errors import InvalidInput
from app.settings import Settings
from ingest.instruments import CONSUMER

log = structlog.get_logger()

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def serving_metrics(settings: Settings) -> Iterator[None]:
    """Answers `GET /metrics` inside the block, if there is a port for it.

    Where `AML_API_TOKEN` is set it is asked for, as the API does. A port that is taken is no reason not to
    ingest: that is logged, as when a second consumer of one machine has the same settings.

    Raises:
        InvalidInput: others can reach the address and nothing would be asked of them.
    """
    if not settings.consumer_metrics_port:
        yield
        return
    host, port = settings.consumer_metrics_host, settings.consumer_metrics_port
    if not _asks(settings) and not is_loopback(host):
        raise InvalidInput(
            f"AML_CONSUMER_METRICS_HOST={host} can be reached by others, and there is no token to ask for. "
            "Set AML_API_TOKEN and leave AML_API_AUTH on, or set AML_CONSUMER_METRICS_HOST=127.0.0.1."
        )
    try:
        server = make_server(host, port, _guarded(settings), _Server, _Quiet)
    except OSError as exc:
        log.warning("metrics_not_served", host=host, port=port, reason=str(exc))
        yield
        return
    with server:
        thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _asks(settings: Settings) -> bool:
    return settings.api_auth == "on" and settings.api_token is not None


def _guarded(settings: Settings) -> App:
    metrics: App = make_wsgi_app(CONSUMER)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            return _refuse("404 Not Found", start_response)
        scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if _asks(settings) and not (scheme.lower() == "bearer" and is_token(settings, token)):
            return _refuse("401 Unauthorized", start_response, ("WWW-Authenticate", "Bearer"))
        return metrics(environ, start_response)

    return answer


def _refuse(status: str, start_response: Callable[..., Any], *headers: tuple[str, str]) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), *headers])
    return [f"{status}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a scrape, so that a client which hangs keeps no other waiting."""

    daemon_threads = True

    def server_bind(self) -> None:
        """As the base, without asking for the address's name, which can take seconds in a container."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Quiet(WSGIRequestHandler):
    """Says nothing on stderr of every scrape; a client that sends nothing is let go."""

    timeout = 10

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the base's own shape
        """Nothing."""
