"""The record's transfers: those of a wallet, and those of a transaction."""

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, Row, text

from app.answers.assets import AssetName
from app.answers.base import TOTAL, WALLET, Answer, WalletName
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.answers.explanation import EXPLANATION
from app.answers.names import TransferState, TransferWay
from app.chains.transaction_reference import normalise_transaction
from app.domain import TransferKind
from app.errors import InvalidInput, NotFound
from app.record.transfer_filter import COUNT_FILTERED, WalletTransferFilter, filtered_flows
from app.record.wallets import KnownWallet

MAX_TOTAL = 10_000
EVERY = WalletTransferFilter()
"""No filter."""
NAMES = "Those of the wallets below that have a name, each with its source."
ASSET_NAMES = "What the assets below are called."
"""A list counts no further."""
MAX_WAITING = 10_000
"""The status counts no further."""


class RecordedTransfer(Answer):
    """One transfer of the record."""

    chain: str = Field(examples=["ethereum"])
    transaction_hash: str
    transfer_index: int = Field(examples=[0])
    block_number: int = Field(examples=[17_173_049])
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str = Field(examples=["ETH"])
    amount: str = Field(examples=["2000000000000000000"])
    decimals: int | None = Field(examples=[18])
    usd_value: str | None = Field(description="At the time; null when it has no price.", examples=["3057.12"])
    unobserved: str | None = Field(description="Part of it that was never seen to arrive.", examples=["0"])
    state: TransferState = Field(description="Whether it counts now.")
    recorded_at: datetime = Field(description="When it was stored.")
    way: TransferWay | None = Field(description="As seen from the wallet that was asked for.")
    block_hash: str | None = Field(description="Like all below null where the producer does not say.")
    observed_at: datetime | None = Field(description="When the producer saw it.")
    initiator: str | None = Field(description="The address that signed the transaction.")
    kind: TransferKind | None = Field(description="What moved the asset.", examples=["native"])
    sender_tag: str | None = Field(description="Memo or destination tag of the sender.")
    receiver_tag: str | None = Field(
        description="Memo or destination tag of the receiver.", examples=["1042"]
    )


class WalletTransfers(Answer):
    """A wallet's transfers: those that moved its money, latest first, or the others, last recorded first."""

    wallet: WalletName
    transfers: list[RecordedTransfer]
    names: list[WalletName] = Field(default=[], description=NAMES)
    asset_names: list[AssetName] = Field(default=[], description=ASSET_NAMES)
    next: str | None = None
    total: int | None = Field(default=None, description=f"{TOTAL} {MAX_TOTAL}: as many or more.")


class TransactionTransfers(Answer):
    """Every transfer that was ever recorded of the transactions of a hash, in the order of recording."""

    transaction_hash: str
    transfers: list[RecordedTransfer]
    names: list[WalletName] = Field(default=[], description=NAMES)
    asset_names: list[AssetName] = Field(default=[], description=ASSET_NAMES)
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


class WaitingTransfers(Answer):
    """Transfers that were recorded in another block than the one that lives, those recorded last first.

    Each takes the place of the live one when that is retracted.
    """

    transfers: list[RecordedTransfer]
    next: str | None = None
    total: int | None = Field(default=None, description=f"{TOTAL} {MAX_TOTAL}: as many or more.")


_STEP = EXPLANATION.paths[0].transfers[-1]
TRANSFERS = WalletTransfers(
    wallet=WALLET,
    transfers=[
        RecordedTransfer(
            chain="ethereum",
            transaction_hash=_STEP.transaction_hash,
            transfer_index=0,
            block_number=17_173_049,
            occurred_at=_STEP.occurred_at,
            sender=_STEP.sender,
            receiver=_STEP.receiver,
            asset="ETH",
            amount=_STEP.amount,
            decimals=18,
            usd_value="3720.20",
            unobserved="0",
            state="live",
            recorded_at=_STEP.occurred_at,
            way="in",
            block_hash="0x" + "dd" * 32,
            observed_at=_STEP.occurred_at,
            initiator=_STEP.sender,
            kind="native",
            sender_tag=None,
            receiver_tag="1042",
        )
    ],
)


