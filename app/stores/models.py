"""The record's tables. Facts never change; rows derived from them name the batch that wrote them.

Tables written by the thousand rows have no foreign keys: each row would pay for an index look-up that the
one function writing it has just made. `aml reconcile` checks these references instead.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Amount = Numeric(78, 0)
"""One transfer's amount: 2^256 - 1 has 78 digits."""
Balance = Numeric
"""A pool's balance: sums of maximal amounts have no bound."""

BATCH_IDS = Sequence("batch_ids")


class Base(DeclarativeBase):
    """Declarative base: names every constraint so that migrations can address it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy declares it as an instance attribute
        datetime: DateTime(timezone=True),
        float: Double,
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
    }


class Record(Base):
    """One row: the identity of this record, by which the graph of another record is recognised."""

    __tablename__ = "record"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)
    singleton: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    record_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Batch(Base):
    """Kafka messages written together. Its id is the revision of every row it wrote, growing per asset."""

    __tablename__ = "batches"
    batch_id: Mapped[int] = mapped_column(BATCH_IDS, primary_key=True, server_default=BATCH_IDS.next_value())
    committed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    stored: Mapped[int] = mapped_column(Integer)
    duplicates: Mapped[int] = mapped_column(Integer)
    dead: Mapped[int] = mapped_column(Integer)
    restated: Mapped[int] = mapped_column(Integer)
    retracted: Mapped[int] = mapped_column(Integer)
    projected_at: Mapped[datetime | None]


Index("ix_batches_owed", Batch.batch_id, postgresql_where=Batch.projected_at.is_(None))
Index("ix_batches_committed_at", Batch.committed_at)


class IngestedWallet(Base):
    """One address on one chain, seen in a transfer."""

    __tablename__ = "wallets"
    __table_args__ = (UniqueConstraint("chain", "address"), Index(None, "address"), Index(None, "batch_id"))
    wallet_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    address: Mapped[str]
    batch_id: Mapped[int] = mapped_column(comment="Batch that first saw it.")


class Asset(Base):
    """One asset on one chain. A batch locks the rows of its assets: each pool has one writer at a time."""

    __tablename__ = "assets"
    __table_args__ = (UniqueConstraint("chain", "asset"),)
    asset_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    chain: Mapped[str]
    asset: Mapped[str]
    decimals: Mapped[int | None] = mapped_column(SmallInteger)


class Transaction(Base):
    """One transfer as it arrived: a fact; only a retraction, or its return after one, updates the row."""

    __tablename__ = "transactions"
    transfer_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    transaction_hash: Mapped[str]
    transfer_index: Mapped[int] = mapped_column(Integer)
    block_number: Mapped[int] = mapped_column(Integer)
    transaction_index: Mapped[int] = mapped_column(Integer)
    occurred_at: Mapped[datetime]
    sender_id: Mapped[int]
    receiver_id: Mapped[int]
    asset_id: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Amount)
    decimals: Mapped[int | None] = mapped_column(SmallInteger)
    usd_value: Mapped[Decimal | None] = mapped_column(Numeric)
    batch_id: Mapped[int]
    ingested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retracted_batch_id: Mapped[int | None]
    # Null where the producer does not say (docs/event.md).
    block_hash: Mapped[str | None]
    observed_at: Mapped[datetime | None]
    initiator: Mapped[str | None] = mapped_column(comment="Address that signed the transaction.")
    kind: Mapped[str | None]
    sender_tag: Mapped[str | None]
    receiver_tag: Mapped[str | None]
    # What later messages said of the same inclusion (docs/decisions/0007-retractions.md).
    last_observed_at: Mapped[datetime | None] = mapped_column(comment="When a repeat was seen last.")
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        comment="observed_at of the last retraction without a block that took it back."
    )
    is_withdrawn: Mapped[bool | None] = mapped_column(comment="False again when it has come again.")
    is_waiting: Mapped[bool | None] = mapped_column(
        comment="True: not retracted; another inclusion of its transaction and asset lives."
    )
    is_superseded: Mapped[bool | None] = mapped_column(
        comment="True: never lives again. Its import was undone; or it is of before 0009, retracted, and its"
        " inclusion came again with another content."
    )
    import_number: Mapped[int | None] = mapped_column(
        Integer, comment="An import that said it; null: a producer did."
    )


Index(
    "uq_transactions_inclusion",
    Transaction.transaction_hash,
    Transaction.transfer_index,
    Transaction.chain,
    text("coalesce(block_hash, block_number::text)"),
    unique=True,
    postgresql_where=Transaction.is_superseded.is_(None),
)
Index(
    "ix_transactions_retracted",
    Transaction.retracted_batch_id,
    postgresql_where=Transaction.retracted_batch_id.is_not(None),
)
Index(
    "ix_transactions_sender_without_flow",
    Transaction.sender_id,
    Transaction.batch_id,
    postgresql_where=text("amount = 0 OR sender_id = receiver_id"),
)
Index(
    "ix_transactions_receiver_without_flow",
    Transaction.receiver_id,
    Transaction.batch_id,
    postgresql_where=text("amount = 0 OR sender_id = receiver_id"),
)
Index("ix_transactions_waiting", Transaction.transfer_id, postgresql_where=Transaction.is_waiting)
Index(
    "ix_transactions_sender_tag",
    Transaction.sender_id,
    Transaction.sender_tag,
    Transaction.transfer_id,
    postgresql_where=Transaction.sender_tag.is_not(None),
)
Index(
    "ix_transactions_receiver_tag",
    Transaction.receiver_id,
    Transaction.receiver_tag,
    Transaction.transfer_id,
    postgresql_where=Transaction.receiver_tag.is_not(None),
)
Index(
    "ix_transactions_import",
    Transaction.import_number,
    Transaction.block_number,
    Transaction.transaction_index,
    Transaction.transfer_index,
    postgresql_where=text("import_number IS NOT NULL AND is_superseded IS NULL"),
)


class Import(Base):
    """One import of files: the words of its messages are its own until it is undone (decision 37)."""

    __tablename__ = "imports"
    __table_args__ = (UniqueConstraint("import_id"),)
    import_number: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    import_id: Mapped[str] = mapped_column(comment="How people and messages name it.")
    digest: Mapped[str | None] = mapped_column(comment="Of all its messages.")
    source: Mapped[str | None] = mapped_column(comment="The path that was imported.")
    messages: Mapped[int | None]
    is_of_blocks: Mapped[bool] = mapped_column(
        Boolean, server_default=false(), comment="Its forms hold whole blocks."
    )
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None] = mapped_column(comment="Null: not all of it is in Kafka.")
    offsets: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="Last one in each partition.")
    undone_at: Mapped[datetime | None] = mapped_column(comment="From then on it says nothing.")
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="When all it said was withdrawn.")


Index("uq_imports_digest", Import.digest, unique=True, postgresql_where=Import.undone_at.is_(None))


class ImportWord(Base):
    """Who said a transfer, where more than one did and one of them is an import."""

    __tablename__ = "import_words"
    transfer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    import_number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="0: producers."
    )
    observed_at: Mapped[datetime | None] = mapped_column(comment="The latest it said.")


Index("ix_import_words_import_number", ImportWord.import_number)


class Absence(Base):
    """Batches in which a transfer did not live, until one in which it lived again; that one is not of them.

    With `transactions.retracted_batch_id`, which begins the last absence, they say what lived at any batch.
    """

    __tablename__ = "absences"
    transfer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    returned_batch_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    retracted_batch_id: Mapped[int]


Index("ix_absences_returned", Absence.returned_batch_id)


class Adapter(Base):
    """How far another program's stream is read (docs/imports.md)."""

    __tablename__ = "adapters"
    name: Mapped[str] = mapped_column(primary_key=True, comment="Its chain and topics.")
    partitions: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, comment="Where each is read on, and how far it was read."
    )
    unsettled: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), comment="Blocks begun and not published.")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AdapterToken(Base):
    """What a stream has told of a token."""

    __tablename__ = "adapter_tokens"
    name: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    decimals: Mapped[int] = mapped_column(Integer)


