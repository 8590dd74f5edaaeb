"""What the records of an export say about each other: places, times, results, and kinds of tokens."""

from bisect import bisect_left
from typing import Final

from app.chains.addresses import normalise_address
from app.errors import InvalidEvent
from ingest.files.cryo import PLACE_IN_BLOCK
from ingest.files.records import Record
from ingest.files.spelling import integer, value

UNKNOWN, SUCCEEDED, FAILED = range(3)
TRANSFER_TOPIC: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
ERC1155_TOPICS: Final = frozenset(
    (
        "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62",  # TransferSingle
        "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb",  # TransferBatch
    )
)
NFT_TOPICS: Final = 4
"""Of a transfer's log: an ERC-721 has its number as the fourth, an ERC-20 its amount as data."""
MAX_DECIMALS: Final = 255
_PLACE_BITS: Final = 32
_MOVING_CALLS: Final = (None, "call")
_MOVING_TRACES: Final = ("call", "create", "create2", "suicide", "selfdestruct")

TraceAddress = tuple[int, ...]


class ExportIndex:
    """Keeps of an export what other records need; about 200 bytes for each transaction."""

    def __init__(self, chain: str) -> None:
        self._chain = chain
        self._places: dict[bytes, int] = {}
        """Place of a transaction in its block, and above it what became of it."""
        self.created: dict[bytes, object] = {}
        self.decimals: dict[str, int] = {}
        self.times: dict[int, object] = {}
        self._nfts: set[str] = set()
        self._fungible: set[str] = set()
        self._failed_calls: dict[bytes, list[TraceAddress]] = {}
        self._movements: dict[bytes, list[TraceAddress]] = {}
        self._listed: set[bytes] = set()
        self._first_calls: dict[bytes, TraceAddress] = {}

    def learn_time(self, block: object, time: object) -> None:
        """The time of a block."""
        if type(number := integer(block)) is int and value(time) is not None:
            self.times[number] = time

    def learn_transaction(self, record: Record, transaction_hash: object) -> None:
        """The place of a transaction, what became of it, and the contract that it created."""
        if not (key := hash_key(transaction_hash)):
            return
        old = self._places.get(key, -1)
        place, result = integer(record.get("transaction_index")), result_of(record)
        if type(place) is not int or not 0 <= place < 1 << _PLACE_BITS:
            place = old & ((1 << _PLACE_BITS) - 1) if old >= 0 else None
        if place is not None:
            known = result or (old >> _PLACE_BITS if old >= 0 else UNKNOWN)
            self._places[key] = place | known << _PLACE_BITS
        contract = value(record.get("receipt_contract_address") or record.get("contract_address"))
        if contract is not None:
            self.created[key] = contract

    @property
    def has_places(self) -> bool:
        """Whether some record told the place of a transaction."""
        return bool(self._places)

    def place(self, key: bytes) -> int | None:
        """Place of a transaction in its block."""
        known = self._places.get(key)
        return None if known is None else known & ((1 << _PLACE_BITS) - 1)

    def result(self, key: bytes) -> int:
        """What became of a transaction."""
        return self._places.get(key, 0) >> _PLACE_BITS

    def list_transaction(self, key: bytes) -> None:
        """The transaction's own movement is read from a list of transactions, and not from the traces."""
        self._listed.add(key)

    def is_listed(self, key: bytes) -> bool:
        """Whether its own movement was read from a list of transactions."""
        return key in self._listed

    def learn_log(self, record: Record) -> bool:
        """The kind of a token, by how its contract writes transfers; whether it is one of an ERC-1155."""
        topics = _topics(record)
        if topics and topics[0] == TRANSFER_TOPIC:
            self._mark(record.get("address"), is_nft=len(topics) == NFT_TOPICS)
        return bool(topics) and topics[0] in ERC1155_TOPICS

    def learn_contract(self, record: Record) -> None:
        """The kind of a token's contract, by what the exporter found in its code."""
        for name, is_nft in (("is_erc721", True), ("is_erc1155", True), ("is_erc20", False)):
            if str(record.get(name)).lower() in ("true", "1"):
                self._mark(record.get("address"), is_nft=is_nft)

    def learn_token(self, record: Record) -> None:
        """The decimals of a token."""
        address, decimals = self._address(record.get("address")), integer(record.get("decimals"))
        if address and type(decimals) is int and 0 <= decimals <= MAX_DECIMALS:
            self.decimals[address] = decimals
            self._fungible.add(address)

    def is_nft(self, token: object) -> bool | None:
        """Whether a token is an NFT; None where nothing says so."""
        address = self._address(token)
        return True if address in self._nfts else False if address in self._fungible else None

    def learn_trace(self, record: Record) -> None:
        """The failed calls of a transaction, and the order of those inside it that move value."""
        key, address = hash_key(record.get("transaction_hash")), trace_address(record)
        if not key or address is None:
            return
        if PLACE_IN_BLOCK in record:
            self._first_calls[key] = min(address, self._first_calls.get(key, address))
        if _has_failed(record):
            self._failed_calls.setdefault(key, []).append(address)
        # Failed ones count too: an export that does not say which failed gives the same order.
        if address and moves_value(record) and integer(record.get("value")):
            self._movements.setdefault(key, []).append(address)

    def has_failed(self, key: bytes, record: Record, address: TraceAddress) -> bool:
        """Whether a call failed, or one of those that called it, or its transaction."""
        if _has_failed(record) or self.result(key) == FAILED:
            return True
        return any(address[: len(failed)] == failed for failed in self._failed_calls.get(key, ()))

    def address_of(self, key: bytes, record: Record) -> TraceAddress | None:
        """Place of a call in its transaction's tree; () of the first that has a place in the block."""
        address = trace_address(record)
        return () if address is not None and address == self._first_calls.get(key) else address

    def order(self, key: bytes, address: TraceAddress) -> int:
        """Place of a movement among the internal ones of its transaction, from 0."""
        movements = self._movements.get(key, [])
        if len(movements) > 1 and movements != sorted(set(movements)):
            movements = self._movements[key] = sorted(set(movements))
        own = bool(movements) and movements[0] == self._first_calls.get(key)
        return bisect_left(movements, address) - own

    def _mark(self, token: object, *, is_nft: bool) -> None:
        if address := self._address(token):
            (self._nfts if is_nft else self._fungible).add(address)

    def _address(self, token: object) -> str | None:
        try:
            return normalise_address(self._chain, token) if isinstance(token, str) else None
        except InvalidEvent:
            return None


