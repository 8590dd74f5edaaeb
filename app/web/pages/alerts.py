"""The pages of alerts: the list with filters, and one alert with its causes."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.alerts.listing import AlertFilter, change_alert, list_alerts, read_alert_detail
from app.answers.cursors import MAX_BIGINT
from app.answers.names import AlertOutcome, AlertStatus
from app.api.dependencies import AppServices
from app.api.params import PageCursor
from app.policy.policy import load_policy
from app.web.notices import notices
from app.web.templating import page

router = APIRouter()
ALERTS_PER_PAGE = 50
AlertId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]
Decision = Literal["open", "in_review", "confirmed", "false_positive", "no_action"]


@router.get("/alerts")
def alerts_page(
    request: Request,
    services: AppServices,
    *,
    status: Annotated[AlertStatus | Literal[""], Query()] = "",
    rule: Annotated[str, Query(max_length=40)] = "",
    cursor: PageCursor = None,
) -> HTMLResponse:
    """One page of alerts, newest first; an empty filter matches all."""
    filters = {"status": status, "rule": rule}
    in_use = {name: value for name, value in filters.items() if value}
    only = AlertFilter(status=status or None, rule=rule or None)
    with services.postgres.transaction(snapshot=True) as connection:
        listed = list_alerts(connection, ALERTS_PER_PAGE, cursor, only, with_total=True)
        said = notices(connection, services.settings)
    following = None if listed.next is None else f"/alerts?{urlencode(in_use | {'cursor': listed.next})}"
    return page(
        request,
        "alerts/list.html",
        alerts=listed.alerts,
        total=listed.total,
        rules=[each.name for each in load_policy(services.settings.policy_file).alerts],
        filters=filters,
        is_filtered=bool(in_use),
        next_url=following,
        notices=said,
    )


@router.get("/alerts/{alert_id}")
def alert_page(request: Request, services: AppServices, alert_id: AlertId) -> HTMLResponse:
    """One alert with its causes, and the reasons as they were when it opened."""
    with services.postgres.transaction(snapshot=True) as connection:
        alert = read_alert_detail(connection, alert_id)
    reasons = [str(each.get("sentence", "")) for each in alert.evidence.get("reasons", [])]
    return page(request, "alerts/alert.html", alert=alert, reasons=reasons)


@router.post("/alerts/{alert_id}")
def decide(
    services: AppServices,
    alert_id: AlertId,
    decision: Annotated[Decision, Form()],
    note: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Sets it in review, opens it again, or closes it with an outcome; an empty note keeps the old one."""
    status, outcome = _DECISIONS[decision]
    with services.postgres.transaction() as connection:
        change_alert(connection, alert_id, status, outcome, note.strip() or None)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


_DECISIONS: dict[Decision, tuple[AlertStatus, AlertOutcome | None]] = {
    "open": ("open", None),
    "in_review": ("in_review", None),
    "confirmed": ("closed", "confirmed"),
    "false_positive": ("closed", "false_positive"),
    "no_action": ("closed", "no_action"),
}
