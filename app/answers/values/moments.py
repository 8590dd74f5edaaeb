"""Times as requests write them: RFC 3339, with their offset."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator

_rfc3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
).fullmatch


def _moment(value: object) -> datetime:
    """A time in UTC; pydantic would take numbers too, and offsets that PostgreSQL does not."""
    if not isinstance(value, str) or not _rfc3339(value):
        raise ValueError("must be an RFC 3339 time with its offset, such as 2026-01-05T12:00:11Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("is before the year 1 or after 9999 in UTC") from exc


Moment = Annotated[datetime, BeforeValidator(_moment)]
