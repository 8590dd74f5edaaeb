"""The writer's promise: any order, any replay, the same record."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from app.projection.pending import project_all_pending
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.record.writer import DecodedMessage, write_batch
from tests.support.builders import FACTS, START, Event, address, retraction, transfer
from tests.support.content import is_equal, record_digest
from tests.support.ledgers.moves import as_transfer, random_ledger
from tests.support.record import write


def random_transfers(seed: int, count: int = 60) -> list[Transfer]:
    """Of two assets among six wallets; some places are taken twice: the hash breaks the tie."""
    return [as_transfer(move) for move in random_ledger(seed, moves=count).moves]


def write_in_batches(postgres: Postgres, events: Sequence[Event], seed: int) -> None:
    r = random.Random(seed)
    start = 0
    while start < len(events):
        size = r.randrange(1, 12)
        write(postgres, events[start : start + size], offset=start)
        start += size


def clear(postgres: Postgres) -> None:
    with postgres.transaction() as connection:
        connection.execute(
            text(
                "TRUNCATE transactions, flows, pools, wallets, assets, batches, ingestion_state, retractions,"
                " absences, counts"
            )
        )


def annotation(postgres: Postgres) -> list[tuple[object, ...]]:
    """Every flow with natural keys, in ledger order."""
    with postgres.transaction() as connection:
        rows = connection.execute(
            text("""
                SELECT t.transaction_hash, f.send_epoch, f.send_balance, f.send_drain, f.send_drain_low,
                       f.send_share, f.unobserved,
                       f.recv_epoch, f.recv_balance, f.recv_drain, f.recv_drain_low
                FROM flows f JOIN transactions t USING (transfer_id)
                WHERE t.retracted_batch_id IS NULL ORDER BY f.seq, t.transaction_hash
            """)
        )
        return [tuple(row) for row in rows]


def pools(postgres: Postgres) -> set[tuple[object, ...]]:
    with postgres.transaction() as connection:
        rows = connection.execute(
            text("""
                SELECT w.address, a.asset, p.balance, p.epoch, p.drain, p.drain_low
                FROM pools p JOIN wallets w USING (wallet_id) JOIN assets a USING (asset_id)
            """)
        )
        return {tuple(row) for row in rows}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_shuffled_and_repeated_transfers_end_in_the_same_annotation(postgres: Postgres, seed: int) -> None:
    transfers = random_transfers(seed)
    clear(postgres)
    write(postgres, transfers)
    expected, expected_pools, digest = annotation(postgres), pools(postgres), record_digest(postgres)

    clear(postgres)
    again = [*transfers, *random.Random(seed).choices(transfers, k=20)]
    random.Random(seed + 1).shuffle(again)
    write_in_batches(postgres, again, seed)

    assert annotation(postgres) == expected
    assert pools(postgres) == expected_pools
    assert record_digest(postgres) == digest


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_retracted_transfers_leave_the_pools_as_if_they_had_never_been(postgres: Postgres, seed: int) -> None:
    transfers = random_transfers(seed)
    r = random.Random(seed)
    gone = r.sample(transfers, 10)
    clear(postgres)
    write(postgres, [t for t in transfers if t not in gone])
    expected, expected_pools = annotation(postgres), pools(postgres)

    clear(postgres)
    events: list[Event] = list(transfers)
    r.shuffle(events)
    for t in gone:
        events.insert(r.randrange(events.index(t) + 1, len(events) + 1), retraction(t))
    write_in_batches(postgres, events, seed)

    assert annotation(postgres) == expected
    assert {p for p in pools(postgres) if p[2]} == {p for p in expected_pools if p[2]}


def test_shares_equal_an_exact_ledger(postgres: Postgres) -> None:
    transfers = random_transfers(7, count=200)
    write_in_batches(postgres, transfers, 7)
    balances: dict[tuple[str, str], int] = {}
    expected = []
    for t in sorted(transfers, key=lambda t: (t.seq, t.transaction_hash)):
        if t.amount == 0 or t.sender == t.receiver:
            expected.append((None, None))
            continue
        held = balances.get((t.sender, t.asset), 0)
        covered = min(t.amount, held)
        expected.append((float(Fraction(covered, held)) if held else 0.0, t.amount - covered))
        balances[t.sender, t.asset] = held - covered
        balances[t.receiver, t.asset] = balances.get((t.receiver, t.asset), 0) + t.amount
    assert [(row[5], row[6]) for row in annotation(postgres)] == expected


def test_a_transfer_mined_again_counts_at_its_new_place(postgres: Postgres) -> None:
    first, again = transfer(1, 1, 2, 100), transfer(1, 1, 2, 100, block_number=50)
    events = [first, retraction(first, transfer_index=None), again]
    write_in_batches(postgres, events, 1)
    digest = record_digest(postgres)
    with postgres.transaction() as connection:
        live = connection.execute(
            text("SELECT block_number FROM transactions WHERE retracted_batch_id IS NULL")
        ).scalars()
        assert list(live) == [50]

    write_in_batches(postgres, events, 2)

    assert record_digest(postgres) == digest


def test_a_block_that_comes_back_brings_its_transfer_back(postgres: Postgres) -> None:
    t = transfer(1, 1, 2, 100)
    write(postgres, [t])
    before = annotation(postgres)
    write(postgres, [retraction(t)])
    assert annotation(postgres) == []

    write(postgres, [t])

    assert annotation(postgres) == before


def test_the_same_identity_with_another_payload_is_refused(postgres: Postgres) -> None:
    t = transfer(1, 1, 2, 100)
    write(postgres, [t])

    batch = write(postgres, [replace(t, amount=101), t, replace(t, receiver=address(9))], offset=1)

    assert [(m.offset, e.reason) for m, e in batch.dead] == [(1, "conflict"), (3, "conflict")]
    assert (batch.stored, batch.duplicates) == (0, 1)
    with postgres.transaction() as connection:
        assert connection.execute(text("SELECT amount FROM transactions")).scalars().all() == [100]
        recorded = connection.execute(text('SELECT "offset", reason FROM dead_letters ORDER BY 1')).all()
        assert [tuple(r) for r in recorded] == [(1, "conflict"), (3, "conflict")]


OBSERVED = FACTS["observed_at"]
OTHER_FACTS = {
    "initiator": address(8),
    "kind": "native",
    "sender_tag": "1043",
    "receiver_tag": "1042",
}


def recorded_facts(postgres: Postgres) -> list[tuple[object, ...]]:
    """The optional fields of the transfers that live, in the order of `FACTS`."""
    with postgres.transaction() as connection:
        columns = "block_hash, observed_at, initiator, kind, sender_tag, receiver_tag"
        query = text(f"SELECT {columns} FROM transactions WHERE retracted_batch_id IS NULL")  # noqa: S608
        return [tuple(row) for row in connection.execute(query)]


def test_optional_fields_are_recorded_as_they_came(postgres: Postgres) -> None:
    t = transfer(1, 1, 2, 100)
    write(postgres, [replace(t, **FACTS), transfer(2, 2, 1, 100)])
    assert recorded_facts(postgres) == [tuple(FACTS.values()), (None,) * 6]


def test_a_repeat_without_optional_fields_or_with_more_is_a_duplicate(postgres: Postgres) -> None:
    bare = replace(transfer(1, 1, 2, 100), block_hash=FACTS["block_hash"])
    full = replace(bare, **FACTS)
    repeats = [
        full,
        bare,
        replace(full, observed_at=OBSERVED + timedelta(seconds=1)),
        *(replace(full, **{name: None}) for name in FACTS if name != "block_hash"),
        *(replace(bare, **{name: value}) for name, value in FACTS.items()),
    ]
    for first in (full, bare):
        clear(postgres)
        batch = write(postgres, [first])  # as one batch, and again in another
        assert (batch.stored, batch.duplicates, batch.dead) == (1, 0, [])
        batch = write(postgres, repeats, offset=1)
        assert (batch.stored, batch.duplicates, batch.dead) == (0, len(repeats), [])
        (recorded,) = recorded_facts(postgres)
        assert recorded == tuple(getattr(first, name) for name in FACTS)  # the first stays as it came


@pytest.mark.parametrize("name", OTHER_FACTS)
def test_a_repeat_that_contradicts_an_optional_field_is_a_conflict(postgres: Postgres, name: str) -> None:
    full = transfer(1, 1, 2, 100, **FACTS)
    other = replace(full, **{name: OTHER_FACTS[name]})
    assert write(postgres, [full, other]).dead[0][1].reason == "conflict"
    assert [e.reason for _, e in write(postgres, [other, full], offset=2).dead] == ["conflict"]
    assert recorded_facts(postgres) == [tuple(FACTS.values())]


def test_a_retraction_that_names_a_block_speaks_of_that_block_only(postgres: Postgres) -> None:
    t = replace(transfer(1, 1, 2, 100), **FACTS)
    other = Retraction("ethereum", t.transaction_hash, "ETH", 1, OBSERVED, 999, f"0x{5:064x}")
    named = replace(other, block_number=None, block_hash=t.block_hash)
    batch = write(postgres, [t, other, other, named, replace(named, observed_at=START)])
    assert (batch.stored, batch.duplicates, batch.retracted) == (1, 1, 1)  # the same retraction, twice
    assert recorded_facts(postgres) == []
    with postgres.transaction() as connection:
        query = text("SELECT block_number, block_hash, retracted FROM retractions ORDER BY retraction_id")
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [(999, other.block_hash, 0), (None, t.block_hash, 1), (None, t.block_hash, 0)]
    write(postgres, [replace(t, observed_at=OBSERVED + timedelta(seconds=1))], offset=5)
    assert len(recorded_facts(postgres)) == 1  # seen again later than the retraction


def test_a_transaction_of_another_block_waits_or_lives_and_nothing_is_a_conflict(postgres: Postgres) -> None:
    bare = transfer(1, 1, 2, 100)
    blocks = [replace(bare, block_hash=f"0x{n:064x}", amount=100 + n) for n in (1, 2, 3)]
    for order in permutations([bare, *blocks]):
        clear(postgres)
        for offset, t in enumerate(order):
            assert write(postgres, [t], offset=offset).stored == 1
        assert [row[0] for row in recorded_facts(postgres)] == [blocks[2].block_hash]
        gone = [
            Retraction("ethereum", t.transaction_hash, "ETH", None, START, None, t.block_hash) for t in blocks
        ]
        write(postgres, [gone[2]], offset=4)
        assert [row[0] for row in recorded_facts(postgres)] == [blocks[1].block_hash]
        write(postgres, gone[:2], offset=5)
        assert [row[0] for row in recorded_facts(postgres)] == [None]
        held = {str(row[0]): row[2] for row in pools(postgres)}
        assert held[address(2)] == 100


def test_a_repeated_retraction_leaves_alone_what_was_mined_again(postgres: Postgres) -> None:
    first, again = transfer(1, 1, 2, 100), transfer(1, 1, 2, 100, block_number=50)
    gone = Retraction("ethereum", first.transaction_hash, "ETH", None, START)
    for offset, event in enumerate([first, gone, again, gone]):
        batch = write(postgres, [event], offset=offset)
    assert (batch.stored, batch.duplicates, batch.retracted) == (0, 1, 0)
    assert len(annotation(postgres)) == 1


def test_a_retraction_that_comes_first_is_remembered(postgres: Postgres) -> None:
    t = replace(transfer(1, 1, 2, 100), **FACTS)
    write(postgres, [Retraction("ethereum", t.transaction_hash, "ETH", None, OBSERVED, None, t.block_hash)])
    assert write(postgres, [t], offset=1).stored == 1
    assert recorded_facts(postgres) == []
    assert annotation(postgres) == []


def test_a_token_transfer_that_is_mined_again_at_another_index_counts_once(postgres: Postgres) -> None:
    first = replace(transfer(1, 1, 2, 100), transfer_index=5, block_hash=f"0x{1:064x}", observed_at=START)
    again = replace(first, transfer_index=9, block_hash=f"0x{2:064x}", observed_at=OBSERVED)
    for order in ([first, again], [again, first]):
        clear(postgres)
        for offset, t in enumerate(order):
            write(postgres, [t], offset=offset)
        assert {row[2] for row in pools(postgres)} == {0, 100}
        assert [row[0] for row in recorded_facts(postgres)] == [again.block_hash]


def test_a_transfer_that_comes_back_is_stored_once(postgres: Postgres) -> None:
    t = transfer(1, 1, 2, 100)
    gone = Retraction("ethereum", t.transaction_hash, "ETH", None, START)
    batches = [write(postgres, [event], offset=n) for n, event in enumerate([t, gone, t])]
    assert [batch.stored for batch in batches] == [1, 0, 0]
    assert (batches[2].duplicates, batches[2].restated) == (1, 1)  # the graph has one transfer to write


def test_decimals_of_an_asset_are_not_those_of_its_first_event(postgres: Postgres) -> None:
    t = transfer(1, 1, 2, 100)
    for offset, (event, expected) in enumerate(
        [
            (Retraction("ethereum", t.transaction_hash, "ETH", None, START), None),
            (replace(t, decimals=6), 6),
            (replace(t, transaction_hash=f"0x{9:064x}", decimals=18), 18),
            (replace(t, transaction_hash=f"0x{8:064x}", decimals=None), 18),
        ]
    ):
        write(postgres, [event], offset=offset)
        with postgres.transaction() as connection:
            assert connection.execute(text("SELECT decimals FROM assets")).scalar_one() == expected


def test_counts_by_partition_add_up(postgres: Postgres) -> None:
    t = [transfer(n, 1, 2, 5) for n in range(4)]
    batch = [
        DecodedMessage("t", 0, 10, None, b"", t[0]),
        DecodedMessage("t", 1, 20, None, b"", t[0]),
        DecodedMessage("t", 1, 21, None, b"x", InvalidEvent("not_json", "The message is not JSON.")),
        DecodedMessage("t", 1, 23, None, b"", t[1]),
    ]
    postgres.run(lambda connection: write_batch(connection, batch))
    with postgres.transaction() as connection:
        rows = connection.execute(
            text("""
                SELECT partition, next_offset, consumed, stored, duplicates, dead
                FROM ingestion_state ORDER BY partition
            """)
        )
        assert [tuple(r) for r in rows] == [(0, 11, 1, 1, 0, 0), (1, 24, 3, 1, 1, 1)]


def test_amounts_of_78_digits_and_their_sums_are_exact(postgres: Postgres) -> None:
    most = 2**256 - 1
    write(postgres, [transfer(n, n + 10, 1, most, usd_value=None) for n in range(3)])
    write(postgres, [transfer(9, 1, 2, most, usd_value=None)])
    held = {p[0]: p[2] for p in pools(postgres)}
    assert int(str(held[address(1)])) == 2 * most
    assert annotation(postgres)[-1][5] == pytest.approx(1 / 3)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_any_order_of_arrival_ends_in_the_same_graph(postgres: Postgres, graph: Graph, seed: int) -> None:
    transfers = random_transfers(seed)
    clear(postgres)
    start_graph(postgres, graph)
    write(postgres, transfers)
    project_all_pending(postgres, graph)
    expected = record_digest(postgres)
    assert is_equal(postgres, graph)

    clear(postgres)
    start_graph(postgres, graph)
    again = [*transfers, *random.Random(seed).choices(transfers, k=20)]
    random.Random(seed + 1).shuffle(again)
    for start in range(0, len(again), 20):
        write(postgres, again[start : start + 20], offset=start)
        project_all_pending(postgres, graph)

    assert record_digest(postgres) == expected
    assert is_equal(postgres, graph)


def start_graph(postgres: Postgres, graph: Graph) -> None:
    wipe(graph)
    with postgres.transaction() as connection:
        prepare(graph, record_id(connection))
