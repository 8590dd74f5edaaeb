"""A wallet's score as the published run stored it, with every reason that the record holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.base import WalletName
from app.answers.scores import Freshness, WalletScore
from app.labels.effective import EffectiveLabel, effective_labels
from app.policy.policy import Policy, parse_policy
from app.record.freshness import read_freshness, staleness_notes
from app.record.wallets import KnownWallet, find_wallet
from app.runs.ownership import NOT_SEEN_NOTE, ownership_score
from app.runs.queries import NONE_PUBLISHED, published_run, score_row, wallet_exposure_rows
from app.runs.score_answer import known_score, unknown_score


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """What the record holds of one wallet's published score, read in one snapshot.

    `run` and `policy` are None before the first published run, `row` when the run did not know the wallet.
    """

    wallet: KnownWallet
    run: Row[Any] | None
    policy: Policy | None
    row: Row[Any] | None
    exposures: Sequence[Row[Any]]
    score: WalletScore

    @property
    def name(self) -> str:
        """The wallet as `chain:address`."""
        return str(self.score.wallet)


def read_score_record(
    connection: Connection, reference: str, policy_digest: str | None = None
) -> ScoreRecord:
    """Reads a wallet's published score in the snapshot of the connection, and what touched it since.

    `policy_digest` is that of the policy that the next run would use.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    wallet = find_wallet(connection, reference)
    name = WalletName(chain=wallet.chain, address=wallet.address)
    run = published_run(connection)
    if run is None:
        label = _own_label(connection, wallet, _now(connection), {})
        return ScoreRecord(wallet, None, None, None, [], unknown_score(name, NONE_PUBLISHED, label=label))
    policy = policy_of(run)
    freshness = read_freshness(connection, wallet, run, policy_digest)
    row = score_row(connection, run.run_id, wallet.wallet_id)
    label = _own_label(connection, wallet, run.as_of, policy.severities)
    if row is None or row.score is None:
        score = _without_row(connection, wallet, run, policy, label)
        return ScoreRecord(wallet, run, policy, None, [], _with_freshness(score, freshness))
    exposures = wallet_exposure_rows(connection, run.run_id, wallet.wallet_id)
    score = known_score(name, run, policy=policy, row=row, exposures=exposures, label=label)
    return ScoreRecord(wallet, run, policy, row, exposures, _with_freshness(score, freshness))


def policy_of(run: Row[Any]) -> Policy:
    """The policy that a run stored, from a row with `policy_body`.

    Raises:
        InvalidPolicy: the stored text was changed and is no policy.
    """
    return _policy(run.policy_digest, run.policy_body)


@lru_cache(maxsize=8)
def _policy(digest: str, body: str) -> Policy:
    return parse_policy(body.encode(), f"stored policy {digest[:12]}")


def _without_row(
    connection: Connection,
    wallet: KnownWallet,
    run: Row[Any],
    policy: Policy,
    label: EffectiveLabel | None,
) -> WalletScore:
    """The answer for a wallet that the run gave no score: that of its own label, or why there is none."""
    name = WalletName(chain=wallet.chain, address=wallet.address)
    reason = f"Scoring run {run.run_id} found neither money that moved through it nor a label."
    if wallet.batch_id > run.watermark:
        reason = f"First seen after scoring run {run.run_id}: run scoring again to include it."
    if label is not None and label.category in policy.categories:
        return ownership_score(name, run, policy, label, [reason if wallet.is_seen else NOT_SEEN_NOTE])
    if label is None and not wallet.is_seen:
        label = _own_label(connection, wallet, _now(connection), policy.severities)
        reason = f"Labelled after scoring run {run.run_id}: run scoring again to include it."
    return unknown_score(name, reason, run, label)


def _with_freshness(score: WalletScore, freshness: Freshness) -> WalletScore:
    notes = [*score.notes, *staleness_notes(freshness)]
    return score.model_copy(update={"freshness": freshness, "notes": notes})


def _own_label(
    connection: Connection, wallet: KnownWallet, as_of: datetime, severities: Mapping[str, float]
) -> EffectiveLabel | None:
    labels = effective_labels(connection, as_of=as_of, severities=severities, addresses=[wallet.address])
    return next((label for label in labels if label.chain == wallet.chain), None)


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(_NOW).scalar_one()
    return now


_NOW = text("SELECT clock_timestamp()")