WAITING = WaitingTransfers(
    transfers=[
        TRANSFERS.transfers[0].model_copy(update={"way": None, "unobserved": None, "state": "waiting"})
    ]
)
TRANSACTION = TransactionTransfers(
    transaction_hash=TRANSFERS.transfers[0].transaction_hash,
    transfers=[TRANSFERS.transfers[0].model_copy(update={"way": None})],
)


def wallet_transfers(
    connection: Connection,
    wallet: KnownWallet,
    limit: int,
    cursor: str | None,
    *,
    only: WalletTransferFilter = EVERY,
    without_flow: bool = False,
    with_total: bool = False,
) -> WalletTransfers:
    """A page of the transfers in and out of a wallet, over all its assets, that a filter keeps.

    `without_flow` lists those that moved no money instead: of amount zero, and to itself.

    Raises:
        InvalidInput: the text is not a cursor of this list, or those that moved no money are filtered.
    """
    if without_flow and not only.is_open:
        raise InvalidInput("Transfers that moved no money are not filtered: leave the filters out.")
    first, second = (MAX_BIGINT, MAX_BIGINT) if cursor is None else decode_cursor(cursor, 2)
    parameters = {"wallet_id": wallet.wallet_id, "seq": first, "transfer_id": second, "limit": limit + 1}
    if without_flow:
        parameters["batch_id"] = first
    total = {"wallet_id": wallet.wallet_id, "limit": MAX_TOTAL}
    statement, count = (
        (_WITHOUT_FLOW, _COUNT_WITHOUT_FLOW) if without_flow else (_OF_WALLET, _COUNT_OF_WALLET)
    )
    if not only.is_open:
        statement, count = _FILTERED, COUNT_FILTERED
        parameters |= only.parameters()
        total |= only.parameters() | {"seq": MAX_BIGINT, "transfer_id": MAX_BIGINT}
    rows = connection.execute(statement, parameters).all()
    page = rows[:limit]
    return WalletTransfers(
        wallet=WalletName(chain=wallet.chain, address=wallet.address),
        transfers=[_transfer(row) for row in page],
        next=_after(page[-1], without_flow=without_flow) if len(rows) > limit else None,
        total=connection.execute(count, total).scalar_one() if with_total else None,
    )


def tagged_transfers(
    connection: Connection,
    wallet: KnownWallet,
    tag: str,
    limit: int,
    cursor: str | None,
    *,
    with_total: bool = False,
) -> WalletTransfers:
    """A page of the transfers that name a tag on the wallet's side, those recorded last first.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    (before,) = (MAX_BIGINT,) if cursor is None else decode_cursor(cursor, 1)
    parameters = {"wallet_id": wallet.wallet_id, "tag": tag, "before": before, "limit": limit + 1}
    rows = connection.execute(_OF_TAG, parameters).all()
    page = rows[:limit]
    counted = {**parameters, "before": MAX_BIGINT, "limit": MAX_TOTAL}
    return WalletTransfers(
        wallet=WalletName(chain=wallet.chain, address=wallet.address),
        transfers=[_transfer(row) for row in page],
        next=encode_cursor(page[-1].transfer_id) if len(rows) > limit else None,
        total=connection.execute(_COUNT_OF_TAG, counted).scalar_one() if with_total else None,
    )


def _after(row: Row[Any], *, without_flow: bool) -> str:
    return encode_cursor(row.batch_id if without_flow else row.seq, row.transfer_id)


def recorded_of_transaction(
    connection: Connection, transaction_hash: str, limit: int, cursor: str | None, *, with_total: bool = False
) -> TransactionTransfers:
    """A page of every transfer of a transaction, whatever became of it.

    Raises:
        InvalidInput: no chain writes hashes so, or the text is not a cursor of this list.
        NotFound: none was ever recorded.
    """
    stored = normalise_transaction(transaction_hash)
    (after,) = (0,) if cursor is None else decode_cursor(cursor, 1)
    parameters = {"hash": stored, "after": after, "limit": limit + 1}
    rows = connection.execute(_EVERY_OF_TRANSACTION, parameters).all()
    if not rows and cursor is None:
        raise NotFound(f"No transfer of the transaction {stored} was ever recorded.")
    page = rows[:limit]
    total = connection.execute(_COUNT_OF_TRANSACTION, {"hash": stored}).scalar_one() if with_total else None
    return TransactionTransfers(
        transaction_hash=stored,
        transfers=[_transfer(row) for row in page],
        next=encode_cursor(page[-1].transfer_id) if len(rows) > limit else None,
        total=total,
    )


def recorded_transfer(
    connection: Connection, chain: str, transaction_hash: str, transfer_index: int, inclusion: str
) -> RecordedTransfer | None:
    """The transfer of that identity; `inclusion` is its block's hash, or its number where it has none."""
    parameters = {"chain": chain, "hash": transaction_hash, "index": transfer_index, "inclusion": inclusion}
    row = connection.execute(_OF_IDENTITY, parameters).first()
    return None if row is None else _transfer(row)


