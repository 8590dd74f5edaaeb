"""Labels from other people's lists: CSV of any columns, JSON of addresses or records, an address a line."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.chains.tags import is_tag, split_tag
from app.domain import ByteProgress
from app.errors import InvalidInput
from app.file_kinds import delimiter_of, is_delimiter_line, refuse_repeated
from app.input_files import read_text_lines
from app.labels.readers.currencies import wallet_of
from app.labels.readers.files import every_line, one_line
from app.labels.readers.unusable import skip
from app.labels.store import LabelRow
from app.plain_json import read_json

NAMES: Final = {
    "address": (
        "address", "addr", "wallet", "wallet_address", "account", "identifier", "banned_address",
        "contract_address", "_user", "user", "blacklisted_address",
    ),
    "chain": ("chain", "network", "blockchain", "currency", "ticker", "asset"),
    "name": (
        "name", "label", "wallet_tag", "etherscan_tag", "contract_tag", "tag", "entity", "title", "comment",
        "description", "reason",
    ),
    "category": ("category",),
    "source": ("source", "data_source"),
    "confidence": ("confidence",),
    "valid_from": ("valid_from",),
    "valid_to": ("valid_to",),
    "tag": ("destination_tag", "dest_tag", "dt", "memo", "memo_id", "address_tag"),
}  # fmt: skip
"""Columns and members by what they mean, the first that is there is read."""
DEFAULT_CONFIDENCE: Final = 50
MAX_CONFIDENCE: Final = 100
_percent = re.compile(r"[0-9]{1,3}").fullmatch

Row = tuple[str, dict[str, object]]
"""Where a record stands, and its members."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list does not say itself; `columns` maps a meaning (`NAMES`) to the column that has it.

    `chain` is a chain or a currency. Without a category labels only name their wallets.
    """

    chain: str | None = None
    category: str | None = None
    source: str | None = None
    name: str | None = None
    confidence: int = DEFAULT_CONFIDENCE
    columns: Mapping[str, str] = field(default_factory=dict)


def read_list(
    path: Path,
    options: ListOptions,
    *,
    skipped: Counter[str],
    progress: ByteProgress | None = None,
) -> Iterator[LabelRow]:
    """The labels of a list.

    CSV with a header (`,` or `;`), JSON (a list of addresses or of records, or of either under a key), or
    text with an address a line and `#` before comments. A name is that of the record, else of the options,
    else the source; a source is that of the options, else of the record, else the name of the file.

    Raises:
        InvalidInput: damaged, without a column of addresses, or without a chain; names file and line.
    """
    unknown = sorted(options.columns.keys() - NAMES.keys())
    if unknown:
        raise InvalidInput(f"A column may mean {', '.join(NAMES)}; {', '.join(unknown)} is none of these.")
    for origin, record in _rows(path, options, progress):
        fields = _meanings(record, options)
        address = fields.get("address", "")
        if not address:
            skip(skipped, "no_address", origin, " ".join(str(value) for value in record.values()))
            continue
        chain = fields.get("chain") or options.chain
        if not chain:
            raise InvalidInput(
                f"{origin}: the list does not say which chain its addresses are on. Say it with --chain, for"
                " example --chain ethereum."
            )
        written, tag = split_tag(address)
        wallet = wallet_of(chain, written, skipped, origin=origin)
        if wallet is None:
            continue
        tag = _tag(fields["tag"]) if "tag" in fields else tag
        if tag is not None and not is_tag(tag):
            skip(skipped, "bad_tag", origin, f"{address} {tag}")
            continue
        source = options.source or fields.get("source") or one_line(path.name.split(".")[0])
        yield LabelRow(
            *wallet,
            fields.get("category") or options.category,
            fields.get("name") or options.name or source,
            source,
            _confidence(fields.get("confidence"), options.confidence, origin),
            valid_from=_time(fields.get("valid_from"), origin),
            valid_to=_time(fields.get("valid_to"), origin),
            origin=origin,
            tag=tag,
        )


def _rows(path: Path, options: ListOptions, progress: ByteProgress | None) -> Iterator[Row]:
    suffix = path.name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
    if suffix == "json":
        yield from _json_rows(path)
    elif suffix in {"csv", "tsv"}:
        yield from _csv_rows(path, options, progress)
    else:
        for number, line in read_text_lines(path, progress):
            if text := line.partition("#")[0].strip():
                yield f"{path}:{number}", {"address": text}


def _csv_rows(path: Path, options: ListOptions, progress: ByteProgress | None) -> Iterator[Row]:
    lines = every_line(path, progress)
    first, before = next(lines, ""), 1
    if is_delimiter_line(first):
        first, before = next(lines, ""), 2
    if not first.strip():
        raise InvalidInput(f"{path} is empty: it holds no address.")
    delimiter = delimiter_of(first)
    header = [name.strip() for name in next(iter(csv.reader([first], delimiter=delimiter)), [])]
    refuse_repeated(path, before, [name.lower() for name in header])
    if not {name.lower() for name in header}.intersection(_names_of("address", options)):
        raise InvalidInput(
            f"{path}:1: no column of addresses: none is named {', '.join(NAMES['address'])}. Name it with"
            " --column address=NAME."
        )
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            origin = f"{path}:{reader.line_num + before}"
            if any(cell.strip() for cell in cells[len(header) :]):
                raise InvalidInput(f"{origin}: more fields than the header. Quote fields with {delimiter!r}.")
            if cells:
                yield origin, dict(zip(header, cells, strict=False))
    except csv.Error as exc:
        raise InvalidInput(f"{path}:{reader.line_num + before}: not CSV ({exc}).") from exc


def _json_rows(path: Path) -> Iterator[Row]:
    for number, (name, each) in enumerate(_items(read_json(path)), 1):
        origin = f"{path}: item {number}"
        if isinstance(each, str):
            yield origin, {"address": each, **({"name": name} if name else {})}
        elif isinstance(each, dict):
            yield origin, ({"address": name, **each} if name else each)
        else:
            raise InvalidInput(f"{origin} is neither an address nor a record.")


def _items(value: object) -> Iterator[tuple[str, object]]:
    """Items of a list, or of a mapping: of a key to addresses, or of an address to a record or a name."""
    if isinstance(value, list):
        yield from (("", each) for each in value)
        return
    if not isinstance(value, dict):
        yield "", value
        return
    for key, each in value.items():
        if isinstance(each, list):
            yield from ((key, one) if isinstance(one, str) else ("", one) for one in each)
        elif isinstance(each, str):
            yield "", {"address": key, "name": each}
        else:
            yield key, each


def _names_of(meaning: str, options: ListOptions) -> tuple[str, ...]:
    """The names of the columns that have a meaning."""
    column = options.columns.get(meaning)
    return NAMES[meaning] if column is None else (column.strip().lower(),)


def _meanings(record: Mapping[str, object], options: ListOptions) -> dict[str, str]:
    by_name = {name.strip().lower(): value for name, value in record.items()}
    found = {}
    for meaning in NAMES:
        names = _names_of(meaning, options)
        value = next((by_name[name] for name in names if by_name.get(name) not in (None, "")), None)
        if isinstance(value, str | int) and (text := one_line(str(value))):
            found[meaning] = text
    return found


def _tag(text: str) -> str:
    """The tag; a number that a spreadsheet has given a fraction is one without."""
    return text.removesuffix(".0") if text.removesuffix(".0").isdecimal() else text


def _confidence(text: str | None, otherwise: int, origin: str) -> int:
    if not text:
        return otherwise
    number = text.removesuffix("%").strip().removesuffix(".0")
    if _percent(number) and int(number) <= MAX_CONFIDENCE:
        return int(number)
    raise InvalidInput(
        f"{origin}: the confidence {text} is no whole number from 0 to 100. Correct it, or leave the column"
        " out with --column confidence=none."
    )


def _time(text: str | None, origin: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(f"{origin}: {text} is no date or ISO 8601 time: write 2026-01-31.") from exc
