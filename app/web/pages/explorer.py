"""The explorer's page: the wallet in the middle; the script asks for one hop at a time."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import Use
from app.api.params import WalletReference
from app.explorer.neighbours import counts
from app.runs.stored_answer import read_stored
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()


@router.get("/explore/{wallet}")
def explorer_page(request: Request, use: Use, wallet: WalletReference) -> HTMLResponse:
    """The wallet with how many paid it and how many it paid, ready to be expanded."""
    with use.postgres.transaction(snapshot=True) as connection:
        stored = read_stored(connection, wallet)
    address = stored.wallet.address
    senders, receivers = counts(use.graph, stored.wallet.chain, [address]).get(address, ("?", "?"))
    looks = {} if stored.policy is None else palette(stored.policy)
    return page(
        request,
        "wallet/explorer.html",
        name=f"{stored.wallet.chain}:{address}",
        found=stored.score,
        tiers=",".join(f"{name}:{look.tier}" for name, look in looks.items()),
        senders=senders,
        receivers=receivers,
    )
