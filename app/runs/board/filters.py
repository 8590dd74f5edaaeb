"""Which wallets of a run are listed, and in which order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from app.answers.vocabulary import known_word
from app.chains.spellings import known_chain
from app.policy.policy import Policy
from app.runs.judgement.board_columns import FIRST_FLAG

Sort = Literal["score", "risk_level", "crime_usd", "last_seen"]
Order = Literal["desc", "asc"]
SORTS: tuple[Sort, ...] = get_args(Sort)
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Which wallets are listed; None means any.

    `category` is that of the wallet's label or of any of its money, in either direction and any asset;
    `main_category` the one with most of its score, `direction` the one that decided it. `since` and `until`
    find wallets that were seen in that time; `crime_usd` is the least sum from and to crime.
    """

    level: str | None = None
    category: str | None = None
    direction: str | None = None
    flag: str | None = None
    main_category: str | None = None
    chain: str | None = None
    asset: str | None = None
    crime_usd: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self, policy: Policy) -> dict[str, Any]:
        """What the statements of `app.runs.board.statements` need, by the policy of the run.

        Raises:
            InvalidInput: a category or flag that the policy does not have.
            UnknownAddress: a chain that is not known.
        """
        return {
            "level": self.level,
            "category": self.category,
            "direction": self.direction,
            "flag": self.flag,
            "main_category": known_word(
                self.main_category, policy.categories, name="main_category", what="category"
            ),
            "chain": None if self.chain is None else known_chain(self.chain),
            "asset": self.asset,
            "crime_cents": None if self.crime_usd is None else int(self.crime_usd * 100),
            "since": None if self.since is None else int(self.since.timestamp()),
            "until": None if self.until is None else int(self.until.timestamp()),
            "facets": self._facets(policy),
        }

    def _facets(self, policy: Policy) -> list[int] | None:
        facets = []
        if self.category is not None:
            known_word(self.category, policy.categories, name="category", what="category")
            facets.append(list(policy.categories).index(self.category))
        if self.flag is not None:
            known_word(self.flag, policy.flags, name="flag", what="flag")
            facets.append(FIRST_FLAG + policy.flags.index(self.flag))
        return facets or None


ALL_SCORES = ScoreFilter()
