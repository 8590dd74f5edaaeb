"""Exports of ethereum-etl (and cryo, and BigQuery's tables of it), read as transfers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.chains.addresses import EVM_NATIVE_ASSETS
from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent, InvalidInput
from app.file_kinds import is_left_over
from ingest.files.cryo import as_etl
from ingest.files.etl_index import ExportIndex
from ingest.files.etl_transfers import SkippedRecord, TransferParser
from ingest.files.forms import ETL, Form, form_of
from ingest.files.records import SUFFIXES, Record, plain_suffix, read_records
from ingest.files.tally import Tally

_PARSED = (Form.etl_transactions, Form.etl_token_transfers, Form.etl_traces)
_EXPLAINING = tuple(form for form in ETL if form is not Form.etl_token_transfers)
_DEPTH_OF_EXPORT = 3
"""Folders between a partition's file and the export: `transactions/start_block=…/end_block=…/`."""


class EtlFile(NamedTuple):
    """A file of an export and the form of its first record; `is_mixed` where it may hold other forms too."""

    path: Path
    form: Form
    is_mixed: bool = False


def read_ethereum_etl(
    path: Path,
    chain: str = "ethereum",
    *,
    skipped: Counter[str],
    progress: ByteProgress | None = None,
) -> Iterator[Transfer]:
    """The transfers of a file, or of a folder of an export (also deeper).

    Transactions, token transfers and traces move value; receipts, blocks, logs, contracts and tokens say
    what those do not. What is left out is counted in `skipped` by the reasons of `tally.REASONS` and the
    codes of the event contract, while reading. Transfer indices are those of docs/event.md. Keeps about
    200 bytes in memory for each transaction.

    Raises:
        InvalidInput: there is nothing to read, a file is damaged (names file and line), the chain is not EVM.
    """
    tally = skipped if isinstance(skipped, Tally) else Tally()
    files = [path] if path.is_file() else record_files(path)
    etl = [file for each in files if (file := etl_file(each)) is not None]
    if not any(file.form in _PARSED or file.is_mixed for file in etl):
        raise InvalidInput(f"{path} has no transactions, token transfers or traces in {', '.join(SUFFIXES)}.")
    try:
        yield from read_export(etl, context_of(path, etl), chain, tally, progress)
    finally:
        if tally is not skipped:
            skipped.update(tally)


def record_files(folder: Path) -> list[Path]:
    """The files of a folder, however deep, that may hold records.

    Raises:
        InvalidInput: it is no file or folder.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no file or folder.")
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and plain_suffix(file) in SUFFIXES and not is_left_over(file)
    )


def etl_file(path: Path) -> EtlFile | None:
    """The file with its form, or None where it is no file of an export."""
    for _, record in read_records(path):
        form = form_of(record)
        return None if form not in ETL else EtlFile(path, form, is_mixed="type" in record)
    return None


def context_of(path: Path, read: Sequence[EtlFile]) -> list[EtlFile]:
    """The other files of the export that a single file is a part of: they only explain."""
    if not path.is_file():
        return []
    export = path.parent
    if export.name.startswith("end_block=") and len(export.parents) >= _DEPTH_OF_EXPORT:
        export = export.parents[_DEPTH_OF_EXPORT - 1]
        others = record_files(export)
    else:
        others = sorted(
            file for file in export.iterdir() if file.is_file() and plain_suffix(file) in SUFFIXES
        )
    known = {file.path for file in read}
    context = []
    for other in others:
        try:
            file = None if other in known else etl_file(other)
        except InvalidInput:
            continue  # a damaged neighbour explains nothing
        if file is not None and (file.is_mixed or file.form in _EXPLAINING):
            context.append(file)
    return context


def read_export(
    files: Iterable[EtlFile],
    context: Iterable[EtlFile],
    chain: str,
    tally: Tally,
    progress: ByteProgress | None = None,
) -> Iterator[Transfer]:
    """The transfers of an export's files; those of `context` only explain.

    Raises:
        InvalidInput: as `read_ethereum_etl`.
    """
    if chain not in EVM_NATIVE_ASSETS:
        raise InvalidInput(
            f"ethereum-etl describes EVM chains; {chain} is none: {', '.join(EVM_NATIVE_ASSETS)}."
        )
    parser = TransferParser(chain, ExportIndex(chain), tally)
    ordered = sorted(files, key=lambda file: (ETL.index(file.form), file.path))
    for file in sorted(context, key=lambda file: (ETL.index(file.form), file.path)):
        _learn(file, parser)
    for file in ordered:
        # A file of one form is read once, after those that explain it. Traces explain each other.
        if file.is_mixed or file.form is Form.etl_traces or file.form not in _PARSED:
            _learn(file, parser, tally)
    total = sum(file.path.stat().st_size for file in ordered)
    before = 0
    for file in ordered:
        if file.is_mixed or file.form in _PARSED:
            yield from _transfers(file, parser, tally, _overall(progress, before, total))
        before += file.path.stat().st_size
        if progress is not None:
            progress(before, total)


def _learn(file: EtlFile, parser: TransferParser, tally: Tally | None = None) -> None:
    for _, _, form, record in _records(file, None):
        parser.learn(form, record)
        if tally is not None:
            tally.blocks.learn(form, record)


def _transfers(
    file: EtlFile, parser: TransferParser, tally: Tally, progress: ByteProgress | None
) -> Iterator[Transfer]:
    learns = not file.is_mixed and file.form is not Form.etl_traces
    for path, line, form, record in _records(file, progress):
        if learns:
            parser.learn(form, record)
        tally.blocks.add(form, record)
        try:
            transfer = parser.parse(form, record)
        except SkippedRecord as exc:
            tally.skip(exc.reason, path, line)
        except InvalidEvent as exc:
            tally.skip(exc.reason, path, line, str(exc))
        else:
            if transfer is not None:
                yield transfer


def _records(file: EtlFile, progress: ByteProgress | None) -> Iterator[tuple[Path, int, Form | None, Record]]:
    form: Form | None = None
    names: object = None
    for line, record in read_records(file.path, progress):
        etl = as_etl(record)
        if etl.keys() != names:  # a table's records all have the names of the first
            names, form = etl.keys(), form_of(record)
        yield file.path, line, form, etl


def _overall(progress: ByteProgress | None, before: int, total: int) -> ByteProgress | None:
    """Reports the progress of one file as that of all files."""
    return None if progress is None else lambda done, _: progress(before + done, total)
