"""The servers of a home, as they are to be run."""

from collections.abc import Callable, Mapping

from embedded import jars
from embedded.home import Home, load_secrets
from embedded.kafka import kafka
from embedded.neo4j import neo4j
from embedded.postgres import postgres
from embedded.server import Server
from embedded.urls import StackUrls

SERVICES = ("postgres", "kafka", "neo4j")


def definitions(
    home: Home,
    ports: Mapping[str, int],
    urls: StackUrls,
    services: tuple[str, ...],
    *,
    record: bool,
    durable: bool,
) -> dict[str, Server]:
    """How to run these services; their folders and configuration are written.

    Raises:
        InvalidInput: the folder or a setting cannot be used.
        DependencyMissing: a wheel or jar is missing.
    """
    secrets = load_secrets(home.path)
    java = jars.ensure(name for name in ("neo4j", "kafka") if name in services)
    # PostgreSQL last: the others own their folders at once, and it takes their user.
    makers: dict[str, Callable[[], Server]] = {
        "neo4j": lambda: neo4j(
            home,
            bolt_port=ports["neo4j_bolt"],
            http_port=ports["neo4j_http"],
            api_port=ports["api"],
            password=secrets.neo4j,
            jars=java["neo4j"],
            record=record,
        ),
        "kafka": lambda: kafka(
            home,
            port=ports["kafka"],
            controller_port=ports["kafka_controller"],
            secrets=secrets,
            jars=java["kafka"],
            record=record,
        ),
        "postgres": lambda: postgres(home, ports["postgres"], urls, durable=durable),
    }
    return {name: make() for name, make in makers.items() if name in services}
