"""What the explorer asks for: one hop from a wallet, with places for what is new."""

from fastapi import APIRouter

from app.answers.base import WalletName
from app.api.dependencies import Use
from app.api.params import WalletReference
from app.api.problems import documented
from app.api.responses import answers
from app.explorer.neighbours import NEIGHBOURS, Expansion, Neighbours, expand
from app.record.wallets import find_wallet

router = APIRouter(tags=["explorer"])


@router.post(
    "/explore/{wallet}", responses=answers(200, NEIGHBOURS) | documented(401, 403, 404, 409, 413, 422, 503)
)
def explore(use: Use, wallet: WalletReference, asked: Expansion) -> Neighbours:
    """Who paid this wallet, or whom it paid: those with most value, and a sum of the others.

    Wallets that are shown keep their places; new ones get free ones in the next column.
    """
    with use.postgres.transaction() as connection:
        found = find_wallet(connection, wallet)
    return expand(use.graph, WalletName(chain=found.chain, address=found.address), asked)
