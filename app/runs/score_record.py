"""A wallet's score as the published run stored it, with every reason that the record holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from app.answers.scores import Freshness, WalletScore
from app.assets.names import asset_names
from app.labels.effective import EffectiveLabel, effective_labels
from app.policy.label_rules import LabelRules
from app.policy.policy import Policy
from app.record.freshness import read_freshness, staleness_notes
from app.record.wallet_totals import wallet_totals
from app.record.wallets import KnownWallet, find_wallet
from app.runs.judgement.ownership import NOT_SEEN_NOTE, ownership_score
from app.runs.judgement.reasons import contacts_of
from app.runs.listing import run_name
from app.runs.naming.named import named_wallet
from app.runs.queries import NONE_PUBLISHED, published_run, score_row, wallet_exposure_rows
from app.runs.score_answer import known_score, unknown_score
from app.runs.stored_policy import knows_keys, policy_of


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
    record = _read(connection, wallet, policy_digest)
    assets = [each.asset for each in record.exposures]
    named = {
        "totals": wallet_totals(connection, wallet),
        "asset_names": asset_names(connection, wallet.chain, assets),
    }
    return replace(record, score=record.score.model_copy(update=named))


def _read(connection: Connection, wallet: KnownWallet, policy_digest: str | None) -> ScoreRecord:
    name = named_wallet(connection, wallet)
    run = published_run(connection)
    if run is None:
        label = _own_label(connection, wallet, _now(connection), LabelRules())
        return ScoreRecord(wallet, None, None, None, [], unknown_score(name, NONE_PUBLISHED, label=label))
    policy = policy_of(run)
    freshness = read_freshness(connection, wallet, run, policy_digest)
    row = score_row(connection, run.run_id, wallet.wallet_id)
    label = _own_label(connection, wallet, run.as_of, policy.label_rules, keys_everywhere=knows_keys(run))
    if row is None or row.score is None:
        score = _without_row(connection, wallet, run, policy, label)
        return ScoreRecord(wallet, run, policy, None, [], _with_freshness(score, freshness))
    exposures = wallet_exposure_rows(connection, run.run_id, wallet.wallet_id)
    score = known_score(
        name,
        run,
        policy=policy,
        row=row,
        exposures=exposures,
        label=label,
        contact=contacts_of(connection, [row], run.as_of, run.run_id).get(wallet.wallet_id),
    )
    return ScoreRecord(wallet, run, policy, row, exposures, _with_freshness(score, freshness))


def _without_row(
    connection: Connection,
    wallet: KnownWallet,
    run: Row[Any],
    policy: Policy,
    label: EffectiveLabel | None,
) -> WalletScore:
    """The answer for a wallet that the run gave no score: that of its own label, or why there is none."""
    name = named_wallet(connection, wallet)
    reason = f"Scoring run {run.run_id} found neither money that moved through it nor a label."
    if wallet.batch_id > run.watermark:
        reason = f"First seen after scoring run {run.run_id}: run scoring again to include it."
    if label is not None and label.category in policy.categories:
        notes = [reason if wallet.is_seen else NOT_SEEN_NOTE]
        return ownership_score(name, run_name(run), policy, label, notes)
    if label is None and not wallet.is_seen:
        # Without transfers there is nothing that a run would add: its label alone is its score, from now on.
        label = _own_label(connection, wallet, _now(connection), policy.label_rules)
        reason = f"Labelled after scoring run {run.run_id}."
        if label is not None and label.category in policy.categories:
            return ownership_score(name, run_name(run), policy, label, [NOT_SEEN_NOTE, reason])
    return unknown_score(name, reason, run, label)


def _with_freshness(score: WalletScore, freshness: Freshness) -> WalletScore:
    notes = [*score.notes, *staleness_notes(freshness)]
    return score.model_copy(update={"freshness": freshness, "notes": notes})


def _own_label(
    connection: Connection,
    wallet: KnownWallet,
    as_of: datetime,
    rules: LabelRules,
    *,
    keys_everywhere: bool = True,
) -> EffectiveLabel | None:
    labels = effective_labels(
        connection,
        as_of=as_of,
        rules=rules,
        addresses=[wallet.address],
        keys_everywhere=keys_everywhere,
    )
    return next((label for label in labels if label.chain == wallet.chain), None)


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(_NOW).scalar_one()
    return now


_NOW = text("SELECT clock_timestamp()")