class Pool(Base):
    """What one wallet holds of one asset, after its last transfer in ledger order."""

    __tablename__ = "pools"
    __table_args__ = (UniqueConstraint("wallet_id", "asset_id"), {"postgresql_with": {"fillfactor": 70}})
    pool_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    wallet_id: Mapped[int]
    asset_id: Mapped[int] = mapped_column(Integer)
    balance: Mapped[Decimal] = mapped_column(Balance, server_default=text("0"))
    epoch: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    drain: Mapped[float] = mapped_column(server_default=text("0"))
    drain_low: Mapped[float] = mapped_column(server_default=text("0"))
    last_seq: Mapped[int] = mapped_column(server_default=text("-1"))
    last_transaction_hash: Mapped[str] = mapped_column(server_default=text("''"))
    last_batch_id: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Batch that last changed it."
    )


class Flow(Base):
    """The annotation of one transfer (docs/exposure.md), with the state of both pools just before it.

    Everything but `seq` and `revision` is null for a transfer without flow (zero, to itself, retracted).
    """

    __tablename__ = "flows"
    transfer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    revision: Mapped[int] = mapped_column(comment="Batch that last wrote this row; the graph carries it too.")
    send_pool_id: Mapped[int | None]
    send_epoch: Mapped[int | None] = mapped_column(Integer)
    send_balance: Mapped[Decimal | None] = mapped_column(Balance)
    send_drain: Mapped[float | None]
    send_drain_low: Mapped[float | None]
    send_share: Mapped[float | None]
    unobserved: Mapped[Decimal | None] = mapped_column(Amount)
    recv_pool_id: Mapped[int | None]
    recv_epoch: Mapped[int | None] = mapped_column(Integer)
    recv_balance: Mapped[Decimal | None] = mapped_column(Balance)
    recv_drain: Mapped[float | None]
    recv_drain_low: Mapped[float | None]


