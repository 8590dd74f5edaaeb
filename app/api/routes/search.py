"""Search over addresses, hashes, names and references."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.answers.search import SEARCH, SearchResults
from app.api.dependencies import AppServices
from app.api.params import PLAIN_TEXT
from app.api.responses import example
from app.investigation.search import search

router = APIRouter(tags=["the record"])
MAX_TEXT = 200


@router.get("/search", responses=example(200, SEARCH))
def search_record(
    services: AppServices,
    *,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_TEXT,
            pattern=PLAIN_TEXT,
            description="An address or its beginning (four characters at least), a transaction hash, words of"
            " a label's name, a customer reference or a reference of yours.",
            examples=["tornado"],
        ),
    ],
    chain: Annotated[
        str | None, Query(max_length=40, pattern=PLAIN_TEXT, description="Only wallets of this chain.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="The most results.")] = 12,
) -> SearchResults:
    """The wallets and transactions that a text names: the exact ones alone where there are any."""
    return search(services.postgres, services.graph, q, chain=chain, limit=limit)
