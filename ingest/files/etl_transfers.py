"""Transfers from ethereum-etl's records: which ones move value, and where and when."""

import re
from datetime import UTC, datetime

from app.chains.addresses import EVM_NATIVE_ASSETS
from app.domain import Retraction, Transfer
from ingest.contract.reasons import SCHEMA_VERSION
from ingest.contract.transfer import parse_event
from ingest.contract.transfer_index import NATIVE_INDEX, token_index
from ingest.files.etl_records import Record

_NATIVE_DECIMALS = 18
_digits = re.compile(r"[0-9]{1,100}").fullmatch


class SkippedRecord(Exception):
    """A record of a movement that is no transfer of the product; it is counted under `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransferParser:
    """Parses the records of one chain; keeps the places of transactions and the times of blocks."""

    def __init__(self, chain: str) -> None:
        self._chain = chain
        self._native_asset = EVM_NATIVE_ASSETS[chain]
        self._places: dict[bytes, object] = {}
        self._times: dict[int, object] = {}

    def learn(self, record: Record) -> None:
        """Keeps the place and time that later records need."""
        if _is_transaction(record):
            if key := _hash_key(record["hash"]):
                self._places[key] = _integer(record.get("transaction_index"))
            block = record.get("block_number")
        else:
            block = record.get("number")
        time = record.get("block_timestamp") or record.get("timestamp")
        if type(number := _integer(block)) is int and time is not None:
            self._times[number] = time

    def parse(self, record: Record) -> Transfer | None:
        """The transfer of a record, or None where it is none (a block, a log).

        Raises:
            SkippedRecord: the record is a movement without value, or one whose place is unknown.
            InvalidEvent: a value breaks the event contract.
        """
        if _is_transaction(record):
            fields = self._native_fields(record)
        elif "token_address" in record and "log_index" in record:
            fields = self._token_fields(record)
        else:
            return None
        block_number = _integer(record.get("block_number"))
        time = record.get("block_timestamp")
        if time is None and type(block_number) is int:
            time = self._times.get(block_number)
        event = parse_event(
            {
                "schema_version": SCHEMA_VERSION,
                "chain": self._chain,
                "block_number": block_number,
                "occurred_at": _rfc3339(time),
                "sender": record.get("from_address"),
                "receiver": record.get("to_address"),
                "usd_value": None,
                **fields,
            }
        )
        return None if isinstance(event, Retraction) else event

    def _native_fields(self, record: Record) -> Record:
        # A null status is no failure: blocks before Byzantium (2017) have none.
        if _integer(record.get("receipt_status")) == 0:
            raise SkippedRecord("failed")
        if record.get("to_address") is None:
            raise SkippedRecord("contract_creation")
        if _integer(record.get("value")) == 0:
            raise SkippedRecord("zero_value")
        return {
            "transaction_hash": record["hash"],
            "transaction_index": _integer(record.get("transaction_index")),
            "transfer_index": NATIVE_INDEX,
            "asset": self._native_asset,
            "amount": _amount(record.get("value")),
            "decimals": _NATIVE_DECIMALS,
        }

    def _token_fields(self, record: Record) -> Record:
        log_index = _integer(record["log_index"])
        place = self._places.get(_hash_key(record.get("transaction_hash")) or b"")
        if place is None:
            raise SkippedRecord("no_transaction")
        return {
            "transaction_hash": record.get("transaction_hash"),
            "transaction_index": place,
            "transfer_index": token_index(log_index) if type(log_index) is int else log_index,
            "asset": record["token_address"],
            "amount": _amount(record.get("value")),
            "decimals": None,
        }


def _is_transaction(record: Record) -> bool:
    return "hash" in record and "from_address" in record and "nonce" in record


def _hash_key(value: object) -> bytes | None:
    """A hash as 32 bytes, which take half the memory of its text."""
    try:
        return bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        return None


def _integer(value: object) -> object:
    """An integer that CSV or an exporter writes as text; the contract refuses anything else."""
    return int(value) if isinstance(value, str) and _digits(value) else value


def _amount(value: object) -> object:
    return str(value) if type(value) is int else value


def _rfc3339(time: object) -> object:
    """Unix seconds, `2023-05-02T12:19:59Z` or BigQuery's `2023-05-02 12:19:59 UTC` as RFC 3339."""
    seconds = _integer(time)
    if type(seconds) is int:
        try:
            return datetime.fromtimestamp(seconds, UTC).isoformat()
        except (OverflowError, ValueError, OSError):
            return str(seconds)
    return f"{time[:-4]}Z" if isinstance(time, str) and time.endswith(" UTC") else time
