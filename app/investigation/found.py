"""What a search found: wallets and transactions, each with what matched."""

from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from app.answers.base import MIXER_WALLET, Answer, WalletName

SearchMatch = TypeAliasType(
    "SearchMatch",
    Literal["address", "transaction", "beginning", "name", "customer_reference", "reference"],
)
"""`beginning`: of an address; `reference`: the caller's, of a watched wallet or a screening."""


class SearchResult(Answer):
    """One wallet, or one transaction (`wallet` null)."""

    match: SearchMatch
    wallet: WalletName | None
    transaction_hash: str | None


class SearchResults(Answer):
    """What a text names: the exact first, then beginnings, names and references."""

    results: list[SearchResult]
    is_cut: bool = Field(description="Whether there may be more.")
    incomplete_reasons: list[str] = Field(description="What could not be searched, and why.")


SEARCH = SearchResults(
    results=[
        SearchResult(
            match="name",
            wallet=MIXER_WALLET.model_copy(update={"name": "Example mixer", "name_source": "tagpack"}),
            transaction_hash=None,
        )
    ],
    is_cut=False,
    incomplete_reasons=[],
)
