"""The explorer's page: one wallet, from which the script requests what it draws."""

import json
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.dependencies import AppServices
from app.api.params import WalletReference
from app.explorer.neighbours import counts
from app.policy.policy import load_policy
from app.runs.score_record import read_score_record
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()


@router.get("/explore/{wallet}")
def explorer_page(request: Request, services: AppServices, wallet: WalletReference) -> HTMLResponse:
    """The wallet with the numbers of its senders and receivers, ready to be drawn."""
    with services.postgres.transaction(snapshot=True) as connection:
        record = read_score_record(connection, wallet)
    address = record.wallet.address
    senders, receivers = counts(services.graph, record.wallet.chain, [address]).get(address, ("?", "?"))
    looks = palette(record.policy or load_policy(services.settings.policy_file))
    return page(
        request,
        "wallet/explorer.html",
        name=record.name,
        wallet=record.score.wallet,
        label=record.score.label,
        looks=json.dumps({name: asdict(look) for name, look in looks.items()}),
        senders=senders,
        receivers=receivers,
    )
