"""What decided each level, and the transfer that shows it best."""

import numpy as np
from numpy.typing import NDArray

from app.labels.columns import LabelColumns
from app.ledger.cells import DESTINATION, SOURCE
from app.policy.columns import column_of
from app.policy.conditions import LEVELS
from app.policy.policy import Policy
from app.policy.rules import MEDIUM
from app.runs.judgement.score import Scores
from app.runs.judgement.subjects import Subjects
from app.runs.results.accounts import Accounts

BY_SCORE, BY_NOTHING = -1, -2
NO_TRANSFER = -1


def deciding_rules(policy: Policy, scores: Scores) -> NDArray[np.int64]:
    """The rule that gave each wallet its level, by its place; BY_SCORE, or BY_NOTHING if not raised."""
    decided = np.where(scores.level >= MEDIUM, BY_SCORE, BY_NOTHING)
    open_ = (scores.level >= MEDIUM) & (scores.band < scores.level)
    for number, rule in enumerate(policy.rules):
        if rule.level_at_least is not None:
            raised = open_ & scores.rules[:, number] & (scores.level == LEVELS.index(rule.level_at_least))
            decided[raised] = number
            open_ &= ~raised
    return decided


def deciding_transfers(
    policy: Policy, subjects: Subjects, accounts: Accounts, labels: LabelColumns, scores: Scores
) -> NDArray[np.int64]:
    """The id of the largest transfer between each wallet and one of the category that decided its level.

    NO_TRANSFER where none is direct: then the money came through others.
    """
    decided = deciding_rules(policy, scores)
    flows, wallet = accounts.flows, np.searchsorted(subjects.wallet_id, accounts.wallet_id)
    names = list(policy.categories)
    of_column = [names.index(column_of(name).category) for name in labels.layout.categories]
    of_wallet = np.full(len(subjects.wallet_id) + 1, -1, np.int64)
    ids = np.fromiter(labels.by_wallet, np.int64)
    of_wallet[np.searchsorted(subjects.wallet_id, ids)] = [
        of_column[one.column] for one in labels.by_wallet.values()
    ]
    category = of_wallet[wallet]
    crime = np.array([*(name in policy.crimes for name in names), False])[category]
    best = np.full(len(subjects.wallet_id), NO_TRANSFER, np.int64)
    candidates = []
    for direction, near, far in (
        (SOURCE, flows.receiver_pool, flows.sender_pool),
        (DESTINATION, flows.sender_pool, flows.receiver_pool),
    ):
        at = np.flatnonzero(crime[far])
        if not len(at):
            continue
        mine = wallet[near[at]]
        by = decided[mine]
        shows = (by == BY_SCORE) & (scores.direction[mine] == direction)
        shows &= scores.main_category[mine] == category[far[at]]
        for number, rule in enumerate(policy.rules):
            when = rule.when
            if when.direction in {"any", ("source", "destination")[direction - 1]} and when.hop_at_least == 1:
                places = [names.index(name) for name in when.categories]
                shows |= (by == number) & np.isin(category[far[at]], places)
        candidates.append(np.stack([at[shows], mine[shows]]))
    if not candidates:
        return best
    at, mine = np.concatenate(candidates, axis=1)
    order = np.lexsort((at, -flows.amount[at], -flows.usd[at], mine))
    first_wallets, firsts = np.unique(mine[order], return_index=True)
    best[first_wallets] = accounts.transfer_id[at[order[firsts]]]
    return best