Index("ix_flows_send_pool", Flow.send_pool_id, Flow.seq)
Index("ix_flows_recv_pool", Flow.recv_pool_id, Flow.seq)
Index("ix_flows_revision", Flow.revision)


class IngestedRetraction(Base):
    """A retraction as it arrived, and how many transfers it retracted."""

    __tablename__ = "retractions"
    __table_args__ = (
        Index(
            "uq_retractions_identity",
            "chain",
            "transaction_hash",
            "asset",
            "transfer_index",
            "observed_at",
            "block_number",
            "block_hash",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    retraction_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    transaction_hash: Mapped[str]
    asset: Mapped[str]
    transfer_index: Mapped[int | None] = mapped_column(Integer)
    observed_at: Mapped[datetime]
    batch_id: Mapped[int]
    retracted: Mapped[int] = mapped_column(Integer)
    block_number: Mapped[int | None] = mapped_column(Integer)
    block_hash: Mapped[str | None]
    import_numbers: Mapped[list[int] | None] = mapped_column(
        ARRAY(Integer), comment="Imports that said it; null: a producer did."
    )


Index(
    "ix_retractions_imported",
    IngestedRetraction.retraction_id,
    postgresql_where=IngestedRetraction.import_numbers.is_not(None),
)


class IngestionState(Base):
    """How far one partition is consumed; written in the same transaction as the facts.

    A series of offsets ends when the topic is made anew, or when an older Kafka is put back: then the same
    offsets are those of other messages, and the next series begins.
    """

    __tablename__ = "ingestion_state"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    series: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"))
    next_offset: Mapped[int]
    consumed: Mapped[int]
    stored: Mapped[int]
    duplicates: Mapped[int]
    dead: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    topic_id: Mapped[str | None] = mapped_column(comment="Null: of before 0015.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="Null: the series that is read.")
    duplicates_from: Mapped[int | None] = mapped_column(
        comment="Offset from which on `duplicates` has every one; null: no batch since 0023."
    )


class Duplicates(Base):
    """Which messages of a batch and partition repeated what was recorded; no row where none did."""

    __tablename__ = "duplicates"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    series: Mapped[int] = mapped_column(Integer, primary_key=True)
    from_offset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offsets: Mapped[MultiRange[int]] = mapped_column(
        INT8MULTIRANGE, comment="Messages that follow one another are one range."
    )


class Hole(Base):
    """Messages of one partition, from the first offset to before the last, that were not read."""

    __tablename__ = "holes"
    hole_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int] = mapped_column(Integer)
    series: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(comment="A reason of app/record/holes.py.")
    from_offset: Mapped[int]
    to_offset: Mapped[int | None] = mapped_column(comment="Not included. Null: not known.")
    told_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime | None]


Index("ix_holes_unseen", Hole.hole_id, postgresql_where=Hole.seen_at.is_(None))


class DeadLetter(Base):
    """A message that breaks the contract, with its origin and reason."""

    __tablename__ = "dead_letters"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    series: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"))
    offset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str]
    detail: Mapped[str]
    message_key: Mapped[bytes | None]
    payload: Mapped[bytes | None] = mapped_column(comment="64 KiB at most; the dead topic has up to 12 MiB.")
    payload_bytes: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]


