"""One wallet: its score with all reasons, its sources and destinations, its paths and transfers."""

from itertools import accumulate
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from app.alerts.watched import watched_of
from app.answers.explanation import Explanation
from app.answers.names import Flow
from app.answers.scores import Contribution
from app.api.dependencies import AppServices
from app.api.params import PageCursor, WalletReference
from app.api.turns import HeavyWork
from app.assets.names import asset_names
from app.domain import format_points, parse_points
from app.errors import NotFound
from app.explain.explain import explain_record, read_explainable
from app.investigation.browser import guide_url
from app.labels.lookup import label_history
from app.record.freshness import digest_of_policy
from app.record.transfer_filter import counterparty_of, wallet_assets
from app.record.transfers import tagged_transfers, wallet_transfers
from app.record.wallets import find_wallet
from app.runs.history import history
from app.runs.naming.named import with_names
from app.runs.score_record import ScoreRecord
from app.screening.store import ScreeningFilter
from app.screening.store import page as screenings_page
from app.web.drawing.charts import contribution_bar, history_chart
from app.web.drawing.hop_ends import hop_ends
from app.web.drawing.hop_picture import hop_picture
from app.web.drawing.hop_rows import assets_of, hop_rows
from app.web.drawing.matrix import matrices
from app.web.drawing.palette import palette
from app.web.drawing.paths import ID_LENGTH, id_of_path
from app.web.pages.list_position import list_position
from app.web.pages.transfers_query import TransfersQuery
from app.web.templating import is_fragment, page
from app.web.titles import titles

router = APIRouter()
TRANSFERS_PER_PAGE = 25
RUNS_IN_HISTORY = 50
SCREENINGS_SHOWN = 50
MAX_PATHS_AT_FIRST = 25
DIRECTIONS: tuple[Flow, ...] = ("source", "destination")

Asset = Annotated[str | None, Query(max_length=128)]


@router.get("/wallets/{wallet}", dependencies=[HeavyWork])
def wallet_page(
    request: Request,
    services: AppServices,
    wallet: WalletReference,
    *,
    asset: Asset = None,
    every: bool = False,
    board: Annotated[str | None, Query(alias="list", max_length=1_000)] = None,
) -> HTMLResponse:
    """All that is known about a wallet; `asset` selects the picture, `every` lists every path.

    `list` is the query string of the board that it was opened from.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, wallet, digest_of_policy(services.settings.policy_file))
        record = explainable.record
        past = history(connection, record.wallet, RUNS_IN_HISTORY, None)
        transfers = with_names(
            connection, wallet_transfers(connection, record.wallet, TRANSFERS_PER_PAGE, None)
        )
        labels = label_history(connection, record.name)
        position = list_position(connection, record, board)
        watched = watched_of(connection, record.wallet.chain, record.wallet.address)
        only = ScreeningFilter(wallet_chain=record.wallet.chain, addresses=[record.wallet.address])
        screened = screenings_page(connection, only, SCREENINGS_SHOWN, None).screenings
    explanation = explain_record(services.postgres, services.graph, services.settings, explainable)
    values: dict[str, Any] = {
        **_about(record, explanation),
        "transfers": transfers,
        "asked": TransfersQuery(),
        "labels": labels,
        **titles([*explanation.names, *transfers.names], [*explanation.asset_names, *transfers.asset_names]),
        "watched": watched,
        "screened": screened,
    }
    if record.policy is None or record.row is None:
        return page(request, "wallet/not_scored.html", **values)
    looks = palette(record.policy)
    assets = assets_of(explanation)
    selected = asset if asset in assets else (assets[0] if assets else None)
    rows = [] if selected is None else hop_rows(explanation, selected)
    tables = [] if selected is None else matrices(explanation, selected)
    decimals = tables[0].decimals if tables else None
    return page(
        request,
        "wallet/page.html",
        **values,
        list_position=position,
        looks=looks,
        running_sums=_running_sums(explanation.contributions),
        bar=contribution_bar(explanation.contributions, record.policy.bands, looks),
        past_scores=past.scores,
        chart=history_chart(past.scores, record.policy.bands),
        assets=assets,
        asset=selected,
        decimals=decimals,
        tables=tables,
        rows=rows,
        hop_ends={name: hop_ends(rows, name) for name in DIRECTIONS},
        picture=hop_picture(
            rows, wallet=explanation.wallet, asset=selected or "", decimals=decimals, palette=looks
        ),
        guide=guide_url(services.settings, explanation.wallet),
        paths=[(id_of_path(path), path) for path in explanation.paths],
        path_limit=len(explanation.paths) if every else MAX_PATHS_AT_FIRST,
    )


@router.get("/wallets/{wallet}/transfers")
def transfers_page(
    request: Request,
    services: AppServices,
    wallet: WalletReference,
    cursor: PageCursor = None,
) -> HTMLResponse:
    """The transfers of a wallet that the filters keep: a page, or more rows for one that is open."""
    asked = TransfersQuery.of(request.query_params)
    with services.postgres.transaction(snapshot=True) as connection:
        row = find_wallet(connection, wallet)
        only = asked.only(counterparty_of(connection, row, asked.counterparty))
        if asked.tag is not None:
            listed = tagged_transfers(connection, row, asked.tag, TRANSFERS_PER_PAGE, cursor)
        else:
            listed = wallet_transfers(connection, row, TRANSFERS_PER_PAGE, cursor, only=only)
        transfers = with_names(connection, listed)
        assets = asset_names(connection, row.chain, wallet_assets(connection, row))
    template = "wallet/transfer_rows.html" if is_fragment(request) else "wallet/transfers_page.html"
    return page(
        request,
        template,
        name=str(transfers.wallet),
        transfers=transfers,
        asked=asked,
        assets=assets,
        **titles([*transfers.names, transfers.wallet], [*transfers.asset_names, *assets]),
    )


@router.get("/wallets/{wallet}/paths/{path_id}", dependencies=[HeavyWork])
def path_page(
    request: Request,
    services: AppServices,
    wallet: WalletReference,
    path_id: Annotated[str, Path(min_length=ID_LENGTH, max_length=ID_LENGTH)],
) -> HTMLResponse:
    """Each transfer of one path.

    Raises:
        NotFound: no listed path of the published run has this id.
    """
    with services.postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, wallet, digest_of_policy(services.settings.policy_file))
    record = explainable.record
    explanation = explain_record(services.postgres, services.graph, services.settings, explainable)
    for number, path in enumerate(explanation.paths, 1):
        if id_of_path(path) == path_id:
            assert record.policy is not None  # noqa: S101 - there are paths, so there is a run
            values = _about(record, explanation) | titles(explanation.names, explanation.asset_names)
            return page(
                request, "wallet/path.html", **values, path=path, number=number, looks=palette(record.policy)
            )
    reason = " ".join(explanation.incomplete_reasons) or "Another run may have been published since."
    raise NotFound(f"This path is not among those listed for {wallet} now. {reason}")


def _about(record: ScoreRecord, explanation: Explanation) -> dict[str, Any]:
    """What every page about one wallet shows."""
    return {
        "name": record.name,
        "wallet": explanation.wallet,
        "label": explanation.label,
        "explanation": explanation,
    }


def _running_sums(contributions: list[Contribution]) -> list[str]:
    """The sum of points up to each contribution."""
    points = (parse_points(part.points) for part in contributions)
    return [format_points(total) for total in accumulate(points)]