def hash_key(of: object) -> bytes | None:
    """A hash as 32 bytes, which take half the memory of its text."""
    try:
        return bytes.fromhex(str(of).removeprefix("0x"))
    except ValueError:
        return None


def trace_address(record: Record) -> TraceAddress | None:
    """The place of a call in its transaction's tree, () for the transaction itself; None where it is none."""
    text = value(record.get("trace_address"))
    if text is None:
        return ()
    parts = text if isinstance(text, list) else str(text).strip("[]").replace("_", ",").split(",")
    numbers = [integer(part.strip() if isinstance(part, str) else part) for part in parts if part != ""]
    return tuple(numbers) if all(type(each) is int for each in numbers) else None  # type: ignore[arg-type]


def moves_value(record: Record) -> bool:
    """Whether value goes from sender to receiver: not so where code runs in its caller's name."""
    return record.get("trace_type") in _MOVING_TRACES and (
        record.get("trace_type") != "call" or value(record.get("call_type")) in _MOVING_CALLS
    )


def _has_failed(record: Record) -> bool:
    return integer(record.get("status")) == 0 or value(record.get("error")) is not None


def result_of(record: Record) -> int:
    """What a transaction or receipt says became of it: UNKNOWN, SUCCEEDED or FAILED."""
    status = record.get("receipt_status", record.get("status"))
    # A null status is no failure: blocks before Byzantium (2017) have none.
    match {"true": 1, "false": 0}.get(str(status).lower(), integer(status)):
        case 1:
            return SUCCEEDED
        case 0:
            return FAILED
        case _:
            return UNKNOWN


def _topics(record: Record) -> list[str]:
    topics = value(record.get("topics"))
    if isinstance(topics, str):
        topics = topics.strip("[]").replace("'", "").replace('"', "").replace(" ", "").split(",")
    elif topics is None:
        topics = [topic for number in range(4) if (topic := value(record.get(f"topic{number}")))]
    return [str(topic).lower() for topic in topics] if isinstance(topics, list) else []
