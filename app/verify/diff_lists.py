"""A diff of two runs as lists that page by cursor, and as one wallet's contributions before and after."""

from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.comparisons import ChangeByCause, ContributionChange, RunDiff, ScoreChange, WalletDiff
from app.answers.cursors import decode_cursor, encode_cursor
from app.answers.names import RiskLevel
from app.domain import Direction, format_points
from app.labels.names import named, names_of
from app.ledger.cells import DIRECTION_NAMES, decode
from app.record.wallets import find_wallet
from app.runs.judgement.score import NOTHING_KNOWN
from app.runs.listing import run_name
from app.runs.naming.named import named_wallet
from app.runs.queries import score_row
from app.stores.postgres import Postgres
from app.verify.diff import Changes, changes_between

CACHED = 4
"""Diffs that a process keeps for the next page: runs and their results never change."""
_cache: OrderedDict[tuple[str, int, int], Changes] = OrderedDict()
_one_at_a_time = Lock()


def run_diff(postgres: Postgres, run_a: int, run_b: int, limit: int, cursor: str | None) -> RunDiff:
    """The wallets whose score changed, biggest change first.

    Raises:
        NotFound: there is no run of that id.
        NotReady: one of the runs has no results.
        InvalidInput: the text is not a cursor of this list.
    """
    begin = 0 if cursor is None else decode_cursor(cursor, 1)[0]
    changes = _changes(postgres, run_a, run_b)
    end = min(begin + limit, len(changes.wallet_id))
    wallet_ids = changes.wallet_id[begin:end].tolist()
    with postgres.transaction() as connection:
        names = _names(connection, wallet_ids)
        before, after = (_levels(connection, wallet_ids, run) for run in (run_a, run_b))
    return RunDiff(
        run_before=run_name(changes.a),
        run_after=run_name(changes.b),
        changed=len(changes.wallet_id),
        changes=[
            _change(changes, place, name, (before.get(wallet_id), after.get(wallet_id)))
            for place, wallet_id, name in zip(range(begin, end), wallet_ids, names, strict=True)
        ],
        next=encode_cursor(end) if end < len(changes.wallet_id) else None,
    )


def wallet_diff(postgres: Postgres, run_a: int, run_b: int, reference: str) -> WalletDiff:
    """One wallet in two runs, also when its score is the same in both.

    Raises:
        NotFound: there is no run of that id, or no such wallet.
        NotReady: one of the runs has no results.
        InvalidInput, AmbiguousWallet: the wallet is not written clearly.
    """
    with postgres.transaction() as connection:
        wallet = find_wallet(connection, reference)
    changes = _changes(postgres, run_a, run_b)
    with postgres.transaction(snapshot=True) as connection:
        name = named_wallet(connection, wallet)
        rows = [score_row(connection, run, wallet.wallet_id) for run in (run_a, run_b)]
    places = (changes.wallet_id == wallet.wallet_id).nonzero()[0].tolist()
    before, after = rows
    levels = before and before.risk_level, after and after.risk_level
    return WalletDiff(
        run_before=run_name(changes.a),
        run_after=run_name(changes.b),
        score=_change(changes, places[0], name, levels) if places else _no_change(name, before, levels),
        risk_level_before=levels[0],
        risk_level_after=levels[1],
        contributions=_contributions((changes.a, before), (changes.b, after)),
    )


def is_compared(postgres: Postgres, run_a: int, run_b: int) -> bool:
    """Whether this process holds the diff of the two runs, so that asking for it costs nothing."""
    return _key(postgres, run_a, run_b) in _cache


def _key(postgres: Postgres, run_a: int, run_b: int) -> tuple[str, int, int]:
    return postgres.url.render_as_string(), run_a, run_b


def _changes(postgres: Postgres, run_a: int, run_b: int) -> Changes:
    """One diff is computed at a time: whoever asks for the same runs next finds it in the cache."""
    with _one_at_a_time:
        key = _key(postgres, run_a, run_b)
        if key not in _cache:
            with postgres.transaction(snapshot=True) as connection:
                _cache[key] = changes_between(connection, run_a, run_b)
        _cache.move_to_end(key)
        while len(_cache) > CACHED:
            _cache.popitem(last=False)
        return _cache[key]


Levels = tuple[RiskLevel | None, RiskLevel | None]
"""In both runs."""


def _change(changes: Changes, place: int, wallet: WalletName, levels: Levels) -> ScoreChange:
    change = int(changes.change[place])
    return ScoreChange(
        wallet=wallet,
        score_before=_score(int(changes.old[place])),
        score_after=_score(int(changes.new[place])),
        change=format_points(change),
        change_micro=change,
        risk_level_before=levels[0],
        risk_level_after=levels[1],
        parts=_parts(*map(format_points, changes.parts[place].tolist())),
    )


def _no_change(wallet: WalletName, row: Row[Any] | None, levels: Levels) -> ScoreChange:
    score = None if row is None or row.score is None else format_points(row.score)
    nothing = format_points(0)
    parts = _parts(nothing, nothing, nothing, nothing, nothing)
    return ScoreChange(
        wallet=wallet,
        score_before=score,
        score_after=score,
        change=nothing,
        change_micro=0,
        risk_level_before=levels[0],
        risk_level_after=levels[1],
        parts=parts,
    )


def _parts(transfers: str, prices: str, labels: str, policy: str, engine: str) -> ChangeByCause:
    return ChangeByCause(transfers=transfers, prices=prices, labels=labels, policy=policy, engine=engine)


def _score(micro: int) -> str | None:
    return None if micro == NOTHING_KNOWN else format_points(micro)


Side = dict[tuple[int, str, int], tuple[float, int]]


def _contributions(*runs: tuple[Row[Any], Row[Any] | None]) -> list[ContributionChange]:
    before, after = (_by_name(run.columns, row) for run, row in runs)
    contributions = []
    for key in sorted(before.keys() | after.keys()):
        direction: Direction = DIRECTION_NAMES[key[0]]  # type: ignore[assignment] # stored by its place
        was, now = before.get(key), after.get(key)
        contributions.append(
            ContributionChange(
                direction=direction,
                category=key[1],
                hop=key[2],
                share_before=was and was[0],
                share_after=now and now[0],
                points_before=was and format_points(was[1]),
                points_after=now and format_points(now[1]),
            )
        )
    return contributions


def _by_name(columns: list[str], row: Row[Any] | None) -> Side:
    if row is None:
        return {}
    return {
        (cell.direction, columns[cell.column], cell.hop): (share, points)
        for cell, share, points in zip(map(decode, row.cells), row.shares, row.points, strict=True)
    }


def _names(connection: Connection, wallet_ids: list[int]) -> list[WalletName]:
    keys = {
        row.wallet_id: (row.chain, row.address)
        for row in connection.execute(_NAMES, {"wallet_ids": wallet_ids})
    }
    names = names_of(connection, list(keys.values()))
    return [named(names, *keys[wallet_id]) for wallet_id in wallet_ids]


def _levels(connection: Connection, wallet_ids: list[int], run_id: int) -> dict[int, RiskLevel]:
    rows = connection.execute(_LEVELS, {"wallet_ids": wallet_ids, "run_id": run_id})
    return {row.wallet_id: row.risk_level for row in rows}


_LEVELS = text("""
    SELECT wallet_id, risk_level FROM risk_scores
    WHERE wallet_id = ANY(:wallet_ids) AND is_of_run(run_id, until_run_id, :run_id)
""")
_NAMES = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
