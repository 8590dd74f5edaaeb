"""From exposures to judged wallets: scores, levels, flags and what decided them, for both engines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.policy.policy import Policy
from app.runs.compute import Computed
from app.runs.judgement.behaviour import behaviours_of
from app.runs.judgement.board_columns import BoardColumns, board_columns
from app.runs.judgement.deciding import deciding_transfers
from app.runs.judgement.score import Scores, score_wallets
from app.runs.judgement.subjects import subjects_of
from app.runs.judgement.unrated import Unrated, unrated_of
from app.runs.snapshot import Snapshot, all_wallets, asset_ranks


@dataclass(frozen=True)
class Judged:
    """The scores of all wallets, one place of each array a wallet.

    `unpriced` counts its transfers of known assets that have no value, `transfer_id` is the transfer that
    shows best what decided its level (`app.runs.judgement.deciding`).
    """

    scores: Scores
    unpriced: NDArray[np.int64]
    transfer_id: NDArray[np.int64]
    labelled_wallets: int
    board: BoardColumns
    unrated: Unrated


def judge(policy: Policy, snapshot: Snapshot, computed: Computed) -> Judged:
    """Judges the wallets of a snapshot."""
    accounts, exposures, assets = computed.accounts, computed.exposures, computed.known_assets
    subjects = subjects_of(all_wallets(snapshot), snapshot.labels, policy)
    scores = score_wallets(
        policy,
        subjects,
        exposures,
        accounts.totals,
        asset_rank=asset_ranks(snapshot),
        known_assets=assets,
        behaviours=behaviours_of(policy, subjects, accounts, exposures, assets),
    )
    return Judged(
        scores,
        accounts.totals.unpriced_of(subjects.wallet_id, assets),
        deciding_transfers(policy, subjects, accounts, computed.labels, scores),
        int(subjects.labelled.sum()),
        board_columns(policy, scores, exposures, accounts, computed.labels),
        unrated_of(policy, subjects, scores, exposures, accounts=accounts, known_assets=assets),
    )
