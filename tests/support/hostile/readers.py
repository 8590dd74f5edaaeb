"""Every reader of files that somebody gives us, with the name and a good content of such a file."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from app.input_files import read_lines
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.unusable import Unusable
from app.policy.policy import load_policy
from app.settings import PROJECT
from ingest.contract.transfer import encode
from ingest.files.ethereum_etl import read_ethereum_etl
from ingest.files.sources import find_source, read_source
from ingest.files.tally import Tally
from ingest.files.transfer_csv import COLUMNS, read_csv
from tests.support.builders import transfer

Read = Callable[[Path], None]


class Reader(NamedTuple):
    """A reader, the suffix of its files, and good ones."""

    read: Read
    suffix: str
    good: tuple[bytes, ...]


def _labels(label_format: LabelFormat, path: Path) -> None:
    for _ in read_labels(path, label_format, skipped=Unusable()):
        pass


def _transfers(path: Path) -> None:
    for _ in read_source(find_source(path), Tally()):
        pass


def _exhaust(read: Callable[[Path], object], path: Path) -> None:
    for _ in read(path):  # type: ignore[attr-defined] # all of them iterate
        pass


_ADDRESS: Final = "0x" + "ab" * 20
_HASH: Final = "0x" + "cd" * 32
_LABELS: Final = (
    "chain,address,category,name,source,confidence,valid_from\n"
    + "".join(f"ethereum,0x{number:040x},mixer,Name {number},list,90,2024-01-01\n" for number in range(1, 60))
).encode()
_TAGPACK: Final = (
    "title: A pack\ncreator: me\ncurrency: ETH\ntags:\n"
    + "".join(
        f"  - address: '0x{n:040x}'\n    label: Name {n}\n    confidence: forensic\n" for n in range(60)
    )
).encode()
_ACTORS: Final = b"title: Actors\nactors:\n  - id: a\n    label: An actor\n    categories: [exchange]\n"
_SDN: Final = (
    "<sdnList><sdnEntry><uid>1</uid><lastName>NAME</lastName><idList><id>"
    f"<idType>Digital Currency Address - ETH</idType>"
    f"<idNumber>{_ADDRESS}</idNumber></id></idList></sdnEntry></sdnList>"
).encode()
_UK: Final = (
    "<Designations><Designation><Names><Name><Name6>N</Name6></Name></Names><OtherInformation>"
    f"ETH: {_ADDRESS}</OtherInformation></Designation></Designations>"
).encode()
_EU: Final = (
    '<export><sanctionEntity><nameAlias wholeName="N"/>'
    f"<remark>Wallet {_ADDRESS}</remark></sanctionEntity></export>"
).encode()
_ENHANCED: Final = (
    "<sanctionsData><entities><entity><names><name><formattedFullName>N</formattedFullName></name></names>"
    "<features><feature><type>Digital Currency Address - ETH</type>"
    f"<value>{_ADDRESS}</value></feature></features></entity></entities></sanctionsData>"
).encode()
_EVENTS: Final = b"\n".join(encode(transfer(number, 1, 2, 5)) for number in range(1, 40))
_ETL: Final = tuple(
    b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    for rows in (
        [
            {"hash": _HASH, "nonce": 1, "block_number": 5, "transaction_index": 0, "from_address": _ADDRESS,
             "to_address": _ADDRESS, "value": 10**18, "block_timestamp": "2024-01-01 00:00:00 UTC",
             "receipt_status": 1}
        ] * 20,
        [
            {"token_address": _ADDRESS, "from_address": _ADDRESS, "to_address": _ADDRESS, "value": "5",
             "transaction_hash": _HASH, "log_index": 3, "block_number": 5}
        ] * 20,
        [
            {"transaction_hash": _HASH, "trace_address": "0,1", "value": 7, "from_address": _ADDRESS,
             "to_address": _ADDRESS, "trace_type": "call", "block_number": 5, "status": 1}
        ] * 20,
        [{"number": 5, "timestamp": 1704067200, "hash": _HASH, "transaction_count": 2}] * 20,
    )
)  # fmt: skip
_APIS: Final = tuple(
    json.dumps(document).encode()
    for document in (
        {"status": "1", "result": [
            {"blockNumber": "5", "timeStamp": "1704067200", "hash": _HASH, "from": _ADDRESS, "to": _ADDRESS,
             "value": "1000", "isError": "0", "transactionIndex": "1"}] * 20},
        {"data": [
            {"transaction_id": "ab" * 32, "token_info": {"address": "T", "decimals": 6, "symbol": "USDT"},
             "block_timestamp": 1704067200000, "from": "T1", "to": "T2", "value": "5"}] * 20},
    )
)  # fmt: skip
_ETHERSCAN: Final = (
    "Txhash,Blockno,UnixTimestamp,DateTime (UTC),From,To,ContractAddress,Value_IN(ETH),Value_OUT(ETH),"
    "Status\n" + f"{_HASH},5,1704067200,2024-01-01 00:00:00,{_ADDRESS},{_ADDRESS},,1.5,0,\n" * 20
).encode()
_CSV: Final = (",".join(COLUMNS) + "\n" + ",".join("1" for _ in COLUMNS) + "\n").encode()
_LIST: Final = f"address,name,network\n{_ADDRESS},A,ETH\n".encode() * 3
_JSON_LIST: Final = json.dumps([{"address": _ADDRESS, "chain": "ethereum", "name": "a"}] * 20).encode()
_TAGS: Final = json.dumps(
    [{"identifier": _ADDRESS, "label": "x", "confidence_level": 50, "network": "ETH", "currency": "ETH"}] * 20
).encode()
_TEXT: Final = (f"# a list\n{_ADDRESS}\n" * 20).encode()

READERS: Final = {
    "labels as CSV": Reader(partial(_labels, LabelFormat.csv), "csv", (_LABELS,)),
    "a TagPack": Reader(partial(_labels, LabelFormat.tagpack), "yaml", (_TAGPACK, _ACTORS)),
    "a sanctions list": Reader(partial(_labels, LabelFormat.ofac), "xml", (_SDN, _UK, _EU, _ENHANCED)),
    "a sanctions list as text": Reader(partial(_labels, LabelFormat.ofac), "txt", (_TEXT,)),
    "a list as CSV": Reader(partial(_labels, LabelFormat.list), "csv", (_LIST,)),
    "a list as JSON": Reader(partial(_labels, LabelFormat.list), "json", (_JSON_LIST,)),
    "a list as text": Reader(partial(_labels, LabelFormat.list), "txt", (_TEXT,)),
    **{
        f"any labels, {suffix}": Reader(partial(_labels, LabelFormat.auto), suffix, good)
        for suffix, good in (
            ("csv", (_LABELS, _LIST)), ("json", (_JSON_LIST, _TAGS)), ("yaml", (_TAGPACK, _ACTORS)),
            ("xml", (_SDN, _EU)), ("txt", (_TEXT,)),
        )
    },
    "transfers as CSV": Reader(partial(_exhaust, read_csv), "csv", (_CSV,)),
    "events": Reader(partial(_exhaust, read_lines), "jsonl", (_EVENTS,)),
    "ethereum-etl": Reader(
        partial(_exhaust, lambda path: read_ethereum_etl(path, skipped=Counter())), "json", _ETL
    ),
    "any transfers, csv": Reader(_transfers, "csv", (_CSV, _ETHERSCAN)),
    "any transfers, json": Reader(_transfers, "json", (_EVENTS, *_ETL, *_APIS)),
    "any transfers, parquet": Reader(_transfers, "parquet", (b"PAR1",)),
    "a policy": Reader(load_policy, "yaml", ((PROJECT / "policy.yaml").read_bytes(),)),  # type: ignore[arg-type]
}  # fmt: skip
"""By what a person calls such a file."""
