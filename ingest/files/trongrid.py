"""Answers of TronGrid, read as transfers: TRC20 history, contract events, transactions of an account."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from app.chains.address_forms import tron_address
from app.domain import ByteProgress, Transfer
from app.errors import InvalidEvent
from ingest.contract.reasons import SCHEMA_VERSION
from ingest.contract.transfer import parse_event
from ingest.contract.transfer_index import NATIVE_INDEX, token_index
from ingest.files.etl_transfers import SkippedRecord
from ingest.files.forms import Form
from ingest.files.identity import ContentIndices
from ingest.files.records import Record, read_records
from ingest.files.spelling import amount, integer, time, value
from ingest.files.tally import Tally

CHAIN: Final = "tron"
TRX_DECIMALS: Final = 6
_MILLISECONDS: Final = 1_000

Movement = tuple[str, ...]
"""Transaction, token, sender, receiver and amount."""


class TronReader:
    """Reads the files of one folder: events name block and index, the history names decimals."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._decimals: dict[str, object] = {}
        self._in_events: Counter[Movement] = Counter()
        self._blocks: dict[str, object] = {}

    def learn(self, files: Iterable[tuple[Path, Form]]) -> None:
        """Keeps what the files say about each other.

        Raises:
            InvalidInput: a file is damaged.
        """
        for path, form in files:
            for _, record in read_records(path):
                if form is Form.trongrid_trc20 and isinstance(token := record.get("token_info"), dict):
                    self._decimals[str(token.get("address"))] = integer(token.get("decimals"))
                elif form is Form.trongrid_events:
                    self._blocks[str(record["transaction_id"])] = record.get("block_number")
                    if isinstance(moved := record["result"], dict) and record.get("event_name") == "Transfer":
                        self._in_events[_movement(record, record.get("contract_address"), moved)] += 1
                elif form is Form.trongrid_transactions:
                    self._blocks[str(record["txID"])] = record.get("blockNumber")

    def read(self, path: Path, form: Form, progress: ByteProgress | None = None) -> Iterator[Transfer]:
        """The transfers of a file.

        Raises:
            InvalidInput: the file is damaged.
        """
        self._indices = ContentIndices()
        parse = {
            Form.trongrid_events: self._event,
            Form.trongrid_trc20: self._history,
        }.get(form, self._transaction)
        for line, record in read_records(path, progress):
            try:
                common = {"schema_version": SCHEMA_VERSION, "chain": CHAIN, "transaction_index": 0}
                event = parse_event({**common, "usd_value": None, **parse(record)})
            except SkippedRecord as exc:
                self._tally.skip(exc.reason, path, line)
            except InvalidEvent as exc:
                self._tally.skip(exc.reason, path, line, str(exc))
            else:
                self._tally.notes["no_transaction_index"] += 1
                if isinstance(event, Transfer):
                    yield event

    def _event(self, record: Record) -> Record:
        moved = record["result"]
        if record.get("event_name") != "Transfer" or not isinstance(moved, dict):
            raise SkippedRecord("other_event")
        if "tokenId" in moved or "value" not in moved:
            raise SkippedRecord("nft")
        token = tron_address(str(record.get("contract_address")))
        index = integer(record.get("event_index"))
        return {
            **_amount_of(moved["value"]),
            "transaction_hash": record["transaction_id"],
            "transfer_index": token_index(index) if type(index) is int else index,
            "block_number": integer(record.get("block_number")),
            "occurred_at": time(record.get("block_timestamp")),
            "sender": tron_address(str(moved.get("from"))),
            "receiver": tron_address(str(moved.get("to"))),
            "asset": token,
            "decimals": self._decimals.get(token),
        }

    def _history(self, record: Record) -> Record:
        token = record["token_info"] if isinstance(record["token_info"], dict) else {}
        if record.get("type", "Transfer") != "Transfer":
            raise SkippedRecord("other_event")
        movement = _movement(record, token.get("address"), record)
        if self._in_events[movement]:
            self._in_events[movement] -= 1
            raise SkippedRecord("in_events")
        transaction_hash, asset, sender, receiver, units = movement
        fields = {
            **_amount_of(record.get("value")),
            "transaction_hash": transaction_hash,
            "transfer_index": self._indices.token(transaction_hash, sender, receiver, asset, units),
            "block_number": self._block(record, transaction_hash),
            "occurred_at": time(record.get("block_timestamp")),
            "sender": sender,
            "receiver": receiver,
            "asset": asset,
            "decimals": integer(token.get("decimals")),
        }
        self._tally.notes["no_log_index"] += 1
        return fields

    def _transaction(self, record: Record) -> Record:
        raw: Any = record["raw_data"]
        try:
            contract = raw["contract"][0]
            moved = contract["parameter"]["value"]
            results = [each.get("contractRet", "SUCCESS") for each in record.get("ret") or ({},)]  # type: ignore[attr-defined]
            kind = contract["type"]
        except (AttributeError, TypeError, KeyError, IndexError) as exc:
            raise InvalidEvent("missing_field", "raw_data: has no contract with a type and a value.") from exc
        if any(result != "SUCCESS" for result in results):
            raise SkippedRecord("failed")
        if kind != "TransferContract":
            raise SkippedRecord("other_contract")
        return {
            **_amount_of(moved.get("amount")),
            "transaction_hash": record["txID"],
            "transfer_index": NATIVE_INDEX,
            "block_number": integer(record.get("blockNumber")),
            "occurred_at": time(record.get("block_timestamp")),
            "sender": tron_address(str(moved.get("owner_address"))),
            "receiver": tron_address(str(moved.get("to_address"))),
            "asset": "TRX",
            "decimals": TRX_DECIMALS,
        }

    def _block(self, record: Record, transaction_hash: str) -> object:
        block = integer(self._blocks.get(transaction_hash))
        if block is None and type(moment := integer(record.get("block_timestamp"))) is int:
            self._tally.notes["time_for_block"] += 1
            return moment // _MILLISECONDS
        return block


def _movement(record: Record, token: object, moved: Record) -> Movement:
    addresses = (tron_address(str(each)) for each in (token, moved.get("from"), moved.get("to")))
    return (str(record.get("transaction_id")), *addresses, str(amount(moved.get("value"))))


def _amount_of(units: object) -> Record:
    if integer(units) == 0:
        raise SkippedRecord("zero_value")
    return {"amount": amount(value(units))}
