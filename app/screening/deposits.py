"""Deposits: one transfer judged by itself, and with what came from the same sender before."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.scores import Reason
from app.answers.screenings import ScreenedTransfer, Screening, TransferSum
from app.chains.spellings import chain_named
from app.chains.transaction_reference import normalise_transaction
from app.domain import format_points
from app.errors import InvalidInput, Unequal, UnknownAddress
from app.policy.policy import Policy
from app.runs.judgement.reasons import main_reason, reasons_of
from app.runs.score_answer import amounts_of
from app.screening import store
from app.screening.computing.accounts import USED_VALUE, run_of_values
from app.screening.computing.base import Moment, Stores
from app.screening.computing.judging import judge_money
from app.screening.computing.transfer_paths import exposures_of, layout_of_run, read_sources
from app.screening.computing.transfer_shares import TransferShares
from app.screening.computing.waiting import NO_PATHS
from app.screening.raising import raised
from app.screening.store import References
from app.screening.subjects import TransferSubject, candidates_of
from app.stores.postgres import Postgres

DAYS = (1, 7, 30, None)
MAX_EARLIER = 1_000
"""Of a sender's earlier transfers; with more the screening is incomplete."""
NOT_SEEN_YET = "This transfer has not been recorded yet: GET /v1/screenings/{id} answers when it has."
_RETRACTED = "The transfer was retracted: its transaction is no longer part of the chain."
_MOVED_NOTHING = "It moved no money."
_MORE_EARLIER = "Its sender has more earlier transfers than are looked at."
_NOT_ALL = "Not all of the sender's earlier transfers could be looked at."
_SEVERAL = "Several transfers match: {}. Name chain and transfer_index of one."
_OF_SUM = "{within} {count} transfers of {usd} USD from the same sender to {whom}: {sentence}"
Group = tuple[str, int | None]
"""`transfer`, `wallet` or `customer`, and days."""
_ALONE: Group = ("transfer", None)


@dataclass(frozen=True)
class _Deposit:
    """A transfer that was found, with the groups that it is judged in."""

    row: Any
    groups: Mapping[Group, Sequence[Any]]
    has_more: bool


def of_transfer(
    stores: Stores, moment: Moment, subject: TransferSubject, draft: Screening, references: References
) -> Screening:
    """The screening of a deposit; `pending` while the transfer has not been recorded."""
    try:
        with stores.postgres.transaction(snapshot=True) as connection:
            values_of = run_of_values(moment.base.run)
            found = _find(connection, subject, values_of)
            deposit = _deposit(connection, found[0], references, values_of) if len(found) == 1 else None
    except InvalidInput as exc:
        reason = exc.reason if isinstance(exc, UnknownAddress) else "bad_transfer"
        return _refused(draft, reason, str(exc))
    if deposit is None and found:
        indexes = ", ".join(f"{row.chain} {row.transfer_index} ({row.asset})" for row in found)
        return _refused(draft, "several_transfers", _SEVERAL.format(indexes))
    if deposit is None:
        return draft.model_copy(update={"status": "pending", "detail": NOT_SEEN_YET, "answered_at": None})
    draft = draft.model_copy(update={"transfer": _screened(deposit.row), "detail": None})
    if deposit.row.state != "live":
        return draft.model_copy(
            update={"status": "incomplete", "detail": _RETRACTED, "risk_level": "unrated"}
        )
    if deposit.row.amount == 0 or deposit.row.sender_id == deposit.row.receiver_id:
        return draft.model_copy(update={"status": "complete", "detail": _MOVED_NOTHING})
    return _judged(stores, moment, draft, deposit)


