"""The requests of the explorer: one hop from a wallet, and what moved between the wallets that are shown."""

from fastapi import APIRouter

from app.api.dependencies import AppServices
from app.api.params import WalletReference
from app.api.responses import errors, example
from app.assets.names import asset_names
from app.errors import NotFound
from app.explorer.neighbours import NEIGHBOURS, Expansion, Neighbours, expand, with_names
from app.explorer.picture import PICTURE, Picture, PictureRequest, PictureRows
from app.record.wallets import find_wallet
from app.runs.naming.named import named_wallet, named_wallets

router = APIRouter(tags=["explorer"])


@router.post("/explore", responses=example(200, PICTURE) | errors(404, 504))
def get_picture(services: AppServices, request: PictureRequest) -> Picture:
    """The wallets that are shown, what moved between them, and what their expanded sides leave out.

    Filters choose transfers; a flow of which they keep nothing is there with 0 transfers.
    """
    rows = PictureRows(services.graph, request)
    if not rows.wallets:
        raise NotFound(f"The graph knows none of these wallets on {request.chain}.")
    with services.postgres.transaction() as connection:
        names = {each.address: each for each in named_wallets(connection, rows.chain, rows.addresses())}
        return rows.picture(names, asset_names(connection, rows.chain, rows.assets()))


@router.post(
    "/explore/{wallet}",
    responses=example(200, NEIGHBOURS) | errors(404, 409, 504),
)
def expand_wallet(services: AppServices, wallet: WalletReference, expansion: Expansion) -> Neighbours:
    """The senders or receivers of a wallet that are not shown yet: most value first, and the others' sum."""
    with services.postgres.transaction() as connection:
        row = named_wallet(connection, find_wallet(connection, wallet))
    answer = expand(services.graph, row, expansion)
    with services.postgres.transaction() as connection:
        addresses = [each.wallet.address for each in answer.neighbours]
        names = {each.address: each for each in named_wallets(connection, row.chain, addresses)}
    return with_names(answer, names)
