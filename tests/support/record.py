"""What tests do to a record: write events and labels, score, look, and change what others never may."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from app.labels.store import import_labels
from app.policy.policy import Policy
from app.runs.compute import EngineChoice
from app.runs.engine_choice import CypherLimits
from app.runs.run import DEFAULT_LIMITS, run_scoring
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.record.writer import WrittenBatch, write_batch
from tests.support.builders import Event, label_row, messages
from tests.support.builders import policy as shipped


def write(postgres: Postgres, events: Iterable[Event], *, offset: int = 0) -> WrittenBatch:
    """One batch, by the consumer's writer."""
    batch = messages(events, first_offset=offset)
    return postgres.run(lambda connection: write_batch(connection, batch))


def label(postgres: Postgres, wallet: str | int, category: str | None, **changes: Any) -> None:  # noqa: ANN401
    """One label."""
    import_labels(postgres, [label_row(wallet, category, **changes)], shipped().categories)


def score(
    postgres: Postgres,
    graph: Graph | None = None,
    engine: EngineChoice = "ledger",
    policy: Policy | None = None,
    *,
    limits: CypherLimits = DEFAULT_LIMITS,
) -> int:
    """One published run; returns its number."""
    return run_scoring(postgres, graph, policy or shipped(), engine=engine, limits=limits)


def rows(postgres: Postgres, statement: str, **given: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """What a statement returns, in its own transaction."""
    with postgres.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(statement), given)]


def ask(postgres: Postgres, statement: str, **given: Any) -> Any:  # noqa: ANN401 - any value
    """The one value a statement returns, in its own transaction."""
    with postgres.transaction() as connection:
        return one(connection, statement, **given)


def one(connection: Connection, statement: str, **given: Any) -> Any:  # noqa: ANN401 - any value
    """The one value a statement returns."""
    return connection.execute(text(statement), given).scalar_one()


def change(postgres: Postgres, statement: str, rows: int | None = 1, **given: Any) -> None:  # noqa: ANN401
    """Somebody else's hand in the record, on so many rows; None: on any number."""
    with postgres.transaction() as connection:
        assert connection.execute(text(statement), given).rowcount == rows or rows is None, statement


def ignore(_step: str, _part: float) -> None:
    """Progress that nobody watches."""