Index(
    "ix_dead_letters_unpublished", DeadLetter.recorded_at, postgresql_where=DeadLetter.published_at.is_(None)
)
_LATEST = DeadLetter.recorded_at.desc(), DeadLetter.topic, DeadLetter.partition, DeadLetter.offset.desc()
Index("ix_dead_letters_latest", *_LATEST)
Index("ix_dead_letters_latest_by_reason", DeadLetter.reason, *_LATEST)
Index(
    "ix_dead_letters_to_replay",
    DeadLetter.recorded_at,
    DeadLetter.topic,
    DeadLetter.partition,
    DeadLetter.offset,
    postgresql_where=DeadLetter.replayed_at.is_(None),
)


class Count(Base):
    """How many there are of something since the record began, so that no status counts rows."""

    __tablename__ = "counts"
    name: Mapped[str] = mapped_column(primary_key=True, comment="A name of app/record/counts.py.")
    value: Mapped[int]


class Refusals(Base):
    """One row: how many messages were refused since the last good one, the first of them `since`."""

    __tablename__ = "refusals"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)
    singleton: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    in_a_row: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None] = mapped_column(comment="Of the last one.")
    since: Mapped[datetime | None] = mapped_column(comment="Of the first one.")


class Reconciliation(Base):
    """One comparison of the graph with the record, and how it ended."""

    __tablename__ = "reconciliations"
    reconciliation_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seconds: Mapped[float]
    equal: Mapped[bool] = mapped_column(Boolean, comment="After the repair, if there was one.")
    repair: Mapped[bool] = mapped_column(Boolean)
    differences: Mapped[int] = mapped_column(comment="Before the repair, if there was one.")
    broken_references: Mapped[int]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)


Index("ix_reconciliations_completed_at", Reconciliation.completed_at)


class Session(Base):
    """One browser that signed in."""

    __tablename__ = "sessions"
    session_digest: Mapped[str] = mapped_column(primary_key=True, comment="See app/api/sessions.py.")
    expires_at: Mapped[datetime]


class Label(Base):
    """One source's statement about one wallet, or one tag of it. A removed label is marked and stays."""

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 100", name="confidence"),
        Index(
            "uq_labels_current_of_tag",
            "chain",
            "address",
            "source",
            "category",
            "name",
            "tag",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(None, "address"),
    )
    label_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    address: Mapped[str]
    category: Mapped[str | None] = mapped_column(comment="Null: the label only names.")
    name: Mapped[str]
    source: Mapped[str]
    confidence: Mapped[int] = mapped_column(SmallInteger)
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]
    tag: Mapped[str | None] = mapped_column(
        comment="Memo or destination tag whose user it is about; null: the whole address."
    )


class Price(Base):
    """One source's price of an asset on a day. A changed or removed price is marked and stays."""

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("price > 0", name="price"),
        Index(
            "uq_prices_current",
            "chain",
            "asset",
            "day",
            "source",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
    price_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    asset: Mapped[str]
    day: Mapped[date] = mapped_column(comment="In UTC.")
    price: Mapped[Decimal] = mapped_column(Numeric, comment="USD of one unit, not of a base unit.")
    source: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]


