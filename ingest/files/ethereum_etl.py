"""Exports of ethereum-etl (JSON lines or CSV, plain or `.gz`), read as transfers."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.chains.addresses import EVM_NATIVE_ASSETS
from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from ingest.files.etl_records import Record, read_records
from ingest.files.etl_transfers import SkippedRecord, TransferParser

_SUFFIXES = (".jsonl", ".json", ".csv")
_FILES = ("blocks", "transactions", "token_transfers")
"""By the beginning of the name, in reading order: a token transfer needs the place of its transaction."""


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
    Token standards are not guessed: nothing in the export tells an ERC-721's id from an amount, so every
    token transfer is read as an amount, with `decimals` and `usd_value` null. Transfer indices are those of
    docs/event.md. Keeps about 200 bytes in memory for each transaction.

    Raises:
        InvalidInput: there is nothing to read, a file is damaged (names file and line), the chain is not EVM.
    """
    if chain not in EVM_NATIVE_ASSETS:
        raise InvalidInput(
            f"ethereum-etl describes EVM chains; {chain} is none: {', '.join(EVM_NATIVE_ASSETS)}."
        )
    files, context = _files(path)
    parser = TransferParser(chain)
    for record in _records(context, None):
        parser.learn(record)
    for record in _records(files, progress):
        parser.learn(record)
        try:
            transfer = parser.parse(record)
        except (SkippedRecord, InvalidEvent) as exc:
            skipped[exc.reason] += 1
            continue
        if transfer is not None:
            yield transfer


def _records(files: list[Path], progress: ByteProgress | None) -> Iterator[Record]:
    total = sum(file.stat().st_size for file in files)
    before = 0
    for file in files:
        yield from read_records(file, _overall(progress, before, total))
        before += file.stat().st_size


def _overall(progress: ByteProgress | None, before: int, total: int) -> ByteProgress | None:
    """Reports the progress of one file as that of all files."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """The files to read, and those that only give places and times to a single file of token transfers."""
    if path.is_dir():
        files = [file for name in _FILES for file in _named(path, name)]
        if not any(file.name.startswith(_FILES[1:]) for file in files):
            raise InvalidInput(f"{path} has no transactions or token_transfers in {', '.join(_SUFFIXES)}.")
        return files, []
    if not path.is_file():
        raise InvalidInput(f"{path} is no file or folder.")
    context: list[Path] = []
    if path.name.startswith("token_transfers"):
        context = [*_named(path.parent, "blocks"), *_named(path.parent, "transactions")]
    return [path], context


def _named(folder: Path, beginning: str) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob(f"{beginning}*")
        if file.is_file() and file.name.removesuffix(".gz").endswith(_SUFFIXES)
    )
