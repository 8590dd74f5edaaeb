"""Divides a batch that the record refuses for its content until the message is known; the rest is stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from traceback import format_tb
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError, InvalidEvent, InvalidInput
from app.stores.postgres import is_retryable
from ingest.record.writer import DecodedMessage

log = structlog.get_logger()
T = TypeVar("T")

CONTENT_ERRORS: Final = (
    "21",  # a statement met more rows than it may
    "22",  # a value that its type does not take
    "23",  # a constraint
    "44",  # a view's constraint
    "54",  # a limit of the server: an index row that is too long
    "P0",  # a trigger refuses the row
)
"""Classes of SQLSTATE that come from what is written; all others come from the server."""
MAX_DETAIL: Final = 500
MAX_FRAMES: Final = 3


def is_content_error(exc: BaseException) -> bool:
    """Whether the error comes from what the messages contain, and would come again with the same messages.

    An error of this program's own code counts: one message can meet a case that nobody thought of. If all
    do, the alarm says so (`app.record.dead_letter_alarm`).
    """
    if isinstance(exc, InvalidInput):
        return True
    if is_retryable(exc) or isinstance(exc, (AmlError, OSError, MemoryError)):
        return False
    if isinstance(exc, DBAPIError):
        return (getattr(exc.orig, "pgcode", None) or "").startswith(CONTENT_ERRORS)
    return isinstance(exc, Exception)


def write_divided(
    messages: Sequence[DecodedMessage], write: Callable[[Sequence[DecodedMessage]], T]
) -> Iterator[T]:
    """Writes the messages in order, in one piece or in as many as it takes; yields what each write returns.

    A message that is refused alone is written as a dead letter (`not_storable`).
    """
    try:
        result = write(messages)
    except Exception as exc:
        if not is_content_error(exc):
            raise
        if len(messages) > 1:
            middle = len(messages) // 2
            yield from write_divided(messages[:middle], write)
            yield from write_divided(messages[middle:], write)
            return
        if isinstance(messages[0].event, InvalidEvent):  # as a dead letter it cannot be written either
            raise
        log_refusal(messages[0].partition, messages[0].offset, exc)
        result = write([replace(messages[0], event=InvalidEvent("not_storable", describe(exc)))])
    yield result


def log_refusal(partition: int, offset: int, exc: Exception) -> None:
    """Logs why a message is not storable; of this program's own errors also where, without values."""
    where = {} if isinstance(exc, DBAPIError) else {"where": format_tb(exc.__traceback__)[-MAX_FRAMES:]}
    log.error("message_not_storable", partition=partition, offset=offset, reason=describe(exc), **where)


def describe(exc: Exception) -> str:
    """The first line of the database's reason, or of the program's."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    lines = str(cause).strip().splitlines()
    reason = f"{type(cause).__name__}: {lines[0] if lines else 'no message'}"
    return reason.replace("\0", "")[:MAX_DETAIL]