def transaction_transfers(
    connection: Connection, transaction_hash: str, limit: int
) -> list[RecordedTransfer]:
    """The transfers of every transaction of that hash that is not retracted, by chain and place."""
    parameters = {"hashes": [transaction_hash, transaction_hash.lower()], "limit": limit}
    return [_transfer(row) for row in connection.execute(_OF_TRANSACTION, parameters)]


def waiting_transfers(
    connection: Connection,
    transaction_hash: str | None,
    limit: int,
    cursor: str | None,
    *,
    with_total: bool = False,
) -> WaitingTransfers:
    """A page of the transfers that wait, of one transaction or of all.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    (before,) = (MAX_BIGINT,) if cursor is None else decode_cursor(cursor, 1)
    parameters: dict[str, Any] = {"before": before, "limit": limit + 1}
    if transaction_hash is not None:
        parameters["hashes"] = [normalise_transaction(transaction_hash)]
    statement = _WAITING if transaction_hash is None else _WAITING_OF_TRANSACTION
    rows = connection.execute(statement, parameters).all()
    page = rows[:limit]
    return WaitingTransfers(
        transfers=[_transfer(row) for row in page],
        next=encode_cursor(page[-1].transfer_id) if len(rows) > limit else None,
        total=_count_waiting(connection, parameters.get("hashes")) if with_total else None,
    )


def _count_waiting(connection: Connection, hashes: list[str] | None) -> int:
    if hashes is None:
        return count_waiting(connection)
    return int(connection.execute(_COUNT_WAITING_OF_TRANSACTION, {"hashes": hashes}).scalar_one())


def count_waiting(connection: Connection) -> int:
    """How many transfers wait; counted up to MAX_WAITING."""
    return int(connection.execute(_COUNT_WAITING, {"limit": MAX_WAITING}).scalar_one())


def _transfer(row: Row[Any]) -> RecordedTransfer:
    return RecordedTransfer(
        chain=row.chain,
        transaction_hash=row.transaction_hash,
        transfer_index=row.transfer_index,
        block_number=row.block_number,
        occurred_at=row.occurred_at,
        sender=row.sender,
        receiver=row.receiver,
        asset=row.asset,
        amount=str(row.amount),
        decimals=row.decimals,
        usd_value=None if row.usd_value is None else format(row.usd_value, "f"),
        unobserved=None if row.unobserved is None else str(row.unobserved),
        state=row.state,
        recorded_at=row.ingested_at,
        way=row.way,
        block_hash=row.block_hash,
        observed_at=row.observed_at,
        initiator=row.initiator,
        kind=row.kind,
        sender_tag=row.sender_tag,
        receiver_tag=row.receiver_tag,
    )


_FIELDS = """
    t.chain, t.transaction_hash, t.transfer_index, t.block_number, t.occurred_at, s.address AS sender,
    r.address AS receiver, a.asset, t.amount,
    decimals_of(a.chain, a.asset, coalesce(t.decimals, a.decimals)) AS decimals,
    t.usd_value,
    f.unobserved, f.seq, t.transfer_id, t.block_hash, t.observed_at, t.initiator, t.kind, t.sender_tag,
    t.receiver_tag, t.ingested_at,
    CASE WHEN t.is_waiting THEN 'waiting' WHEN t.retracted_batch_id IS NOT NULL THEN 'retracted'
        ELSE 'live' END AS state
