"""Cancelling a run: it ends at its next step and publishes nothing."""

from sqlalchemy import Connection, text

from app.errors import AlreadyEnded
from app.runs.queries import no_run
from app.stores.locks import Lock, try_acquire
from app.stores.postgres import Postgres


def cancel_run(postgres: Postgres, run_id: int) -> None:
    """Requests that a run ends. A run whose process is gone is marked cancelled at once. Idempotent.

    Raises:
        NotFound: there is no run of that id.
        AlreadyEnded: it completed or failed.
    """

    def work(connection: Connection) -> str | None:
        if try_acquire(connection, Lock.RUN):
            connection.execute(_END, {"run_id": run_id})
        else:
            connection.execute(_REQUEST, {"run_id": run_id})
        status: str | None = connection.execute(_STATUS, {"run_id": run_id}).scalar()
        return status

    status = postgres.run(work)
    if status is None:
        raise no_run(run_id)
    if status not in {"running", "cancelled"}:
        raise AlreadyEnded(f"Scoring run {run_id} has already {status}: there is nothing to cancel.")


_REQUEST = text("""
    UPDATE scoring_runs SET cancel_requested = true WHERE run_id = :run_id AND status = 'running'
""")
_END = text("""
    UPDATE scoring_runs SET status = 'cancelled', cancel_requested = true, completed_at = clock_timestamp(),
        error = 'The process of this run had ended; the run was cancelled.'
    WHERE run_id = :run_id AND status = 'running'
""")
_STATUS = text("SELECT status FROM scoring_runs WHERE run_id = :run_id")
