"""The servers of one home, started together and stopped together."""

import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import InvalidInput
from embedded.definitions import SERVICES, definitions
from embedded.home import claim_ports, load_secrets, open_home
from embedded.neo4j import set_aside
from embedded.process import (
    Child,
    Command,
    StartFailed,
    ended_early,
    run_to_end,
    spawn,
    stop,
    wait_until_ready,
)
from embedded.server import Client, Server
from embedded.urls import StackUrls, urls_of

START_SECONDS = 180.0
_STOP_SECONDS = 30.0
_RECORDING_STOP_SECONDS = 240.0  # a recording runtime writes its cache when asked to stop


class Stack:
    """PostgreSQL, Kafka and Neo4j of one home while the `with` block lasts. Main thread only.

    `ports` pins some by the names of `embedded.ports.PINS`; `record` makes the Java servers write
    ahead-of-time caches when they stop; `durable=False` lets PostgreSQL skip fsync, for tests. With
    `may_be_damaged` Neo4j may fail to start, since the others work without it: see `damaged`.
    `urls` is there inside the block; `times` holds the seconds until each server answered.

    Raises:
        InUse: on entry: the home is running already, or a pinned port is taken.
        InvalidInput: the folder or a setting cannot be used.
        DependencyMissing: on entry: a wheel or jar is missing, or a server does not start.
    """

    urls: StackUrls

    def __init__(
        self,
        home: Path,
        services: tuple[str, ...] = SERVICES,
        *,
        ports: Mapping[str, int] | None = None,
        record: bool = False,
        durable: bool = True,
        may_be_damaged: bool = False,
    ) -> None:
        if unknown := sorted(set(services) - set(SERVICES)):
            raise InvalidInput(
                f"There is no service {', '.join(unknown)}: choose from {', '.join(SERVICES)}."
            )
        self._path = home
        self._services = services
        self._pins = ports or {}
        self._record = record
        self._durable = durable
        self._may_be_damaged = may_be_damaged
        self._servers: dict[str, Server] = {}
        self._setups: dict[str, Child] = {}
        self._children: dict[str, Child] = {}
        self._clients: dict[str, Child] = {}
        self._client_definitions: dict[str, Client] = {}
        self._resources = ExitStack()
        self.times: dict[str, float] = {}
        self.damaged: set[str] = set()

    def __enter__(self) -> Self:
        try:
            self._home = self._resources.enter_context(open_home(self._path))
            self._ports = claim_ports(self._home, self._pins)
            self.urls = urls_of(self._ports, load_secrets(self._home.path))
            self._servers = self._definitions(self._services)
            self._start_all()
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc and self._record:  # an incomplete recording is useless: do not wait until it is written
            for name in self._children:
                self.kill(name)
        self._stop_all()

    @property
    def home(self) -> Path:
        """The folder of the instance, resolved."""
        return self._home.path

    @property
    def pids(self) -> dict[str, int]:
        """The process of each server and client."""
        return {name: child.process.pid for name, child in self._processes().items()}

    def dead(self) -> list[str]:
        """The servers and their clients that ended without being asked to."""
        return [name for name, child in self._processes().items() if child.process.poll() is not None]

    def log_tail(self, name: str) -> str:
        """The last lines that a server or client has logged."""
        return self._processes()[name].log_tail()

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one server."""
        self._children[name].process.send_signal(sig)

    def restart(self, name: str) -> None:
        """Start a server again on its port, stopping it first if it still runs; return when it answers.

        Raises:
            StartFailed: it does not start.
        """
        stop([self._children[name]], seconds=_STOP_SECONDS)
        self._children[name] = self._spawn(name, self._servers[name].command)
        self._wait_for(name, time.monotonic(), threading.Event())

    def start(
        self,
        name: str,
        command: Command,
        ready: Callable[[], None] | None = None,
        *,
        question: Callable[[], None] | None = None,
        needs: tuple[str, ...] = (),
    ) -> None:
        """Start a client of the servers that stops before them; return when it is `ready`.

        `question` raises while the client does not answer, by default `ready`; it starts again only when the
        servers that it `needs` answer.

        Raises:
            StartFailed: it ends first, or does not answer in time.
        """
        self._client_definitions[name] = Client(command, question or ready or _no_question, needs)
        self.launch(name)
        if ready is not None:
            client = self._clients[name]
            wait_until_ready(client, ready, seconds=START_SECONDS, cancelled=threading.Event())

    def launch(self, name: str) -> None:
        """Start a server or client, which does not run, without waiting for its answer.

        Raises:
            StartFailed: the system refuses.
        """
        if name in self._servers:
            self._children[name] = self._spawn(name, self._servers[name].command)
        else:
            self._clients[name] = self._spawn(name, self._client_definitions[name].command)

    def renew(self, name: str) -> str:
        """Set the data of a server aside that does not run, and make it ready for a start from nothing.

        Returns a sentence that says where the data is.
        """
        aside = set_aside(self._home.path)
        self._servers |= self._definitions((name,))
        return f"{name} starts from nothing; its old files are in {aside}."

    def child(self, name: str) -> Child:
        """The latest process of this name."""
        return self._processes()[name]

    def question(self, name: str) -> Callable[[], None]:
        """What raises unless the server or client of this name answers."""
        return self._servers[name].ready if name in self._servers else self._client_definitions[name].question

    def needs(self, name: str) -> tuple[str, ...]:
        """The servers that must answer before this process starts again."""
        return () if name in self._servers else self._client_definitions[name].needs

    def ended_early(self, name: str) -> StartFailed:
        """The error for a process that has ended while the instance was starting."""
        return ended_early(self._processes()[name])

    def _processes(self) -> dict[str, Child]:
        return {**self._children, **self._clients}

    def _start_all(self) -> None:
        """Start all at once. Only this thread starts children; other threads wait until they answer."""
        began = time.monotonic()
        cancelled = threading.Event()
        waits: list[Future[None]] = []
        for name, server in self._servers.items():
            if server.setup:
                self._setups[name] = self._spawn(f"{name}-setup", server.setup.command)
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            try:
                for name in sorted(self._servers, key=lambda name: name in self._setups):
                    self._finish_setup(name)
                    self._children[name] = self._spawn(name, self._servers[name].command)
                    waits.append(pool.submit(self._wait_for, name, began, cancelled))
                for wait in as_completed(waits):
                    wait.result()
            finally:
                cancelled.set()

    def _finish_setup(self, name: str) -> None:
        setup = self._servers[name].setup
        if setup:
            run_to_end(self._setups[name], seconds=START_SECONDS)
            setup.finish()

    def _spawn(self, name: str, command: Command) -> Child:
        log = self._home.folder("logs") / f"{name}.log"
        return spawn(name, command, log=log, lock_fd=self._home.lock_fd)

    def _definitions(self, services: tuple[str, ...]) -> dict[str, Server]:
        return definitions(
            self._home, self._ports, self.urls, services, record=self._record, durable=self._durable
        )

    def _wait_for(self, name: str, began: float, cancelled: threading.Event) -> None:
        ready = self._servers[name].ready
        try:
            wait_until_ready(self._children[name], ready, seconds=START_SECONDS, cancelled=cancelled)
        except StartFailed:
            if not (self._may_be_damaged and name == "neo4j"):
                raise
            self.damaged.add(name)
        self.times[name] = time.monotonic() - began

    def _stop_all(self) -> None:
        try:
            # Clients first, while the servers they write to still answer.
            stop([*self._clients.values()], seconds=_STOP_SECONDS)
            seconds = _RECORDING_STOP_SECONDS if self._record else _STOP_SECONDS
            stop([*self._setups.values(), *self._children.values()], seconds=seconds)
        finally:
            self._resources.close()


def _no_question() -> None:
    """For a client of which nothing is asked."""
