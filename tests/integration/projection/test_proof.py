"""Every difference between the record and its graph is found and named, and nothing else is one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from app.projection import range_digests
from app.projection.differences import Difference
from app.projection.pending import project_pending
from app.projection.proof import prove
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.projection_record import BIG, ROWS, add_batch, restate, retract
from tests.support.record import ask

CHANGES = {
    "transaction_hash": "0xff",
    "seq": 1,
    "occurred_at": datetime(2024, 1, 2, 3, 4, 7, 678902, tzinfo=UTC),
    "asset_id": 2,
    "asset": "USDC",
    "decimals": 6,
    "amount": 1.0,
    "amount_exact": str(BIG),
    "usd_value": 2.5,
    "send_pool": 9 << 28 | 3,
    "send_drain": 2 / 7 + 2**-54,
    "send_share": 1 / 3 + 2**-54,
    "unobserved": 2.0,
    "recv_pool": 9 << 28 | 3,
    "recv_drain": 2.0000000000000003e-300,
    "batch": 2,
    "revision": 2,
    "retracted": True,
}

ABSENT = {"revision", "retracted"}
"""Properties that an edge which was never restated or retracted does not have."""


def write_query(statement: str, *params: str) -> Query:
    return Query("test/change", "", frozenset(params), (), f"CYPHER 25 {statement}")


def change(graph: Graph, name: str, value: object, number: int = 2) -> None:
    statement = "MATCH ()-[t:TRANSFER {transfer_id: $number}]->() SET t[$name] = $value"
    given = {"name": name, "value": value, "number": number}
    graph.write([(write_query(statement, *given), given)])


@pytest.fixture
def projected(postgres: Postgres, graph: Graph) -> Graph:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    assert found(postgres, graph) == []
    return graph


def found(postgres: Postgres, graph: Graph) -> list[Difference]:
    """The differences, read only where the digests differ."""
    listed: list[Difference] = []
    proof = prove(postgres, graph, on_differences=lambda _view, _entity, these: listed.extend(these))
    assert proof.equal is not bool(listed or proof.foreign_transfers or proof.foreign_wallets)
    return listed


@pytest.mark.parametrize("how", ["value", "null", "type"])
def test_every_property_of_an_edge_is_compared_and_named(postgres: Postgres, graph: Graph, how: str) -> None:
    """Each property is changed on an edge of its own, and all differences are found at once."""
    add_batch(postgres, ROWS * 6)
    project_pending(postgres, graph)
    edges = write_query("MATCH ()-[t:TRANSFER]->() RETURN t.transfer_id AS number, keys(t) AS keys")
    assert {key for row in graph.read(edges) for key in row["keys"]} - CHANGES.keys() == {"transfer_id"}
    names = [name for name in CHANGES if name not in ABSENT or how != "null"]
    for number, name in enumerate(names, start=1):
        value = {"value": CHANGES[name], "null": None, "type": ["of another type"]}[how]
        change(graph, name, value, number + (number - 1) // 2)  # every third has no price to lose
    listed = {each.number: each for each in found(postgres, graph)}
    assert len(listed) == len(names)
    for number, name in enumerate(names, start=1):
        difference = listed[number + (number - 1) // 2]
        assert (difference.kind, difference.nature) == ("transfers", "changed"), name
        told = {word for each in difference.properties for word in (each.property, *each.in_graph.split())}
        assert told & {name, name.removesuffix("_exact")}, (name, difference)


def test_the_generation_and_a_false_retraction_are_no_content(postgres: Postgres, projected: Graph) -> None:
    change(projected, "generation", 77)
    change(projected, "retracted", value=False)
    assert found(postgres, projected) == []


def test_a_time_in_another_zone_or_finer_than_the_records_is_a_difference(
    postgres: Postgres, projected: Graph
) -> None:
    at = ask(postgres, "SELECT occurred_at FROM transactions WHERE transfer_id = 2")
    change(projected, "occurred_at", at.astimezone(timezone(timedelta(hours=1))))
    assert [each.number for each in found(postgres, projected)] == [2]
    change(projected, "occurred_at", at)
    assert found(postgres, projected) == []
    statement = (
        "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.occurred_at = t.occurred_at + duration($finer)"
    )
    projected.write([(write_query(statement, "finer"), {"finer": "PT0.000000001S"})])
    assert [each.number for each in found(postgres, projected)] == [2]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("MATCH (w:Wallet {wallet_id: 1}) SET w.address = 'other'", [("wallets", 1, "changed")]),
        ("MATCH (w:Wallet {wallet_id: 1}) SET w.chain = 7", [("wallets", 1, "changed")]),
        ("MATCH (w:Wallet {wallet_id: 1}) REMOVE w.address", [("wallets", 1, "changed")]),
        (
            "CREATE (:Wallet {wallet_id: 77, chain: 'ethereum', address: '0xff'})",
            [("wallets", 77, "surplus")],
        ),
        ("MATCH ()-[t:TRANSFER {transfer_id: 2}]->() DELETE t", [("transfers", 2, "missing")]),
        (
            "MATCH ()-[t:TRANSFER {transfer_id: 2}]->() SET t.transfer_id = 99",
            [("transfers", 2, "missing"), ("transfers", 99, "surplus")],
        ),
        (
            """MATCH (a)-[t:TRANSFER {transfer_id: 2}]->(b) WITH a, b, t, properties(t) AS p DELETE t
            WITH a, b, p CREATE (b)-[n:TRANSFER]->(a) SET n = p""",
            [("transfers", 2, "misplaced")],
        ),
        (
            "MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER {transfer_id: 1000000000000000}]->(w)",
            [("transfers", 10**15, "surplus")],
        ),
        ("MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER]->(w)", []),
        ("MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER {transfer_id: -1}]->(w)", []),
        ("MATCH (w:Wallet {wallet_id: 1}) CREATE (w)-[:TRANSFER {transfer_id: 2.5}]->(w)", []),
        ("CREATE (:Wallet {wallet_id: 'x'})", []),
    ],
)
def test_every_change_of_the_graph_is_found(
    postgres: Postgres, projected: Graph, statement: str, expected: list[tuple[str, int, str]]
) -> None:
    projected.write([(write_query(statement), {})])
    assert [(each.kind, each.number, each.nature) for each in found(postgres, projected)] == expected
    proof = prove(postgres, projected)
    assert (proof.equal, proof.foreign_transfers + proof.foreign_wallets) == (False, 0 if expected else 1)


def test_edges_at_a_wallet_that_lost_its_number_are_misplaced(postgres: Postgres, projected: Graph) -> None:
    projected.write([(write_query("MATCH (w:Wallet {wallet_id: 1}) REMOVE w.wallet_id"), {})])
    natures = {(each.kind, each.number): each.nature for each in found(postgres, projected)}
    assert natures == {
        ("wallets", 1): "missing",
        **{("transfers", number): "misplaced" for number in (1, 3, 4, 5)},
    }


def test_amounts_are_exact_and_leave_out_what_was_retracted(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    retract(postgres, 6)
    proof = prove(postgres, graph)
    assert proof.equal
    asset = str(ask(postgres, "SELECT asset_id FROM assets"))
    assert proof.record.amounts == proof.graph.amounts == {asset: 5 * BIG - 15}
    assert (proof.graph.transfers, proof.graph.wallets) == (6, 3)


def test_every_range_is_digested_and_gaps_between_numbers_are_leapt_over(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_digests, "RANGE_IDS", 4)
    add_batch(postgres, ROWS)
    with postgres.transaction() as connection:
        connection.execute(text("ALTER SEQUENCE transactions_transfer_id_seq RESTART WITH 40000000"))
    add_batch(postgres, ROWS)
    proof = prove(postgres, graph)
    assert (proof.equal, proof.record.transfers) == (True, 12)
    change(graph, "seq", 5)
    assert [each.number for each in found(postgres, graph)] == [2]


def test_what_arrives_while_the_stores_are_compared_is_no_difference(
    postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_digests, "RANGE_IDS", 4)
    add_batch(postgres, ROWS)
    steps: list[str] = []

    def arrive(step: str, part: float) -> None:
        steps.append(step)
        restate(postgres, 6, send_drain=part)
        add_batch(postgres, [(1, 20 + len(steps)), (4, 1)])

    assert prove(postgres, graph, arrive).equal
    assert steps.count("transfers") == 3  # not one for each that came meanwhile
