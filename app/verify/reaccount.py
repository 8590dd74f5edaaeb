"""Every pool accounted anew from the transfers alone: what `flows` held when a batch was the last one.

`flows` is of no use for the past: what arrived later, at an earlier place, has restated it.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, localcontext

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.ledger.cells import DESTINATION, SOURCE
from app.ledger.kernels import Flows
from app.ledger.pool import EMPTY, PoolState, deposit, send
from app.prices.price_set import PriceSet
from app.prices.used_values import Observed, used_values
from app.runs.results.accounts import Accounts
from app.runs.results.totals import Total, as_columns
from app.verify.annotation import FACTS_AND_ANNOTATION, AnnotationCheck

_ROWS_AT_ONCE = 20_000
_EXACT = Context(prec=1_000, traps=[Inexact])
_NOTHING = Decimal(0)


@dataclass(slots=True)
class _Side:
    """What each pool received, or what each sent, exactly; a pool's number is its place in the lists."""

    total: list[int] = field(default_factory=list)
    unobserved: list[int] = field(default_factory=list)
    usd_value: list[Decimal] = field(default_factory=list)
    transfers: list[int] = field(default_factory=list)
    priced: list[int] = field(default_factory=list)

    def open_pool(self) -> None:
        for sums in (self.total, self.unobserved, self.transfers, self.priced):
            sums.append(0)
        self.usd_value.append(_NOTHING)

    def add(self, pool: int, amount: int, unobserved: int, usd_value: Decimal | None) -> None:
        self.total[pool] += amount
        self.unobserved[pool] += unobserved
        self.transfers[pool] += 1
        if usd_value is not None:
            self.usd_value[pool] += usd_value
            self.priced[pool] += 1


def reaccount(
    connection: Connection,
    watermark: int,
    annotation: AnnotationCheck | None = None,
    prices: PriceSet | None = None,
) -> Accounts:
    """Accounts the transfers live at a batch; memory grows with pools, and by nine numbers a transfer.

    `annotation` is told each transfer with what the record keeps of it. Values are those that a run with
    these prices uses; None: as they came.
    """
    values, other = None, dict[int, Decimal | None]()
    if prices is not None:
        observed = _observed(connection, watermark)
        values = used_values(connection, prices, watermark, observed)
        other = values.overrides(observed.transfer_id)
    numbers: dict[tuple[int, int], int] = {}
    states: list[PoolState] = []
    sides = {SOURCE: _Side(), DESTINATION: _Side()}
    received, sent = sides[SOURCE], sides[DESTINATION]
    senders, receivers, ids, times = array("q"), array("q"), array("q"), array("q")
    columns = tuple(array("d") for _ in range(5))  # amount, share, kept, unobserved, usd

    def number_of(wallet_id: int, asset_id: int) -> int:
        if (number := numbers.get((wallet_id, asset_id))) is not None:
            return number
        numbers[wallet_id, asset_id] = len(states)
        states.append(EMPTY)
        received.open_pool()
        sent.open_pool()
        return len(states) - 1

    connection.execute(text("SET LOCAL work_mem = '128MB'"))
    streamed = {"yield_per": _ROWS_AT_ONCE}
    with localcontext(_EXACT):
        for row in connection.execute(
            _FACTS if annotation is None else FACTS_AND_ANNOTATION,
            {"watermark": watermark},
            execution_options=streamed,
        ):
            sender_id, receiver_id, asset_id, amount_text, usd_text, transfer_id, occurred_at = row[:7]
            amount = int(amount_text)
            usd_value = None if usd_text is None else Decimal(usd_text)
            if transfer_id in other:
                usd_value = other[transfer_id] or None
            sender, receiver = number_of(sender_id, asset_id), number_of(receiver_id, asset_id)
            before = states[sender]
            balance = before.balance
            states[sender], share, unobserved = send(before, amount)
            if annotation is not None:
                annotation.check(row, before, states[receiver], share, unobserved)
            states[receiver] = deposit(states[receiver], amount)
            sent.add(sender, amount, unobserved, usd_value)
            received.add(receiver, amount, 0, usd_value)
            kept = float(balance - amount + unobserved) / float(balance) if balance else 1.0
            measures = float(amount), share, kept, float(unobserved), float(usd_value or 0)
            senders.append(sender)
            receivers.append(receiver)
            ids.append(transfer_id)
            times.append(occurred_at)
            for column, value in zip(columns, measures, strict=True):
                column.append(value)
    keys = np.array(list(numbers), np.int64).reshape(-1, 2)
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    amounts, shares, kepts, unobserveds, usds = (np.array(column, np.float64) for column in columns)
    return Accounts(
        Flows(
            place[np.array(senders, np.int64)],
            place[np.array(receivers, np.int64)],
            amounts,
            shares,
            kepts,
            unobserveds,
            usds,
            np.ones(len(senders), np.int8),
            np.zeros(len(senders), np.int16),
            np.zeros(len(senders), np.int16),
        ),
        np.array(ids, np.int64),
        np.array(times, np.int64),
        keys[order, 0],
        keys[order, 1].astype(np.int32),
        as_columns(
            [row for direction, side in sides.items() for row in _totals(direction, side, keys, order)]
        ),
        values,
    )


def _observed(connection: Connection, watermark: int) -> Observed:
    """The transfers with their own values, in ledger order."""
    ids, assets, times = array("q"), array("q"), array("q")
    amounts, usds = array("d"), array("d")
    streamed = {"yield_per": _ROWS_AT_ONCE}
    for row in connection.execute(_FACTS, {"watermark": watermark}, execution_options=streamed):
        ids.append(row.transfer_id)
        assets.append(row.asset_id)
        times.append(row.occurred_at)
        amounts.append(float(int(row.amount)))
        usds.append(float(Decimal(row.usd_value or 0)))
    transfer_id, asset_id, occurred_at = (np.array(column, np.int64) for column in (ids, assets, times))
    return Observed(
        transfer_id, asset_id, occurred_at, np.array(amounts, np.float64), np.array(usds, np.float64)
    )


def _totals(
    direction: int, side: _Side, keys: NDArray[np.int64], order: NDArray[np.int64]
) -> Iterator[Total]:
    for pool, (wallet_id, asset_id) in zip(order.tolist(), keys[order].tolist(), strict=True):
        if transfers := side.transfers[pool]:
            yield Total(
                direction,
                wallet_id,
                asset_id,
                str(side.total[pool]),
                str(side.unobserved[pool]),
                float(side.usd_value[pool]),
                transfers,
                transfers - side.priced[pool],
            )


_FACTS = text("""
    SELECT sender_id, receiver_id, asset_id, amount::text AS amount,
        CASE WHEN usd_value > 0 THEN usd_value::text END AS usd_value,
        transfer_id, (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at
    FROM transactions t
    WHERE batch_id <= :watermark
      AND (retracted_batch_id IS NULL OR retracted_batch_id > :watermark)
      AND amount > 0 AND sender_id <> receiver_id
      AND NOT EXISTS (SELECT FROM absences x WHERE x.transfer_id = t.transfer_id
          AND x.retracted_batch_id <= :watermark AND x.returned_batch_id > :watermark)
    ORDER BY block_number, transaction_index, transfer_index, transaction_hash COLLATE "C"
""")