def with_retraction(postgres: Postgres, screening: Screening) -> Screening:
    """The screening, told that its transfer was retracted since, if it was and was not told yet."""
    transfer = screening.transfer
    if transfer is None or screening.retracted_at is not None or transfer.state == "retracted":
        return screening
    with postgres.transaction(snapshot=True) as connection:
        parameters = {
            "hash": transfer.transaction_hash,
            "chain": transfer.chain,
            "index": transfer.transfer_index,
            "receivers": None,
            "values_of": None,
        }
        rows = connection.execute(_FIND, parameters).all()
        now = connection.execute(_NOW).scalar_one()
    if any(row.state == "live" for row in rows):
        return screening
    return screening.model_copy(
        update={
            "retracted_at": now,
            "status": "incomplete",
            "detail": _RETRACTED,
            "notes": [*screening.notes, _RETRACTED],
        }
    )


def judged_again(
    connection: Connection,
    moment: Moment,
    screening: Screening,
    references: References,
    sources: Callable[[Sequence[int]], TransferShares],
) -> Screening:
    """A deposit's judgement out of the transfers that were recorded when it was answered."""
    transfer, source = screening.transfer, screening.computed_from
    assert transfer is not None  # noqa: S101 - the caller looked
    assert source is not None  # noqa: S101 - likewise
    values_of = run_of_values(moment.base.run)
    parameters = {
        "hash": transfer.transaction_hash,
        "chain": transfer.chain,
        "index": transfer.transfer_index,
        "receivers": None,
        "values_of": values_of,
    }
    row = connection.execute(_FIND, parameters).first()
    if row is None:
        return _unknown(screening, _RETRACTED)
    deposit = _deposit(
        connection, row, references, values_of, until=source.watermark, before=screening.screening_id
    )
    ids = sorted({one.transfer_id for group in deposit.groups.values() for one in group})
    draft = screening.model_copy(update={"flags": [], "reasons": [], "main_reason": None})
    return _with_sums(moment, draft, deposit.groups, sources(ids), [], watermark=source.watermark)


def _refused(draft: Screening, reason: str, detail: str) -> Screening:
    return draft.model_copy(
        update={"status": "refused", "refused_reason": reason, "detail": detail, "computed_from": None}
    )


def _deposit(
    connection: Connection,
    row: Row[Any],
    references: References,
    values_of: int | None,
    *,
    until: int | None = None,
    before: int | None = None,
) -> _Deposit:
    """The transfer with its groups; of an earlier answer those up to a batch, and wallets screened before."""
    customer = (
        store.wallets_of_customer(connection, references.customer_reference, before)
        if references.customer_reference
        else []
    )
    parameters = {
        "sender_id": row.sender_id,
        "receiver_id": row.receiver_id,
        "transfer_id": row.transfer_id,
        "seq": row.seq,
        "customers": [address for chain, address in customer if chain == row.chain],
        "limit": MAX_EARLIER + 1,
        "values_of": values_of,
        "until": until,
    }
    earlier = connection.execute(_EARLIER, parameters).all() if row.seq is not None else []
    return _Deposit(row, _groups(row, earlier[:MAX_EARLIER]), len(earlier) > MAX_EARLIER)


def _judged(stores: Stores, moment: Moment, draft: Screening, deposit: _Deposit) -> Screening:
    base, groups = moment.base, deposit.groups
    members = {one.transfer_id: one for group in groups.values() for one in group}
    ids = [deposit.row.transfer_id, *sorted(members.keys() - {deposit.row.transfer_id}, reverse=True)]
    newest = max(one.batch_id for one in members.values())
    shares, watermark, failures = read_sources(stores, base, ids, newest)
    failures += [_MORE_EARLIER] * deposit.has_more
    try:
        return _with_sums(moment, draft, groups, shares, failures, watermark=watermark)
    except Unequal as exc:
        return _unknown(draft, f"{NO_PATHS}: {exc}")


def _unknown(draft: Screening, detail: str) -> Screening:
    return draft.model_copy(update={"status": "incomplete", "risk_level": "unrated", "detail": detail})


