"""A small record to run on: a mixer pays Alice, she pays Bob half of it, Bob pays Carol without a price."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.domain import Retraction, Transfer
from app.labels.store import LabelRow, import_labels
from app.policy.policy import Policy, load_policy, parse_policy
from app.projection.pending import project_all_pending
from app.runs.compute import EngineChoice
from app.runs.run import run_scoring
from app.settings import PROJECT
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.record.writer import DecodedMessage, write_batch

POLICY: Policy = load_policy(PROJECT / "policy.yaml")
OTHER_POLICY: Policy = parse_policy(
    POLICY.body.replace("mixer:\n    severity: 70", "mixer:\n    severity: 60").encode(), "other policy"
)
START = datetime(2024, 1, 1, tzinfo=UTC)
MIXER, ALICE, BOB, CAROL, DAVE = (f"0x{n:040x}" for n in range(1, 6))


def transfer(n: int, sender: str, receiver: str, amount: int, **changes: Any) -> Transfer:  # noqa: ANN401
    """The n-th block's transfer, a dollar a base unit."""
    made = Transfer(
        chain="ethereum",
        transaction_hash=f"0x{n:064x}",
        transfer_index=0,
        block_number=n,
        transaction_index=0,
        occurred_at=START + timedelta(seconds=n),
        sender=sender,
        receiver=receiver,
        asset="ETH",
        amount=amount,
        decimals=18,
        usd_value=Decimal(amount),
    )
    return replace(made, **changes)


def write(postgres: Postgres, events: Sequence[Transfer | Retraction], *, offset: int = 0) -> None:
    """One batch into the record."""
    messages = [DecodedMessage("t", 0, offset + i, None, b"", event) for i, event in enumerate(events)]
    postgres.run(lambda connection: write_batch(connection, messages))


def label(postgres: Postgres, address: str, category: str) -> None:
    """One label into the record."""
    row = LabelRow("ethereum", address, category, "A name", "a list", 90, None, None, "Line 1")
    import_labels(postgres, [row], POLICY.categories)


def tell_story(postgres: Postgres) -> None:
    """Writes the story; Dave only pays himself."""
    label(postgres, MIXER, "mixer")
    write(
        postgres,
        [
            transfer(10, MIXER, ALICE, 100),
            transfer(20, ALICE, BOB, 50),
            transfer(30, BOB, CAROL, 60, usd_value=None),
            transfer(40, DAVE, DAVE, 9),
            transfer(50, CAROL, BOB, 0),
        ],
    )


def score(
    postgres: Postgres, graph: Graph | None = None, engine: EngineChoice = "ledger", policy: Policy = POLICY
) -> int:
    """One published run."""
    return run_scoring(postgres, graph, policy, engine=engine, cypher_max_transfers=5_000)


def tell_project_and_score(postgres: Postgres, graph: Graph, engine: EngineChoice = "cypher") -> int:
    """The story in both stores, and a published run of it."""
    tell_story(postgres)
    project_all_pending(postgres, graph)
    return score(postgres, graph, engine)


def change(postgres: Postgres, statement: str, rows: int | None = 1, **given: Any) -> None:  # noqa: ANN401
    """Somebody else's hand in the record, on so many rows."""
    with postgres.transaction() as connection:
        assert connection.execute(text(statement), given).rowcount == rows or rows is None, statement
