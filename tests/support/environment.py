"""How a test's servers are named to the application: its settings, and as variables to another process."""

from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from app.settings import Settings
from app.stores.postgres import Postgres
from tests.support.servers.choice import Servers

API_TOKEN = "a token for tests"  # noqa: S105 - of servers that forget everything


def environment(settings: Settings) -> dict[str, str]:
    """The variables that make another process work on the same record, topics and graph."""
    browser = settings.neo4j_browser_url
    return {
        "AML_POSTGRES_URL": settings.postgres_url.get_secret_value(),
        "AML_NEO4J_URL": settings.neo4j_url,
        "AML_NEO4J_USER": settings.neo4j_user,
        "AML_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value(),
        **_kafka(settings),
        "AML_TRANSFERS_TOPIC": settings.transfers_topic,
        "AML_DEAD_LETTER_TOPIC": settings.dead_letter_topic,
        "AML_CONSUMER_GROUP": settings.consumer_group,
    } | ({} if browser is None else {"AML_NEO4J_BROWSER_URL": browser})


def settings_of(servers: Servers, postgres: Postgres) -> Settings:
    """Settings that name a record, and topics that nobody else has."""
    suffix = uuid4().hex[:12]
    values: dict[str, Any] = dict(
        postgres_url=SecretStr(postgres.url.render_as_string(hide_password=False)),
        neo4j_url=servers.neo4j_url,
        neo4j_user=servers.neo4j_user,
        neo4j_password=SecretStr(servers.neo4j_password),
        neo4j_browser_url=servers.neo4j_browser_url,
        **servers.kafka,
        transfers_topic=f"transfers-{suffix}",
        dead_letter_topic=f"transfers-{suffix}.dead",
        consumer_group=f"aml-{suffix}",
        api_token=SecretStr(API_TOKEN),
        evidence_timeout_seconds=30,  # a cold JVM on a busy machine is no finding
        screening_seconds=30,  # likewise
    )
    return Settings.model_validate(values)


def _kafka(settings: Settings) -> dict[str, str]:
    """Where Kafka is, and who may do what there."""
    values = {name: getattr(settings, name) for name in Settings.model_fields if name.startswith("kafka_")}
    return {
        f"AML_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
        if value is not None
    }
