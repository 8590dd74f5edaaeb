"""The row of a scoring run: written at its start, updated with its progress, completed at its end."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.errors import Cancelled, InUse
from app.labels.columns import label_columns
from app.policy.policy import Policy
from app.runs.engine_choice import Decision
from app.runs.result_lines import ARITHMETIC
from app.runs.snapshot import Snapshot
from app.stores.locks import Lock, try_acquire
from app.stores.postgres import Postgres

log = structlog.get_logger()


def take_run_lock(connection: Connection) -> None:
    """Takes the run lock until the transaction ends.

    Raises:
        InUse: another process holds it.
    """
    if not try_acquire(connection, Lock.RUN):
        run_id = connection.execute(
            text("SELECT max(run_id) FROM scoring_runs WHERE status = 'running'")
        ).scalar()
        raise InUse(
            f"Scoring run {run_id} is running. Wait for it to end: GET /v1/runs/{run_id} (`aml status`)."
            if run_id
            else "Another scoring run is starting. Wait for it to end.",
            run_id=run_id,
        )


@dataclass(frozen=True)
class RunFigures:
    """Counts and digests of a completed run, for its row; `unrated` is JSON (app.runs.judgement.unrated)."""

    transfers: int
    unpriced_transfers: int
    wallets: int
    labelled_wallets: int
    recorded_transfers: int
    record_digest: str
    results_digest: str
    unused_values: int
    imported_values: int
    unrated: str


def begin(
    postgres: Postgres,
    policy: Policy,
    decision: Decision,
    snapshot: Snapshot,
    *,
    idempotency_key: str | None = None,
    request_digest: str | None = None,
) -> int:
    """Writes the row of a new run and returns its id; the caller holds the run lock.

    A row that a dead process left running is marked failed first, and its idempotency key is released.

    Raises:
        InUse: another run started at the same time.
    """
    parameters = {
        "engine": decision.engine,
        "engine_reason": decision.reason,
        "hop_limit": policy.hop_limit,
        "policy_digest": policy.digest,
        "policy_version": policy.version,
        "body": policy.body,
        "label_set_digest": snapshot.label_set_digest,
        "watermark": snapshot.watermark,
        "as_of": snapshot.as_of,
        "columns": list(label_columns(snapshot.labels, policy).layout.columns),
        "arithmetic": ARITHMETIC,
        "application_version": version("aml-risk"),
        "idempotency_key": idempotency_key,
        "request_digest": request_digest,
        "prices_digest": None if snapshot.prices is None else snapshot.prices.digest,
        "registry_digest": snapshot.registry.digest,
    }

    def work(connection: Connection) -> int:
        for run_id in connection.execute(_FAIL_ABANDONED).scalars():
            log.warning("scoring_run_abandoned", run_id=run_id)
        connection.execute(_STORE_POLICY, parameters)
        return int(connection.execute(_BEGIN, parameters).scalar_one())

    try:
        return postgres.run(work)
    except IntegrityError as exc:
        raise InUse("Another scoring run started at the same time. Wait for it to end.") from exc


def report(postgres: Postgres, run_id: int, step: str, progress: float) -> None:
    """Writes the progress of a run (0..1).

    Raises:
        Cancelled: the run has been cancelled.
    """
    parameters = {"run_id": run_id, "step": step, "progress": progress}
    if postgres.run(lambda connection: connection.execute(_REPORT, parameters).scalar()):
        raise Cancelled(_CANCELLED.format(run_id=run_id))


def change_engine(postgres: Postgres, run_id: int, decision: Decision) -> None:
    """Writes that another engine than planned computes the run, and why."""
    parameters = {"run_id": run_id, "engine": decision.engine, "engine_reason": decision.reason}
    postgres.run(lambda connection: connection.execute(_CHANGE_ENGINE, parameters))


def complete(connection: Connection, run_id: int, figures: RunFigures) -> None:
    """Marks the run completed.

    Raises:
        Cancelled: the run has been cancelled.
        InUse: the run is no longer running: its lock was lost and another process took over.
    """
    parameters: dict[str, Any] = {
        "run_id": run_id,
        "transfers": figures.transfers,
        "unpriced_transfers": figures.unpriced_transfers,
        "wallets": figures.wallets,
        "labelled_wallets": figures.labelled_wallets,
        "recorded_transfers": figures.recorded_transfers,
        "record_digest": figures.record_digest,
        "results_digest": figures.results_digest,
        "unused_values": figures.unused_values,
        "imported_values": figures.imported_values,
        "unrated": figures.unrated,
    }
    if connection.execute(_COMPLETE, parameters).rowcount != 1:
        if connection.execute(_CANCEL_REQUESTED, {"run_id": run_id}).scalar():
            raise Cancelled(_CANCELLED.format(run_id=run_id))
        raise InUse(f"Scoring run {run_id} lost its lock and was marked failed. Start a new run.")


def end(postgres: Postgres, run_id: int, status: Literal["failed", "cancelled"], error: str) -> None:
    """Marks the run ended without results, with the reason."""
    parameters = {"run_id": run_id, "status": status, "error": error}
    postgres.run(lambda connection: connection.execute(_END, parameters))


_FAIL_ABANDONED = text("""
    UPDATE scoring_runs SET status = 'failed', completed_at = clock_timestamp(), idempotency_key = NULL,
        error = 'The process of this run ended before the run did.'
    WHERE status = 'running' RETURNING run_id
""")
_STORE_POLICY = text("""
    INSERT INTO policies (policy_digest, version, body) VALUES (:policy_digest, :policy_version, :body)
    ON CONFLICT DO NOTHING
""")
_BEGIN = text("""
    INSERT INTO scoring_runs (engine, engine_reason, hop_limit, policy_digest, policy_version,
        label_set_digest, watermark, as_of, columns, arithmetic, application_version, idempotency_key,
        request_digest, prices_digest, registry_digest)
    VALUES (:engine, :engine_reason, :hop_limit, :policy_digest, :policy_version,
        :label_set_digest, :watermark, :as_of, :columns, :arithmetic, :application_version, :idempotency_key,
        :request_digest, :prices_digest, :registry_digest)
    RETURNING run_id
""")
_CANCELLED = "Scoring run {run_id} was cancelled. The scores of the run before it stay published."
_REPORT = text("""
    UPDATE scoring_runs SET step = :step, progress = :progress WHERE run_id = :run_id
    RETURNING cancel_requested
""")
_CANCEL_REQUESTED = text(
    "SELECT cancel_requested FROM scoring_runs WHERE run_id = :run_id AND status = 'running'"
)
_CHANGE_ENGINE = text(
    "UPDATE scoring_runs SET engine = :engine, engine_reason = :engine_reason WHERE run_id = :run_id"
)
_COMPLETE = text("""
    UPDATE scoring_runs SET status = 'completed', completed_at = clock_timestamp(), step = 'done',
        progress = 1, transfers = :transfers, unpriced_transfers = :unpriced_transfers, wallets = :wallets,
        labelled_wallets = :labelled_wallets, recorded_transfers = :recorded_transfers,
        record_digest = :record_digest, results_digest = :results_digest,
        unused_values = :unused_values, imported_values = :imported_values,
        unrated = CAST(:unrated AS jsonb)
    WHERE run_id = :run_id AND status = 'running' AND NOT cancel_requested
""")
_END = text("""
    UPDATE scoring_runs SET status = :status, completed_at = clock_timestamp(), error = :error
    WHERE run_id = :run_id AND status = 'running'
""")
