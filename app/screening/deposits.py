"""Deposits and payments: money judged by itself, and with what came from the same sender before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.scores import CategoryAmount, Reason
from app.answers.screenings import ScreenedTransfer, Screening, TransferSum
from app.chains.addresses import EVM_CHAINS
from app.chains.transaction_reference import normalise_transaction
from app.chains.wallet_reference import Candidate
from app.domain import format_points
from app.errors import DependencyMissing, InvalidInput, NotReady, QueryTimeout, Unequal, UnknownAddress
from app.labels.columns import label_columns
from app.ledger.cells import DESTINATION, RESIDUALS, SOURCE, CellLayout
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.policy.conditions import LEVELS
from app.runs.engines.cypher import shares_of_rows
from app.runs.judgement.reasons import main_reason, reasons_of
from app.runs.results.totals import BothTotals, Total, as_columns
from app.runs.score_answer import amounts_of
from app.screening import store
from app.screening.by_paths import wait_for_graph
from app.screening.judging import judge_money
from app.screening.known import Known
from app.screening.store import References
from app.screening.subjects import TransferSubject, WithdrawalSubject
from app.screening.wallets import level_rank
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query

if TYPE_CHECKING:
    from app.screening.screen import Moment

DAYS = (1, 7, 30, None)
MAX_EARLIER = 1_000
"""Of a sender's earlier transfers; with more the screening is incomplete."""
_AT_ONCE = 64
NOT_SEEN_YET = "This transfer has not been recorded yet. GET /v1/screenings/{id} answers when it has."
NO_PATHS = "Where its money came from could not be asked"
_RETRACTED = "The transfer was retracted: its transaction is no longer part of the chain."
_OF_SUM = "{days} from the same sender to {whom}: {count} transfers, {usd} USD. {sentence}"


def of_transfer(
    postgres: Postgres,
    graph: Graph | None,
    settings: Settings,
    moment: "Moment",
    subject: TransferSubject,
    draft: Screening,
    references: References,
) -> Screening:
    """The screening of a deposit; `pending` while the transfer has not been recorded."""
    try:
        with postgres.transaction(snapshot=True) as connection:
            found = _find(connection, subject)
    except InvalidInput as exc:
        reason = exc.reason if isinstance(exc, UnknownAddress) else "bad_transfer"
        return draft.model_copy(
            update={"status": "refused", "refused_reason": reason, "detail": str(exc), "computed_from": None}
        )
    if not found:
        return draft.model_copy(
            update={"status": "pending", "detail": NOT_SEEN_YET.format(id="{screening_id}")}
        )
    if len(found) > 1:
        indexes = ", ".join(f"{row.chain} {row.transfer_index} ({row.asset})" for row in found)
        return draft.model_copy(
            update={
                "status": "refused",
                "refused_reason": "several_transfers",
                "detail": f"Several transfers match: {indexes}. Name chain and transfer_index of one.",
            }
        )
    return _judged(postgres, graph, settings, moment, draft, found[0], references)


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
        }
        rows = connection.execute(_FIND, parameters).all()
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
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