class RegisteredAsset(Base):
    """What one source calls an asset. A changed or removed entry is marked and stays."""

    __tablename__ = "registered_assets"
    __table_args__ = (
        Index(
            "uq_registered_assets_current",
            "chain",
            "asset",
            "source",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
    entry_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    chain: Mapped[str]
    asset: Mapped[str]
    source: Mapped[str]
    symbol: Mapped[str | None]
    name: Mapped[str | None]
    decimals: Mapped[int | None] = mapped_column(SmallInteger)
    known: Mapped[bool] = mapped_column(Boolean, comment="False: its source names whatever it found.")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]


Index(
    "ix_registered_assets_symbol",
    RegisteredAsset.chain,
    text("lower(symbol)"),
    postgresql_where=RegisteredAsset.removed_at.is_(None),
)


class UsedPrice(Base):
    """The imported price of an asset and day by which a run valued transfers without a value of their own."""

    __tablename__ = "used_prices"
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asset_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True, comment="In UTC.")
    price: Mapped[Decimal] = mapped_column(Numeric, comment="USD of one unit.")
    decimals: Mapped[int] = mapped_column(SmallInteger)


class UnusedPrice(Base):
    """A value or a price that a run did not use: too far from the median of its asset and day."""

    __tablename__ = "unused_prices"
    __table_args__ = (Index(None, "run_id", "transfer_id"),)
    unused_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[int]
    asset_id: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(comment="In UTC.")
    transfer_id: Mapped[int | None] = mapped_column(comment="Whose own value it is.")
    price_id: Mapped[int | None] = mapped_column(comment="The imported price that it is.")
    price: Mapped[float] = mapped_column(comment="USD of one unit.")
    median: Mapped[float] = mapped_column(comment="What it is too far from.")


class LabelList(Base):
    """One import of a list: what one source said in it. An import of the same content again is no new row."""

    __tablename__ = "label_lists"
    __table_args__ = (Index(None, "source", "list_id"),)
    list_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source: Mapped[str]
    origin: Mapped[str] = mapped_column(comment="Address or name of the file it was read from.")
    digest: Mapped[str] = mapped_column(comment="SHA-256 of that file, or of the files of a folder.")
    entries: Mapped[int] = mapped_column(Integer)
    is_listing: Mapped[bool] = mapped_column(Boolean, comment="It has labels of a category that is listed.")
    recorded_at: Mapped[datetime]
    checked_at: Mapped[datetime] = mapped_column(comment="When it was last read and had not changed.")


SCREENING_IDS = Sequence("screening_ids")


class ScreeningReference(Base):
    """The caller's names of a subject and its customer, under a random id, so that they can be erased."""

    __tablename__ = "screening_references"
    __table_args__ = (
        Index(
            "uq_screening_references_texts",
            "reference",
            "customer_reference",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "customer_reference"),
    )
    reference_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    reference: Mapped[str | None]
    customer_reference: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Screening(Base):
    """One screening, as it was answered. The other columns are of the answer, to find it by."""

    __tablename__ = "screenings"
    __table_args__ = (Index("ix_screenings_address", "address", "screening_id"), Index(None, "recorded_at"))
    screening_id: Mapped[int] = mapped_column(
        SCREENING_IDS, primary_key=True, server_default=SCREENING_IDS.next_value()
    )
    recorded_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    cause: Mapped[str]
    subject: Mapped[str]
    chain: Mapped[str | None]
    address: Mapped[str | None]
    status: Mapped[str]
    risk_level: Mapped[str | None]
    score: Mapped[int | None] = mapped_column(comment="Millionths of a point.")
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    main_reason: Mapped[str | None]
    run_id: Mapped[int | None]
    watermark: Mapped[int | None]
    reference_id: Mapped[UUID | None] = mapped_column(comment="Without a foreign key: references are erased.")
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ScreeningRequest(Base):
    """The screenings that a request with an idempotency key has recorded; it is answered again with them."""

    __tablename__ = "screening_requests"
    __table_args__ = (Index(None, "recorded_at"),)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str] = mapped_column(comment="SHA-256 of its body.")
    screening_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), comment="In the request's order.")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


