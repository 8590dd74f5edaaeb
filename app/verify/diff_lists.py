"""A diff of two runs as lists that page by cursor, and as one wallet's contributions before and after."""

from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.comparisons import ContributionChange, Parts, RunDiff, ScoreChange, WalletDiff
from app.answers.cursors import decode_cursor, encode_cursor
from app.domain import Direction, format_points
from app.ledger.cells import DIRECTION_NAMES
from app.record.wallets import find_wallet
from app.runs.listing import run_name
from app.runs.queries import score_row
from app.runs.score import NOTHING_KNOWN
from app.stores.postgres import Postgres
from app.verify.diff import Changes, changes_between

KEPT = 4
"""Diffs a process keeps, for the next page: runs and their results never change."""
_kept: OrderedDict[tuple[str, int, int], Changes] = OrderedDict()
_turn = Lock()


def run_diff(postgres: Postgres, run_a: int, run_b: int, limit: int, cursor: str | None) -> RunDiff:
    """The wallets whose score changed, biggest change first.

    Raises:
        NotFound: there is no run of that id.
        NotReady: one of the runs has no results.
        InvalidInput: the text is not a cursor of this list.
    """
    begin = 0 if cursor is None else decode_cursor(cursor, 1)[0]
    found = _changes(postgres, run_a, run_b)
    end = min(begin + limit, len(found.wallet_id))
    with postgres.transaction() as connection:
        names = _names(connection, found.wallet_id[begin:end].tolist())
    return RunDiff(
        a=run_name(found.a),
        b=run_name(found.b),
        changed=len(found.wallet_id),
        changes=[_change(found, place, names[place - begin]) for place in range(begin, end)],
        next=encode_cursor(end) if end < len(found.wallet_id) else None,
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
    found = _changes(postgres, run_a, run_b)
    name = WalletName(chain=wallet.chain, address=wallet.address)
    with postgres.transaction(snapshot=True) as connection:
        rows = [score_row(connection, run, wallet.wallet_id) for run in (run_a, run_b)]
    places = (found.wallet_id == wallet.wallet_id).nonzero()[0].tolist()
    before, after = rows
    return WalletDiff(
        a=run_name(found.a),
        b=run_name(found.b),
        score=_change(found, places[0], name) if places else _no_change(name, before),
        risk_level_before=before and before.risk_level,
        risk_level_after=after and after.risk_level,
        contributions=_contributions((found.a, before), (found.b, after)),
    )


def _changes(postgres: Postgres, run_a: int, run_b: int) -> Changes:
    """One diff is computed at a time: the next one of the same runs finds it ready."""
    with _turn:
        key = postgres.url.render_as_string(), run_a, run_b
        if key not in _kept:
            with postgres.transaction(snapshot=True) as connection:
                _kept[key] = changes_between(connection, run_a, run_b)
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def _change(found: Changes, place: int, wallet: WalletName) -> ScoreChange:
    change = int(found.change[place])
    return ScoreChange(
        wallet=wallet,
        old=_score(int(found.old[place])),
        new=_score(int(found.new[place])),
        change=format_points(change),
        change_micro=change,
        parts=_parts(*map(format_points, found.parts[place].tolist())),
    )


def _no_change(wallet: WalletName, row: Row[Any] | None) -> ScoreChange:
    score = None if row is None or row.score is None else format_points(row.score)
    nothing = format_points(0)
    parts = _parts(nothing, nothing, nothing, nothing)
    return ScoreChange(wallet=wallet, old=score, new=score, change=nothing, change_micro=0, parts=parts)


def _parts(transfers: str, labels: str, policy: str, engine: str) -> Parts:
    return Parts(transfers=transfers, labels=labels, policy=policy, engine=engine)


def _score(micro: int) -> str | None:
    return None if micro == NOTHING_KNOWN else format_points(micro)


Side = dict[tuple[int, str, int], tuple[float, int]]


def _contributions(*runs: tuple[Row[Any], Row[Any] | None]) -> list[ContributionChange]:
    before, after = (_by_name(run.columns, row) for run, row in runs)
    changes = []
    for key in sorted(before.keys() | after.keys()):
        direction: Direction = DIRECTION_NAMES[key[0]]  # type: ignore[assignment] # stored by its place
        was, now = before.get(key), after.get(key)
        changes.append(
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
    return changes


def _by_name(columns: list[str], row: Row[Any] | None) -> Side:
    if row is None:
        return {}
    return {
        (cell // 1024, columns[cell % 1024 // 8], cell % 8): (share, points)
        for cell, share, points in zip(row.cells, row.shares, row.points, strict=True)
    }


def _names(connection: Connection, wallet_ids: list[int]) -> list[WalletName]:
    found = {
        row.wallet_id: WalletName(chain=row.chain, address=row.address)
        for row in connection.execute(_NAMES, {"wallet_ids": wallet_ids})
    }
    return [found[wallet_id] for wallet_id in wallet_ids]


_NAMES = text("SELECT wallet_id, chain, address FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