"""
_NAMES = """
    JOIN wallets s ON s.wallet_id = t.sender_id JOIN wallets r ON r.wallet_id = t.receiver_id
    JOIN assets a USING (asset_id)
"""
# An index holds the flows of each pool in order; a page merges the first ones of all the wallet's pools.
_OF_WALLET = text(f"""
    WITH page AS (
        SELECT flow.transfer_id, flow.seq, flow.way FROM pools p CROSS JOIN LATERAL (
            (SELECT transfer_id, seq, 'in' AS way FROM flows
             WHERE recv_pool_id = p.pool_id AND seq <= :seq AND (seq, transfer_id) < (:seq, :transfer_id)
             ORDER BY seq DESC, transfer_id DESC LIMIT :limit)
            UNION ALL
            (SELECT transfer_id, seq, 'out' FROM flows
             WHERE send_pool_id = p.pool_id AND seq <= :seq AND (seq, transfer_id) < (:seq, :transfer_id)
             ORDER BY seq DESC, transfer_id DESC LIMIT :limit)
        ) AS flow
        WHERE p.wallet_id = :wallet_id ORDER BY flow.seq DESC, flow.transfer_id DESC LIMIT :limit
    )
    SELECT page.way, {_FIELDS} FROM page JOIN transactions t USING (transfer_id)
    JOIN flows f USING (transfer_id) {_NAMES} ORDER BY f.seq DESC, t.transfer_id DESC
""")  # noqa: S608 - constants of this file
_FILTERED = text(f"""
    WITH page AS ({filtered_flows} ORDER BY flow.seq DESC, flow.transfer_id DESC LIMIT :limit)
    SELECT page.way, {_FIELDS} FROM page JOIN transactions t USING (transfer_id)
    JOIN flows f USING (transfer_id) {_NAMES} ORDER BY f.seq DESC, t.transfer_id DESC
""")  # noqa: S608 - constants of this package
_OF_TRANSACTION = text(f"""
    SELECT NULL AS way, {_FIELDS} FROM transactions t LEFT JOIN flows f USING (transfer_id) {_NAMES}
    WHERE t.transaction_hash = ANY(:hashes) AND t.retracted_batch_id IS NULL
        AND t.is_superseded IS NULL  -- of retracted ones alone; the index has this condition
    ORDER BY t.chain, t.transfer_index LIMIT :limit
""")  # noqa: S608 - constants of this file
_ARE_WAITING = f"""
    SELECT NULL AS way, {_FIELDS} FROM transactions t LEFT JOIN flows f USING (transfer_id) {_NAMES}
    WHERE t.is_waiting AND t.transfer_id < :before
"""  # noqa: S608 - constants of this file
_WAITING = text(f"{_ARE_WAITING} ORDER BY t.transfer_id DESC LIMIT :limit")
_WAITING_OF_TRANSACTION = text(
    f"{_ARE_WAITING} AND t.transaction_hash = ANY(:hashes) ORDER BY t.transfer_id DESC LIMIT :limit"
)
_COUNT_WAITING = text("SELECT count(*) FROM (SELECT FROM transactions WHERE is_waiting LIMIT :limit) waiting")
_COUNT_WAITING_OF_TRANSACTION = text(
    "SELECT count(*) FROM transactions WHERE is_waiting AND transaction_hash = ANY(:hashes)"
    " AND is_superseded IS NULL"  # the index of hashes has this condition
)
_EVERY_OF_TRANSACTION = text(f"""
    SELECT NULL AS way, {_FIELDS} FROM transactions t LEFT JOIN flows f USING (transfer_id) {_NAMES}
    WHERE t.transaction_hash = :hash AND t.is_superseded IS NULL AND t.transfer_id > :after
    ORDER BY t.transfer_id LIMIT :limit
