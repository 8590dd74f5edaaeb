"""Search: what names one wallet or transaction leads there; what names several is a list."""

from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.api.dependencies import AppServices
from app.errors import InvalidInput, NotFound
from app.investigation.found import SearchResult
from app.investigation.search import search
from app.record.transfers import transaction_transfers
from app.record.wallets import find_wallet
from app.runs.naming.named import of_transfers
from app.web.templating import page
from app.web.titles import titles

router = APIRouter()
MAX_TRANSFERS = 500
RESULTS = 50
TransactionHash = Annotated[str, Path(max_length=200)]


@router.get("/search")
def search_page(
    request: Request, services: AppServices, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Redirects to the wallet or the transaction that the text names, or lists several.

    Raises:
        InvalidInput: the text is empty.
        NotFound: the record knows nothing by it.
    """
    found = search(services.postgres, services.graph, q, limit=RESULTS)
    if len(found.results) == 1 and found.results[0].match != "beginning":
        return RedirectResponse(_page_of(found.results[0]), 303)
    if not found.results and not found.incomplete_reasons:
        with services.postgres.transaction() as connection, suppress(InvalidInput):
            find_wallet(connection, q)  # says that it is an address, and that nothing is recorded of it
        raise NotFound(
            f"Nothing in the record begins like, is called or is referred to as {q.strip()[:100]}."
        )
    names = [each.wallet for each in found.results if each.wallet is not None]
    return page(request, "search.html", asked=q.strip(), found=found, **titles(names, []))


def _page_of(result: SearchResult) -> str:
    if result.wallet is not None:
        return f"/wallets/{quote(str(result.wallet))}"
    return f"/transactions/{quote(result.transaction_hash or '')}"


@router.get("/transactions/{transaction_hash}")
def transaction(request: Request, services: AppServices, transaction_hash: TransactionHash) -> HTMLResponse:
    """The transfers of one transaction, at most the first 500.

    Raises:
        NotFound: no transfer of it is recorded.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        transfers = transaction_transfers(connection, transaction_hash, MAX_TRANSFERS)
        names = of_transfers(connection, transfers)
    if not transfers:
        raise NotFound(f"No transfer of the transaction {transaction_hash} is recorded, or it was retracted.")
    return page(request, "transaction.html", transfers=transfers, limit=MAX_TRANSFERS, **titles(*names))
