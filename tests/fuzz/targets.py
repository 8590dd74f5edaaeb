"""What a coverage-guided fuzzer feeds: a target for each reader of input that is not trusted.

A target takes any bytes and must come back: either with what the reader promises, checked here, or with the
one error that it promises. Anything else that is raised is a crash, and libFuzzer keeps its input.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["app", "ingest"]):
    from app.chains.addresses import KNOWN_CHAINS, normalise_address, normalise_block_hash, normalise_hash
    from app.chains.wallet_reference import Candidate, normalise
    from app.domain import Transfer
    from app.errors import InvalidEvent, InvalidInput
    from app.labels.readers import ofac, tagpack  # noqa: F401 - else they would be loaded later, uninstrumented
    from app.labels.readers.label_file import LabelFormat, read_labels
    from app.labels.readers.lists import ListOptions
    from app.labels.readers.unusable import Unusable
    from ingest.contract.reasons import REASONS
    from ingest.contract.transfer import decode, encode
    from ingest.files.ethereum_etl import read_ethereum_etl
    from ingest.files.sources import find_source, read_source
    from ingest.files.spool import Totals
    from ingest.files.tally import Tally
    from ingest.files.transfer_csv import read_csv

_CHAINS = sorted(KNOWN_CHAINS)
_FOLDER = Path(tempfile.mkdtemp(prefix="aml-fuzz-"))


def decoder(data: bytes) -> None:
    """A message is an event, which is the same when it is written and read again, or has a known reason."""
    try:
        event = decode(data)
    except InvalidEvent as exc:
        _is_told(exc)
        return
    assert decode(encode(event), event.message_key.encode()) == event


def message_key(data: bytes) -> None:
    """As `decoder`, with a key: its first line."""
    key, _, payload = data.partition(b"\n")
    try:
        event = decode(payload, key)
    except InvalidEvent as exc:
        _is_told(exc)
        return
    assert event.message_key.encode() == key


def addresses(data: bytes) -> None:
    """An address or a hash has one stored form, which is its own stored form, or is told to be none."""
    chain = _CHAINS[data[0] % len(_CHAINS)] if data else "ethereum"
    text = data[1:].decode(errors="surrogateescape")
    for stored_form in (normalise_address, normalise_hash, normalise_block_hash):
        try:
            stored = stored_form(chain, text)
        except InvalidEvent as exc:
            _is_told(exc)
        else:
            assert stored_form(chain, stored) == stored
            stored.encode("ascii")


def wallet_reference(data: bytes) -> None:
    """What a person pastes leads to stored forms, each of which leads to itself, or is refused."""
    text = data.decode(errors="surrogateescape")
    try:
        candidates = normalise(text)
    except InvalidInput as exc:
        _can_be_stored(str(exc))
        return
    for chain, address in candidates:
        assert Candidate(chain, address) in normalise(address if chain is None else f"{chain}:{address}")


def transfer_csv(data: bytes) -> None:
    """Every transfer of a CSV file is one that the consumer takes."""
    _check_transfers(lambda path: list(read_csv(path)), data, "transfers.csv")


def ethereum_etl(data: bytes) -> None:
    """Likewise of a file of ethereum-etl."""
    _check_transfers(lambda path: list(read_ethereum_etl(path, skipped=Counter())), data, "export.json")


def transfer_file(data: bytes) -> None:
    """Likewise of a file of any form that is recognised; the first byte chooses how it is packed."""
    names = ("t.csv", "t.json", "t.csv.zst", "t.csv.gz", "t.parquet")
    path = _file(data[1:], names[data[0] % len(names)] if data else names[0])
    tally, totals = Tally(), Totals()
    try:
        for event in read_source(find_source(path), tally):
            assert decode(encode(event), event.message_key.encode()) == event
            totals.add(event)
    except InvalidInput as exc:
        _can_be_stored(str(exc))
    finally:
        path.unlink()  # it would explain the next one, which may have another name
    for places in tally.examples.values():
        _can_be_stored("".join(places))


def labels(data: bytes) -> None:
    """Label files of every format are read or refused; the first bytes choose the format and the name."""
    formats = list(LabelFormat)
    names = ("labels.xml", "labels.yaml", "labels.csv", "labels.json", "labels.txt", "sdn.csv", "sdn.del")
    label_format = formats[data[0] % len(formats)] if data else formats[0]
    body = data[1:] if data[1:2] == b"<" else data[2:]
    name = names[0] if data[1:2] == b"<" else names[data[1] % len(names)] if data[1:] else names[1]
    unusable = Unusable()
    options = ListOptions(chain="ethereum")
    try:
        rows = list(read_labels(_file(body, name), label_format, skipped=unusable, options=options))
    except InvalidInput as exc:
        _can_be_stored(str(exc))
        return
    for row in rows:
        assert normalise_address(row.chain, row.address) == row.address
        _can_be_stored(row.name + row.source)
    for entry in unusable.entries:
        _can_be_stored("".join(entry))


def _check_transfers(read: Callable[[Path], list[Transfer]], data: bytes, name: str) -> None:
    try:
        transfers = read(_file(data, name))
    except InvalidInput as exc:
        _can_be_stored(str(exc))
        return
    for transfer in transfers:
        assert decode(encode(transfer), transfer.message_key.encode()) == transfer


def _file(data: bytes, name: str) -> Path:
    path = _FOLDER / name
    path.write_bytes(data)
    return path


def _is_told(exc: InvalidEvent) -> None:
    assert exc.reason in REASONS
    _can_be_stored(str(exc))


def _can_be_stored(text: str) -> None:
    assert "\0" not in text
    text.encode()


TARGETS = {
    target.__name__: target
    for target in (
        decoder,
        message_key,
        addresses,
        wallet_reference,
        transfer_csv,
        ethereum_etl,
        transfer_file,
        labels,
    )
}

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
