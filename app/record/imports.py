"""Imports of files: each with an identity that its messages carry, so that it can be undone (decision 37)."""

import json
from datetime import datetime
from secrets import token_hex
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy import Connection, Row, text
from typing_extensions import TypeAliasType

from app.answers.base import EXAMPLE_TIME, TOTAL, Answer
from app.answers.cursors import MAX_BIGINT, decode_cursor, encode_cursor
from app.errors import InvalidInput, NotFound

ImportState = TypeAliasType("ImportState", Literal["interrupted", "published", "undoing", "undone"])
ID_BYTES: Final = 6

_ADD = text("""
    INSERT INTO imports (import_id, digest, source, messages, is_of_blocks)
    VALUES (:import_id, :digest, :source, :messages, :is_of_blocks)
    ON CONFLICT (digest) WHERE undone_at IS NULL DO NOTHING
""")
_OF_DIGEST = text("SELECT import_id FROM imports WHERE digest = :digest AND undone_at IS NULL")
_PUBLISHED = text("""
    UPDATE imports SET published_at = clock_timestamp(), offsets = CAST(:offsets AS jsonb)
    WHERE import_id = :import_id
""")
_UNDO = text("""
    UPDATE imports SET undone_at = coalesce(undone_at, clock_timestamp()) WHERE import_number = :import_number
""")
_WITHDRAWN = text("""
    UPDATE imports SET withdrawn_at = clock_timestamp()
    WHERE import_number = :import_number AND undone_at IS NOT NULL AND withdrawn_at IS NULL
""")
_UNDOING = text("""
    SELECT import_number FROM imports WHERE undone_at IS NOT NULL AND withdrawn_at IS NULL
    ORDER BY import_number
""")
_COLUMNS = """
    import_number, import_id, source, messages, started_at, published_at, undone_at, withdrawn_at
"""
_OF_ID = text(f"""
    SELECT {_COLUMNS} FROM imports WHERE starts_with(import_id, :import_id) ORDER BY import_number LIMIT 2
""")  # noqa: S608 - constants of this file
_LISTED = text(f"""
    SELECT {_COLUMNS} FROM imports WHERE import_number < :before ORDER BY import_number DESC LIMIT :limit
""")  # noqa: S608 - constants of this file
_COUNT = text("SELECT count(*) FROM imports")
_MESSAGES = text("SELECT messages FROM imports WHERE import_number = :import_number")


class ImportedFiles(Answer):
    """One import of a file or a folder."""

    import_id: str = Field(examples=["3f9a2c71d0b4"])
    state: ImportState = Field(
        description="`interrupted`: not all of it was published, import it again; `undoing`: what it said is"
        " being withdrawn."
    )
    path: str | None = Field(description="What was imported.", examples=["export/"])
    messages: int | None = Field(description="Transfers and retractions.", examples=[1_000])
    started_at: datetime
    published_at: datetime | None
    undone_at: datetime | None
    withdrawn_at: datetime | None = Field(description="When all that it said was withdrawn.")


class Imports(Answer):
    """Imports, the latest first."""

    imports: list[ImportedFiles]
    next: str | None = None
    total: int | None = Field(default=None, description=TOTAL)


IMPORT = ImportedFiles(
    import_id="3f9a2c71d0b4",
    state="published",
    path="export/",
    messages=1_000,
    started_at=EXAMPLE_TIME,
    published_at=EXAMPLE_TIME,
    undone_at=None,
    withdrawn_at=None,
)
IMPORTS = Imports(imports=[IMPORT])


def begin_import(
    connection: Connection, digest: str, source: str, messages: int, *, is_of_blocks: bool
) -> str:
    """The identity of the import of these messages: that of an earlier one of the same that is not undone.

    So an import that was interrupted and is run again is one import.
    """
    values = {"digest": digest, "source": source, "messages": messages, "is_of_blocks": is_of_blocks}
    connection.execute(_ADD, {"import_id": token_hex(ID_BYTES), **values})
    return str(connection.execute(_OF_DIGEST, {"digest": digest}).scalar_one())


def end_import(connection: Connection, import_id: str, offsets: list[tuple[int, int, int]]) -> None:
    """All of the import is in Kafka, at these (partition, first offset, last offset)."""
    last: dict[int, int] = {}
    for partition, _, end in offsets:
        last[partition] = max(end, last.get(partition, -1))
    connection.execute(_PUBLISHED, {"import_id": import_id, "offsets": json.dumps(last)})


def find_import(connection: Connection, import_id: str) -> tuple[int, ImportedFiles]:
    """The number and the import of an identity, or of its beginning.

    Raises:
        NotFound: there is none.
        InvalidInput: several begin so, or it is empty.
    """
    rows = connection.execute(_OF_ID, {"import_id": import_id}).all()
    if not rows:
        raise NotFound(f"There is no import {import_id}. `aml imports` lists them.")
    if len(rows) > 1 or not import_id:
        raise InvalidInput(f"Several imports begin with {import_id!r}: `aml imports` lists them.")
    return rows[0].import_number, _import(rows[0])


def imported_messages(connection: Connection, import_number: int) -> int | None:
    """How many transfers and retractions an import has; None where it is not known."""
    messages: int | None = connection.execute(
        _MESSAGES, {"import_number": import_number}
    ).scalar_one_or_none()
    return messages


def undo_import(connection: Connection, import_number: int) -> None:
    """From the end of this transaction on the import says nothing; what it said is withdrawn afterwards.

    Waits for the batches that have its messages.
    """
    connection.execute(_UNDO, {"import_number": import_number})


def end_undo(connection: Connection, import_number: int) -> None:
    """Nothing is left of what the import said."""
    connection.execute(_WITHDRAWN, {"import_number": import_number})


def undoing(connection: Connection) -> list[int]:
    """The numbers of imports of which something may be left to withdraw."""
    return list(connection.execute(_UNDOING).scalars())


def list_imports(
    connection: Connection, *, limit: int = 50, cursor: str | None = None, with_total: bool = False
) -> Imports:
    """A page of the imports, the latest first.

    Raises:
        InvalidInput: the text is not a cursor of this list.
    """
    (before,) = (MAX_BIGINT,) if cursor is None else decode_cursor(cursor, 1)
    rows = connection.execute(_LISTED, {"before": before, "limit": limit + 1}).all()
    page = rows[:limit]
    return Imports(
        imports=[_import(row) for row in page],
        next=encode_cursor(page[-1].import_number) if len(rows) > limit else None,
        total=connection.execute(_COUNT).scalar_one() if with_total else None,
    )


def _import(row: Row[Any]) -> ImportedFiles:
    state: ImportState = (
        "interrupted" if row.published_at is None and row.messages is not None else "published"
    )
    if row.undone_at is not None:
        state = "undoing" if row.withdrawn_at is None else "undone"
    return ImportedFiles(
        import_id=row.import_id,
        state=state,
        path=row.source,
        messages=row.messages,
        started_at=row.started_at,
        published_at=row.published_at,
        undone_at=row.undone_at,
        withdrawn_at=row.withdrawn_at,
    )
