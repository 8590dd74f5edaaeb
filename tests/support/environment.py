"""The variables that name a test's servers to another process, or to a command in this one."""

from app.settings import Settings

API_TOKEN = "a token for tests"  # noqa: S105 - of servers that forget everything


def environment(settings: Settings) -> dict[str, str]:
    """The variables that make another process work on the same record, topics and graph."""
    browser = settings.neo4j_browser_url
    return {
        "AML_POSTGRES_URL": settings.postgres_url.get_secret_value(),
        "AML_NEO4J_URL": settings.neo4j_url,
        "AML_NEO4J_USER": settings.neo4j_user,
        "AML_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value(),
        "AML_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "AML_TRANSFERS_TOPIC": settings.transfers_topic,
        "AML_DEAD_LETTER_TOPIC": settings.dead_letter_topic,
        "AML_CONSUMER_GROUP": settings.consumer_group,
    } | ({} if browser is None else {"AML_NEO4J_BROWSER_URL": browser})
