"""The wallets of a run by order and filter, by page."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from app.answers.base import WalletName
from app.answers.cursors import MAX_BIGINT, OTHER_FILTERS, decode_cursor, encode_cursor
from app.answers.scores import RankedWallet, TopScores
from app.domain import format_points
from app.errors import InvalidInput
from app.labels.names import LabelName, WalletKey, named, names_of
from app.policy.policy import Policy
from app.runs.board.filters import ALL_SCORES, ORDERS, SORTS, Order, ScoreFilter, Sort
from app.runs.board.statements import COUNTED, LEVELS, LISTED, PLACE
from app.runs.judgement.reasons import Contact, contacts_of, main_reason
from app.runs.listing import previous_run, run_name
from app.runs.queries import completed_or_published_run
from app.runs.stored_policy import policy_of

ROWS_AT_ONCE = 1_000


class Neighbours(NamedTuple):
    """The wallets before and after one in a list; None at its ends."""

    before: WalletName | None
    after: WalletName | None


class _Position(NamedTuple):
    """Where a page begins: behind this row."""

    key: int
    score: int
    wallet_id: int


def top_scores(
    connection: Connection,
    limit: int,
    cursor: str | None,
    *,
    run_id: int | None = None,
    only: ScoreFilter = ALL_SCORES,
    sort: Sort = "score",
    order: Order = "desc",
    with_total: bool = False,
) -> TopScores:
    """The wallets of a run in this order; ties by wallet id; `with_total` counts all that match.

    The run is that of `run_id`, else that of the cursor, else the published one.

    Raises:
        NotReady: the run has no results, or none has been published.
        NotFound: there is no run of that id.
        InvalidInput: the text is not a cursor of this list, or a filter names what the run does not know.
    """
    position = _start(order)
    if cursor is not None:
        of_run, number, *row = decode_cursor(cursor, 5)
        if number != _number(sort, order) or run_id not in {None, of_run}:
            raise InvalidInput(OTHER_FILTERS, name="cursor")
        run_id = of_run
        position = _Position(*row)
    run = completed_or_published_run(connection, run_id)
    policy = policy_of(run)
    rows = _rows(connection, run, policy, limit + 1, position, only=only, sort=sort, order=order)
    on_page = rows[:limit]
    has_more = len(rows) > limit
    contacts = contacts_of(connection, on_page, run.as_of, run.run_id)
    names = names_of(connection, [(row.chain, row.address) for row in on_page])
    total = None
    if with_total:
        parameters = {"run_id": run.run_id, **only.parameters(policy)}
        total = connection.execute(COUNTED[_has_facets(run)], parameters).scalar_one()
    last = on_page[-1] if has_more else None
    return TopScores(
        run=run_name(run),
        previous_run_id=previous_run(connection, run.run_id),
        scores=[_ranked(policy, run.columns, row, contacts.get(row.wallet_id), names) for row in on_page],
        next=None
        if last is None
        else encode_cursor(run.run_id, _number(sort, order), last.place, last.score, last.wallet_id),
        total=total,
    )


def every_score(
    connection: Connection,
    run_id: int | None,
    only: ScoreFilter = ALL_SCORES,
    sort: Sort = "score",
    order: Order = "desc",
) -> Iterator[RankedWallet]:
    """All wallets that match, in this order; read by page, in the snapshot of the connection.

    Raises:
        NotReady, NotFound: as `top_scores`.
    """
    cursor = None
    while True:
        page = top_scores(connection, ROWS_AT_ONCE, cursor, run_id=run_id, only=only, sort=sort, order=order)
        yield from page.scores
        cursor = page.next
        if cursor is None:
            return


def neighbours(
    connection: Connection,
    run: Row[Any],
    wallet_id: int,
    *,
    only: ScoreFilter = ALL_SCORES,
    sort: Sort = "score",
    order: Order = "desc",
) -> Neighbours:
    """The wallets before and after one in a list of a run; of a wallet that the run scored."""
    row = connection.execute(PLACE, {"run_id": run.run_id, "wallet_id": wallet_id}).one_or_none()
    if row is None:
        return Neighbours(None, None)
    position, policy = _Position(getattr(row, sort), row.score, wallet_id), policy_of(run)
    backwards: Order = "asc" if order == "desc" else "desc"
    found = (
        _rows(connection, run, policy, 1, position, only=only, sort=sort, order=way)
        for way in (backwards, order)
    )
    return Neighbours(*(_name(rows[0]) if rows else None for rows in found))


def level_counts(connection: Connection, run_id: int) -> dict[str, int]:
    """The number of scored wallets of a run by level."""
    return {row.risk_level: row.wallets for row in connection.execute(LEVELS, {"run_id": run_id})}


def _rows(
    connection: Connection,
    run: Row[Any],
    policy: Policy,
    limit: int,
    position: _Position,
    *,
    only: ScoreFilter,
    sort: Sort,
    order: Order,
) -> list[Row[Any]]:
    parameters = {
        "run_id": run.run_id,
        "limit": limit,
        "previous_run": previous_run(connection, run.run_id),
        **position._asdict(),
        **only.parameters(policy),
    }
    return list(connection.execute(LISTED[sort, order, _has_facets(run)], parameters).all())


def _has_facets(run: Row[Any]) -> bool:
    """Whether the run stored what the board filters by; runs of before migration 0024 did not."""
    return run.unrated is not None


def _start(order: Order) -> _Position:
    return _Position(MAX_BIGINT, MAX_BIGINT, -1) if order == "desc" else _Position(-2, -1, MAX_BIGINT)


def _number(sort: Sort, order: Order) -> int:
    """A number of each order, so that a cursor belongs to one of them."""
    return SORTS.index(sort) * len(ORDERS) + ORDERS.index(order)


def _ranked(
    policy: Policy,
    columns: list[str],
    row: Row[Any],
    contact: Contact | None,
    names: Mapping[WalletKey, LabelName],
) -> RankedWallet:
    return RankedWallet(
        wallet=named(names, row.chain, row.address),
        score=format_points(row.score),
        risk_level=row.risk_level,
        direction=row.direction,
        main_category=row.main_category,
        main_reason=main_reason(policy, columns, row, contact),
        rules=row.rules,
        flags=row.flags,
        crime_usd=None if row.crime_cents is None else f"{Decimal(row.crime_cents).scaleb(-2):.2f}",
        usd_received=f"{row.usd_received:.2f}",
        usd_sent=f"{row.usd_sent:.2f}",
        first_seen=_moment(row.first_seen_seconds),
        last_seen=_moment(row.last_seen_seconds),
        score_before=None if row.previous_score is None else format_points(row.previous_score),
        change=None if row.previous_score is None else format_points(row.score - row.previous_score),
    )


def _name(row: Row[Any]) -> WalletName:
    return WalletName(chain=row.chain, address=row.address)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
