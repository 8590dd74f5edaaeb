"""Strangers who try passwords: as fast as they are answered, at every door."""

from collections.abc import Callable
from contextlib import suppress

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.settings import Settings
from app.stores.graph import Graph, is_graph_error
from app.stores.kafka import client_options
from cypher import Query

WRONG = "not the password"
QUESTION = Query("fault", "", frozenset(), (), "CYPHER 25 RETURN 1")


def doors(settings: Settings) -> dict[str, Callable[[], None]]:
    """What tries wrong passwords, by the name of the door."""
    return {
        "Neo4j": lambda: _neo4j(settings),
        "PostgreSQL": lambda: _postgres(settings),
        "Kafka": lambda: _kafka(settings),
        "the API": lambda: _api(settings),
    }


def _neo4j(settings: Settings) -> None:
    for _ in range(12):
        ask(settings, SecretStr(WRONG), QUESTION)


def ask(settings: Settings, password: SecretStr, question: Query) -> bool:
    """Asks the graph with this password; whether it answered."""
    graph = Graph(settings.neo4j_url, settings.neo4j_user, password, retry_seconds=0)
    try:
        graph.run(question)
    except Exception as exc:
        if not (isinstance(exc, AmlError) or is_graph_error(exc)):
            raise
        return False
    finally:
        graph.close()
    return True


def _postgres(settings: Settings) -> None:
    url = make_url(settings.postgres_url.get_secret_value()).set(password=WRONG)
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    for _ in range(50):
        with suppress(DBAPIError):
            engine.connect().close()
    engine.dispose()


def _kafka(settings: Settings) -> None:
    for _ in range(3):
        admin = AdminClient(client_options(settings, "admin") | {"sasl.password": WRONG, "log_level": 0})
        with suppress(KafkaException):
            admin.list_topics(timeout=1)


def _api(settings: Settings) -> None:
    with httpx.Client(base_url=settings.api_address, timeout=3, trust_env=False) as client:
        for number in range(200):
            with suppress(httpx.HTTPError):
                client.get("/scores", headers={"Authorization": f"Bearer {WRONG}{number}"})
