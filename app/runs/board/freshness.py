"""What came since a run, which a new one would see."""

from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.scores import RunFreshness
from app.runs.queries import since_run


def run_freshness(connection: Connection, run: Row[Any]) -> RunFreshness:
    """Transfers that were stored since a run, and labels that were recorded or removed."""
    labels = connection.execute(_LABELS, {"as_of": run.as_of}).scalar_one()
    return RunFreshness(transfers=since_run(connection, run.watermark).transfers, labels=labels)


_LABELS = text("SELECT count(*) FROM labels WHERE recorded_at > :as_of OR removed_at > :as_of")
