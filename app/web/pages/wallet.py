"""One wallet: its score and what it is made of, where its money came from and went, and each path."""

from itertools import accumulate
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from app.answers.explanation import Explanation
from app.answers.scores import Contribution
from app.api.dependencies import Services, Use
from app.api.params import WalletReference
from app.domain import format_points
from app.errors import NotFound
from app.explain.explain import explain
from app.explain.listed import parse_points
from app.investigation.browser import guide_url
from app.labels.lookup import label_history
from app.record.transfers import wallet_transfers
from app.record.wallets import find_wallet
from app.runs.history import history
from app.runs.stored_answer import StoredScore, read_stored
from app.web.drawing.charts import contribution_bar, history_chart
from app.web.drawing.hop_picture import hop_picture
from app.web.drawing.hop_rows import assets_of, hop_rows
from app.web.drawing.matrix import matrices
from app.web.drawing.palette import palette
from app.web.drawing.paths import ID_LENGTH, path_id
from app.web.templating import is_fragment, page

router = APIRouter()
TRANSFERS_ON_A_PAGE = 25
RUNS_IN_HISTORY = 50
PATHS_SHOWN = 25

Asset = Annotated[str | None, Query(max_length=128)]


@router.get("/wallets/{wallet}")
def wallet_page(
    request: Request, use: Use, wallet: WalletReference, *, asset: Asset = None, every: bool = False
) -> HTMLResponse:
    """All that is known of a wallet; `asset` chooses the picture, `every` lists every path."""
    with use.postgres.transaction(snapshot=True) as connection:
        stored = read_stored(connection, wallet)
        past = history(connection, wallet, RUNS_IN_HISTORY, None)
        transfers = wallet_transfers(connection, stored.wallet, TRANSFERS_ON_A_PAGE, None)
    name = f"{stored.wallet.chain}:{stored.wallet.address}"
    labels = label_history(use.postgres, name)
    explanation = _explained(use, stored)
    about: dict[str, Any] = {
        "name": name,
        "found": explanation,
        "past": past,
        "transfers": transfers,
        "labels": labels,
    }
    if stored.policy is None or stored.row is None:
        return page(request, "wallet/not_scored.html", **about)
    looks = palette(stored.policy)
    assets = assets_of(explanation)
    chosen = asset if asset in assets else (assets[0] if assets else None)
    rows = [] if chosen is None else hop_rows(explanation, chosen)
    tables = [] if chosen is None else matrices(explanation, chosen)
    decimals = tables[0].decimals if tables else None
    return page(
        request,
        "wallet/page.html",
        **about,
        looks=looks,
        policy=stored.policy,
        running=_running_sums(explanation.contributions),
        bar=contribution_bar(explanation.contributions, stored.policy.bands, looks),
        chart=history_chart(past.scores, stored.policy.bands),
        assets=assets,
        asset=chosen,
        decimals=decimals,
        tables=tables,
        rows=rows,
        picture=hop_picture(
            rows, wallet=explanation.wallet, asset=chosen or "", decimals=decimals, palette=looks
        ),
        guide=guide_url(use.settings, explanation.wallet),
        paths=[(path_id(path), path) for path in explanation.paths],
        shown=len(explanation.paths) if every else PATHS_SHOWN,
    )


@router.get("/wallets/{wallet}/transfers")
def transfers_page(
    request: Request,
    use: Use,
    wallet: WalletReference,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """More of the wallet's transfers: a page of its own, or the rows that follow on the wallet's."""
    with use.postgres.transaction(snapshot=True) as connection:
        found = find_wallet(connection, wallet)
        transfers = wallet_transfers(connection, found, TRANSFERS_ON_A_PAGE, cursor)
    template = "wallet/transfer_rows.html" if is_fragment(request) else "wallet/transfers_page.html"
    return page(request, template, name=f"{found.chain}:{found.address}", transfers=transfers)


@router.get("/wallets/{wallet}/paths/{wanted}")
def path_page(
    request: Request,
    use: Use,
    wallet: WalletReference,
    wanted: Annotated[str, Path(min_length=ID_LENGTH, max_length=ID_LENGTH)],
) -> HTMLResponse:
    """Each transfer of one path.

    Raises:
        NotFound: no listed path of the published run is this one.
    """
    with use.postgres.transaction(snapshot=True) as connection:
        stored = read_stored(connection, wallet)
    explanation = _explained(use, stored)
    for place, path in enumerate(explanation.paths, 1):
        if path_id(path) == wanted:
            assert stored.policy is not None  # noqa: S101 - there are paths, so there is a run
            name = f"{stored.wallet.chain}:{stored.wallet.address}"
            about: dict[str, Any] = {"name": name, "found": explanation, "path": path, "place": place}
            return page(request, "wallet/path.html", **about, looks=palette(stored.policy))
    why = " ".join(explanation.incomplete_reasons) or "Another run may have been published since."
    raise NotFound(f"This path is not among those listed for {wallet} now. {why}")


def _explained(use: Services, stored: StoredScore) -> Explanation:
    name = f"{stored.wallet.chain}:{stored.wallet.address}"
    return explain(use.postgres, use.graph, use.settings, name)


def _running_sums(contributions: list[Contribution]) -> list[str]:
    """The score so far, after each contribution."""
    points = (parse_points(part.points) for part in contributions)
    return [format_points(so_far) for so_far in accumulate(points)]
