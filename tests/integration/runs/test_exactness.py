"""200 random ledgers, side by side in one record and one graph: both engines give the exact fractions.

Each ledger has a chain of its own, with cycles, several assets, emptied pools, labelled wallets inside
cycles, transfers to oneself, zero amounts, missing prices, equal places and retractions. They arrive in any
order, through the real writer and the real projection; runs are real runs, and what they stored is compared.
"""

from collections import defaultdict
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any

import pytest
from sqlalchemy import text

from app.ledger.cells import DESTINATION, OWNERSHIP, SOURCE, decode
from app.policy.policy import Policy
from app.runs.compute import EngineChoice
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import policy
from tests.support.ledgers.exact import exact_shares
from tests.support.ledgers.moves import Ledger
from tests.support.ledgers.telling import seen_ledgers, tell_ledgers
from tests.support.record import score

LIMITS = (4, 6)
Cell = tuple[str, int]
Row = dict[Cell, float]


@cache
def ledgers() -> dict[int, Ledger]:
    """By number; what comes after the watermark is left out."""
    return seen_ledgers(range(1, 201))


def stored(postgres: Postgres, run_id: int) -> tuple[dict[Any, Row], dict[Any, int], list[Any]]:
    """Shares and totals by direction, wallet and asset, and the rows of `risk_scores`."""
    shares: dict[Any, Row] = {}
    totals: dict[Any, int] = {}
    with postgres.transaction() as connection:
        for row in connection.execute(_EXPOSURES, {"run_id": run_id}):
            key = row.direction, int(row.address, 16), int(row.asset.split()[1])
            cells = ((row.columns[cell.column], cell.hop) for cell in map(decode, row.cells))
            shares[key] = dict(zip(cells, row.shares, strict=True))
            totals[key] = int(row.total)
        scores = list(connection.execute(_SCORES, {"run_id": run_id}))
    return shares, totals, scores


@pytest.fixture
def told(postgres: Postgres) -> Postgres:
    """All ledgers in the record, in an order that is none."""
    tell_ledgers(postgres, ledgers())
    return postgres


def close(found: Row, wanted: dict[Cell, Fraction]) -> bool:
    return all(
        abs(found.get(cell, 0.0) - float(wanted.get(cell, 0))) <= 1e-9
        for cell in found.keys() | wanted.keys()
    )


def test_the_ledgers_have_what_is_hard() -> None:
    moves = [move for ledger in ledgers().values() for move in ledger.moves]
    assert any(move.sender == move.receiver for move in moves)
    assert any(move.amount == 0 for move in moves)
    assert any(move.retracted for move in moves)
    assert any(move.usd_value is None for move in moves)
    places = [(number, move.seq) for number, ledger in ledgers().items() for move in ledger.moves]
    assert len(set(places)) < len(places)
    in_cycles = [
        ledger
        for ledger in ledgers().values()
        if any(
            (b.sender, b.receiver) == (a.receiver, a.sender) and a.sender in ledger.labels
            for a in ledger.flowing()
            for b in ledger.flowing()
        )
    ]
    assert len(in_cycles) > 50
    columns = {
        ledger.column(wallet, move)
        for ledger in ledgers().values()
        for move in ledger.flowing()
        for wallet in (move.sender, move.receiver)
        if wallet in ledger.labels
    }
    periods = {f"sanctioned@{period}" for period in ("before", "while", "after")}
    assert columns == {"sanctioned", "mixer", "exchange", "mixer@weak", *periods}


def test_both_engines_store_the_exact_fractions_of_200_random_ledgers(told: Postgres, graph: Graph) -> None:
    for limit in LIMITS:
        tested = policy(("hop_limit: 6", f"hop_limit: {limit}"))
        wanted: dict[tuple[int, int, int | None], dict[Cell, Fraction]] = {
            (direction, wallet, asset): cells
            for ledger in ledgers().values()
            for direction in (SOURCE, DESTINATION)
            for (wallet, asset), cells in exact_shares(ledger, direction, limit).items()
        }
        amounts: defaultdict[tuple[int, int, int], int] = defaultdict(int)
        for ledger in ledgers().values():
            for move in ledger.flowing():
                amounts[SOURCE, move.receiver, move.asset_id] += move.amount
                amounts[DESTINATION, move.sender, move.asset_id] += move.amount
        engines: tuple[EngineChoice, ...] = ("cypher", "ledger")
        for engine in engines:
            shares, totals, scores = stored(told, score(told, graph, engine, tested))
            assert totals == amounts
            assert shares.keys() == {key for key in wanted if key[2] is not None}
            wrong = [key for key, row in shares.items() if not close(row, wanted[key])]
            assert not wrong, (engine, limit)
            assert all(abs(sum(row.values()) - 1) <= 1e-9 for row in shares.values())
            _check_scores(scores, wanted, tested)


def _check_scores(
    scores: list[Any], wanted: dict[tuple[int, int, int | None], dict[Cell, Fraction]], by: Policy
) -> None:
    """Contributions are the exact combined shares, weigh what the policy says, and add up in integers."""
    looked_at = 0
    usd = {SOURCE: defaultdict[int, Fraction](Fraction), DESTINATION: defaultdict[int, Fraction](Fraction)}
    owned = set()
    for ledger in ledgers().values():
        ended = {wallet for wallet, (_, end) in ledger.listed.items() if end is not None}
        owned |= ledger.labels.keys() - ledger.weak - ended
        for move in ledger.flowing():
            value = Fraction(move.usd_value or 0)
            usd[SOURCE][move.receiver] += value
            usd[DESTINATION][move.sender] += value
    for row in scores:
        sums = [0, 0, 0]
        for code, share, points in zip(row.cells, row.shares, row.points, strict=True):
            direction, column, hop = decode(code)
            category = row.columns[column]
            sums[direction] += points
            exact_usd = usd.get(direction, {}).get(int(row.address, 16), Fraction(0))
            part = Fraction(1)
            if exact_usd and direction != OWNERSHIP:
                of_category = sum(
                    (
                        part * exact_usd
                        for (column, hops), part in wanted[direction, int(row.address, 16), None].items()
                        if column.partition("@")[0] == category.partition("@")[0]
                        and hops
                        and by.micro_points(column, hops, direction)
                    ),
                    Fraction(0),
                )
                is_below = floor(of_category * 100 + Fraction(1, 2)) < by.floor_cents
                part = Fraction(by.floor.below) if is_below else Fraction(1)
            weight = floor(by.micro_points(category, hop, direction) * part)
            assert points == int(share * weight + 0.001)
            exact = wanted.get((direction, int(row.address, 16), None))
            if exact is not None:
                looked_at += 1
                assert abs(share - float(exact[category, hop])) <= 1e-9
        assert sums == [row.ownership_score, row.source_score, row.destination_score]
        of_label = int(row.address, 16) in owned
        assert row.score in {row.ownership_score if of_label else max(sums), None}
    assert looked_at > 500


_EXPOSURES = text("""
    SELECT e.*, w.address, a.asset, r.columns FROM exposures e JOIN wallets w USING (wallet_id)
    JOIN assets a USING (asset_id) JOIN scoring_runs r ON is_of_run(e.run_id, e.until_run_id, r.run_id)
    WHERE r.run_id = :run_id
""")
_SCORES = text("""
    SELECT s.*, w.address, r.columns FROM risk_scores s JOIN wallets w USING (wallet_id)
    JOIN scoring_runs r ON is_of_run(s.run_id, s.until_run_id, r.run_id) WHERE r.run_id = :run_id
""")
