"""Writes labels into the record. A changed or removed label is closed and kept; nothing is deleted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.errors import InvalidInput
from app.labels.lists import ListFile, record_lists, require_whole_lists
from app.labels.wallets import OF_WALLET, wallet_parameters
from app.stores.copy_writer import copy_rows
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One source's statement about one wallet; `origin` is where it was read, for messages.

    With a `tag` it is about the user of the address whom the tag names, and not about the wallet.
    """

    chain: str
    address: str
    category: str | None
    name: str
    source: str
    confidence: int
    valid_from: datetime | None
    valid_to: datetime | None
    origin: str
    tag: str | None = None

    @property
    def identity(self) -> tuple[str | None, ...]:
        """The fields that identify the label; its confidence and validity may change."""
        return self.chain, self.address, self.source, self.category, self.name, self.tag


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Labels that an import added, left unchanged, updated in confidence or validity, removed, delisted.

    A delisted one stays, as a listing that has ended.
    """

    added: int
    unchanged: int
    updated: int
    removed: int = 0
    delisted: int = 0


def import_labels(
    postgres: Postgres,
    rows: Iterable[LabelRow],
    categories: Collection[str],
    *,
    replace: bool = False,
    allow_shrink: bool = False,
    listed: Collection[str] = (),
    file: ListFile | None = None,
) -> ImportReport:
    """Writes labels in one transaction. Importing the same labels again changes nothing.

    A label is identified by chain, address, tag, source, category and name; where its confidence or validity
    has changed, the old row is closed and a new one written.

    Args:
        postgres: the record.
        rows: the labels; all are read before anything is written.
        categories: the policy's categories.
        replace: other labels of the same sources are removed, or delisted.
        allow_shrink: it may remove more than a tenth of what a source says.
        listed: the categories whose labels are listings: such a label is not removed but ends now.
        file: where the labels were read from; each of its sources is recorded as a list.

    Raises:
        InvalidInput: a category the policy does not have, one label twice with different values, nothing
            to replace a source with, or a list that would shrink too much.
    """
    labels = _distinct(rows, categories)
    if replace and not labels:
        raise InvalidInput(
            "It holds no label, so it does not say which source to replace. Use `aml labels remove`."
        )
    how = _How(replace, allow_shrink, sorted(listed), file)
    return postgres.run(lambda connection: _write(connection, labels, how))


@dataclass(frozen=True, slots=True)
class _How:
    """How labels are imported, as in `import_labels`."""

    replace: bool
    allow_shrink: bool
    listed: list[str]
    file: ListFile | None


def remove_labels(postgres: Postgres, *, source: str | None = None, wallet: str | None = None) -> int:
    """Records the removal of the labels of a source, of a wallet, or of that source for that wallet.

    Returns how many. An address without its chain means the wallet on every chain.

    Raises:
        InvalidInput: neither a source nor a wallet, or no address looks like this.
    """
    if source is None and wallet is None:
        raise InvalidInput("Say which labels to remove: those of a source, of an address, or of both.")
    parameters = {"source": source, **wallet_parameters(wallet)}

    def work(connection: Connection) -> int:
        return connection.execute(_REMOVE, {**parameters, "moment": _locked_moment(connection)}).rowcount

    return postgres.run(work)


def _distinct(rows: Iterable[LabelRow], categories: Collection[str]) -> list[LabelRow]:
    by_identity: dict[tuple[str | None, ...], LabelRow] = {}
    for row in rows:
        if row.category is not None and row.category not in categories:
            raise InvalidInput(
                f"{row.origin}: the policy has no category {row.category}. Add it, or use one of "
                f"{', '.join(categories)}.",
                name=f"{row.origin}.category",
            )
        first = by_identity.setdefault(row.identity, row)
        if _values(first) != _values(row):
            raise InvalidInput(
                f"{row.origin}: {first.origin} has this label with another confidence or validity. Keep one.",
                name=row.origin,
            )
    return list(by_identity.values())


def _values(row: LabelRow) -> tuple[object, ...]:
    return row.confidence, row.valid_from, row.valid_to


def _locked_moment(connection: Connection) -> datetime:
    """Locks out other writers of labels, and returns the moment of this change.

    The moment is taken after the lock, so that the labels as of a time never change later.
    """
    connection.execute(text("LOCK TABLE labels IN SHARE ROW EXCLUSIVE MODE"))
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _write(connection: Connection, labels: list[LabelRow], how: _How) -> ImportReport:
    now = _locked_moment(connection)
    moment = {"moment": now, "listed": how.listed}
    connection.execute(_CREATE_IMPORTED)
    rows = (
        (r.chain, r.address, r.tag, r.category, r.name, r.source, r.confidence, r.valid_from, r.valid_to)
        for r in labels
    )
    copy_rows(connection, "imported_labels", _COLUMNS, rows)
    # What a list no longer has is looked up label by label.
    connection.execute(text("CREATE INDEX ON imported_labels (chain, address)"))
    connection.execute(text("ANALYZE imported_labels"))
    if how.replace and not how.allow_shrink:
        require_whole_lists(connection.execute(_ABSENT, moment).all())
    updated = connection.execute(_CLOSE_CHANGED, moment).rowcount
    inserted = connection.execute(_INSERT_NEW, moment).rowcount
    delisted = removed = 0
    if how.replace:
        delisted = connection.execute(_DELIST_ABSENT, moment).rowcount
        removed = connection.execute(_CLOSE_ABSENT, moment).rowcount
    if how.file is not None:
        record_lists(connection, how.file, labels, how.listed, now)
    return ImportReport(inserted - updated, len(labels) - inserted, updated, removed, delisted)


_COLUMNS = ("chain", "address", "tag", "category", "name", "source", "confidence", "valid_from", "valid_to")
_CREATE_IMPORTED = text("""
    CREATE TEMP TABLE imported_labels (
        chain text, address text, tag text, category text, name text, source text, confidence smallint,
        valid_from timestamptz, valid_to timestamptz
    ) ON COMMIT DROP