def _with_sums(
    moment: Moment,
    draft: Screening,
    groups: Mapping[Group, Sequence[Any]],
    shares: TransferShares,
    failures: list[str],
    *,
    watermark: int | None,
) -> Screening:
    policy, run = moment.base.policy, moment.base.run
    sums = {
        whom: [_sum(days, groups[whom, days]) for days in DAYS if (whom, days) in groups]
        for whom in ("wallet", "customer")
    }
    assert draft.transfer is not None  # noqa: S101 - it was found
    seen = draft.transfer.model_copy(update={"to_wallet": sums["wallet"], "to_customer": sums["customer"]})
    draft = draft.model_copy(update={"transfer": seen})
    names = [key for key, members in groups.items() if all(one.transfer_id in shares for one in members)]
    if _ALONE not in names or run is None:
        return _unknown(draft, " ".join(failures) or f"{NO_PATHS}.")
    layout = layout_of_run(run)
    if len(names) < len(groups) and not failures:
        failures.append(_NOT_ALL)
    known = moment.base.known_assets(_assets(groups))
    exposures, totals = exposures_of(layout, [groups[name] for name in names], shares, known)
    judged = judge_money(policy, exposures, totals, known)
    columns = list(layout.columns)
    first = judged[names.index(_ALONE)]
    reasons = reasons_of(policy, columns, first, None)
    answer = draft.model_copy(
        update={
            "status": "incomplete" if failures else "complete",
            "detail": " ".join(failures) or None,
            "risk_level": first.risk_level,
            "score": None if first.score is None else format_points(first.score),
            "flags": first.flags,
            "main_reason": main_reason(policy, columns, first, None),
            "reasons": reasons,
            "amounts": list(amounts_of(columns, first)),
            "source_coverage": first.source_coverage,
            "computed_from": moment.computed_from.model_copy(
                update={"origin": "paths", "watermark": watermark}
            ),
        }
    )
    for name, row in zip(names, judged, strict=True):
        if name[0] != "transfer":
            answer = raised(answer, row, _reasons_of_sum(policy, columns, row, name, groups[name]))
    return answer


def _reasons_of_sum(
    policy: Policy,
    columns: Sequence[str],
    row: Any,  # noqa: ANN401 - a row
    name: Group,
    members: Sequence[Any],
) -> list[Reason]:
    whom, days = name
    total = _sum(days, members)
    return [
        one.model_copy(
            update={
                "decides": False,
                "sentence": _OF_SUM.format(
                    within="Ever" if days is None else "Within a day" if days == 1 else f"Within {days} days",
                    whom="this wallet" if whom == "wallet" else "the customer's wallets",
                    count=total.transfers,
                    usd=total.usd_value,
                    sentence=one.sentence,
                ),
            }
        )
        for one in reasons_of(policy, columns, row, None)
    ]


def _find(connection: Connection, subject: TransferSubject, values_of: int | None) -> list[Any]:
    """The transfers that the subject names: the live ones, or the others where none lives."""
    receivers = None
    chain = None
    if subject.receiver is not None:
        candidates = candidates_of(subject.receiver, subject.chain)
        receivers, chain = [one.address for one in candidates], candidates[0].chain
    elif subject.chain is not None:
        chain = chain_named(subject.chain)
        if chain is None:
            raise UnknownAddress("unknown_chain", f"The chain {subject.chain[:40]!a} is not known.")
    parameters = {
        "hash": normalise_transaction(subject.transaction_hash),
        "chain": chain,
        "index": subject.transfer_index,
        "receivers": receivers,
        "values_of": values_of,
    }
    rows = connection.execute(_FIND, parameters).all()
    live = [row for row in rows if row.state == "live"]
    if live:
        return list(live)
    return list(rows[:1])


def _groups(row: Row[Any], earlier: Sequence[Row[Any]]) -> dict[Group, list[Any]]:
    """The transfer alone, and with the earlier ones to the wallet and to the customer's, by days."""
    groups: dict[Group, list[Any]] = {_ALONE: [row]}
    for whom, of_wallet_alone in (("wallet", True), ("customer", False)):
        members = [one for one in earlier if one.receiver_id == row.receiver_id or not of_wallet_alone]
        if not of_wallet_alone and len(members) == sum(one.receiver_id == row.receiver_id for one in earlier):
            continue
        for days in DAYS:
            since = None if days is None else row.occurred_at - timedelta(days=days)
            groups[whom, days] = [row, *(one for one in members if since is None or one.occurred_at > since)]
    return groups


