"""Jobs in the record: deferred in the transaction of what they are about, done later by the worker.

The tables and functions are procrastinate's (migration 0028). A job exists if and only if the transaction
that deferred it was committed; the worker may do it more than once, when it is killed in between.
"""

import json
from datetime import datetime
from typing import Any, Final

from procrastinate import PsycopgConnector
from pydantic import BaseModel, Field
from sqlalchemy import URL, Connection, text

MAX_CONNECTIONS: Final = 8
CONNECT_SECONDS: Final = 10


class JobCounts(BaseModel):
    """The jobs of the worker."""

    waiting: int = Field(description="Jobs that are due and that nobody does yet.", examples=[0])
    scheduled: int = Field(description="Jobs for later, such as calls that are tried again.", examples=[2])
    running: int = Field(examples=[0])
    failed: int = Field(description="Jobs that were given up.", examples=[0])
    oldest_seconds: float | None = Field(description="How long the longest due one has waited.")
    workers: int = Field(description="Workers that were alive in the last half minute.", examples=[1])


def job_connector(url: URL) -> PsycopgConnector:
    """The worker's connections to the record, which the library opens and closes."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PsycopgConnector(
        conninfo=conninfo,
        min_size=1,
        max_size=MAX_CONNECTIONS,
        timeout=CONNECT_SECONDS,
        kwargs={"application_name": "aml-worker", "connect_timeout": CONNECT_SECONDS},
    )


def defer(
    connection: Connection,
    task: str,
    arguments: dict[str, Any],
    *,
    queue: str,
    lock: str | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a job to this transaction.

    Args:
        connection: an open transaction: the job is there when it is committed.
        task: the worker's name of what is to be done.
        arguments: of the task; JSON.
        queue: of the task.
        lock: jobs with the same lock are done one after the other, in the order they were deferred.
        at: not before this time.
    """
    parameters = {
        "queue": queue,
        "task": task,
        "lock": lock,
        "arguments": json.dumps(arguments),
        "at": at,
    }
    connection.execute(_DEFER, parameters)


def job_counts(connection: Connection) -> JobCounts:
    """How many jobs wait, run and failed."""
    return JobCounts.model_validate(connection.execute(_COUNTS).one(), from_attributes=True)


_DEFER = text("""
    SELECT procrastinate_defer_jobs_v1(ARRAY[CAST(ROW(CAST(:queue AS text), CAST(:task AS text), 0,
        CAST(:lock AS text), NULL, CAST(:arguments AS jsonb), CAST(:at AS timestamptz))
        AS procrastinate_job_to_defer_v1)])
""")
_COUNTS = text("""
    SELECT count(*) FILTER (WHERE is_due) AS waiting,
        count(*) FILTER (WHERE status = 'todo' AND NOT is_due) AS scheduled,
        count(*) FILTER (WHERE status = 'doing') AS running,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        extract(epoch FROM clock_timestamp() - min(since) FILTER (WHERE is_due))::float8 AS oldest_seconds,
        (SELECT count(*) FROM procrastinate_workers
         WHERE last_heartbeat > clock_timestamp() - interval '30 seconds') AS workers
    FROM (
        SELECT status, status = 'todo' AND coalesce(scheduled_at <= clock_timestamp(), true) AS is_due,
            coalesce(scheduled_at, (SELECT min(e.at) FROM procrastinate_events e WHERE e.job_id = j.id))
                AS since
        FROM procrastinate_jobs j WHERE status IN ('todo', 'doing', 'failed')
    ) AS jobs
""")
