"""Search: an address leads to its wallet, a transaction hash to its transfers."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.api.dependencies import AppServices
from app.errors import InvalidInput, NotFound
from app.record.transfers import transaction_transfers
from app.record.wallets import find_wallet
from app.runs.naming.named import of_transfers
from app.web.templating import page
from app.web.titles import titles

router = APIRouter()
MAX_TRANSFERS = 500
TransactionHash = Annotated[str, Path(max_length=200)]


@router.get("/search")
def search(services: AppServices, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Redirects to the wallet or the transaction that the text names.

    Raises:
        InvalidInput: the text is empty, or no address or hash looks like it.
        NotFound: no transfer of it is recorded.
        AmbiguousWallet: the address is known on several chains.
    """
    reference = q.strip()
    if not reference:
        raise InvalidInput("Type an address, chain:address or a transaction hash.")
    with services.postgres.transaction(snapshot=True) as connection:
        if transaction_transfers(connection, reference, 1):
            return RedirectResponse(f"/transactions/{quote(reference)}", 303)
        wallet = find_wallet(connection, reference)
    return RedirectResponse(f"/wallets/{quote(f'{wallet.chain}:{wallet.address}')}", 303)


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
