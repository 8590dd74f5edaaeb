"""Transfers from ethereum-etl's records: which ones move value, and where and when."""

from app.chains.addresses import EVM_NATIVE_ASSETS
from app.domain import Transfer
from app.errors import InvalidEvent
from ingest.contract.reasons import SCHEMA_VERSION
from ingest.contract.transfer import parse_event
from ingest.contract.transfer_index import NATIVE_INDEX, internal_index, token_index
from ingest.files.block_times import estimated_time
from ingest.files.cryo import PLACE_IN_BLOCK
from ingest.files.etl_index import (
    FAILED,
    UNKNOWN,
    ExportIndex,
    hash_key,
    moves_value,
    result_of,
)
from ingest.files.forms import Form
from ingest.files.records import Record
from ingest.files.spelling import amount, integer, time, value
from ingest.files.tally import Tally

NATIVE_DECIMALS = 18
FIRST_BLOCK_WITH_STATUS = {"ethereum": 4_370_000}
"""Byzantium: before it no receipt says whether its transaction failed."""
_NFT_EVENTS = {"ERC-721": "nft", "ERC721": "nft", "ERC-1155": "erc1155", "ERC1155": "erc1155"}


class SkippedRecord(Exception):
    """A record of a movement that is no transfer of the product; it is counted under `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransferParser:
    """Parses the records of one chain, with what the index knows of the other records."""

    def __init__(self, chain: str, index: ExportIndex, tally: Tally, *, needs_place: bool = False) -> None:
        """With `needs_place` a token's transfer is left out where nothing tells its transaction's place."""
        self._needs_place = needs_place
        self._chain = chain
        self._native_asset = EVM_NATIVE_ASSETS[chain]
        self._index = index
        self._tally = tally

    def learn(self, form: Form | None, record: Record) -> None:
        """Keeps what other records need."""
        index = self._index
        if form is Form.etl_blocks:
            index.learn_time(record.get("number"), record.get("timestamp"))
            return
        index.learn_time(record.get("block_number"), _time_of(record))
        if form is Form.etl_transactions:
            index.learn_transaction(record, record["hash"])
        elif form is Form.etl_receipts:
            index.learn_transaction(record, record["transaction_hash"])
        elif form is Form.etl_contracts:
            index.learn_contract(record)
        elif form is Form.etl_tokens:
            index.learn_token(record)
            index.learn_contract(record)
        elif form is Form.etl_traces:
            index.learn_trace(record)
        elif form is Form.etl_logs:
            if record.get("transaction_index") is not None:
                index.learn_transaction(
                    {"transaction_index": record["transaction_index"]}, record.get("transaction_hash")
                )
            if index.learn_log(record):
                self._tally["erc1155"] += 1

    def parse(self, form: Form | None, record: Record) -> Transfer | None:
        """The transfer of a record, or None where it is none (a block, a log).

        Raises:
            SkippedRecord: the record is a movement without value, or one whose place is unknown.
            InvalidEvent: a value breaks the event contract.
        """
        if form is Form.etl_transactions:
            fields = self._native_fields(record)
        elif form is Form.etl_token_transfers:
            fields = self._token_fields(record)
        elif form is Form.etl_traces:
            fields = self._trace_fields(record)
        else:
            return None
        block_number = integer(record.get("block_number"))
        event = parse_event(
            {
                "schema_version": SCHEMA_VERSION,
                "chain": self._chain,
                "block_number": block_number,
                "occurred_at": self._time(record, block_number),
                "sender": value(record.get("from_address")),
                "receiver": value(record.get("to_address")),
                "usd_value": None,
                **fields,
            }
        )
        return event if isinstance(event, Transfer) else None

    def _native_fields(self, record: Record) -> Record:
        key = hash_key(record["hash"]) or b""
        self._index.list_transaction(key)
        result = result_of(record) or self._index.result(key)
        if result == FAILED:
            raise SkippedRecord("failed")
        units, receiver = integer(record.get("value")), value(record.get("to_address"))
        if receiver is None:
            receiver = self._index.created.get(key) if units != 0 else None
            if receiver is None:
                raise SkippedRecord("contract_creation")
        if units == 0:
            raise SkippedRecord("zero_value")
        number = integer(record.get("block_number"))
        first = FIRST_BLOCK_WITH_STATUS.get(self._chain, 0)
        if result == UNKNOWN and type(number) is int and number >= first:
            self._tally.notes["status_unknown"] += 1
        return {
            "transaction_hash": record["hash"],
            "transaction_index": integer(record.get("transaction_index")),
            "transfer_index": NATIVE_INDEX,
            "receiver": receiver,
            "asset": self._native_asset,
            "amount": amount(record.get("value")),
            "decimals": NATIVE_DECIMALS,
        }

    def _token_fields(self, record: Record) -> Record:
        log_index, token = integer(record["log_index"]), value(record["token_address"])
        key = hash_key(record.get("transaction_hash")) or b""
        if reason := _NFT_EVENTS.get(str(record.get("event_type") or record.get("token_type")).upper()):
            raise SkippedRecord(reason)
        is_nft = self._index.is_nft(token)
        if is_nft:
            raise SkippedRecord("nft")
        if self._index.result(key) == FAILED:
            raise SkippedRecord("failed")
        place: object = self._index.place(key)
        if place is None:
            place = integer(record.get("transaction_index"))
        if place is None:
            # An export that has transactions, and not this one, is damaged; one without any is a list of
            # token transfers alone, whose order in the block is that of their logs.
            if self._needs_place or self._index.has_places:
                raise SkippedRecord("no_transaction")
            self._tally.notes["no_transaction_index"] += 1
            place = 0
        if is_nft is None:
            self._tally.notes["standard_unknown"] += 1
        return {
            "transaction_hash": record.get("transaction_hash"),
            "transaction_index": place,
            "transfer_index": token_index(log_index) if type(log_index) is int else log_index,
            "asset": token,
            "amount": amount(record.get("value")),
            "decimals": self._index.decimals.get(str(token).lower()),
        }

    def _trace_fields(self, record: Record) -> Record:
        transaction_hash = value(record.get("transaction_hash"))
        if transaction_hash is None:
            raise SkippedRecord("reward")
        key = hash_key(transaction_hash) or b""
        address = self._index.address_of(key, record)
        if address is None:
            raise InvalidEvent("bad_place", "transfer_index: the trace address is no list of numbers.")
        if self._index.has_failed(key, record, address):
            raise SkippedRecord("failed")
        if not moves_value(record):
            raise SkippedRecord("moves_nothing")
        if integer(record.get("value")) in (0, None):
            raise SkippedRecord("zero_value")
        if (
            not address
            and self._index.is_listed(key)
            and (record.get("trace_type") == "call" or key in self._index.created)
        ):
            raise SkippedRecord("in_transactions")
        place = integer(record.get("transaction_index"))
        if place is None and (place := self._index.place(key)) is None:
            raise SkippedRecord("no_transaction")
        if PLACE_IN_BLOCK in record:
            self._tally.notes["kind_of_call_unknown"] += 1
        # The transaction's own movement has the index that it has in a list of transactions.
        kind = {"kind": "internal"} if address else {}
        return {
            "transaction_hash": transaction_hash,
            "transaction_index": place,
            "transfer_index": internal_index(self._index.order(key, address)) if address else NATIVE_INDEX,
            "asset": self._native_asset,
            "amount": amount(record.get("value")),
            "decimals": NATIVE_DECIMALS,
            **kind,
        }

    def _time(self, record: Record, block_number: object) -> object:
        moment = _time_of(record)
        if moment is None and type(block_number) is int:
            moment = self._index.times.get(block_number)
            if moment is None and (moment := estimated_time(self._chain, block_number)) is not None:
                self._tally.notes["estimated_times"] += 1
        if moment is None:
            raise SkippedRecord("no_time")
        return time(moment)


def _time_of(record: Record) -> object:
    moment = value(record.get("block_timestamp"))
    return value(record.get("timestamp")) if moment is None else moment
