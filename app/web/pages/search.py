"""Search: an address leads to its wallet, a transaction's hash to its transfers."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.api.dependencies import Use
from app.errors import InvalidInput, NotFound
from app.record.transfers import transaction_transfers
from app.record.wallets import find_wallet
from app.web.templating import page

router = APIRouter()
LISTED = 500
TransactionHash = Annotated[str, Path(max_length=200)]


@router.get("/search")
def search(use: Use, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Leads to what is meant.

    Raises:
        InvalidInput, NotFound, AmbiguousWallet: nothing, or several things, are.
    """
    wanted = q.strip()
    if not wanted:
        raise InvalidInput("Type an address, chain:address or a transaction's hash.")
    with use.postgres.transaction(snapshot=True) as connection:
        if transaction_transfers(connection, wanted, 1):
            return RedirectResponse(f"/transactions/{quote(wanted)}", 303)
        wallet = find_wallet(connection, wanted)
    return RedirectResponse(f"/wallets/{quote(f'{wallet.chain}:{wallet.address}')}", 303)


@router.get("/transactions/{transaction_hash}")
def transaction(request: Request, use: Use, transaction_hash: TransactionHash) -> HTMLResponse:
    """The transfers of one transaction.

    Raises:
        NotFound: no transfer of it is recorded.
    """
    with use.postgres.transaction(snapshot=True) as connection:
        transfers = transaction_transfers(connection, transaction_hash, LISTED)
    if not transfers:
        raise NotFound(f"No transfer of the transaction {transaction_hash} is recorded, or it was retracted.")
    return page(request, "transaction.html", transfers=transfers, limit=LISTED)
