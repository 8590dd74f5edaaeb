"""The tables that are written as files, how each is divided into parts, and the SQL that reads them.

A part is a file: transfers by chain and range of blocks, other tables by range of their keys. What a run
stores, what people decided and what the graph holds are no part of it: `aml backup` has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Identity, TextClause, text
from sqlalchemy.types import Boolean, Date, DateTime, Double, Integer, SmallInteger, TypeEngine

from app.stores import models
from app.stores.models import Base

KEYS_A_PART = 1_000_000
"""Keys in a file of a table other than transfers."""
TRANSFERS = "transfers"
_LEFT_OUT = {"batches": {"projected_at"}}
"""What is of the graph beside this record, and not of the record."""

ColumnKind = str
"""How a file keeps a column: int64, int32, int16, double, bool, timestamp, date, or PostgreSQL's text."""


@dataclass(frozen=True)
class FileColumn:
    """A column of a file: its name, its kind, and the table of the record that has it."""

    name: str
    kind: ColumnKind
    table: str


@dataclass(frozen=True)
class FileTable:
    """A table of files; `source` is what it is read from, `chain` and `part` which part a row is in.

    `of_kafka`: it says what was read of one Kafka, and means nothing beside another one.
    """

    name: str
    columns: tuple[FileColumn, ...]
    source: str
    order: str
    chain: str = "''"
    part: str = "0"
    of_kafka: bool = False
    targets: tuple[str, ...] = field(default=())

    def of_target(self, table: str) -> list[FileColumn]:
        """The columns that this table of the record gets."""
        return [column for column in self.columns if table == column.table]


def _kind(column_type: TypeEngine[object]) -> ColumnKind:
    if isinstance(column_type, SmallInteger):
        return "int16"
    if isinstance(column_type, DateTime):
        return "timestamp"
    for type_, kind in ((Boolean, "bool"), (Date, "date"), (Double, "double")):
        if isinstance(column_type, type_):
            return kind
    if isinstance(column_type, Integer):
        return "int64" if column_type.__class__.__name__ == "BigInteger" else "int32"
    return "text"


def _columns(model: type[Base], without: frozenset[str] = frozenset()) -> tuple[FileColumn, ...]:
    name = model.__tablename__
    without |= frozenset(_LEFT_OUT.get(name, ()))
    columns = [one for one in model.__table__.columns if one.name not in without]
    return tuple(FileColumn(one.name, _kind(one.type), name) for one in columns)


def _table(model: type[Base], key: str | None = None, *, of_kafka: bool = False) -> FileTable:
    """A table by ranges of an integer key, or as one file, in the order of its primary key."""
    name = model.__tablename__
    keys = ", ".join(f'"{column.name}"' for column in model.__table__.primary_key.columns)  # type: ignore[attr-defined]
    part = "0" if key is None else f"{key} / {KEYS_A_PART}"
    return FileTable(name, _columns(model), name, keys, part=part, of_kafka=of_kafka, targets=(name,))


_TRANSFERS = FileTable(
    TRANSFERS,
    (*_columns(models.Transaction), *_columns(models.Flow, frozenset({"transfer_id"}))),
    "transactions JOIN unnest(CAST(:chains AS text[]), CAST(:blocks AS bigint[]))"
    " AS widths (of_chain, blocks) ON of_chain = chain LEFT JOIN flows USING (transfer_id)",
    'chain COLLATE "C", block_number, transaction_index, transfer_index, transaction_hash COLLATE "C",'
    " transfer_id",
    chain="chain",
    part="block_number / blocks",
    targets=("transactions", "flows"),
)
TABLES: Mapping[str, FileTable] = {
    table.name: table
    for table in (
        _table(models.Batch, "batch_id"),
        _table(models.IngestedWallet, "wallet_id"),
        _table(models.Asset),
        _table(models.Pool, "pool_id"),
        _TRANSFERS,
        _table(models.Absence, "transfer_id"),
        _table(models.IngestedRetraction, "retraction_id"),
        _table(models.Import),
        _table(models.ImportWord, "transfer_id"),
        _table(models.Label, "label_id"),
        _table(models.LabelList),
        _table(models.Price, "price_id"),
        _table(models.RegisteredAsset, "entry_id"),
        _table(models.IngestionState, of_kafka=True),
        _table(models.Duplicates, of_kafka=True),
        _table(models.DeadLetter, of_kafka=True),
        _table(models.Hole, of_kafka=True),
        _table(models.Count, of_kafka=True),
        _table(models.Refusals, of_kafka=True),
        _table(models.Adapter, of_kafka=True),
        _table(models.AdapterToken, of_kafka=True),
    )
}


def _quoted(name: str) -> str:
    return f'"{name}"'


def _line(table: FileTable) -> str:
    """The text that a row is digested as: every value as PostgreSQL writes it, null unlike an empty text."""
    return f"md5(ROW({', '.join(_quoted(column.name) for column in table.columns)})::text)"


def _digests(table: FileTable) -> TextClause:
    """Count and digest of each part; halves of MD5 are summed, so nothing is sorted (app.runs.digests)."""
    return text(f"""
        SELECT chain, part, count(*) AS rows,
            coalesce(sum(('x' || left(line, 16))::bit(64)::bigint), 0) AS high,
            coalesce(sum(('x' || right(line, 16))::bit(64)::bigint), 0) AS low
        FROM (SELECT {table.chain} AS chain, {table.part} AS part, {_line(table)} AS line FROM {table.source}
              OFFSET 0) AS lines
        GROUP BY chain, part ORDER BY chain COLLATE "C", part
    """)  # noqa: S608 - names of the code's own tables and columns


DIGESTS: Mapping[str, TextClause] = {name: _digests(table) for name, table in TABLES.items()}


def select_parts(table: FileTable) -> str:
    """SQL of the rows of some parts, each behind its part; psycopg2's parameters, for COPY."""
    source = table.source
    for name in ("chains", "blocks"):
        source = source.replace(f":{name}", f"%({name})s")
    columns = ", ".join(_as_file(column) for column in table.columns)
    return f"""
        SELECT {table.chain} AS of_chain_part, {table.part} AS part_number, {columns}
        FROM {source}
        WHERE ({table.chain}, {table.part}) IN (
            SELECT * FROM unnest(CAST(%(part_chains)s AS text[]), CAST(%(parts)s AS bigint[])))
        ORDER BY {table.order}
    """  # noqa: S608 - likewise


def _as_file(column: FileColumn) -> str:
    name = _quoted(column.name)
    return f"(extract(epoch FROM {name}) * 1000000)::bigint" if column.kind == "timestamp" else name


def identities() -> list[tuple[str, str]]:
    """Tables of the record with a column that counts up by itself, and that column."""
    return [
        (target, column.name)
        for table in TABLES.values()
        for target in table.targets
        for column in Base.metadata.tables[target].columns
        if isinstance(column.server_default, Identity)
    ]
