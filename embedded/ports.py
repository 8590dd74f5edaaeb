"""Which loopback ports an instance uses: pinned ones, else those of the last run, else new ones."""

import secrets
import socket
from collections.abc import Callable, Mapping

from app.errors import InUse, InvalidInput

PINS = {
    "postgres": "AML_POSTGRES_PORT",
    "kafka": "AML_KAFKA_PORT",
    "kafka_controller": "AML_KAFKA_CONTROLLER_PORT",
    "neo4j_bolt": "AML_NEO4J_BOLT_PORT",
    "neo4j_http": "AML_NEO4J_HTTP_PORT",
    "api": "AML_API_PORT",
    "consumer_metrics": "AML_CONSUMER_METRICS_PORT",
    "worker_metrics": "AML_WORKER_METRICS_PORT",
}
_LOWEST, _HIGHEST = 20_000, 32_000  # below the ports systems give to outgoing connections


def pinned_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """The ports that environment variables ask for, by the names of `PINS`.

    Raises:
        InvalidInput: a value is no port number.
    """
    ports = {}
    for name, variable in PINS.items():
        if text := environ.get(variable):
            if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
                raise InvalidInput(f"{variable}={text} is no port: set a number from 1 to 65535.")
            ports[name] = int(text)
    return ports


def choose(
    remembered: Mapping[str, int],
    pins: Mapping[str, int],
    *,
    is_free: Callable[[int], bool],
    draw: Callable[[], int],
) -> dict[str, int]:
    """One port for each name of `PINS`, all different. `draw` proposes new ones.

    Raises:
        InUse: a pinned port is taken.
    """
    ports: dict[str, int] = {}
    for name in sorted(PINS, key=lambda name: name not in pins):  # pinned first: no other takes their port
        taken = set(ports.values())
        port = pins.get(name) or remembered.get(name) or draw()
        while port in taken or not is_free(port):
            if name in pins:
                raise InUse(
                    f"Port {port} is in use: choose another with {PINS[name]}, "
                    "or unset it and a free one is picked."
                )
            port = draw()
        ports[name] = port
    return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: no wait after a stop
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def draw() -> int:
    """A port to try."""
    return _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
