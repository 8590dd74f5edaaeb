"""Where the servers of a home answer, for this process and for the application's environment."""

from dataclasses import dataclass, field
from pathlib import Path

from embedded.home import LOCK_NAME, Secrets, is_home, load_ports, read_secrets
from embedded.kafka_users import KAFKA_ADMIN, KAFKA_CONSUMER, KAFKA_PRODUCER
from embedded.lock import holder, is_held
from embedded.ports import PINS
from embedded.restarts import Supervision, read_supervision

ADMIN_ROLE = "aml_admin"
"""The superuser of PostgreSQL, which nothing runs as."""


@dataclass(frozen=True)
class StackUrls:
    """Addresses and passwords of one running home; everything is on loopback.

    Kafka has no passwords (they are empty) while a version of before runs it.
    """

    postgres: str = field(repr=False)
    postgres_admin: str = field(repr=False)
    kafka: str
    kafka_password: str = field(repr=False)
    kafka_producer_password: str = field(repr=False)
    kafka_admin_password: str = field(repr=False)
    neo4j: str
    neo4j_user: str
    neo4j_password: str = field(repr=False)
    browser: str
    api_port: int
    consumer_metrics_port: int
    worker_metrics_port: int
    api_token: str = field(repr=False)
    api_token_before: str = field(repr=False)


def urls_of(ports: dict[str, int], secrets: Secrets) -> StackUrls:
    """The addresses that follow from the ports and the passwords."""
    postgres = f"127.0.0.1:{ports['postgres']}"
    return StackUrls(
        postgres=f"postgresql+psycopg2://aml:{secrets.postgres}@{postgres}/aml",
        postgres_admin=f"postgresql+psycopg2://{ADMIN_ROLE}:{secrets.postgres_admin}@{postgres}/postgres",
        kafka=f"127.0.0.1:{ports['kafka']}",
        kafka_password=secrets.kafka,
        kafka_producer_password=secrets.kafka_producer,
        kafka_admin_password=secrets.kafka_admin,
        neo4j=f"bolt://127.0.0.1:{ports['neo4j_bolt']}",
        neo4j_user="neo4j",
        neo4j_password=secrets.neo4j,
        browser=f"http://127.0.0.1:{ports['neo4j_http']}/browser/",
        api_port=ports["api"],
        consumer_metrics_port=ports["consumer_metrics"],
        worker_metrics_port=ports["worker_metrics"],
        api_token=secrets.api_token,
        api_token_before=secrets.api_token_before,
    )


def running_urls(home: Path) -> StackUrls | None:
    """The addresses of a home that this or another process runs; None when no process does."""
    path = home.expanduser().resolve()
    lock = path / LOCK_NAME
    if not is_home(path) or not is_held(lock) or holder(lock) is None:
        return None
    ports = load_ports(path)
    secrets = read_secrets(path)
    if not PINS.keys() <= ports.keys() or secrets is None:
        return None  # it is still starting
    return urls_of(ports, secrets)


def running_supervision(home: Path) -> Supervision | None:
    """What the supervisor of a running home says of its processes; None when none runs there."""
    path = home.expanduser().resolve()
    supervision = read_supervision(path)
    if supervision is None or not is_held(path / LOCK_NAME):
        return None
    return supervision if supervision["supervisor"] == holder(path / LOCK_NAME) else None


def environment(urls: StackUrls) -> dict[str, str]:
    """The `AML_*` variables that point the application at these servers."""
    variables = {
        "AML_POSTGRES_URL": urls.postgres,
        "AML_KAFKA_BOOTSTRAP_SERVERS": urls.kafka,
        "AML_NEO4J_URL": urls.neo4j,
        "AML_NEO4J_USER": urls.neo4j_user,
        "AML_NEO4J_PASSWORD": urls.neo4j_password,
        "AML_NEO4J_BROWSER_URL": urls.browser,
        "AML_API_PORT": str(urls.api_port),
        "AML_CONSUMER_METRICS_PORT": str(urls.consumer_metrics_port),
        "AML_WORKER_METRICS_PORT": str(urls.worker_metrics_port),
        "AML_API_TOKEN": urls.api_token,
    }
    if urls.api_token_before:
        variables["AML_API_TOKEN_BEFORE"] = urls.api_token_before
    return variables | (_kafka_logins(urls) if urls.kafka_password else {})


def _kafka_logins(urls: StackUrls) -> dict[str, str]:
    return {
        "AML_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "AML_KAFKA_SASL_MECHANISM": "PLAIN",
        "AML_KAFKA_USERNAME": KAFKA_CONSUMER,
        "AML_KAFKA_PASSWORD": urls.kafka_password,
        "AML_KAFKA_PRODUCER_USERNAME": KAFKA_PRODUCER,
        "AML_KAFKA_PRODUCER_PASSWORD": urls.kafka_producer_password,
        "AML_KAFKA_ADMIN_USERNAME": KAFKA_ADMIN,
        "AML_KAFKA_ADMIN_PASSWORD": urls.kafka_admin_password,
    }
