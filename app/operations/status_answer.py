"""How far ingestion is, as an answer."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.answers.base import EXAMPLE_TIME
from app.answers.runs import RUN, Run
from app.operations.disk import DiskAlarm
from app.operations.schedule import Unseen
from app.record.dead_letter_alarm import DeadLetterAlarm
from app.record.holes import HoleAlarm
from app.record.last_reconciliation import LastReconciliation
from app.stores.jobs import JobCounts


class PartitionStatus(BaseModel):
    """One partition: `end_offset` is Kafka's, the rest is the record's; null is not known."""

    topic: str = Field(examples=["transfers"])
    partition: int = Field(examples=[0])
    next_offset: int | None = Field(examples=[119])
    end_offset: int | None = Field(examples=[120])
    lag: int | None = Field(
        description="Messages after the record's offset; null while Kafka ends before it.", examples=[1]
    )
    consumed: int = Field(description="Messages, of which:", examples=[119])
    stored: int = Field(examples=[117])
    duplicates: int = Field(examples=[1])
    dead: int = Field(examples=[1])


class Totals(BaseModel):
    """Messages and transfers since the record began."""

    consumed: int = Field(examples=[120])
    stored: int = Field(examples=[117])
    duplicates: int = Field(examples=[2])
    dead: int = Field(examples=[1])
    restated: int = Field(examples=[0])
    retracted: int = Field(examples=[0])
    out_of_order: int = Field(
        default=0,
        description="Transfers that occurred before one of an earlier block of their chain in the same "
        "batch; the order of the ledger is that of blocks.",
        examples=[0],
    )


class Throughput(BaseModel):
    """Stored transfers per second."""

    one_minute: float = Field(examples=[1950.0])
    five_minutes: float = Field(examples=[390.0])


class GraphStatus(BaseModel):
    """How far the graph is behind the record; counts are null while it does not answer."""

    ready: bool
    behind_batches: int = Field(examples=[0])
    behind_transfers: int = Field(examples=[0])
    behind_seconds: float = Field(examples=[0.0])
    wallets: int | None = Field(examples=[64])
    transfers: int | None = Field(examples=[117])
    error: str | None = None
    problem: str | None = Field(
        default=None,
        description="Why the graph is not this record's; the consumer rebuilds it, unless told to ask.",
    )


class RecordStatus(BaseModel):
    """What the record holds; retracted transfers count."""

    transfers: int = Field(examples=[117])
    wallets: int = Field(examples=[64])
    assets: int = Field(examples=[2])
    waiting: int = Field(
        description="Transfers whose transaction lives in another block; 10000: as many or more.",
        examples=[0],
    )


class IngestionStatus(BaseModel):
    """How far ingestion is, how fast it is, and what the stores hold."""

    partitions: list[PartitionStatus]
    lag: int | None = Field(description="Of all partitions; null when it is not known.", examples=[1])
    kafka_error: str | None = None
    topic_problem: str | None = Field(
        default=None, description="The topic is missing, or does not hold what the record would read next."
    )
    totals: Totals
    throughput: Throughput
    seconds_since_last_ingestion: float | None = Field(examples=[0.4])
    graph: GraphStatus
    record: RecordStatus
    dead_letters: dict[str, int] = Field(description="By reason.", examples=[{"conflict": 1}])
    foreign_messages: dict[str, int] = Field(
        default_factory=dict,
        description="Of the dead letters those of other programs, by form. They raise no alarm.",
        examples=[{"tombstone": 1}],
    )
    alarm: DeadLetterAlarm | None = Field(description="Too many messages in a row were refused.")
    hole_alarm: HoleAlarm | None = Field(
        default=None, description="Messages could not be read, and nobody has said that it was seen."
    )
    disk_alarm: DiskAlarm | None = Field(
        default=None, description="A disk of the servers is nearly full: ingestion pauses."
    )
    refused_in_a_row: int = Field(description="Messages refused since the last good one.", examples=[0])
    reconciliation: LastReconciliation | None = Field(description="Null: they were never compared.")
    jobs: JobCounts = Field(description="Of the worker: scheduled runs, lists, watched wallets, calls.")
    not_scored: Unseen | None = Field(
        default=None, description="What the published run has not seen; null before the first run."
    )
    latest_run: Run | None = Field(description="Running, completed, failed or cancelled.")
    published_run: int | None = Field(examples=[3])
    as_of: datetime


STATUS = IngestionStatus(
    partitions=[
        PartitionStatus(
            topic="transfers",
            partition=0,
            next_offset=119,
            end_offset=120,
            lag=1,
            consumed=119,
            stored=117,
            duplicates=1,
            dead=1,
        )
    ],
    lag=1,
    totals=Totals(consumed=119, stored=117, duplicates=1, dead=1, restated=2, retracted=0),
    throughput=Throughput(one_minute=1.95, five_minutes=0.39),
    seconds_since_last_ingestion=0.4,
    graph=GraphStatus(
        ready=True, behind_batches=0, behind_transfers=0, behind_seconds=0, wallets=64, transfers=117
    ),
    record=RecordStatus(transfers=117, wallets=64, assets=2, waiting=0),
    dead_letters={"conflict": 1, "foreign_tombstone": 1},
    foreign_messages={"tombstone": 1},
    alarm=None,
    refused_in_a_row=0,
    jobs=JobCounts(waiting=0, scheduled=2, running=0, failed=0, oldest_seconds=None, workers=1),
    not_scored=Unseen(transfers=2, labels=0, policy_changed=False),
    latest_run=RUN,
    reconciliation=LastReconciliation(
        completed_at=EXAMPLE_TIME, equal=True, differences=0, broken_references=0
    ),
    published_run=3,
    as_of=EXAMPLE_TIME,
)
