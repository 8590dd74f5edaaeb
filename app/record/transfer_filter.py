"""Which of a wallet's transfers a list has: by direction, counterparty, asset, time and value."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from app.answers.names import TransferWay
from app.record.wallets import KnownWallet, find_wallet


@dataclass(frozen=True, slots=True)
class WalletTransferFilter:
    """None is no filter; `counterparty_id` is a `wallet_id`, `least_units` is in the asset's own unit."""

    way: TransferWay | None = None
    counterparty_id: int | None = None
    asset: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    least_usd: Decimal | None = None
    least_units: Decimal | None = None

    @property
    def is_open(self) -> bool:
        """Whether it keeps everything."""
        return all(value is None for value in asdict(self).values())

    def parameters(self) -> dict[str, Any]:
        """The parameters of `filtered_flows`."""
        return asdict(self)


def counterparty_of(connection: Connection, wallet: KnownWallet, reference: str | None) -> int | None:
    """The `wallet_id` of the other wallet that a text names, on the chain of `wallet`; None for no text.

    Raises:
        InvalidInput: no address looks like this.
        NotFound: nothing is recorded of it on this chain.
    """
    if reference is None:
        return None
    is_whole = reference.startswith(f"{wallet.chain}:")
    return find_wallet(connection, reference if is_whole else f"{wallet.chain}:{reference}").wallet_id


def wallet_assets(connection: Connection, wallet: KnownWallet) -> list[str]:
    """The assets that a wallet has moved, at most the first 500."""
    return list(connection.execute(_ASSETS, {"wallet_id": wallet.wallet_id}).scalars())


_ASSETS = text("""
    SELECT a.asset FROM pools p JOIN assets a USING (asset_id) WHERE p.wallet_id = :wallet_id
    ORDER BY a.asset LIMIT 500
""")
_END = """
    (SELECT f.transfer_id, f.seq, '{way}' AS way FROM flows f JOIN transactions t USING (transfer_id)
     WHERE f.{pool}_pool_id = p.pool_id AND f.seq <= :seq AND (f.seq, f.transfer_id) < (:seq, :transfer_id)
        AND coalesce(CAST(:way AS text), '{way}') = '{way}'
        AND (CAST(:counterparty_id AS bigint) IS NULL OR t.{other}_id = :counterparty_id)
        AND (CAST(:since AS timestamptz) IS NULL OR t.occurred_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR t.occurred_at < :until)
        AND (CAST(:least_usd AS numeric) IS NULL OR t.usd_value >= :least_usd)
        AND (CAST(:least_units AS numeric) IS NULL OR t.amount >= CAST(:least_units AS numeric) * power(
            10::numeric, coalesce(decimals_of(a.chain, a.asset, coalesce(t.decimals, a.decimals)), 0)))
     ORDER BY f.seq DESC, f.transfer_id DESC LIMIT :limit)
"""
filtered_flows = f"""
    SELECT flow.transfer_id, flow.seq, flow.way FROM pools p JOIN assets a USING (asset_id)
    CROSS JOIN LATERAL (
        {_END.format(way="in", pool="recv", other="sender")}
        UNION ALL
        {_END.format(way="out", pool="send", other="receiver")}
    ) AS flow
    WHERE p.wallet_id = :wallet_id AND (CAST(:asset AS text) IS NULL OR a.asset = :asset)
"""  # noqa: S608 - constants of this file
"""The flows of a wallet that a filter keeps: each pool's newest before a place, in the order of its index."""
COUNT_FILTERED = text(f"SELECT count(*) FROM ({filtered_flows} LIMIT :limit) AS counted")  # noqa: S608 - likewise
