"""The explorer's page: one wallet, from which the script requests one hop at a time."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import AppServices
from app.api.params import WalletReference
from app.explorer.neighbours import counts
from app.runs.score_record import read_score_record
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()


@router.get("/explore/{wallet}")
def explorer_page(request: Request, services: AppServices, wallet: WalletReference) -> HTMLResponse:
    """The wallet with the numbers of its senders and receivers, ready to be expanded."""
    with services.postgres.transaction(snapshot=True) as connection:
        record = read_score_record(connection, wallet)
    address = record.wallet.address
    senders, receivers = counts(services.graph, record.wallet.chain, [address]).get(address, ("?", "?"))
    looks = {} if record.policy is None else palette(record.policy)
    return page(
        request,
        "wallet/explorer.html",
        name=record.name,
        wallet=record.score.wallet,
        label=record.score.label,
        tiers=",".join(f"{name}:{look.tier}" for name, look in looks.items()),
        senders=senders,
        receivers=receivers,
    )