Index("ix_screenings_pending", Screening.screening_id, postgresql_where=Screening.status == "pending")
Index("ix_screenings_reference", Screening.reference_id, postgresql_where=Screening.reference_id.is_not(None))


class StoredPolicy(Base):
    """A policy file a run has used, byte for byte."""

    __tablename__ = "policies"
    policy_digest: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    body: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ScoringRun(Base):
    """One scoring run: what it read, its engine and policy, and how it ended. Failed runs keep their row."""

    __tablename__ = "scoring_runs"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'completed', 'failed', 'cancelled')", name="status"),
        CheckConstraint("engine IN ('cypher', 'ledger', 'spark')", name="engine"),
    )
    run_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    status: Mapped[str] = mapped_column(server_default=text("'running'"))
    engine: Mapped[str]
    engine_reason: Mapped[str | None] = mapped_column(comment="Why this engine answered.")
    hop_limit: Mapped[int] = mapped_column(SmallInteger)
    policy_digest: Mapped[str] = mapped_column(ForeignKey(StoredPolicy.policy_digest))
    policy_version: Mapped[str]
    label_set_digest: Mapped[str]
    recorded_transfers: Mapped[int | None] = mapped_column(comment="Up to the watermark, all of them.")
    record_digest: Mapped[str | None] = mapped_column(comment="Of the transfers up to the watermark.")
    results_digest: Mapped[str | None] = mapped_column(comment="Of the exposures and scores it stored.")
    watermark: Mapped[int] = mapped_column(comment="Last batch the run has seen.")
    as_of: Mapped[datetime] = mapped_column(comment="Labels valid at this time were used.")
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Names behind the cells of its results.")
    arithmetic: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("3"),
        comment="Version of it: 1 before migration 0007, 2 before 0019, 3 before 0026, then 4.",
    )
    application_version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    completed_at: Mapped[datetime | None]
    progress: Mapped[float] = mapped_column(server_default=text("0"))
    step: Mapped[str] = mapped_column(server_default=text("'starting'"))
    transfers: Mapped[int | None]
    unpriced_transfers: Mapped[int | None]
    wallets: Mapped[int | None]
    labelled_wallets: Mapped[int | None]
    error: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(Boolean, server_default=false())
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    request_digest: Mapped[str | None] = mapped_column(comment="Of the request with this key.")
    pruned_at: Mapped[datetime | None] = mapped_column(comment="When its results were deleted.")
    prices_digest: Mapped[str | None] = mapped_column(
        comment="Of the prices it used; null: of before 0022, transfers' own values alone."
    )
    registry_digest: Mapped[str | None] = mapped_column(comment="Of the registry of assets.")
    unused_values: Mapped[int | None] = mapped_column(
        comment="Values and prices too far from their day's median, which it did not use."
    )
    imported_values: Mapped[int | None] = mapped_column(
        comment="Transfers whose value is of an imported price."
    )
    unrated: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="How much is unrated and why. Null: of before 0024."
    )


Index(
    "uq_scoring_runs_one_at_a_time",
    ScoringRun.status,
    unique=True,
    postgresql_where=ScoringRun.status == "running",
)


class PublishedRun(Base):
    """One row: the run every answer comes from. Publishing is one update of it."""

    __tablename__ = "published_run"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)
    singleton: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    run_id: Mapped[int] = mapped_column(ForeignKey(ScoringRun.run_id))
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


_UNTIL = "First run that has another row; null: none yet. 0: of before 0014, of its own run alone."
_LINE_HASH = "Of the row as a line: whether the next run has the same."