def with_payment(
    postgres: Postgres,
    moment: "Moment",
    subject: WithdrawalSubject,
    candidates: Sequence[Candidate],
    known: Sequence[Known],
    destination: Screening,
) -> Screening:
    """The screening of the destination with the rules that this payment would fire."""
    policy = moment.base.policy
    chains = {one.wallet.chain for one in known} or {one.chain for one in candidates if one.chain}
    if len(chains) != 1:
        named = ", ".join(sorted(chains)) or "none"
        return destination.model_copy(
            update={
                "status": "refused",
                "refused_reason": "no_chain",
                "detail": f"Name the chain of the payment; the destination is known on: {named}.",
            }
        )
    (chain,) = chains
    with postgres.transaction() as connection:
        row = connection.execute(_ASSET, {"chain": chain, "asset": subject.asset}).one_or_none()
    decimals = None if row is None else row.decimals
    if decimals is None and chain in EVM_CHAINS and not subject.asset.startswith("0x"):
        decimals = 18
    amount = _base_units(subject, decimals)
    if amount is None:
        return destination.model_copy(
            update={
                "status": "refused",
                "refused_reason": "unknown_decimals",
                "detail": f"The decimals of {subject.asset[:60]} on {chain} are not known. Give the amount in"
                " base units (`amount`).",
            }
        )
    wallet = next((one for one in known if one.wallet.chain == chain), None)
    label = None if wallet is None else wallet.effective(policy, moment.now)
    column, layout = None, policy.layout
    if label is not None and label.category in policy.categories:
        columns = label_columns([_numbered(label)], policy)
        layout, place = columns.layout, columns.by_wallet[1]
        column = place.column + (1 if label.ended and place.dated else 0)
    shares = np.zeros((1, layout.width))
    shares[0, layout.residual(1) if column is None else layout.category(column, 1)] = 1.0
    asset_id = 1
    is_known = policy.is_registered(chain, subject.asset) or (
        row is not None and row.asset_id in moment.base.valued
    )
    usd = None if subject.usd_value is None else float(subject.usd_value)
    totals = as_columns([Total(DESTINATION, 0, asset_id, str(amount), "0", usd or 0.0, 1, int(not usd))])
    rows = SparseRows.of(shares)
    ids, assets = np.array([0], np.int64), np.array([asset_id], np.int32)
    priced = ids if usd and is_known else ids[:0]
    nothing = SparseRows.of(np.zeros((0, layout.width)))
    sent = DirectionShares(ids, assets, rows, priced, rows if len(priced) else nothing)
    empty = DirectionShares(ids[:0], assets[:0], nothing, ids[:0], nothing)
    (judged,) = judge_money(
        policy, Exposures(layout, empty, sent), totals, assets if is_known else assets[:0]
    )
    reasons = [
        one.model_copy(update={"sentence": f"This payment: {one.sentence}", "decides": False})
        for one in reasons_of(policy, layout.columns, judged, None)
        if one.rule != "score"
    ]
    return _with_judged(destination, judged, reasons)


def _with_judged(screening: Screening, judged: Any, reasons: Sequence[Reason]) -> Screening:  # noqa: ANN401
    """The screening with rules of its own; the higher level counts. Unrated money alone says nothing."""
    updates: dict[str, Any] = {
        "flags": sorted({*screening.flags, *judged.flags}),
        "reasons": [*screening.reasons, *reasons],
    }
    is_raised = level_rank(judged.risk_level) > level_rank(screening.risk_level)
    if is_raised and judged.risk_level != "unrated":
        deciding = next((one for one in reasons if one.outcome == judged.risk_level), None)
        updates["risk_level"] = judged.risk_level
        if deciding is not None:
            first = deciding.model_copy(update={"decides": True})
            rest = [
                one.model_copy(update={"decides": False}) for one in updates["reasons"] if one != deciding
            ]
            updates |= {"main_reason": deciding.sentence, "reasons": [first, *rest]}
    if judged.score is not None and judged.score > _micro(screening.score):
        updates["score"] = format_points(judged.score)
    return screening.model_copy(update=updates)


def _judged(
    postgres: Postgres,
    graph: Graph | None,
    settings: Settings,
    moment: "Moment",
    draft: Screening,
    row: Row[Any],
    references: References,
) -> Screening:
    base = moment.base
    seen = _screened(row)
    draft = draft.model_copy(update={"transfer": seen})
    if row.state != "live" or row.amount == 0 or row.sender_id == row.receiver_id:
        why = _RETRACTED if row.state != "live" else "It moved no money."
        return draft.model_copy(
            update={"status": "incomplete" if row.state != "live" else "complete", "detail": why}
        )
    with postgres.transaction(snapshot=True) as connection:
        customer = (
            store.wallets_of_customer(connection, references.customer_reference)
            if references.customer_reference
            else []
        )
        earlier = connection.execute(
            _EARLIER,
            {**row._mapping, "limit": MAX_EARLIER + 1, **_wallet_lists(row.chain, customer)},  # noqa: SLF001
        ).all()
    groups = _groups(row, earlier)
    failures = ["It has more earlier transfers than are looked at."] if len(earlier) > MAX_EARLIER else []
    layout, watermark = base.policy.layout, None
    rows: dict[int, list[dict[str, Any]]] = {}
    if base.run is None:
        failures.append(f"{NO_PATHS}: no scoring run has been published, so the graph has no labels.")
    elif graph is None:
        failures.append(f"{NO_PATHS}: there is no graph.")
    else:
        layout = CellLayout(tuple(base.run.columns[len(RESIDUALS) :]), base.run.hop_limit)
        newest = max(one.batch_id for one in (row, *earlier))
        try:
            deadline = monotonic() + settings.screening_seconds
            watermark = wait_for_graph(postgres, graph, base.run, newest, deadline)
            ids = [row.transfer_id, *(one.transfer_id for one in earlier[:MAX_EARLIER])]
            for begin in range(0, len(ids), _AT_ONCE):
                left = deadline - monotonic()
                if left <= 0:
                    raise QueryTimeout("there are too many earlier transfers for the limit of time.")
                parameters = {
                    "transfer_ids": ids[begin : begin + _AT_ONCE],
                    "watermark": watermark,
                    "hop_limit": base.run.hop_limit,
                    "firm_confidence": base.policy.firm_confidence,
                }
                for one in graph.read(query("exposure/transfer_sources"), parameters, timeout_seconds=left):
                    rows.setdefault(one["transfer_id"], []).append(one)
        except (DependencyMissing, NotReady, QueryTimeout) as exc:
            failures.append(f"{NO_PATHS}: {exc}")
    try:
        return _with_sums(moment, draft, seen, layout, groups, rows, failures, watermark)
    except Unequal as exc:
        return draft.model_copy(
            update={"status": "incomplete", "risk_level": "unrated", "detail": f"{NO_PATHS}: {exc}"}
        )