""")  # noqa: S608 - constants of this file
_COUNT_OF_TRANSACTION = text("""
    SELECT count(*) FROM transactions WHERE transaction_hash = :hash AND is_superseded IS NULL
""")
_OF_IDENTITY = text(f"""
    SELECT NULL AS way, {_FIELDS} FROM transactions t LEFT JOIN flows f USING (transfer_id) {_NAMES}
    WHERE t.transaction_hash = :hash AND t.transfer_index = :index AND t.chain = :chain
        AND coalesce(t.block_hash, t.block_number::text) = :inclusion AND t.is_superseded IS NULL
""")  # noqa: S608 - constants of this file
# Each end has an index by batch. What the wallet paid itself is found at one end alone.
_NO_FLOW = "(amount = 0 OR sender_id = receiver_id) AND retracted_batch_id IS NULL"
_OF_ENDS = f"""
    (SELECT transfer_id, batch_id FROM transactions WHERE sender_id = :wallet_id AND {_NO_FLOW} {{0}}
     ORDER BY batch_id DESC, transfer_id DESC LIMIT :limit)
    UNION ALL
    (SELECT transfer_id, batch_id FROM transactions
     WHERE receiver_id = :wallet_id AND sender_id <> receiver_id AND {_NO_FLOW} {{0}}
     ORDER BY batch_id DESC, transfer_id DESC LIMIT :limit)
"""  # noqa: S608 - constants of this file
_BEFORE = "AND batch_id <= :batch_id AND (batch_id, transfer_id) < (:batch_id, :transfer_id)"
_WITHOUT_FLOW = text(f"""
    WITH page AS ({_OF_ENDS.format(_BEFORE)} ORDER BY batch_id DESC, transfer_id DESC LIMIT :limit)
    SELECT CASE WHEN t.sender_id = :wallet_id THEN 'out' ELSE 'in' END AS way, t.batch_id, {_FIELDS}
    FROM page JOIN transactions t USING (transfer_id) LEFT JOIN flows f USING (transfer_id) {_NAMES}
    ORDER BY t.batch_id DESC, t.transfer_id DESC
""")  # noqa: S608 - constants of this file
# Each end has an index by tag. What the wallet paid itself with one tag is found at one end alone.
_TAGGED = """
    (SELECT transfer_id, 'in' AS way FROM transactions
     WHERE receiver_id = :wallet_id AND receiver_tag = :tag AND retracted_batch_id IS NULL
       AND transfer_id < :before ORDER BY transfer_id DESC LIMIT :limit)
    UNION ALL
    (SELECT transfer_id, 'out' FROM transactions
     WHERE sender_id = :wallet_id AND sender_tag = :tag AND retracted_batch_id IS NULL
       AND (receiver_id <> sender_id OR receiver_tag IS DISTINCT FROM sender_tag)
       AND transfer_id < :before ORDER BY transfer_id DESC LIMIT :limit)
"""
_OF_TAG = text(f"""
    WITH page AS ({_TAGGED} ORDER BY transfer_id DESC LIMIT :limit)
    SELECT page.way, {_FIELDS} FROM page JOIN transactions t USING (transfer_id)
    LEFT JOIN flows f USING (transfer_id) {_NAMES} ORDER BY t.transfer_id DESC
""")  # noqa: S608 - constants of this file
_COUNT_OF_TAG = text(f"SELECT least(count(*), :limit) FROM ({_TAGGED}) AS tagged")  # noqa: S608 - likewise
_COUNT_WITHOUT_FLOW = text(f"""
    SELECT least(count(*), :limit) FROM ({_OF_ENDS.format("")}) AS moved_nothing
""")  # noqa: S608 - constants of this file
_COUNT_OF_WALLET = text("""
    SELECT count(*) FROM (
        SELECT FROM pools p CROSS JOIN LATERAL (
            (SELECT transfer_id FROM flows WHERE recv_pool_id = p.pool_id LIMIT :limit)
            UNION ALL
            (SELECT transfer_id FROM flows WHERE send_pool_id = p.pool_id LIMIT :limit)
        ) AS flow WHERE p.wallet_id = :wallet_id LIMIT :limit
    ) AS counted
""")