class RiskScore(Base):
    """A wallet's score in the runs from one on, with every contribution to it.

    `cells`, `shares` and `points` run in parallel, one entry a contribution of either direction;
    `app.ledger.cells` decodes a cell into direction, column (its name is in `scoring_runs.columns`) and hop.
    Points and scores are millionths of a point. The function `is_of_run` says which rows a run has.
    """

    __tablename__ = "risk_scores"
    __table_args__ = (PrimaryKeyConstraint("wallet_id", "run_id"),)
    run_id: Mapped[int] = mapped_column(comment="Run that stored the row.")
    wallet_id: Mapped[int]
    score: Mapped[int | None] = mapped_column(comment="Null: nothing is known about this wallet.")
    ownership_score: Mapped[int]
    source_score: Mapped[int]
    destination_score: Mapped[int]
    direction: Mapped[str | None]
    risk_level: Mapped[str | None]
    band: Mapped[str | None] = mapped_column(comment="Level by score alone, before rules.")
    main_category: Mapped[str | None]
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    weighting: Mapped[str] = mapped_column(comment="usd, or worst_asset where nothing was priced.")
    unpriced_transfers: Mapped[int]
    usd_received: Mapped[float] = mapped_column(server_default=text("0"), comment="In known assets.")
    usd_sent: Mapped[float] = mapped_column(server_default=text("0"))
    source_coverage: Mapped[float | None] = mapped_column(comment="Share of the money of a known origin.")
    destination_coverage: Mapped[float | None] = mapped_column(comment="Share of it with a known end.")
    reason_transfer_id: Mapped[int | None] = mapped_column(comment="Shows what decided the level.")
    cells: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    shares: Mapped[list[float]] = mapped_column(ARRAY(Double))
    points: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    until_run_id: Mapped[int | None] = mapped_column(comment=_UNTIL)
    line_hash: Mapped[int | None] = mapped_column(comment=_LINE_HASH)
    # What lists sort and filter by; rows of before 0024 have none of it.
    facets: Mapped[list[int] | None] = mapped_column(
        ARRAY(SmallInteger), comment="Places of categories; from 1000 on those of flags."
    )
    level_rank: Mapped[int | None] = mapped_column(SmallInteger, comment="Unrated 1, above low.")
    crime_cents: Mapped[int | None] = mapped_column(comment="From and to crime, in US cents.")
    first_seen_seconds: Mapped[int | None] = mapped_column(comment="Since 1970.")
    last_seen_seconds: Mapped[int | None] = mapped_column(comment="Since 1970.")


Index(
    "ix_risk_scores_by_level",
    RiskScore.level_rank.desc(),
    RiskScore.score.desc(),
    RiskScore.wallet_id,
    postgresql_include=["run_id", "risk_level", "direction", "main_category", "facets"],
    postgresql_where=text("until_run_id IS NULL AND score IS NOT NULL"),
)
Index(
    "ix_risk_scores_board",
    RiskScore.score.desc(),
    RiskScore.wallet_id,
    postgresql_include=["run_id", "risk_level", "direction", "main_category"],
    postgresql_where=RiskScore.until_run_id.is_(None),
)
Index(
    "ix_risk_scores_past",
    RiskScore.score.desc(),
    RiskScore.wallet_id,
    postgresql_include=["run_id", "until_run_id", "risk_level", "direction", "main_category"],
    postgresql_where=RiskScore.until_run_id.is_not(None),
)


class Exposure(Base):
    """Where one wallet's money of one asset came from or went, in the runs from one on: shares that sum to 1.

    `cells` and `shares` run in parallel; `app.ledger.cells` decodes a cell, as in `RiskScore`.
    """

    __tablename__ = "exposures"
    __table_args__ = (PrimaryKeyConstraint("wallet_id", "asset_id", "direction", "run_id"),)
    run_id: Mapped[int] = mapped_column(comment="Run that stored the row.")
    wallet_id: Mapped[int]
    asset_id: Mapped[int] = mapped_column(Integer)
    direction: Mapped[int] = mapped_column(SmallInteger, comment="1 source, 2 destination.")
    total: Mapped[Decimal] = mapped_column(Balance, comment="Received or sent, base units.")
    unobserved: Mapped[Decimal] = mapped_column(Balance, comment="Sent beyond what was received, base units.")
    usd_value: Mapped[float] = mapped_column(comment="Of the priced transfers; the weight of this asset.")
    transfers: Mapped[int]
    unpriced_transfers: Mapped[int]
    cells: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    shares: Mapped[list[float]] = mapped_column(ARRAY(Double))
    until_run_id: Mapped[int | None] = mapped_column(comment=_UNTIL)
    line_hash: Mapped[int | None] = mapped_column(comment=_LINE_HASH)


