"""Scoring runs, as answers."""

from datetime import datetime

from pydantic import Field

from app.answers.base import EXAMPLE_TIME, TOTAL, Answer
from app.answers.lists import LIST_NAME, ListName
from app.answers.names import Engine, RunStatus


class RunName(Answer):
    """The scoring run of an answer."""

    run_id: int = Field(examples=[3])
    policy_version: str = Field(examples=["2026-01"])
    policy_digest: str
    label_set_digest: str
    watermark: int = Field(description="Last ingest batch in the run's snapshot.", examples=[118])
    engine: Engine
    engine_reason: str | None = Field(
        default=None, description="Why this engine answered; null for runs before this was kept."
    )
    hop_limit: int = Field(examples=[4])
    as_of: datetime = Field(description="The run used the labels valid at this time.")
    lists: list[ListName] = Field(default=[], description="The lists of labels at that time, by source.")


class Run(RunName):
    """One scoring run."""

    status: RunStatus
    published: bool
    application_version: str
    started_at: datetime
    completed_at: datetime | None
    progress: float = Field(description="Part of the run that is done (0..1).", examples=[1.0])
    step: str = Field(examples=["done"])
    transfers: int | None
    unpriced_transfers: int | None
    wallets: int | None
    labelled_wallets: int | None
    recorded_transfers: int | None = Field(
        default=None,
        description="Transfers up to the watermark, also those that move nothing or are retracted.",
    )
    record_digest: str | None = Field(default=None, description="Of those transfers, in any order.")
    results_digest: str | None = Field(default=None, description="SHA-256 of the rows the run stored.")
    prices_digest: str | None = Field(
        default=None, description="Of the prices it used; null: each transfer's own value as it came."
    )
    registry_digest: str | None = Field(default=None, description="Of the registry of assets it used.")
    unused_values: int | None = Field(
        default=None,
        description="Values of transfers and imported prices that it did not use: too far from the median of "
        "their day (`/v1/runs/{run_id}/unused-prices`).",
        examples=[0],
    )
    imported_values: int | None = Field(
        default=None, description="Transfers that it valued by an imported price.", examples=[0]
    )
    cancel_requested: bool = False
    error: str | None = None
    pruned_at: datetime | None = Field(default=None, description="When its results were deleted.")


class PrunedRun(Answer):
    """A completed run whose results pruning deletes."""

    run_id: int = Field(examples=[3])
    completed_at: datetime
    policy_version: str
    wallets: int | None


class Pruning(Answer):
    """What pruning deletes: the runs, and the rows of results that no other run has, with their bytes."""

    runs: list[PrunedRun]
    rows: int
    bytes: int
    screenings: int = Field(default=0, description="Screenings older than their retention.")


class Runs(Answer):
    """Runs, newest first; `next` is the cursor of the next page."""

    runs: list[Run]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


RUN_NAME = RunName(
    run_id=3,
    policy_version="2026-01",
    policy_digest="5d41402abc4b2a76b9719d911017c592ae2f2d3f6b0a1d0e4a8f6b1c2d3e4f50",
    label_set_digest="7d793037a0760186574b0282f2f435e7ab31d5d6e0f1a2b3c4d5e6f708192a3b",
    watermark=118,
    engine="ledger",
    engine_reason="117 transfers, more than 100 walks: ledger",
    hop_limit=4,
    as_of=EXAMPLE_TIME,
    lists=[LIST_NAME],
)
RUN = Run(
    **dict(RUN_NAME),
    status="completed",
    published=True,
    application_version="0.1.0",
    started_at=EXAMPLE_TIME,
    completed_at=EXAMPLE_TIME,
    progress=1,
    step="done",
    transfers=117,
    unpriced_transfers=3,
    wallets=64,
    labelled_wallets=5,
    recorded_transfers=119,
    record_digest="8f434346648f6b96df89dda901c5176b",
    results_digest="a3f5c1d2e4b6978877665544332211009f8e7d6c5b4a39281706f5e4d3c2b1a0",
    prices_digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    registry_digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    unused_values=0,
    imported_values=0,
)
RUNNING_RUN = RUN.model_copy(
    update={
        "status": "running",
        "published": False,
        "completed_at": None,
        "progress": 0.02,
        "step": "reading transfers",
        "transfers": None,
        "unpriced_transfers": None,
        "wallets": None,
        "labelled_wallets": None,
        "recorded_transfers": None,
        "record_digest": None,
        "results_digest": None,
        "unused_values": None,
        "imported_values": None,
    }
)
CANCELLED_RUN = RUNNING_RUN.model_copy(
    update={"status": "cancelled", "completed_at": EXAMPLE_TIME, "cancel_requested": True}
)
RUNS = Runs(runs=[RUN])
