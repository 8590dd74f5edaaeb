"""The wallets of a run, and what their labels make of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.labels.effective import EffectiveLabel
from app.policy.policy import Policy


@dataclass(frozen=True)
class Subjects:
    """One place of each array a wallet, by wallet_id.

    `own` is the place in the policy's categories of what the wallet is by a firm label that holds, -1 without
    one; `labelled` says whether it has any label with a category, `weak_crime` whether a weak one says crime.
    """

    wallet_id: NDArray[np.int64]
    own: NDArray[np.int16]
    labelled: NDArray[np.bool_]
    weak_crime: NDArray[np.bool_]

    def is_crime(self, policy: Policy) -> NDArray[np.bool_]:
        """Which of them a firm label names a criminal."""
        return self._are("crime", policy)

    def is_service(self, policy: Policy) -> NDArray[np.bool_]:
        """Which of them a firm label names a service."""
        return self._are("service", policy)

    def _are(self, kind: str, policy: Policy) -> NDArray[np.bool_]:
        kinds = [category.kind == kind for category in policy.categories.values()]
        return np.array([*kinds, False])[self.own]  # the last is that of -1


def subjects_of(
    wallet_id: NDArray[np.int64], effective: Iterable[EffectiveLabel], policy: Policy
) -> Subjects:
    """Wallets, by rising id, with their labels."""
    own = np.full(len(wallet_id), -1, np.int16)
    labelled, weak_crime = (np.zeros(len(wallet_id), np.bool_) for _ in range(2))
    index = {name: number for number, name in enumerate(policy.categories)}
    labels = [label for label in effective if label.wallet_id is not None]
    ids = np.array([label.wallet_id for label in labels], np.int64)
    places = np.searchsorted(wallet_id, ids)
    for label, place in zip(labels, places.tolist(), strict=True):
        if place < len(wallet_id) and wallet_id[place] == label.wallet_id:
            labelled[place] = label.category in index
            weak_crime[place] = label.weak_crime
            if label.firm and label.own_category in index:
                own[place] = index[label.own_category]
            elif label.ended and label.other_category in index:
                own[place] = index[label.other_category]
    return Subjects(wallet_id, own, labelled, weak_crime)