class WebhookEndpoint(Base):
    """Where signed calls go; its secret is kept because each call is signed with it."""

    __tablename__ = "webhook_endpoints"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    url: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    secret: Mapped[str]
    secret_before: Mapped[str | None] = mapped_column(comment="Also signs until then, after a rotation.")
    secret_before_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class WebhookMessage(Base):
    """What is told of one event: the same bytes under the same id, to every endpoint and in every attempt."""

    __tablename__ = "webhook_messages"
    message_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    event_type: Mapped[str]
    body: Mapped[str] = mapped_column(comment="The bytes that are signed and sent, in every attempt.")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class WebhookDelivery(Base):
    """One message to one endpoint, until it has been accepted or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id"),
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        Index(None, "endpoint_id", "delivery_id"),
    )
    delivery_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey(WebhookMessage.message_id))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey(WebhookEndpoint.endpoint_id, ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One call and what was answered."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index(None, "delivery_id"),)
    attempt_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey(WebhookDelivery.delivery_id, ondelete="CASCADE"))
    attempted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    status_code: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(
        server_default=text("''"), comment="The beginning of what was answered."
    )
    error: Mapped[str | None]
    seconds: Mapped[float]


class WatchedWallet(Base):
    """A wallet somebody watches, with the caller's references and what was last judged of it."""

    __tablename__ = "watched_wallets"
    __table_args__ = (UniqueConstraint("chain", "address"), Index(None, "screened_at"))
    watched_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    chain: Mapped[str]
    address: Mapped[str]
    reference: Mapped[str | None] = mapped_column(comment="The caller's own; goes with the row.")
    customer_reference: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    risk_level: Mapped[str | None]
    score: Mapped[int | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    watermark: Mapped[int | None] = mapped_column(comment="Last batch that the last judgement has seen.")
    as_of: Mapped[datetime | None] = mapped_column(comment="Labels valid at this time were used for it.")
    policy_digest: Mapped[str | None]
    run_id: Mapped[int | None]
    screening_id: Mapped[int | None]
    judged_at: Mapped[datetime | None]
    touched_watermark: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Last batch looked at for its transfers."
    )
    screened_at: Mapped[datetime | None]


class Alert(Base):
    """Says that somebody should look at a wallet: one of a rule at a time, which further causes join."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'in_review', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="outcome"),
        Index(None, "chain", "address"),
        Index(
            "uq_alerts_one_at_a_time",
            "chain",
            "address",
            "rule",
            unique=True,
            postgresql_where=text("status <> 'closed'"),
        ),
    )
    alert_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    rule: Mapped[str]
    chain: Mapped[str]
    address: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    sentence: Mapped[str]
    risk_level: Mapped[str | None]
    retrospective: Mapped[bool] = mapped_column(
        Boolean, comment="What was known later made it, not a new transfer."
    )
    causes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    usd_value: Mapped[Decimal | None] = mapped_column(Numeric)
    policy_digest: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(
        JSONB, comment="The wallet's score as it was when the alert was opened."
    )
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    closed_at: Mapped[datetime | None]


class AlertCause(Base):
    """One cause of an alert. The same cause of the same rule and wallet is one row, whoever finds it."""

    __tablename__ = "alert_causes"
    __table_args__ = (UniqueConstraint("chain", "address", "rule", "cause"), Index(None, "alert_id"))
    cause_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey(Alert.alert_id))
    rule: Mapped[str]
    chain: Mapped[str]
    address: Mapped[str]
    cause: Mapped[str] = mapped_column(comment="What it was: the same one makes no second row.")
    detail: Mapped[str]
    retrospective: Mapped[bool] = mapped_column(Boolean)
    usd_value: Mapped[Decimal | None] = mapped_column(Numeric)
    run_id: Mapped[int | None]
    screening_id: Mapped[int | None]
    watermark: Mapped[int | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