def _sum(days: int | None, members: Collection[Any]) -> TransferSum:
    return TransferSum(
        days=days,
        transfers=len(members),
        usd_value=f"{sum((one.usd_value or Decimal(0) for one in members), Decimal(0)):.2f}",
        unpriced_transfers=sum(not one.usd_value for one in members),
    )


def _assets(groups: Mapping[Any, Iterable[Any]]) -> list[Any]:
    found = {one.asset_id: one for members in groups.values() for one in members}
    return list(found.values())


def _screened(row: Row[Any]) -> ScreenedTransfer:
    return ScreenedTransfer(
        chain=row.chain,
        transaction_hash=row.transaction_hash,
        transfer_index=row.transfer_index,
        state=row.state,
        occurred_at=row.occurred_at,
        sender=row.sender,
        receiver=row.receiver,
        asset=row.asset,
        amount=str(int(row.amount)),
        decimals=row.decimals,
        usd_value=None if row.usd_value is None else f"{row.usd_value:.2f}",
        sender_tag=row.sender_tag,
        receiver_tag=row.receiver_tag,
    )


_FIELDS = f"""
    t.transfer_id, t.chain, t.transaction_hash, t.transfer_index, t.occurred_at, t.sender_id, t.receiver_id,
    s.address AS sender, r.address AS receiver, a.asset, t.asset_id, t.amount,
    coalesce(t.decimals, a.decimals) AS decimals, t.batch_id, t.sender_tag,
    t.receiver_tag, {USED_VALUE}
"""
_NAMES = """
    JOIN wallets s ON s.wallet_id = t.sender_id JOIN wallets r ON r.wallet_id = t.receiver_id
    JOIN assets a ON a.asset_id = t.asset_id
"""
_FIND = text(f"""
    SELECT {_FIELDS}, f.seq,
        CASE WHEN t.is_waiting THEN 'waiting' WHEN t.retracted_batch_id IS NOT NULL THEN 'retracted'
            ELSE 'live' END AS state
    FROM transactions t LEFT JOIN flows f USING (transfer_id) {_NAMES}
    WHERE t.transaction_hash = :hash AND t.is_superseded IS NULL
      AND (CAST(:chain AS text) IS NULL OR t.chain = CAST(:chain AS text))
      AND (CAST(:index AS int) IS NULL OR t.transfer_index = CAST(:index AS int))
      AND (CAST(:receivers AS text[]) IS NULL OR r.address = ANY(CAST(:receivers AS text[])))
    ORDER BY t.transfer_id DESC LIMIT 50
""")  # noqa: S608 - constants of this file
_EARLIER = text(f"""
    SELECT {_FIELDS} FROM pools p CROSS JOIN LATERAL (
        SELECT transfer_id, recv_pool_id FROM flows
        WHERE send_pool_id = p.pool_id AND seq <= :seq ORDER BY seq DESC LIMIT 5000
    ) AS f
    JOIN pools q ON q.pool_id = f.recv_pool_id
    JOIN transactions t USING (transfer_id) {_NAMES}
    WHERE p.wallet_id = :sender_id AND t.transfer_id <> :transfer_id
      AND (q.wallet_id = :receiver_id OR r.address = ANY(CAST(:customers AS text[])))
      AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > CAST(:until AS bigint))
      AND (CAST(:until AS bigint) IS NULL OR t.batch_id <= CAST(:until AS bigint))
    ORDER BY t.occurred_at DESC, t.transfer_id DESC LIMIT :limit
""")  # noqa: S608 - constants of this file
_NOW = text("SELECT clock_timestamp()")
