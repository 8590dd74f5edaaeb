"""Reads transfers from a file or a folder, whatever its form."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.domain import ByteProgress, Retraction, Transfer
from app.errors import InvalidInput
from ingest.files.ethereum_etl import EtlFile, context_of, etl_file, read_export, record_files
from ingest.files.etherscan import chain_of_header, read_etherscan
from ingest.files.etl_index import ExportIndex
from ingest.files.event_lines import read_events
from ingest.files.forms import ETHERSCAN, ETL, TRONGRID, Form, form_of_file, refuse_utxo, why_no_records
from ingest.files.records import SUFFIXES, Record, read_records
from ingest.files.tally import Tally
from ingest.files.transfer_csv import read_csv
from ingest.files.trongrid import CHAIN as TRON
from ingest.files.trongrid import TronReader

DEFAULT_CHAIN: Final = "ethereum"
"""Of a form that names no chain."""


@dataclass(slots=True)
class Source:
    """The files that an import reads, by form; `chain` is that of forms that name none."""

    path: Path
    chain: str
    files: dict[Form, list[Path]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[Path] = field(default_factory=list)

    @property
    def needs_decimals(self) -> bool:
        """Whether some file writes numbers of tokens, and not their base units."""
        return Form.etherscan_token in self.files

    @property
    def forms(self) -> dict[str, int]:
        """How many files of each form there are."""
        return {form.value: len(files) for form, files in self.files.items()}


def find_source(path: Path, chain: str | None = None) -> Source:
    """Finds out the form of a file, or of each file in a folder and its subfolders.

    Raises:
        InvalidInput: there is no file of a known form, or one that is refused; a file is damaged.
    """
    files = [path] if path.is_file() else record_files(path)
    source = Source(path, chain or DEFAULT_CHAIN)
    for file in files:
        form = form_of_file(file)
        if form is Form.utxo:
            raise refuse_utxo(file)
        if form is None:
            source.unknown.append(file)
        else:
            source.files[form].append(file)
    if not source.files and path.is_file() and (why := why_no_records(path)):
        raise InvalidInput(f"{path} {why} Nothing was imported.")
    if not source.files:
        raise InvalidInput(
            f"{path} has no file of a known form with {', '.join(SUFFIXES)}, also .gz and .zst: "
            "docs/imports.md lists the forms. Nothing was imported."
        )
    if chain is None:
        source.chain = _chain_of(source)
    return source


def read_source(
    source: Source,
    tally: Tally,
    progress: ByteProgress | None = None,
    *,
    known_decimals: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[Transfer | Retraction]:
    """The transfers of all files of a source, one form after the other.

    `known_decimals` are those that the record knows of tokens, for files that do not tell them.

    Raises:
        InvalidInput: a file is damaged, or a line of the product's own forms breaks the contract; names both.
    """
    total = sum(file.stat().st_size for files in source.files.values() for file in files)
    before = 0

    def report(done: int, _: int) -> None:
        if progress is not None:
            progress(before + done, total)

    for path in source.files.get(Form.product_csv, ()):
        yield from read_csv(path, report)
        before += path.stat().st_size
    for path in source.files.get(Form.product_events, ()):
        yield from read_events(path, report)
        before += path.stat().st_size
    etl = [EtlFile(path, form, _is_mixed(path)) for form in ETL for path in source.files.get(form, ())]
    if any(
        file.is_mixed or file.form in (Form.etl_transactions, Form.etl_token_transfers, Form.etl_traces)
        for file in etl
    ):
        yield from read_export(etl, context_of(source.path, etl), source.chain, tally, report)
        before += sum(file.path.stat().st_size for file in etl)
    decimals = {**known_decimals, **_decimals(source)}
    for form in ETHERSCAN:
        for path in source.files.get(form, ()):
            yield from read_etherscan(path, form, source.chain, tally, decimals=decimals, progress=report)
            before += path.stat().st_size
    reader = TronReader(tally)
    tron = [(path, form) for form in TRONGRID for path in source.files.get(form, ())]
    reader.learn(tron)
    for path, form in tron:
        yield from reader.read(path, form, report)
        before += path.stat().st_size


def _is_mixed(path: Path) -> bool:
    file = etl_file(path)
    return file is not None and file.is_mixed


def _chain_of(source: Source) -> str:
    """The chain that the forms themselves name, or the default."""
    if set(source.files) <= set(TRONGRID):
        return TRON
    named = {
        chain
        for path in source.files.get(Form.etherscan_normal, [])
        + source.files.get(Form.etherscan_internal, [])
        if (chain := chain_of_header(_first(path))) is not None
    }
    if len(named) > 1:
        raise InvalidInput(
            f"{source.path} has exports of {' and '.join(sorted(named))}: import each chain's with --chain."
        )
    return named.pop() if named else DEFAULT_CHAIN


def _first(path: Path) -> Record:
    return next((record for _, record in read_records(path)), {})


def _decimals(source: Source) -> dict[str, int]:
    index = ExportIndex(source.chain)
    for path in source.files.get(Form.etl_tokens, ()):
        for _, record in read_records(path):
            index.learn_token(record)
    return index.decimals
