"""Exports of ethereum-etl (JSON lines or CSV, plain or `.gz`), read as transfers."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.chains.addresses import EVM_NATIVE_ASSETS
from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from ingest.files.etl_records import Record, read_records
from ingest.files.etl_transfers import Ledger, Skip

_SUFFIXES = (".jsonl", ".json", ".csv")
_KINDS = ("blocks", "transactions", "token_transfers")
"""In the order in which they are read: a token transfer needs the place of its transaction."""


def read_ethereum_etl(
    path: Path,
    chain: str = "ethereum",
    *,
    skipped: Counter[str],
    progress: ByteProgress | None = None,
) -> Iterator[Transfer]:
    """The transfers of a file, or of a folder with `transactions*` and `token_transfers*` (also deeper).

    Counted in `skipped` by reason, while reading: `failed` (receipt status 0), `contract_creation` (no
    receiver), `zero_value` (a native movement of nothing), `no_transaction` (a token transfer whose
    transaction is in none of the files, so its place is unknown), and the codes of the event contract.
    Token kinds are not guessed: nothing in the export tells an ERC-721's id from an amount, so every token
    transfer is taken as an amount, with `decimals` and `usd_value` null. The native movement has transfer
    index 0, a token's has log index + 1. Keeps about 200 bytes in memory for each transaction.

    Raises:
        InvalidInput: nothing to read there, a damaged file, a chain that is not EVM; names file and line.
    """
    if chain not in EVM_NATIVE_ASSETS:
        raise InvalidInput(
            f"ethereum-etl describes EVM chains; {chain} is none: {', '.join(EVM_NATIVE_ASSETS)}."
        )
    files, context = _files(path)
    ledger = Ledger(chain)
    for record in _records(context, None):
        ledger.learn(record)
    for record in _records(files, progress):
        ledger.learn(record)
        try:
            transfer = ledger.transfer(record)
        except (Skip, InvalidEvent) as exc:
            skipped[exc.reason] += 1
            continue
        if transfer is not None:
            yield transfer


def _records(files: list[Path], progress: ByteProgress | None) -> Iterator[Record]:
    total = sum(file.stat().st_size for file in files)
    before = 0
    for file in files:
        yield from read_records(file, _within(progress, before, total))
        before += file.stat().st_size


def _within(progress: ByteProgress | None, before: int, total: int) -> ByteProgress | None:
    """The progress of one file as that of all of them."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """The files to read, and those that only tell the places and times of a lone token transfers file."""
    if path.is_dir():
        files = [file for kind in _KINDS for file in _of_kind(path, kind)]
        if not any(file.name.startswith(_KINDS[1:]) for file in files):
            raise InvalidInput(f"{path} has no transactions or token_transfers in {', '.join(_SUFFIXES)}.")
        return files, []
    if not path.is_file():
        raise InvalidInput(f"{path} is no file or folder.")
    context: list[Path] = []
    if path.name.startswith("token_transfers"):
        context = [*_of_kind(path.parent, "blocks"), *_of_kind(path.parent, "transactions")]
    return [path], context


def _of_kind(folder: Path, kind: str) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob(f"{kind}*")
        if file.is_file() and file.name.removesuffix(".gz").endswith(_SUFFIXES)
    )
