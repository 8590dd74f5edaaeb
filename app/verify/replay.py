"""A past run computed again from the record: its transfers, its labels and its stored policy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from app.domain import Progress
from app.labels.effective import EffectiveLabel, effective_labels, label_set_digest
from app.ledger.shares import Exposures
from app.policy.policy import Policy
from app.runs.accounts import Accounts
from app.runs.engines.ledger import trace
from app.runs.score import Scores, score_wallets
from app.runs.snapshot import Snapshot, all_wallets, asset_ranks, categories_by_wallet


@dataclass(frozen=True)
class Replayed:
    """What a run finds: `own` is each wallet's place in the policy's categories, -1 without a label."""

    exposures: Exposures
    scores: Scores
    labelled_wallets: int


def labels_at(connection: Connection, run: Row[Any], policy: Policy, watermark: int) -> list[EffectiveLabel]:
    """The labels a run used, as this policy ranks them, with transfers up to a batch."""
    return effective_labels(connection, as_of=run.as_of, severities=policy.severities, seen_until=watermark)


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
    categories = categories_by_wallet(snapshot, policy)
    if exposures is None:
        exposures = trace(
            accounts.flows,
            accounts.wallet_id,
            accounts.asset_id,
            policy.layout,
            categories_by_wallet=categories,
            progress=progress,
        )
    progress("scoring wallets", 0.0)
    wallet_id = all_wallets(snapshot)
    own = np.array([categories.get(wallet, -1) for wallet in wallet_id.tolist()], np.int16)
    scores = score_wallets(policy, wallet_id, own, exposures, asset_ranks(snapshot))
    return Replayed(exposures, scores, int((own >= 0).sum()))
