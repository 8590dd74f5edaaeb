"""The lists that labels came from: recorded with each import, named by answers, stale when not read."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, text

from app.answers.lists import ListName, Lists, RecordedList
from app.errors import InvalidInput

if TYPE_CHECKING:
    from app.labels.store import LabelRow

LARGEST_LOSS: Final = 0.1
"""Part of a list that an import may remove without being told so."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """Where labels were read from: an address or the name of a file, and the SHA-256 of its bytes."""

    origin: str
    digest: str


def list_file(path: Path, origin: str | None = None) -> ListFile:
    """The file, or the files of a folder, with their digest.

    A folder's digest is of its files' digests and names, as `sha256sum` writes them, sorted by name.
    """
    if not path.is_dir():
        return ListFile(origin or path.name, _digest(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{_digest(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return ListFile(origin or path.name, sha256("".join(lines).encode()).hexdigest())


def record_lists(
    connection: Connection,
    file: ListFile,
    labels: Sequence["LabelRow"],
    listed: Collection[str],
    moment: datetime,
) -> None:
    """Records each source of an import as a list; one with the same content is only marked as read."""
    entries = Counter(label.source for label in labels)
    listings = {label.source for label in labels if label.category in listed}
    for source, number in sorted(entries.items()):
        parameters: dict[str, object] = {
            "source": source,
            "origin": file.origin,
            "digest": file.digest,
            "entries": number,
            "is_listing": source in listings,
            "moment": moment,
        }
        if not connection.execute(_CHECKED, parameters).rowcount:
            connection.execute(_RECORD, parameters)


def require_whole_lists(absent: Sequence[Row[Any]]) -> None:
    """Refuses an import that would remove more than a tenth of what a source says.

    Args:
        absent: source, current labels, and how many of them the import does not hold.

    Raises:
        InvalidInput: it would; the message says how much of which.
    """
    losses = [
        f"{row.absent} of {row.labels} labels of {row.source}"
        for row in absent
        if row.absent > row.labels * LARGEST_LOSS
    ]
    if losses:
        raise InvalidInput(
            f"It would remove {', '.join(losses)}: more than a tenth. A list that was cut off looks like"
            " this. If it is whole, say --allow-shrink. Nothing was imported."
        )


def list_names(connection: Connection, as_of: datetime) -> list[ListName]:
    """The lists as they were at a time, by source."""
    rows = connection.execute(_AS_OF, {"as_of": as_of})
    return [ListName.model_validate(row, from_attributes=True) for row in rows]


def recorded_lists(connection: Connection, max_age_days: float) -> Lists:
    """Every list as it is now; one with listings that was not read for so many days is stale (0: never)."""
    rows = connection.execute(_CURRENT, {"max_age_days": max_age_days})
    lists = [RecordedList.model_validate(row, from_attributes=True) for row in rows]
    return Lists(lists=lists, max_age_days=max_age_days)


def stale_lists(connection: Connection, max_age_days: float) -> list[str]:
    """The sources of the lists that are stale, as in `recorded_lists`."""
    return [each.source for each in recorded_lists(connection, max_age_days).lists if each.stale]


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be read: {exc.strerror}.") from exc


_CHECKED = text("""
    UPDATE label_lists SET checked_at = :moment, origin = :origin
    WHERE list_id = (SELECT max(list_id) FROM label_lists WHERE source = :source)
      AND digest = :digest AND entries = :entries
""")
_RECORD = text("""
    INSERT INTO label_lists (source, origin, digest, entries, is_listing, recorded_at, checked_at)
    VALUES (:source, :origin, :digest, :entries, :is_listing, :moment, :moment)
""")
_AS_OF = text("""
    SELECT DISTINCT ON (source) source, entries, digest, recorded_at, least(checked_at, :as_of) AS checked_at
    FROM label_lists WHERE recorded_at <= :as_of ORDER BY source, list_id DESC
""")
_CURRENT = text("""
    SELECT DISTINCT ON (source) source, entries, digest, recorded_at, checked_at, origin, is_listing,
        is_listing AND :max_age_days > 0
        AND checked_at < clock_timestamp() - CAST(:max_age_days AS float8) * interval '1 day' AS stale
    FROM label_lists ORDER BY source, list_id DESC
""")
