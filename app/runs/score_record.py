"""A wallet's score as the published run stored it, with every reason that the record holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from app.answers.base import WalletName
from app.answers.scores import WalletScore
from app.labels.effective import EffectiveLabel, effective_labels
from app.policy.policy import Policy
from app.record.wallets import find_wallet
from app.runs.judgement.reasons import contacts_of
from app.runs.queries import NONE_PUBLISHED, published_run, score_row, wallet_exposure_rows
from app.runs.score_answer import known_score, unknown_score
from app.runs.stored_policy import policy_of


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """What the record holds of one wallet's published score, read in one snapshot.

    `run` and `policy` are None before the first published run, `row` when the run did not know the wallet.
    """

    wallet: Row[Any]
    run: Row[Any] | None
    policy: Policy | None
    row: Row[Any] | None
    exposures: Sequence[Row[Any]]
    score: WalletScore

    @property
    def name(self) -> str:
        """The wallet as `chain:address`."""
        return str(self.score.wallet)


def read_score_record(connection: Connection, reference: str) -> ScoreRecord:
    """Reads a wallet's published score in the snapshot of the connection.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    wallet = find_wallet(connection, reference)
    name = WalletName(chain=wallet.chain, address=wallet.address)
    run = published_run(connection)
    if run is None:
        return ScoreRecord(wallet, None, None, None, [], unknown_score(name, NONE_PUBLISHED))
    policy = policy_of(run)
    row = score_row(connection, run.run_id, wallet.wallet_id)
    if row is None or row.score is None:
        reason = (
            f"First seen after scoring run {run.run_id}: run scoring again to include it."
            if wallet.batch_id > run.watermark
            else f"Scoring run {run.run_id} found neither money that moved through it nor a label."
        )
        return ScoreRecord(wallet, run, policy, None, [], unknown_score(name, reason, run))
    exposures = wallet_exposure_rows(connection, run.run_id, wallet.wallet_id)
    label = _own_label(connection, wallet, run.as_of, policy)
    return ScoreRecord(
        wallet,
        run,
        policy,
        row,
        exposures,
        known_score(
            name,
            run,
            policy=policy,
            row=row,
            exposures=exposures,
            label=label,
            contact=contacts_of(connection, [row], run.as_of).get(wallet.wallet_id),
        ),
    )


def _own_label(
    connection: Connection, wallet: Row[Any], as_of: datetime, policy: Policy
) -> EffectiveLabel | None:
    labels = effective_labels(connection, as_of=as_of, rules=policy.label_rules, addresses=[wallet.address])
    return next((label for label in labels if label.chain == wallet.chain), None)
