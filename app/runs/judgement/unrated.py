"""How much of a record is unrated and why, and which wallets would rate most others if they were labelled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import SOURCE
from app.ledger.shares import Exposures
from app.policy.conditions import LEVELS
from app.policy.points import BILLION, billionths
from app.policy.policy import Policy
from app.runs.judgement.score import Scores
from app.runs.judgement.subjects import Subjects
from app.runs.results.accounts import Accounts

REASONS = ("beyond_hop_limit", "unobserved_origin", "never_labelled")
"""Most of what it received is beyond the limit, or was never seen to arrive at who sent it; or the wallet
received nothing: the money begins there, and no label says whose it is."""
LISTED = 20
"""Wallets that are worth a label, at most."""


@dataclass(frozen=True)
class LabelCandidate:
    """An unlabelled wallet, how many unrated wallets its label would rate, and the USD it paid them."""

    wallet_id: int
    wallets: int
    usd: float


@dataclass(frozen=True)
class Unrated:
    """By reason the wallets and what they received and sent in USD; what all wallets did; whom to label."""

    wallets: dict[str, int]
    usd: dict[str, float]
    scored_wallets: int
    scored_usd: float
    label_next: list[LabelCandidate]

    def plain(self) -> dict[str, Any]:
        """As the row of a run keeps it."""
        return {
            "reasons": {
                name: {"wallets": self.wallets[name], "usd": round(self.usd[name], 2)} for name in REASONS
            },
            "wallets": self.scored_wallets,
            "usd": round(self.scored_usd, 2),
            "label_next": [
                {"wallet_id": each.wallet_id, "wallets": each.wallets, "usd": round(each.usd, 2)}
                for each in self.label_next
            ],
        }


def unrated_of(
    policy: Policy,
    subjects: Subjects,
    scores: Scores,
    exposures: Exposures,
    *,
    accounts: Accounts,
    known_assets: NDArray[np.int32],
) -> Unrated:
    """The unrated wallets of a run, counted and summed up."""
    unrated = scores.level == LEVELS.index("unrated")
    moved = scores.usd.sum(axis=1)
    reason = _reasons(scores, exposures)
    of_reason = [unrated & (reason == number) for number in range(len(REASONS))]
    return Unrated(
        {name: int(one.sum()) for name, one in zip(REASONS, of_reason, strict=True)},
        {name: float(moved[one].sum()) for name, one in zip(REASONS, of_reason, strict=True)},
        int((scores.level >= 0).sum()),
        float(moved[scores.level >= 0].sum()),
        _label_next(policy, subjects, scores, accounts, unrated=unrated, known_assets=known_assets),
    )


def _reasons(scores: Scores, exposures: Exposures) -> NDArray[np.int64]:
    """The place in REASONS of each wallet, as if it were unrated."""
    side, layout = exposures.source, exposures.layout
    beyond = np.zeros(layout.width, np.bool_)
    beyond[0] = True  # the first cell of a row
    unseen = np.zeros(layout.width, np.bool_)
    unseen[1 : 2 + layout.hop_limit] = True  # the block behind it
    more_beyond = np.zeros(len(scores.wallet_id), np.bool_)
    for owners, rows in ((side.wallet_id, side.shares), (side.priced_wallet_id, side.combined)):
        # Priced money comes last and decides where there is any, as in the coverage.
        owner = np.searchsorted(scores.wallet_id, owners)
        more_beyond[owner] = rows.sums(beyond) > rows.sums(unseen)
    reason = np.where(more_beyond, 0, 1)
    return np.where(np.isnan(scores.coverage[:, SOURCE - 1]), 2, reason)


def _label_next(
    policy: Policy,
    subjects: Subjects,
    scores: Scores,
    accounts: Accounts,
    *,
    unrated: NDArray[np.bool_],
    known_assets: NDArray[np.int32],
) -> list[LabelCandidate]:
    """Whose label would bring most unrated wallets, which it paid directly, over the bar.

    Of what such a wallet paid, the part whose origin is unknown becomes known; that part is taken to be the
    payer's own, since its money is commingled. Wallets further down would be rated too: this counts less.
    """
    wallet_id, flows = scores.wallet_id, accounts.flows
    owner = np.searchsorted(wallet_id, accounts.wallet_id)
    receiver, sender = owner[flows.receiver_pool], owner[flows.sender_pool]
    known = np.nan_to_num(scores.coverage[:, 0])
    received = scores.usd[:, 0]
    counted = (
        np.isin(accounts.asset_id, known_assets)[flows.receiver_pool] & (flows.usd > 0) & (flows.hops > 0)
    )
    at = np.flatnonzero(counted & unrated[receiver] & ~subjects.labelled[sender] & (received[receiver] > 0))
    if not len(at):
        return []
    pair, which = np.unique(sender[at] * len(wallet_id) + receiver[at], return_inverse=True)
    paid = np.bincount(which, flows.usd[at])
    payer, payee = np.divmod(pair, len(wallet_id))
    after = known[payee] + paid / received[payee] * (1.0 - known[payer])
    rated = billionths(np.minimum(after, 1.0)) >= round(policy.unrated_below * BILLION)
    wallets = np.bincount(payer[rated], minlength=len(wallet_id))
    usd = np.bincount(payer[rated], paid[rated], minlength=len(wallet_id))
    best = np.lexsort((wallet_id, -usd, -wallets))[:LISTED]
    return [
        LabelCandidate(int(wallet_id[one]), int(wallets[one]), float(usd[one]))
        for one in best
        if wallets[one]
    ]
