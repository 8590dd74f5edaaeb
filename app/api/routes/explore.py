"""The requests of the explorer: one hop from a wallet, with positions for new wallets."""

from fastapi import APIRouter

from app.api.dependencies import AppServices
from app.api.params import WalletReference
from app.api.responses import errors, example
from app.explorer.neighbours import NEIGHBOURS, Expansion, Neighbours, expand, with_names
from app.record.wallets import find_wallet
from app.runs.naming.named import named_wallet, named_wallets

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
        row = named_wallet(connection, find_wallet(connection, wallet))
    answer = expand(services.graph, row, expansion)
    with services.postgres.transaction() as connection:
        addresses = [each.wallet.address for each in answer.neighbours]
        names = {each.address: each for each in named_wallets(connection, row.chain, addresses)}
    return with_names(answer, names)
