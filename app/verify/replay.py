"""A past run computed again from the record: its transfers, its labels and its stored policy."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from app.domain import Progress
from app.labels.columns import label_columns
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.ledger.shares import Exposures
from app.policy.policy import Policy
from app.runs.compute import Computed
from app.runs.engines.ledger import trace
from app.runs.judge import Judged, judge
from app.runs.judgement.score import Scores
from app.runs.results.accounts import Accounts
from app.runs.snapshot import Snapshot, known_assets
from app.runs.stored_policy import knows_keys


@dataclass(frozen=True)
class Replayed:
    """What a run finds."""

    computed: Computed
    judged: Judged

    @property
    def exposures(self) -> Exposures:
        """The exposures of the run."""
        return self.computed.exposures

    @property
    def scores(self) -> Scores:
        """Its scores."""
        return self.judged.scores

    @property
    def labelled_wallets(self) -> int:
        """How many of its wallets have a label with a category."""
        return self.judged.labelled_wallets


def labels_at(connection: Connection, run: Row[Any], policy: Policy, watermark: int) -> list[EffectiveLabel]:
    """The labels a run used, as this policy ranks them, with transfers up to a batch."""
    return effective_labels(
        connection,
        as_of=run.as_of,
        rules=policy.label_rules,
        seen_until=watermark,
        keys_everywhere=knows_keys(run),
    )


def past_snapshot(connection: Connection, run: Row[Any], watermark: int, policy: Policy) -> Snapshot:
    """The moment of a run, out of today's record: its labels, and transfers up to a batch."""
    labels = labels_at(connection, run, policy, watermark)
    return Snapshot(connection, watermark, run.as_of, labels, label_set_digest(labels), run.transfers or 0)


def replay(
    snapshot: Snapshot,
    policy: Policy,
    accounts: Accounts,
    progress: Progress,
    exposures: Exposures | None = None,
) -> Replayed:
    """Traces and scores by the ledger engine; with `exposures`, only scores.

    Args:
        snapshot: wallets, labels and assets.
        policy: severities, hop weights, bands and rules.
        accounts: the transfers up to the snapshot's watermark.
        progress: called with each step and the part of it that is done.
        exposures: of an earlier replay with the same accounts, categories and labels.
    """
    labels = label_columns(snapshot.labels, policy)
    assets = known_assets(snapshot, policy, accounts.totals.source)
    if exposures is None:
        exposures = trace(
            accounts.flows,
            accounts.wallet_id,
            accounts.asset_id,
            labels,
            occurred_at=accounts.occurred_at,
            known_assets=assets,
            progress=progress,
        )
    progress("scoring wallets", 0.0)
    computed = Computed(exposures, accounts, labels, assets)
    return Replayed(computed, judge(policy, snapshot, computed))
