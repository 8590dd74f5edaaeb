"""What the three servers have in common, so that the stack starts all in the same way."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from embedded.process import Command


@dataclass(frozen=True)
class Setup:
    """A command that prepares new data; `finish` puts the result in its final place."""

    command: Command
    finish: Callable[[], None]


@dataclass(frozen=True)
class Server:
    """How to run a server; `ready` raises until it answers; `setup` is set only before the first start."""

    name: str
    command: Command
    ready: Callable[[], None]
    setup: Setup | None = None


@dataclass(frozen=True)
class Client:
    """A process that works on the servers: `question` raises unless it answers; it `needs` these servers."""

    command: Command
    question: Callable[[], None]
    needs: tuple[str, ...]


def connect(port: int) -> None:
    """Raise unless something listens: cheaper and quieter than a client that retries."""
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
