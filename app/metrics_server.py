"""`/metrics` of a process without an API, on a port of its own: only it knows how long its steps take."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app

from app.access import is_loopback, is_token
from app.errors import InvalidInput
from app.settings import Settings

log = structlog.get_logger()

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def serving_metrics_of(
    settings: Settings, registry: CollectorRegistry, host: str, port: int, *, setting: str
) -> Iterator[None]:
    """Answers `GET /metrics` inside the block, if the port is not 0.

    Requires `AML_API_TOKEN` where it is set, as the API does. A port in use (a second process of the machine
    has the same settings) is logged, and the process works without its metrics.

    Raises:
        InvalidInput: the address is not a loopback one, and no token would be required.
    """
    if not port:
        yield
        return
    if not _requires_token(settings) and not is_loopback(host):
        raise InvalidInput(
            f"{setting}={host} can be reached by others, and there is no token to require. "
            f"Set AML_API_TOKEN and leave AML_API_AUTH on, or set {setting}=127.0.0.1."
        )
    try:
        server = make_server(host, port, _authenticated(settings, registry), _Server, _QuietHandler)
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


def _requires_token(settings: Settings) -> bool:
    return settings.api_auth == "on" and settings.api_token is not None


def _authenticated(settings: Settings, registry: CollectorRegistry) -> App:
    metrics: App = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            return _error("404 Not Found", start_response)
        scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if _requires_token(settings) and not (scheme.lower() == "bearer" and is_token(settings, token)):
            return _error("401 Unauthorized", start_response, ("WWW-Authenticate", "Bearer"))
        return metrics(environ, start_response)

    return answer


def _error(status: str, start_response: Callable[..., Any], *headers: tuple[str, str]) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), *headers])
    return [f"{status}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each scrape, so that a client that hangs does not block the others."""

    daemon_threads = True

    def server_bind(self) -> None:
        """As the base, without the reverse look-up of the address, which can take seconds in a container."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _QuietHandler(WSGIRequestHandler):
    """Logs no scrape on stderr; disconnects a client that sends nothing."""

    timeout = 10

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the base's own shape
        """Nothing."""
