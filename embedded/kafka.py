"""Kafka: one broker that is its own controller, and asks for a password."""

import base64
import shutil
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from confluent_kafka.admin import AdminClient

from embedded.home import Home, Secrets, write_private
from embedded.java import Program, command_line, megabytes, properties
from embedded.java_user import JavaUser, java_user
from embedded.kafka_users import KAFKA_ADMIN, password_settings, security_settings
from embedded.process import Command
from embedded.server import Server, Setup, connect

_MESSAGE_BYTES = 12 << 20
_LISTENERS = ("CLIENT",)


def kafka_program(jars: Sequence[Path]) -> Program:
    """The broker as a Java program."""
    logger = "-Dorg.slf4j.simpleLogger"
    return Program(
        name="kafka",
        main="kafka.Kafka",
        class_path=tuple(jars),
        flags=(
            f"{logger}.defaultLogLevel=warn",
            # Warns, with a trace, of whoever connects and sends no request: strangers could fill the disk.
            f"{logger}.log.org.apache.kafka.common.network.Selector=error",
            f"{logger}.showDateTime=true",
            f"{logger}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
        ),
    )


def kafka(
    home: Home, port: int, controller_port: int, secrets: Secrets, jars: Sequence[Path], *, record: bool
) -> Server:
    """How to run Kafka. `AML_KAFKA_HEAP` sets its memory, such as 512m.

    Raises:
        InvalidInput: it is no size, or too small.
    """
    folder = home.folder("kafka")
    data = folder / "data"
    program = kafka_program(jars)
    heap = megabytes("AML_KAFKA_HEAP", "256m", at_least=128)
    memory = ("-Xms64m", f"-Xmx{heap}m")
    passwords = password_settings(_LISTENERS, secrets)
    settings = _settings(port, controller_port, data.name) | passwords
    write_private(folder / "server.properties", properties(settings))
    runs_as = java_user(home.path)
    setup = None if data.exists() else _format(folder, program, port, controller_port, runs_as)
    argv = command_line(program, ["server.properties"], folder=folder, memory=memory, record=record)
    runs_as.owns(folder)
    return Server(
        name="kafka",
        command=Command(argv=argv, cwd=folder, user=runs_as.user, become=runs_as.become),
        ready=partial(_ready, port, secrets.kafka_admin),
        setup=setup,
    )


def _settings(port: int, controller_port: int, data: str) -> dict[str, object]:
    """`data` is relative to the working folder, so a comma or backslash in the home's path does no harm."""
    listener, controller = f"CLIENT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{listener},{controller}",
        "advertised.listeners": listener,
        "inter.broker.listener.name": "CLIENT",
        **security_settings(_LISTENERS),
        "log.dirs": data,
        "log.segment.bytes": 64 << 20,
        "message.max.bytes": _MESSAGE_BYTES,
        "replica.fetch.max.bytes": _MESSAGE_BYTES,
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "broker.session.timeout.ms": 3000,  # after a kill the next broker waits for the old one's session
        "broker.heartbeat.interval.ms": 500,
    }


def _format(folder: Path, program: Program, port: int, controller_port: int, runs_as: JavaUser) -> Setup:
    """Formats new data with Kafka's own tool, which also writes the feature levels; renamed when complete."""
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    format_folder = folder / "format"
    format_folder.mkdir(mode=0o700, exist_ok=True)
    settings = _settings(port, controller_port, fresh.name)
    write_private(folder / "format.properties", properties(settings))
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Joined by `=`: an identity that begins with a dash would otherwise be read as an option.
    arguments = ["format", f"--cluster-id={cluster_id}", "--config", "format.properties"]

    def finish() -> None:
        fresh.rename(folder / "data")
        (folder / "format.properties").unlink()
        shutil.rmtree(format_folder)

    argv = command_line(program, arguments, folder=format_folder, main="kafka.tools.StorageTool")
    return Setup(Command(argv, cwd=folder, user=runs_as.user, become=runs_as.become), finish)


def _ready(port: int, password: str) -> None:
    connect(port)
    admin = AdminClient(
        {
            "bootstrap.servers": f"127.0.0.1:{port}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": KAFKA_ADMIN,
            "sasl.password": password,
            "log_level": 0,
            "socket.timeout.ms": 2000,
        }
    )
    if not admin.list_topics(timeout=2).brokers:
        raise ConnectionError("no broker is registered yet")
