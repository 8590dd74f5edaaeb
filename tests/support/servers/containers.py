"""PostgreSQL, Kafka and Neo4j as containers of one session, by testcontainers."""

import gc
import secrets
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Self

import docker
from docker.errors import DockerException, ImageNotFound
from testcontainers.community.neo4j import Neo4jContainer
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer, Reaper
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from app.cli.setup.secrets import KAFKA_SERVER, secret_files
from embedded.home import Secrets
from embedded.kafka_users import KAFKA_ADMIN, KAFKA_CONSUMER, KAFKA_PRODUCER
from tests.support.compose import SERVERS, Service, service

START_SECONDS = 300
_NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_START_SCRIPT = "/tmp/start.sh"  # noqa: S108 - inside a container of our own
_PASSWORDS = "/mnt/shared/config/server.properties"


@dataclass(frozen=True)
class Started:
    """Where the containers answer."""

    postgres_url: str
    kafka: dict[str, str]
    neo4j_url: str
    neo4j_password: str


def missing(*, pull: bool) -> str | None:
    """What stands in the way of using containers, as a sentence; None when nothing does.

    `pull` fetches the images that are not there.
    """
    client = _engine()
    if client is None:
        return "no Docker engine answers"
    with closing(client):
        for image in _images():
            try:
                client.images.get(image)
            except ImageNotFound:
                if not pull:
                    return f"a Docker engine answers but has no {image} (--servers containers pulls it)"
                try:
                    client.images.pull(image)
                except DockerException as exc:
                    return f"the Docker engine cannot pull {image}: {exc}"
    return None


def _engine() -> docker.DockerClient | None:
    with warnings.catch_warnings():
        # A client that reaches nobody leaves its socket to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            client = DockerClient().client
            client.ping()
        except DockerException:
            pass
        else:
            return client
        gc.collect()
    return None


def _images() -> list[str]:
    """Of the servers, and of what removes their containers when a session is killed."""
    images = [service(name).image for name in SERVERS]
    return images if testcontainers_config.ryuk_disabled else [*images, testcontainers_config.ryuk_image]


@contextmanager
def containers() -> Iterator[Started]:
    """One container of each kind, started at the same time, removed at the end of the block."""
    testcontainers_config.max_tries = START_SECONDS
    if not testcontainers_config.ryuk_disabled:
        Reaper.get_instance()  # before there are threads, each of which would make one
    postgres, neo4j, kafka = _postgres(service("postgres")), _neo4j(service("neo4j")), Kafka(service("kafka"))
    with ExitStack() as running, ThreadPoolExecutor(3) as pool:
        for container in (postgres, neo4j, kafka):
            running.callback(container.stop)
        for start in [pool.submit(container.start) for container in (postgres, neo4j, kafka)]:
            start.result()
        yield Started(
            postgres.get_connection_url(), kafka.settings(), neo4j.get_connection_url(), neo4j.password
        )


def _postgres(described: Service) -> PostgresContainer:
    options = [part for setting in _NOT_DURABLE for part in ("-c", setting)]
    container = PostgresContainer(
        described.image, username="aml", password=secrets.token_urlsafe(18), dbname="aml"
    )
    return container.with_envs(**described.environment).with_command([*described.command, *options])


def _neo4j(described: Service) -> Neo4jContainer:
    container = Neo4jContainer(described.image, username="neo4j", password=secrets.token_urlsafe(18))
    return container.with_envs(**described.environment)


class Kafka(DockerContainer):
    """The image apache/kafka, which testcontainers has no class for, with the passwords of one session.

    A broker tells its clients where to find it, and which port that is on the host is known only once the
    container runs: its command waits for a script that is put into it then.
    """

    def __init__(self, described: Service) -> None:
        super().__init__(described.image)
        words = (secrets.token_urlsafe(18) for _ in range(7))
        self._secrets = Secrets(*words)
        self.with_exposed_ports(19092)
        self.with_envs(**described.environment)
        wait = f"until [ -f {_START_SCRIPT} ]; do sleep 0.1; done; exec sh {_START_SCRIPT}"
        self.with_command(["sh", "-c", wait])

    def address(self) -> str:
        """Where clients on this machine find the broker."""
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(19092)}"

    def settings(self) -> dict[str, str]:
        """The settings of clients, by their names."""
        return {
            "kafka_bootstrap_servers": self.address(),
            "kafka_security_protocol": "SASL_PLAINTEXT",
            "kafka_username": KAFKA_CONSUMER,
            "kafka_password": self._secrets.kafka,
            "kafka_producer_username": KAFKA_PRODUCER,
            "kafka_producer_password": self._secrets.kafka_producer,
            "kafka_admin_username": KAFKA_ADMIN,
            "kafka_admin_password": self._secrets.kafka_admin,
        }

    def start(self) -> Self:
        """Starts the container, then the broker in it; returns when that is ready.

        Raises:
            RuntimeError: the container does not take the script.
        """
        super().start()
        listeners = f"CLIENT://localhost:9092,HOST://{self.address()}"
        passwords = secret_files(self._secrets)[KAFKA_SERVER]
        self._write(_PASSWORDS, passwords)
        script = f"export KAFKA_ADVERTISED_LISTENERS={listeners}\nexec /etc/kafka/docker/run\n"
        self._write(_START_SCRIPT, script)
        ready = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(START_SECONDS)
        ready.wait_until_ready(self)
        return self

    def _write(self, file: str, content: str) -> None:
        done = self.exec(["sh", "-c", f"printf '%s' '{content}' > {file}.new && mv {file}.new {file}"])
        if done.exit_code:
            raise RuntimeError(f"Kafka's container does not start: {done.output!r}")
