"""The page that screens: one field, or a file; what it answers, and what was screened before."""

import csv
import io
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from app.answers.screenings import Screening
from app.api.dependencies import AppServices, Services
from app.api.params import PageCursor
from app.api.routes.screenings import ScreeningId
from app.chains.tags import is_tag
from app.errors import InvalidInput
from app.policy.policy import load_policy
from app.screening import store
from app.screening.files import OUT_COLUMNS, out_row, read_subjects
from app.screening.store import ScreeningFilter
from app.screening.subjects import MAX_SUBJECTS, WalletSubject
from app.web.drawing.palette import palette
from app.web.templating import page

router = APIRouter()
SCREENINGS_PER_PAGE = 25
MAX_FILE_BYTES = 60_000
"""As large as a body of a page may be (64 KiB); `aml screen --file` reads larger ones."""
_TOO_MANY = f"A file on this page has up to {MAX_SUBJECTS} lines: `aml screen --file` reads longer ones."


@router.get("/screenings")
def screenings_page(request: Request, services: AppServices, *, cursor: PageCursor = None) -> HTMLResponse:
    """The field, the file upload, and the latest screenings."""
    with services.postgres.transaction(snapshot=True) as connection:
        listed = store.page(connection, ScreeningFilter(), SCREENINGS_PER_PAGE, cursor)
    return page(request, "screenings/page.html", listed=listed, is_first=cursor is None)


@router.post("/screenings")
def screen(
    services: AppServices,
    address: Annotated[str, Form(max_length=500)] = "",
    customer_reference: Annotated[str, Form(max_length=200)] = "",
    tag: Annotated[str, Form(max_length=256)] = "",
) -> Response:
    """Screens what the field holds, and leads to the answer.

    Raises:
        InvalidInput: the field is empty, or the reference or the tag has a control character.
    """
    if not address.strip():
        raise InvalidInput("Type an address, chain:address, or paste an explorer's URL.")
    reference = customer_reference.strip() or None
    if reference is not None and not reference.isprintable():
        raise InvalidInput("A reference has no control characters.")
    tag = tag.strip()
    if tag and not is_tag(tag):
        raise InvalidInput("A tag has up to 256 printable characters.")
    subject = WalletSubject(type="wallet", address=address, tag=tag or None, customer_reference=reference)
    (screening,) = services.screener.screen([subject])
    return RedirectResponse(f"/screenings/{screening.screening_id}", 303)


@router.post("/screenings/file")
def screen_file(services: AppServices, file: Annotated[UploadFile, File()]) -> Response:
    """Screens a CSV file, or an address a line, and answers with a CSV file.

    Raises:
        InvalidInput: it is no text, no CSV, or has too many lines.
    """
    body = file.file.read(MAX_FILE_BYTES + 1)
    try:
        lines = body.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"The file cannot be read as UTF-8 text: {exc}.") from exc
    asked = list(islice(read_subjects(lines, "the file"), MAX_SUBJECTS + 1))
    if len(asked) > MAX_SUBJECTS or len(body) > MAX_FILE_BYTES:
        raise InvalidInput(_TOO_MANY)
    subjects = [subject for _, _, subject in asked if not isinstance(subject, str)]
    answers = iter(services.screener.screen(subjects, cause="batch"))
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(OUT_COLUMNS)
    for line, reference, subject in asked:
        writer.writerow(out_row(line, reference, subject if isinstance(subject, str) else next(answers)))
    headers = {"Content-Disposition": 'attachment; filename="screenings.csv"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/screenings/{screening_id}")
def screening_page(request: Request, services: AppServices, screening_id: ScreeningId) -> HTMLResponse:
    """One screening: level, reasons, exposures, labels, and what it was computed from."""
    return _shown(request, services, services.screener.answered(screening_id))


def _shown(request: Request, services: Services, screening: Screening) -> HTMLResponse:
    looks = palette(load_policy(services.settings.policy_file))
    return page(request, "screenings/one.html", screening=screening, looks=looks)
