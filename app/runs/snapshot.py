"""The moment of the record that a run reads: whole batches up to its watermark, and the labels valid then."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.assets.registry import NOTHING_REGISTERED, Registry, registry_at
from app.errors import InvalidPolicy
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.policy.policy import Policy
from app.prices.price_set import PriceSet, prices_at
from app.runs.results.totals import Totals
from app.stores.copy_reader import read_columns
from app.stores.locks import Lock, acquire
from app.stores.postgres import Postgres


@dataclass(frozen=True)
class Snapshot:
    """An open REPEATABLE READ transaction and the inputs of a run; `transfers` counts those with flow."""

    connection: Connection
    watermark: int
    as_of: datetime
    labels: list[EffectiveLabel]
    label_set_digest: str
    transfers: int
    prices: PriceSet | None = None
    """None: of before 0022, when every value was used as it came."""
    registry: Registry = NOTHING_REGISTERED

    @contextmanager
    def second_connection(self, postgres: Postgres) -> Iterator[Connection]:
        """Another transaction of the same snapshot, for another thread."""
        name = self.connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        with postgres.transaction(snapshot=True) as connection:
            # The server made the name, and takes no bound parameter here.
            connection.execute(text(f"SET TRANSACTION SNAPSHOT '{name}'"))
            yield connection


@contextmanager
def open_snapshot(postgres: Postgres, policy: Policy) -> Iterator[Snapshot]:
    """Opens a snapshot while no batch and no label is being written: watermark and time identify it.

    Raises:
        InvalidPolicy: labels use a category that the policy does not have.
    """
    with postgres.transaction(snapshot=True) as connection:
        with postgres.transaction() as locks:
            locks.execute(_WAIT_FOR_BATCHES)
            acquire(locks, Lock.INGEST)
            locks.execute(text("LOCK TABLE labels, prices, registered_assets IN SHARE MODE"))
            watermark, as_of = connection.execute(_MOMENT).one()
        labels = effective_labels(connection, as_of=as_of, rules=policy.label_rules)
        unknown = {label.category for label in labels} - policy.categories.keys() - {None}
        if unknown:
            raise InvalidPolicy(
                f"Labels use categories the policy does not have: {', '.join(sorted(map(str, unknown)))}. "
                "Add them to the policy, or remove those labels."
            )
        transfers = connection.execute(_TRANSFERS).scalar_one()
        yield Snapshot(
            connection,
            watermark,
            as_of,
            labels,
            label_set_digest(labels),
            transfers,
            prices_at(connection, as_of),
            registry_at(connection, as_of),
        )


def known_assets(snapshot: Snapshot, policy: Policy, totals: Totals) -> NDArray[np.int32]:
    """The ids of the assets whose money counts: native ones, registered contracts, and those with a value.

    An asset is registered by the policy or by the registry. It is known too where half of its transfers or
    more have a value in USD that is used. Anybody can make any other contract and send its tokens to anybody.
    `totals` are those of one direction.
    """
    assets = snapshot.connection.execute(_ASSET_NAMES).all()
    most = 1 + max((row.asset_id for row in assets), default=0)
    transfers, unpriced = (
        np.bincount(totals.asset_id, counts, minlength=most)
        for counts in (totals.transfers, totals.unpriced_transfers)
    )
    valued = (transfers > 0) & (2 * unpriced <= transfers)
    known = [
        row.asset_id
        for row in assets
        if valued[row.asset_id]
        or policy.is_registered(row.chain, row.asset)
        or (row.chain, row.asset) in snapshot.registry.known
    ]
    return np.array(sorted(known), np.int32)


def all_wallets(snapshot: Snapshot) -> NDArray[np.int64]:
    """The ids of all wallets of transfers up to the watermark, ascending."""
    select = "SELECT wallet_id FROM wallets WHERE batch_id <= %(watermark)s ORDER BY wallet_id"
    parameters = {"watermark": snapshot.watermark}
    return read_columns(snapshot.connection, select, {"wallet_id": "int"}, parameters)["wallet_id"]


def asset_ranks(snapshot: Snapshot) -> dict[int, int]:
    """Rank of each asset in the order of chains and names, by asset_id."""
    asset_ids = snapshot.connection.execute(_ASSETS).scalars()
    return {asset_id: rank for rank, asset_id in enumerate(asset_ids)}


# A batch that restates a long pool takes minutes; a run waits for it rather than fails.
_WAIT_FOR_BATCHES = text("SET LOCAL lock_timeout = '15min'")
_MOMENT = text("SELECT coalesce(max(batch_id), 0), clock_timestamp() FROM batches")
_TRANSFERS = text("SELECT count(*) FROM flows WHERE send_pool_id IS NOT NULL")
_ASSET_NAMES = text("SELECT asset_id, chain, asset FROM assets")
_ASSETS = text('SELECT asset_id FROM assets ORDER BY chain COLLATE "C", asset COLLATE "C"')