def _with_sums(
    moment: "Moment",
    draft: Screening,
    seen: ScreenedTransfer,
    layout: CellLayout,
    groups: Mapping[tuple[str, int | None], list[Any]],
    rows: Mapping[int, list[dict[str, Any]]],
    failures: list[str],
    watermark: int | None,
) -> Screening:
    policy = moment.base.policy
    sums = {
        whom: [_sum(days, groups[whom, days]) for days in DAYS if (whom, days) in groups]
        for whom in ("wallet", "customer")
    }
    seen = seen.model_copy(update={"to_wallet": sums["wallet"], "to_customer": sums["customer"]})
    names = [key for key, members in groups.items() if all(one.transfer_id in rows for one in members)]
    if ("transfer", None) not in names:
        return draft.model_copy(
            update={
                "status": "incomplete",
                "risk_level": "unrated",
                "detail": " ".join(failures) or f"{NO_PATHS}.",
                "transfer": seen,
            }
        )
    if len(names) < len(groups) and not failures:
        failures.append("Not all of the sender's earlier transfers could be looked at.")
    known = moment.base.known_assets(_assets(groups))
    exposures, totals = _exposures(layout, [groups[name] for name in names], rows, known)
    judged = judge_money(policy, exposures, totals, known)
    columns = list(layout.columns)
    first = judged[names.index(("transfer", None))]
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
            "transfer": seen,
            "computed_from": moment.computed_from.model_copy(
                update={"origin": "paths", "watermark": watermark}
            ),
        }
    )
    for name, row in zip(names, judged, strict=True):
        if name[0] != "transfer":
            answer = _with_judged(answer, row, _reasons_of_sum(policy, columns, row, name, groups[name]))
    return answer


def _reasons_of_sum(
    policy: Any,
    columns: Sequence[str],
    row: Any,
    name: tuple[str, int | None],
    members: Sequence[Any],
) -> list[Reason]:
    whom, days = name
    total = _sum(days, members)
    return [
        one.model_copy(
            update={
                "decides": False,
                "sentence": _OF_SUM.format(
                    days="Ever" if days is None else "Within a day" if days == 1 else f"Within {days} days",
                    whom="this wallet" if whom == "wallet" else "the customer's wallets",
                    count=total.transfers,
                    usd=total.usd_value,
                    sentence=one.sentence,
                ),
            }
        )
        for one in reasons_of(policy, columns, row, None)
        if one.rule != "score"
    ]


