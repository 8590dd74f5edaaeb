"""The annotation that the record keeps (`flows`), compared with the accounting of the transfers.

What a run saw is compared: a row that a later batch has written again is another run's.
"""

from collections.abc import Iterator
from math import isclose
from typing import Any

from sqlalchemy import text

from app.answers.comparisons import ResultDifference
from app.ledger.pool import PoolState

_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
"""Of drains and shares: another processor, or an earlier version, may round the last digits otherwise."""


class AnnotationCheck:
    """Is told every transfer in ledger order; keeps the first difference, and counts what it compared."""

    def __init__(self, watermark: int) -> None:
        self.compared = 0
        self.first: ResultDifference | None = None
        self._watermark = watermark

    def check(
        self,
        stored: Any,  # noqa: ANN401 - a row of FACTS_AND_ANNOTATION
        sender: PoolState,
        receiver: PoolState,
        share: float,
        unobserved: int,
    ) -> None:
        """Compares one transfer with the states of its pools just before it."""
        if stored.revision is not None and stored.revision > self._watermark:
            return
        self.compared += 1
        if self.first is None:
            for name, before, again in _differences(stored, sender, receiver, share, unobserved):
                self.first = ResultDifference(
                    what=f"annotation: {name}",
                    wallet=None,
                    as_stored=before,
                    as_recomputed=again,
                    detail="The annotation of transfer "
                    f"{stored.transaction_hash}:{stored.transfer_index} was changed: its {name} is stored as "
                    f"{before}, recomputed {again}.",
                )
                break


def _differences(
    stored: Any,  # noqa: ANN401 - as above
    sender: PoolState,
    receiver: PoolState,
    share: float,
    unobserved: int,
) -> Iterator[tuple[str, str, str]]:
    """Name, stored and recomputed value of each difference, as text."""
    if stored.revision is None:
        yield "row", "no row", "a row"
        return
    for name, is_right in (
        ("seq", stored.is_at_place),
        ("send pool", stored.is_send_pool),
        ("recv pool", stored.is_recv_pool),
    ):
        if not is_right:
            yield name, "another one", "that of the transfer"
    for name, before, again in (
        ("send epoch", stored.send_epoch, sender.epoch),
        ("send balance", stored.send_balance, sender.balance),
        ("unobserved", stored.unobserved, unobserved),
        ("recv epoch", stored.recv_epoch, receiver.epoch),
        ("recv balance", stored.recv_balance, receiver.balance),
    ):
        if before is None or int(before) != again:
            yield name, _shown(before), str(again)
    for name, measure, expected in (
        ("send share", stored.send_share, share),
        ("send drain", stored.send_drain, sender.drain + sender.drain_low),
        ("recv drain", stored.recv_drain, receiver.drain + receiver.drain_low),
    ):
        if measure is None or not isclose(measure, expected, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE):
            yield name, _shown(measure), repr(expected)


def _shown(value: object) -> str:
    return "null" if value is None else str(value)


FACTS_AND_ANNOTATION = text("""
    SELECT t.sender_id, t.receiver_id, t.asset_id, t.amount::text,
        CASE WHEN t.usd_value > 0 THEN t.usd_value::text END,
        t.transfer_id, (extract(epoch FROM t.occurred_at) * 1000000)::bigint,
        t.transaction_hash, t.transfer_index, f.revision,
        f.seq = (t.block_number::bigint << 32) + (t.transaction_index::bigint << 16) + t.transfer_index
            AS is_at_place,
        s.wallet_id = t.sender_id AND s.asset_id = t.asset_id AS is_send_pool,
        r.wallet_id = t.receiver_id AND r.asset_id = t.asset_id AS is_recv_pool,
        f.send_epoch, f.send_balance::text, f.send_drain + f.send_drain_low AS send_drain, f.send_share,
        f.unobserved::text, f.recv_epoch, f.recv_balance::text, f.recv_drain + f.recv_drain_low AS recv_drain
    FROM transactions t
    LEFT JOIN flows f USING (transfer_id)
    LEFT JOIN pools s ON s.pool_id = f.send_pool_id
    LEFT JOIN pools r ON r.pool_id = f.recv_pool_id
    WHERE t.batch_id <= :watermark AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > :watermark)
      AND t.amount > 0 AND t.sender_id <> t.receiver_id
      AND NOT EXISTS (SELECT FROM absences x WHERE x.transfer_id = t.transfer_id
          AND x.retracted_batch_id <= :watermark AND x.returned_batch_id > :watermark)
    ORDER BY t.block_number, t.transaction_index, t.transfer_index, t.transaction_hash COLLATE "C"
""")
"""As the facts that are accounted, with what is stored of each; without its row everything stored is null."""
