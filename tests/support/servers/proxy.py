"""A wire between a client and a server that a test can cut, or let go silent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on in both directions, from a port of its own."""

    def __init__(self, target: str) -> None:
        split = urlsplit(target)
        self._target = (split.hostname, split.port)
        self._scheme = split.scheme
        self._flows = Event()
        self._flows.set()
        self._wires: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accept()

    @property
    def url(self) -> str:
        """Where the server seems to be."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Inside the block connections are broken and new ones refused: the server is gone."""
        self.close()
        try:
            yield
        finally:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accept()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Inside the block connections stand, new ones too, and no byte passes: the server hangs."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        """Ends everything."""
        self._flows.set()
        for end in (self._listener, *self._wires):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._wires.clear()

    def _accept(self) -> None:
        listener = self._listener

        def accept() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(self._target)
                    self._wires += [client, server]
                    for source, sink in ((client, server), (server, client)):
                        Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

        Thread(target=accept, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
