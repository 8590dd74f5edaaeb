"""The requests of the explorer: one hop from a wallet, with positions for new wallets."""

from fastapi import APIRouter

from app.answers.base import WalletName
from app.api.dependencies import AppServices
from app.api.params import WalletReference
from app.api.responses import errors, example
from app.explorer.neighbours import NEIGHBOURS, Expansion, Neighbours, expand
from app.record.wallets import find_wallet

router = APIRouter(tags=["explorer"])


@router.post(
    "/explore/{wallet}",
    responses=example(200, NEIGHBOURS) | errors(404, 409, 504),
)
def expand_wallet(services: AppServices, wallet: WalletReference, expansion: Expansion) -> Neighbours:
    """The senders or receivers of a wallet: those with the most value, and a sum of the others.

    Wallets that are shown keep their positions; new ones get free positions in the next column.
    """
    with services.postgres.transaction() as connection:
        row = find_wallet(connection, wallet)
    return expand(services.graph, WalletName(chain=row.chain, address=row.address), expansion)
