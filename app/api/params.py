"""Parameters that several routes share."""

import re
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator

from app.answers.cursors import MAX_BIGINT
from app.answers.values.moments import Moment
from app.api.targets import slashes
from app.chains.wallet_reference import MAX_REFERENCE_LENGTH

MAX_WAIT_SECONDS = 300
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,9})\s*(?:$|[,;])", re.IGNORECASE)


async def _wait_seconds(
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=N` waits up to N seconds (300 at most) for the end.",
            examples=["wait=60"],
        ),
    ] = None,
) -> int:
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), MAX_WAIT_SECONDS) if match else 0


WaitSeconds = Annotated[int, Depends(_wait_seconds)]
"""How long the client waits for the end of long work: `Prefer: wait=N` (RFC 7240)."""

WALLET_PATTERN = r"^\s*[!-~]+\s*$"
"""In the document alone: what is wrong with a text is said by `app.chains.wallet_reference`."""
WalletReference = Annotated[
    str,
    BeforeValidator(slashes),
    Path(
        description="An address, or `chain:address`, as any wallet software writes it:"
        " EVM addresses and bech32 in any case, Bitcoin Cash with its prefix or in the legacy form.",
        max_length=MAX_REFERENCE_LENGTH,
        json_schema_extra={"pattern": WALLET_PATTERN},
        examples=["ethereum:0x00000000000000000000000000000000000000aa"],
    ),
]
PLAIN_TEXT = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""Text without control characters."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Entries on one page.")]
WithTotal = Annotated[bool, Query(alias="total", description="Also count all entries.")]
Since = Annotated[Moment | None, Query(alias="from", description="Only from this time on (RFC 3339).")]
Until = Annotated[Moment | None, Query(alias="to", description="Only before this time.")]
Asset = Annotated[
    str | None, Query(min_length=1, max_length=100, pattern=PLAIN_TEXT, description="Only of this asset.")
]
Counterparty = Annotated[
    str | None,
    Query(
        max_length=MAX_REFERENCE_LENGTH,
        json_schema_extra={"pattern": WALLET_PATTERN},
        description="Only with this wallet, an address of the same chain.",
    ),
]
LeastUsd = Annotated[
    Decimal | None,
    Query(
        ge=0, le=10**18, max_digits=40, description="Only of this value in USD or more; none without a price."
    ),
]
LeastUnits = Annotated[
    Decimal | None,
    Query(
        ge=0, le=10**60, max_digits=80, description="Only of this amount or more, in the asset's own unit."
    ),
]
PageCursor = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[A-Za-z0-9_-]+={0,2}$", description="`next` of the previous page."),
]
"""As pages send it; lists of the API take `app.api.list_cursor.Cursor`."""
RunQuery = Query(ge=1, le=MAX_BIGINT)
"""Of the id of a run in a query string."""
RunId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]


async def _no_null_body(request: Request) -> None:
    """An optional body is there or not; FastAPI takes `null` for an absent one."""
    if (await request.body()).strip() == b"null":
        raise RequestValidationError([{"loc": ("body",), "type": "null_body", "msg": "Leave the body out."}])


NoNullBody = Depends(_no_null_body)
