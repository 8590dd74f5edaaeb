"""The row of a scoring run: begun, told how far it is, ended."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.errors import Cancelled, InUse
from app.policy.policy import Policy
from app.runs.results import ARITHMETIC, Counted
from app.runs.snapshot import Snapshot
from app.stores.locks import Lock, try_acquire
from app.stores.postgres import Postgres

log = structlog.get_logger()


def take_run_lock(connection: Connection) -> None:
    """Takes the lock until the transaction ends.

    Raises:
        InUse: another process holds it.
    """
    if not try_acquire(connection, Lock.RUN):
        run_id = connection.execute(
            text("SELECT max(run_id) FROM scoring_runs WHERE status = 'running'")
        ).scalar()
        raise InUse(
            f"Scoring run {run_id} is under way. Wait for it to end: GET /v1/runs/{run_id} (`aml status`)."
            if run_id
            else "A scoring run is about to start. Wait for it to end."
        )


@dataclass(frozen=True)
class Seen:
    """What a run has seen and stored, for its row: counts and digests."""

    counted: Counted
    wallets: int
    labelled_wallets: int
    recorded_transfers: int
    record_digest: str
    results_digest: str


def begin(
    postgres: Postgres, policy: Policy, engine: str, snapshot: Snapshot, idempotency_key: str | None = None
) -> int:
    """Writes the row of a new run and returns its id; whoever calls holds the run lock.

    A row left running by a process that died becomes failed first, and its key is free for this run.

    Raises:
        InUse: another run began meanwhile.
    """
    given = {
        "engine": engine,
        "hop_limit": policy.hop_limit,
        "policy_digest": policy.digest,
        "policy_version": policy.version,
        "body": policy.body,
        "label_set_digest": snapshot.label_set_digest,
        "watermark": snapshot.watermark,
        "as_of": snapshot.as_of,
        "columns": list(policy.layout.columns),
        "arithmetic": ARITHMETIC,
        "application_version": version("aml-risk"),
        "idempotency_key": idempotency_key,
    }

    def work(connection: Connection) -> int:
        for run_id in connection.execute(_FAIL_ABANDONED).scalars():
            log.warning("scoring_run_was_abandoned", run_id=run_id)
        connection.execute(_STORE_POLICY, given)
        return int(connection.execute(_BEGIN, given).scalar_one())

    try:
        return postgres.run(work)
    except IntegrityError as exc:
        raise InUse("Another scoring run began at this moment. Wait for it to end.") from exc


def report(postgres: Postgres, run_id: int, step: str, progress: float) -> None:
    """Notes in the row how far the run is (0..1).

    Raises:
        Cancelled: somebody has asked for the run's end.
    """
    given = {"run_id": run_id, "step": step, "progress": progress}
    if postgres.run(lambda connection: connection.execute(_REPORT, given).scalar()):
        raise Cancelled(_CANCELLED.format(run_id=run_id))


def change_engine(postgres: Postgres, run_id: int, engine: str) -> None:
    """Notes that another engine than planned computes the run."""
    given = {"run_id": run_id, "engine": engine}
    postgres.run(lambda connection: connection.execute(_CHANGE_ENGINE, given))


def complete(connection: Connection, run_id: int, seen: Seen) -> None:
    """Marks the run completed, with what it has seen.

    Raises:
        Cancelled: somebody has asked for the run's end.
        InUse: the run is no longer running: its lock was lost and another process took over.
    """
    given: dict[str, Any] = {
        "run_id": run_id,
        "transfers": seen.counted.transfers,
        "unpriced_transfers": seen.counted.unpriced_transfers,
        "wallets": seen.wallets,
        "labelled_wallets": seen.labelled_wallets,
        "recorded_transfers": seen.recorded_transfers,
        "record_digest": seen.record_digest,
        "results_digest": seen.results_digest,
    }
    if connection.execute(_COMPLETE, given).rowcount != 1:
        if connection.execute(_CANCEL_REQUESTED, {"run_id": run_id}).scalar():
            raise Cancelled(_CANCELLED.format(run_id=run_id))
        raise InUse(f"Scoring run {run_id} lost its lock and was marked failed. Start a new run.")


def end(postgres: Postgres, run_id: int, status: Literal["failed", "cancelled"], error: str) -> None:
    """Marks the run ended without results, with the reason."""
    given = {"run_id": run_id, "status": status, "error": error}
    postgres.run(lambda connection: connection.execute(_END, given))


_FAIL_ABANDONED = text("""
    UPDATE scoring_runs SET status = 'failed', completed_at = clock_timestamp(), idempotency_key = NULL,
        error = 'The process that carried out this run ended before the run did.'
    WHERE status = 'running' RETURNING run_id
""")
_STORE_POLICY = text("""
    INSERT INTO policies (policy_digest, version, body) VALUES (:policy_digest, :policy_version, :body)
    ON CONFLICT DO NOTHING
""")
_BEGIN = text("""
    INSERT INTO scoring_runs (engine, hop_limit, policy_digest, policy_version, label_set_digest, watermark,
        as_of, columns, arithmetic, application_version, idempotency_key)
    VALUES (:engine, :hop_limit, :policy_digest, :policy_version, :label_set_digest, :watermark,
        :as_of, :columns, :arithmetic, :application_version, :idempotency_key) RETURNING run_id
""")
_CANCELLED = "Scoring run {run_id} was cancelled. The scores published before it still answer."
_REPORT = text("""
    UPDATE scoring_runs SET step = :step, progress = :progress WHERE run_id = :run_id
    RETURNING cancel_requested
""")
_CANCEL_REQUESTED = text(
    "SELECT cancel_requested FROM scoring_runs WHERE run_id = :run_id AND status = 'running'"
)
_CHANGE_ENGINE = text("UPDATE scoring_runs SET engine = :engine WHERE run_id = :run_id")
_COMPLETE = text("""
    UPDATE scoring_runs SET status = 'completed', completed_at = clock_timestamp(), step = 'done',
        progress = 1, transfers = :transfers, unpriced_transfers = :unpriced_transfers, wallets = :wallets,
        labelled_wallets = :labelled_wallets, recorded_transfers = :recorded_transfers,
        record_digest = :record_digest, results_digest = :results_digest
    WHERE run_id = :run_id AND status = 'running' AND NOT cancel_requested
""")
_END = text("""
    UPDATE scoring_runs SET status = :status, completed_at = clock_timestamp(), error = :error
    WHERE run_id = :run_id AND status = 'running'
""")
