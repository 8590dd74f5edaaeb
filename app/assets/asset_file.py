"""Assets from files: CSV of the product, `tokens.csv` of ethereum-etl, and token lists as JSON."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from app.assets.store import AssetRow
from app.chains.asset_reference import asset_of, chain_of_id
from app.domain import ByteProgress
from app.errors import InvalidEvent, InvalidInput
from app.input_files import read_text_lines
from app.plain_json import read_json
from app.skipped_lines import SkippedLines

HEADINGS: Final = {
    "asset": ("asset", "address", "contract", "contract_address", "token_address"),
    "chain": ("chain", "network", "blockchain"),
    "symbol": ("symbol", "ticker"),
    "name": ("name",),
    "decimals": ("decimals",),
    "source": ("source",),
    "known": ("known",),
}
ETHEREUM_ETL: Final = {"address", "symbol", "name", "decimals", "total_supply"}
"""Columns of `tokens.csv`, which lists every contract that answered: its entries only name."""
REASONS: Final = {
    "bad_asset": "no contract and no symbol",
    "bad_checksum": "the contract's capitals do not carry its checksum",
    "unknown_chain": "no chain that is known",
    "bad_decimals": "no whole number from 0 to 255",
    "wrong_fields": "no record, or more or fewer fields than the heading",
    "duplicate": "the file has this asset and source again; the last one counts",
}
MAX_SYMBOL, MAX_NAME, MAX_SOURCE, MAX_DECIMALS = 64, 200, 200, 255


def read_assets(
    path: Path,
    skipped: SkippedLines,
    *,
    source: str | None = None,
    chain: str | None = None,
    known: bool | None = None,
    progress: ByteProgress | None = None,
) -> Iterator[AssetRow]:
    """The assets of a file. `known` None: of a list that somebody chose, and not of ethereum-etl.

    Raises:
        InvalidInput: neither CSV with a column of assets, nor a token list.
    """
    is_json = path.name.lower().removesuffix(".gz").endswith(".json")
    listed = _token_list(path) if is_json else _csv(path, progress)
    seen: set[tuple[str, str, str]] = set()
    for origin, record, names_only in listed:
        default = known if known is not None else not names_only
        named = _text(record.get("source"), MAX_SOURCE) or source or path.name.split(".")[0][:MAX_SOURCE]
        try:
            row = _row(record, named, chain, known=default)
        except InvalidEvent as exc:
            skipped.skip(exc.reason, origin)
            continue
        identity = row.chain, row.asset, row.source
        if identity in seen:
            skipped.skip("duplicate", origin)
        seen.add(identity)
        yield row


Entry = tuple[str, Mapping[str, Any], bool]
"""Where it stands, its fields by meaning, and whether it only names."""


def _csv(path: Path, progress: ByteProgress | None) -> Iterator[Entry]:
    lines = ((number, line) for number, line in read_text_lines(path, progress) if line.strip())
    first = next(lines, (1, ""))[1]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    heading = [name.strip().lower() for name in next(iter(csv.reader([first], delimiter=delimiter)), [])]
    place = {
        meaning: next(heading.index(name) for name in names if name in heading)
        for meaning, names in HEADINGS.items()
        if set(names) & set(heading)
    }
    if "asset" not in place:
        raise InvalidInput(f"{path}:1: the heading names no asset: none of {', '.join(HEADINGS['asset'])}.")
    for number, line in lines:
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration):
            fields = []
        record: dict[str, Any] = {"wrong": True}
        if len(fields) == len(heading):
            record = {meaning: fields[at] for meaning, at in place.items()}
        yield f"{path}:{number}", record, set(heading) >= ETHEREUM_ETL


def _token_list(path: Path) -> Iterator[Entry]:
    content = read_json(path)
    tokens = content.get("tokens") if isinstance(content, dict) else content
    if not isinstance(tokens, list):
        raise InvalidInput(f"{path}: is no token list: it has no list `tokens`.")
    source = content.get("name") if isinstance(content, dict) else None
    for number, token in enumerate(tokens, 1):
        record: dict[str, Any] = {"wrong": True}
        if isinstance(token, dict):
            on_chain = chain_of_id(token["chainId"]) if "chainId" in token else token.get("chain")
            unknown = {"chain": "none"} if on_chain is None and "chainId" in token else {"chain": on_chain}
            record = {**token, **unknown, "asset": token.get("address") or token.get("asset")}
            record.setdefault("source", source)
        yield f"{path}: token {number}", record, False


def _row(record: Mapping[str, Any], source: str, chain: str | None, *, known: bool) -> AssetRow:
    if record.get("wrong"):
        raise InvalidEvent("wrong_fields", source)
    on_chain, asset = asset_of(_text(record.get("asset"), 200) or "", _text(record.get("chain"), 60) or chain)
    said = (_text(record.get("known"), 5) or "").lower()
    return AssetRow(
        on_chain,
        asset,
        source,
        _text(record.get("symbol"), MAX_SYMBOL),
        _text(record.get("name"), MAX_NAME),
        _decimals(record.get("decimals")),
        {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(said, known),
    )


def _decimals(value: object) -> int | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and int(text) <= MAX_DECIMALS):
        raise InvalidEvent("bad_decimals", text[:60])
    return int(text)


def _text(value: object, most: int) -> str | None:
    """One line without control characters; symbols of contracts may hold anything."""
    if not isinstance(value, str | int):
        return None
    plain = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    return plain[:most] or None
