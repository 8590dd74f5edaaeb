"""A diff of two runs as lists that page by cursor, and as one wallet's contributions before and after."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.comparisons import ChangeByCause, ContributionChange, RunDiff, ScoreChange, WalletDiff
from app.answers.cursors import NOT_A_CURSOR, decode_cursor, encode_cursor
from app.answers.names import RiskLevel
from app.domain import Direction, format_points
from app.errors import InvalidInput
from app.labels.names import named, names_of
from app.ledger.cells import DIRECTION_NAMES, decode
from app.record.wallets import find_wallet
from app.runs.judgement.reasons import contacts_of, main_reason
from app.runs.judgement.score import NOTHING_KNOWN
from app.runs.listing import run_name
from app.runs.queries import score_row
from app.runs.stored_policy import policy_of
from app.stores.postgres import Postgres
from app.verify.diff import Changes, changes_between

CACHED = 4
"""Diffs that a process keeps for the next page: runs and their results never change."""
_cache: OrderedDict[tuple[str, int, int], Changes] = OrderedDict()
_one_at_a_time = Lock()


def run_diff(
    postgres: Postgres,
    run_a: int,
    run_b: int,
    limit: int,
    cursor: str | None,
    *,
    risk_level_before: RiskLevel | None = None,
    risk_level_after: RiskLevel | None = None,
) -> RunDiff:
    """The wallets whose score or level changed, biggest change first; with levels, only those between them.

    Raises:
        NotFound: there is no run of that id.
        NotReady: one of the runs has no results.
        InvalidInput: the text is not a cursor of this list.
    """
    begin = 0 if cursor is None else decode_cursor(cursor, 1)[0]
    if begin < 0:
        raise InvalidInput(NOT_A_CURSOR, name="cursor")
    changes = _changes(postgres, run_a, run_b)
    places = changes.between(risk_level_before, risk_level_after)
    on_page = places[begin : begin + limit].tolist()
    wallet_ids = changes.wallet_id[on_page].tolist()
    with postgres.transaction(snapshot=True) as connection:
        wallets = _wallets(connection, wallet_ids, changes.a.watermark)
        before, after = (_judgements(connection, run, wallet_ids) for run in (changes.a, changes.b))
    return RunDiff(
        run_before=run_name(changes.a),
        run_after=run_name(changes.b),
        changed=len(changes.wallet_id),
        total=len(places),
        changes=[
            _change(changes, place, wallets[wallet_id], (before.get(wallet_id), after.get(wallet_id)))
            for place, wallet_id in zip(on_page, wallet_ids, strict=True)
        ],
        next=encode_cursor(begin + limit) if begin + limit < len(places) else None,
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
        compared = _wallets(connection, [wallet.wallet_id], changes.a.watermark).get(
            wallet.wallet_id, _Compared(WalletName(chain=wallet.chain, address=wallet.address), is_new=False)
        )
        rows = [score_row(connection, run, wallet.wallet_id) for run in (run_a, run_b)]
        before, after = rows
        judged = (
            _judgements(connection, changes.a, [wallet.wallet_id]).get(wallet.wallet_id),
            _judgements(connection, changes.b, [wallet.wallet_id]).get(wallet.wallet_id),
        )
    places = (changes.wallet_id == wallet.wallet_id).nonzero()[0].tolist()
    return WalletDiff(
        run_before=run_name(changes.a),
        run_after=run_name(changes.b),
        score_change=_change(changes, places[0], compared, judged)
        if places
        else _no_change(compared, before, judged),
        risk_level_before=judged[0] and judged[0].level,
        risk_level_after=judged[1] and judged[1].level,
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


@dataclass(frozen=True, slots=True)
class _Compared:
    """A wallet, and whether it was seen first after the first run."""

    wallet: WalletName
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What a run says of a wallet."""

    level: RiskLevel | None
    reason: str


Judgements = tuple[_Judgement | None, _Judgement | None]
"""In both runs; None where a run does not know the wallet."""


def _change(changes: Changes, place: int, compared: _Compared, judged: Judgements) -> ScoreChange:
    change = int(changes.change[place])
    return ScoreChange(
        wallet=compared.wallet,
        is_new=compared.is_new,
        score_before=_score(int(changes.old[place])),
        score_after=_score(int(changes.new[place])),
        change=format_points(change),
        change_micro=change,
        **_words(judged),
        parts=_parts(*map(format_points, changes.parts[place].tolist())),
    )


def _words(judged: Judgements) -> dict[str, Any]:
    """Levels and main reasons before and after."""
    before, after = judged
    return {
        "risk_level_before": before and before.level,
        "risk_level_after": after and after.level,
        "reason_before": before and before.reason,
        "reason_after": after and after.reason,
    }


def _no_change(compared: _Compared, row: Row[Any] | None, judged: Judgements) -> ScoreChange:
    score = None if row is None or row.score is None else format_points(row.score)
    nothing = format_points(0)
    parts = _parts(nothing, nothing, nothing, nothing, nothing)
    return ScoreChange(
        wallet=compared.wallet,
        is_new=compared.is_new,
        score_before=score,
        score_after=score,
        change=nothing,
        change_micro=0,
        **_words(judged),
        parts=parts,
    )


def _parts(transfers: str, prices: str, labels: str, policy: str, engine: str) -> ChangeByCause:
    return ChangeByCause(
        by_transfers=transfers, by_prices=prices, by_labels=labels, by_policy=policy, by_engine=engine
    )


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


def _wallets(connection: Connection, wallet_ids: list[int], watermark: int) -> dict[int, _Compared]:
    """By wallet_id, which wallets those are, and whether they were seen first after the watermark."""
    rows = connection.execute(_WALLETS, {"wallet_ids": wallet_ids}).all()
    names = names_of(connection, [(row.chain, row.address) for row in rows])
    return {
        row.wallet_id: _Compared(named(names, row.chain, row.address), row.batch_id > watermark)
        for row in rows
    }


def _judgements(connection: Connection, run: Row[Any], wallet_ids: list[int]) -> dict[int, _Judgement]:
    rows = connection.execute(_SCORES, {"wallet_ids": wallet_ids, "run_id": run.run_id}).all()
    policy, contacts = policy_of(run), contacts_of(connection, rows, run.as_of, run.run_id)
    return {
        row.wallet_id: _Judgement(
            row.risk_level, main_reason(policy, run.columns, row, contacts.get(row.wallet_id))
        )
        for row in rows
        if row.score is not None
    }


_SCORES = text("""
    SELECT * FROM risk_scores
    WHERE wallet_id = ANY(:wallet_ids) AND is_of_run(run_id, until_run_id, :run_id)
""")
_WALLETS = text("SELECT wallet_id, chain, address, batch_id FROM wallets WHERE wallet_id = ANY(:wallet_ids)")