""")
_CLOSE_CHANGED = text("""
    UPDATE labels l SET removed_at = :moment FROM imported_labels i
    WHERE l.removed_at IS NULL AND l.chain = i.chain AND l.address = i.address AND l.source = i.source
    AND l.name = i.name AND l.category IS NOT DISTINCT FROM i.category
        AND l.tag IS NOT DISTINCT FROM i.tag
    AND (l.confidence, l.valid_from, l.valid_to) IS DISTINCT FROM (i.confidence, i.valid_from, i.valid_to)
""")
_INSERT_NEW = text("""
    INSERT INTO labels
        (chain, address, tag, category, name, source, confidence, valid_from, valid_to, recorded_at)
    SELECT i.*, :moment FROM imported_labels i WHERE NOT EXISTS (
        SELECT FROM labels l
        WHERE l.removed_at IS NULL AND l.chain = i.chain AND l.address = i.address AND l.source = i.source
        AND l.name = i.name AND l.category IS NOT DISTINCT FROM i.category
        AND l.tag IS NOT DISTINCT FROM i.tag
    )
""")
_IS_ABSENT = """
    l.removed_at IS NULL AND l.source IN (SELECT source FROM imported_labels) AND NOT EXISTS (
        SELECT FROM imported_labels i
        WHERE l.chain = i.chain AND l.address = i.address AND l.source = i.source
        AND l.name = i.name AND l.category IS NOT DISTINCT FROM i.category
        AND l.tag IS NOT DISTINCT FROM i.tag
    )
"""
_IS_LISTING = "coalesce(l.category = ANY(CAST(:listed AS text[])), false)"
_HAS_ENDED = f"({_IS_LISTING} AND coalesce(l.valid_to <= :moment, false))"
"""A listing that has ended is in no list any more, and stays."""
_ABSENT = text(f"""
    SELECT l.source, count(*) AS labels, count(*) FILTER (WHERE {_IS_ABSENT}) AS absent
    FROM labels l WHERE l.removed_at IS NULL AND l.source IN (SELECT source FROM imported_labels)
      AND NOT {_HAS_ENDED}
    GROUP BY l.source ORDER BY l.source
""")  # noqa: S608 - constants of the code
_DELIST_ABSENT = text(f"""
    WITH closed AS (
        UPDATE labels l SET removed_at = :moment WHERE {_IS_ABSENT} AND {_IS_LISTING} AND NOT {_HAS_ENDED}
          AND coalesce(l.valid_from < :moment, true)
        RETURNING l.chain, l.address, l.tag, l.category, l.name, l.source, l.confidence, l.valid_from
    )
    INSERT INTO labels
        (chain, address, tag, category, name, source, confidence, valid_from, valid_to, recorded_at)
    SELECT *, CAST(:moment AS timestamptz), CAST(:moment AS timestamptz) FROM closed
""")  # noqa: S608 - likewise
_CLOSE_ABSENT = text(f"""
    UPDATE labels l SET removed_at = :moment WHERE {_IS_ABSENT} AND NOT {_HAS_ENDED}
""")  # noqa: S608 - likewise
_REMOVE = text(f"""
    UPDATE labels SET removed_at = :moment WHERE removed_at IS NULL
    AND source = coalesce(:source, source) AND {OF_WALLET}
""")  # noqa: S608 - a constant of the code
