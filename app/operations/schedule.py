"""When a scoring run is due, and what the published one has not seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

from app.errors import InvalidPolicy
from app.policy.policy import Policy, load_policy
from app.settings import Settings

MINUTE: Final = 60.0


class Unseen(BaseModel):
    """What changed since the published run."""

    transfers: int = Field(description="Stored since.", examples=[120])
    labels: int = Field(description="Recorded or removed since.", examples=[3])
    policy_changed: bool = Field(description="The next run would use another policy.")

    @property
    def something(self) -> bool:
        """Whether the next run could differ."""
        return bool(self.transfers or self.labels or self.policy_changed)

    @property
    def sentence(self) -> str:
        """What it is, for a person."""
        parts = [f"{self.transfers:,} transfer{'' if self.transfers == 1 else 's'}"] if self.transfers else []
        parts += [f"{self.labels:,} change{'' if self.labels == 1 else 's'} of labels"] if self.labels else []
        parts += ["a change of the policy"] if self.policy_changed else []
        return f"The published run has not seen {' and '.join(parts)}."


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a run is due, and why."""

    because: str | None


def unseen(connection: Connection, policy: Policy) -> Unseen | None:
    """What the published run has not seen; None before the first one."""
    row = connection.execute(_UNSEEN, {"digest": policy.digest}).one_or_none()
    return None if row is None else Unseen.model_validate(row, from_attributes=True)


def published_unseen(connection: Connection, settings: Settings) -> Unseen | None:
    """As `unseen`, by the policy file; None too where that cannot be read, so that it has changed nothing."""
    try:
        policy = load_policy(settings.policy_file)
    except InvalidPolicy:
        return None
    return unseen(connection, policy)


def run_is_due(connection: Connection, settings: Settings, policy: Policy) -> Due:
    """Whether the worker should start a run now: something changed, and the settings' times have passed.

    Failed and cancelled runs count as the last one, so that one that cannot succeed is not repeated at once.
    """
    row = connection.execute(_LATEST).one()
    missing = unseen(connection, policy)
    if row.is_running or row.first_batch is None or (missing is not None and not missing.something):
        return Due(None)
    every, after = settings.run_every_minutes * MINUTE, settings.run_after_changes_minutes * MINUTE
    since_run = _seconds(row.now, row.latest_run or row.first_batch)
    if every and since_run >= every:
        return Due("the schedule")
    if missing is None or not after or since_run < after:
        return Due(None)
    is_label_change = bool(missing.labels) and _seconds(row.now, row.latest_label) >= after
    if is_label_change or missing.policy_changed:
        return Due("changes of labels" if is_label_change else "a change of the policy")
    return Due(None)


def _seconds(now: datetime, then: datetime | None) -> float:
    return float("inf") if then is None else (now - then).total_seconds()


_UNSEEN = text("""
    SELECT (SELECT coalesce(sum(stored), 0)::bigint FROM batches WHERE batch_id > r.watermark) AS transfers,
        (SELECT count(*) FROM labels WHERE recorded_at > r.as_of OR removed_at > r.as_of) AS labels,
        r.policy_digest <> :digest AS policy_changed
    FROM published_run JOIN scoring_runs r USING (run_id)
""")
_LATEST = text("""
    SELECT clock_timestamp() AS now,
        (SELECT max(started_at) FROM scoring_runs) AS latest_run,
        EXISTS (SELECT FROM scoring_runs WHERE status = 'running') AS is_running,
        (SELECT min(committed_at) FROM batches) AS first_batch,
        (SELECT greatest(max(recorded_at), max(removed_at)) FROM labels) AS latest_label
""")
