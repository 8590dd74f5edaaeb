"""The digests of record and graph differ for every difference in content, and for nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from app.graph import Graph
from app.postgres import Postgres
from app.projection.digest import graph_digest, record_digest
from app.projection.owed import project_owed
from cypher import Query
from tests.integration.projection_record import BIG, add_batch, ask, retract

ROWS = [(1, 2), (2, 3), (3, 1), (1, 1), (2, 1), (3, 2)]
CHANGES = {
    "transfer_id": 99,
    "transaction_hash": "0xff",
    "transfer_index": 3,
    "block_number": 103,
    "seq": 1,
    "occurred_at": datetime(2024, 1, 2, 3, 4, 7, 678902, tzinfo=UTC),
    "asset_id": 2,
    "asset": "USDC",
    "decimals": 6,
    "amount": 1.0,
    "amount_exact": str(BIG),
    "usd_value": 2.5,
    "usd_value_exact": "2.2500",
    "send_pool": 1 << 28 | 3,
    "send_drain": 2 / 7 + 2**-54,
    "send_share": 1 / 3 + 2**-54,
    "unobserved": 2.0,
    "unobserved_exact": "2",
    "recv_pool": 3 << 28 | 3,
    "recv_drain": 2.0000000000000003e-300,
    "batch": 2,
    "revision": 2,
    "retracted": True,
}


def write_query(statement: str, *params: str) -> Query:
    return Query("test/change", "", frozenset(params), (), f"CYPHER 25 {statement}")


def change(graph: Graph, name: str, value: object) -> None:
    statement = "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t[$name] = $value"
    graph.write([(write_query(statement, "name", "value"), {"name": name, "value": value})])


@pytest.fixture
def projected(postgres: Postgres, graph: Graph) -> Graph:
    add_batch(postgres, ROWS)
    project_owed(postgres, graph)
    assert graph_digest(graph, postgres) == record_digest(postgres)
    return graph


def test_every_property_of_an_edge_is_in_the_digest(postgres: Postgres, projected: Graph) -> None:
    expected = record_digest(postgres)
    edge = write_query("MATCH ()-[t:TRANSFER {transfer_id: 2}]->() RETURN properties(t) AS t")
    before = projected.read(edge)[0]["t"]
    assert before.keys() - CHANGES.keys() == {"generation"}
    for name, value in CHANGES.items():
        if name == "transfer_id":
            continue
        for other in (value, None) if name != "retracted" else (value,):
            change(projected, name, other)
            assert graph_digest(projected, postgres).digest != expected.digest, (name, other)
        change(projected, name, before.get(name))
        assert graph_digest(projected, postgres) == expected, name
    change(projected, "transfer_id", CHANGES["transfer_id"])
    assert graph_digest(projected, postgres).digest != expected.digest


def test_the_generation_and_a_false_retraction_are_no_content(postgres: Postgres, projected: Graph) -> None:
    change(projected, "generation", 77)
    change(projected, "retracted", value=False)
    assert graph_digest(projected, postgres) == record_digest(postgres)


def test_a_time_in_another_zone_is_a_difference(postgres: Postgres, projected: Graph) -> None:
    at = ask(postgres, "SELECT occurred_at FROM transactions WHERE transfer_id = 2")
    change(projected, "occurred_at", at.astimezone(timezone(timedelta(hours=1))))
    assert graph_digest(projected, postgres) != record_digest(postgres)


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (w:Wallet {wallet_id: 1}) SET w.address = 'other'",
        "MATCH (w:Wallet {wallet_id: 1}) SET w.chain = 'other'",
        "MATCH (w:Wallet {wallet_id: 1}) SET w.wallet_id = 77",
        "MATCH (w:Wallet {wallet_id: 1}) REMOVE w.wallet_id",
        "CREATE (:Wallet {wallet_id: 77, chain: 'ethereum', address: '0xff'})",
        "MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER]->(w)",
        "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t",
        """MATCH (a)-[t:TRANSFER {transfer_id: 2}]->(b) WITH a, b, t, properties(t) AS p DELETE t
        WITH a, b, p CREATE (b)-[n:TRANSFER]->(a) SET n = p""",
    ],
)
def test_every_change_of_the_graph_is_seen(postgres: Postgres, projected: Graph, statement: str) -> None:
    projected.write([(write_query(statement), {})])
    assert graph_digest(projected, postgres) != record_digest(postgres)


def test_digests_do_not_depend_on_the_order_of_arrival(postgres: Postgres) -> None:
    add_batch(postgres, ROWS)
    before = record_digest(postgres)
    with postgres.transaction() as connection:
        for table, column, also in (
            (
                "wallets",
                "wallet_id",
                ("transactions.sender_id", "transactions.receiver_id", "pools.wallet_id"),
            ),
            ("pools", "pool_id", ("flows.send_pool_id", "flows.recv_pool_id")),
            ("transactions", "transfer_id", ("flows.transfer_id",)),
        ):
            connection.execute(text(f"ALTER TABLE {table} ALTER {column} DROP IDENTITY"))
            for place in (f"{table}.{column}", *also):
                changed, name = place.split(".")
                connection.execute(text(f"UPDATE {changed} SET {name} = 1000 - {name}"))  # noqa: S608
        connection.execute(text("UPDATE flows SET revision = 12"))
        connection.execute(text("UPDATE transactions SET batch_id = 11"))
    assert record_digest(postgres) == before


def test_amounts_are_exact_and_leave_out_what_was_retracted(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    retract(postgres, 6)
    project_owed(postgres, graph)
    digest = graph_digest(graph, postgres)
    assert digest == record_digest(postgres)
    assert digest.amounts == {"ethereum:ETH": 5 * BIG - 15}
    assert (digest.transfers, digest.wallets) == (6, 3)