def _exposures(
    layout: CellLayout,
    groups: Sequence[Sequence[Any]],
    rows: Mapping[int, list[dict[str, Any]]],
    known: Any,  # noqa: ANN401 - an array
) -> tuple[Exposures, BothTotals]:
    """The exposures of groups of transfers, as of wallets 0, 1, … that received nothing else."""
    summed: dict[tuple[Any, ...], dict[str, Any]] = {}
    totals: dict[tuple[int, int], list[Any]] = {}
    for number, members in enumerate(groups):
        for one in members:
            total = totals.setdefault((number, one.asset_id), [0, Decimal(0), 0, 0])
            total[0] += int(one.amount)
            total[1] += one.usd_value or 0
            total[2] += 1
            total[3] += not one.usd_value
            for part in rows[one.transfer_id]:
                key = number, one.asset_id, part["category"], part["listed"], part["firm"], part["hop"]
                into = summed.setdefault(
                    key,
                    {
                        **part,
                        "wallet_id": number,
                        "amount": 0.0,
                        "unobserved": 0.0,
                        "usd": 0.0,
                        "unobserved_usd": 0.0,
                    },
                )
                for field in ("amount", "unobserved", "usd", "unobserved_usd"):
                    into[field] += part[field]
    source = shares_of_rows(SOURCE, layout, list(summed.values()), frozenset(known.tolist()))
    nothing = SparseRows.of(np.zeros((0, layout.width)))
    no_ids, no_assets = np.zeros(0, np.int64), np.zeros(0, np.int32)
    destination = DirectionShares(no_ids, no_assets, nothing, no_ids, nothing)
    return Exposures(layout, source, destination), as_columns(
        [
            Total(SOURCE, number, asset_id, str(total[0]), "0", float(total[1]), total[2], total[3])
            for (number, asset_id), total in sorted(totals.items())
        ]
    )


def _find(connection: Connection, subject: TransferSubject) -> list[Any]:
    """The transfers that the subject names: the live ones, or the others where none lives."""
    from app.screening.screen import candidates_of  # noqa: PLC0415 - it imports this file

    receivers = None
    chain = None
    if subject.receiver is not None:
        candidates = candidates_of(subject.receiver, subject.chain)
        receivers, chain = [one.address for one in candidates], candidates[0].chain
    elif subject.chain is not None:
        from app.chains.spellings import chain_named  # noqa: PLC0415

        chain = chain_named(subject.chain)
        if chain is None:
            raise UnknownAddress("unknown_chain", f"The chain {subject.chain[:40]!a} is not known.")
    parameters = {
        "hash": normalise_transaction(subject.transaction_hash),
        "chain": chain,
        "index": subject.transfer_index,
        "receivers": receivers,
    }
    rows = connection.execute(_FIND, parameters).all()
    live = [row for row in rows if row.state == "live"]
    if live:
        return list(live)
    return list(rows[:1])


def _groups(row: Row[Any], earlier: Sequence[Row[Any]]) -> dict[tuple[str, int | None], list[Any]]:
    """The transfer alone, and with the earlier ones to the wallet and to the customer's, by days."""
    groups: dict[tuple[str, int | None], list[Any]] = {("transfer", None): [row]}
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
    )


def _wallet_lists(chain: str, customer: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"customers": [address for on, address in customer if on == chain]}


def _base_units(subject: WithdrawalSubject, decimals: int | None) -> int | None:
    if subject.amount is not None:
        return int(subject.amount)
    if decimals is None:
        return None
    return int(Decimal(subject.units or "0").scaleb(decimals))


def _numbered(label: Any) -> Any:  # noqa: ANN401
    from dataclasses import replace  # noqa: PLC0415

    return replace(label, wallet_id=1)


def _micro(score: str | None) -> int:
    return -1 if score is None else int(score.replace(".", ""))


_FIELDS = """
    t.transfer_id, t.chain, t.transaction_hash, t.transfer_index, t.occurred_at, t.sender_id, t.receiver_id,
    s.address AS sender, r.address AS receiver, a.asset, t.asset_id, t.amount,
    coalesce(t.decimals, a.decimals) AS decimals, t.usd_value, t.batch_id
"""
_NAMES = """
    JOIN wallets s ON s.wallet_id = t.sender_id JOIN wallets r ON r.wallet_id = t.receiver_id
    JOIN assets a USING (asset_id)
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
      AND t.retracted_batch_id IS NULL
    ORDER BY t.occurred_at DESC, t.transfer_id DESC LIMIT :limit
""")  # noqa: S608 - constants of this file
_ASSET = text("""
    SELECT asset_id, decimals FROM assets WHERE chain = :chain AND (asset = :asset OR asset = lower(:asset))
    ORDER BY asset = :asset DESC LIMIT 1
""")
_ = (WalletName, CategoryAmount, LEVELS)
