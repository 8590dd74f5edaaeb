"""Where the servers of a home answer, for this process and for the application's environment."""

from dataclasses import dataclass, field
from pathlib import Path

from embedded.home import LOCK_NAME, Secrets, is_home, load_ports, load_secrets
from embedded.lock import holder, is_held
from embedded.ports import PINS
from embedded.restarts import Supervision, read_supervision


@dataclass(frozen=True)
class StackUrls:
    """Addresses and passwords of one running home; everything is on loopback."""

    postgres: str = field(repr=False)
    kafka: str
    neo4j: str
    neo4j_user: str
    neo4j_password: str = field(repr=False)
    browser: str
    api_port: int
    consumer_metrics_port: int
    api_token: str = field(repr=False)


def urls_of(ports: dict[str, int], secrets: Secrets) -> StackUrls:
    """The addresses that follow from the ports and the passwords."""
    return StackUrls(
        postgres=f"postgresql+psycopg2://aml:{secrets.postgres}@127.0.0.1:{ports['postgres']}/aml",
        kafka=f"127.0.0.1:{ports['kafka']}",
        neo4j=f"bolt://127.0.0.1:{ports['neo4j_bolt']}",
        neo4j_user="neo4j",
        neo4j_password=secrets.neo4j,
        browser=f"http://127.0.0.1:{ports['neo4j_http']}/browser/",
        api_port=ports["api"],
        consumer_metrics_port=ports["consumer_metrics"],
        api_token=secrets.api_token,
    )


def running_urls(home: Path) -> StackUrls | None:
    """The addresses of a home that this or another process runs; None when no process does."""
    path = home.expanduser().resolve()
    lock = path / LOCK_NAME
    if not is_home(path) or not is_held(lock) or holder(lock) is None:
        return None
    ports = load_ports(path)
    if not PINS.keys() <= ports.keys() or not (path / "secrets.json").exists():
        return None  # it is still starting
    return urls_of(ports, load_secrets(path))


def running_supervision(home: Path) -> Supervision | None:
    """What the supervisor of a running home says of its processes; None when none runs there."""
    path = home.expanduser().resolve()
    supervision = read_supervision(path)
    if supervision is None or not is_held(path / LOCK_NAME):
        return None
    return supervision if supervision["supervisor"] == holder(path / LOCK_NAME) else None


def environment(urls: StackUrls) -> dict[str, str]:
    """The `AML_*` variables that point the application at these servers."""
    return {
        "AML_POSTGRES_URL": urls.postgres,
        "AML_KAFKA_BOOTSTRAP_SERVERS": urls.kafka,
        "AML_NEO4J_URL": urls.neo4j,
        "AML_NEO4J_USER": urls.neo4j_user,
        "AML_NEO4J_PASSWORD": urls.neo4j_password,
        "AML_NEO4J_BROWSER_URL": urls.browser,
        "AML_API_PORT": str(urls.api_port),
        "AML_CONSUMER_METRICS_PORT": str(urls.consumer_metrics_port),
        "AML_API_TOKEN": urls.api_token,
    }
