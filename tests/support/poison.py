"""Bad messages of every kind that the contract names, each with the reason that it is due."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice, zip_longest

import orjson

from app.chains.addresses import EVM_CHAINS
from app.domain import MAX_AMOUNT, MAX_BLOCK_NUMBER, MAX_INDEX, Retraction, Transfer
from ingest.contract.reasons import MAX_BYTES
from ingest.contract.transfer import encode

Payload = bytes | None
Poison = tuple[str, bytes | None, Payload]
"""Reason, key, payload."""


def _with(**changes: object) -> Callable[[Transfer], Payload]:
    return lambda event: orjson.dumps(orjson.loads(encode(event)) | changes)


def _without(field: str) -> Callable[[Transfer], Payload]:
    def make(event: Transfer) -> Payload:
        fields = orjson.loads(encode(event))
        del fields[field]
        return orjson.dumps(fields)

    return make


def _in_place(old: bytes, new: bytes) -> Callable[[Transfer], Payload]:
    def make(event: Transfer) -> Payload:
        payload = encode(event)
        assert old in payload
        return payload.replace(old, new, 1)

    return make


def _wrong_checksum(field: str) -> Callable[[Transfer], Payload]:
    # Capitals in the first half only: one of 2^20 such addresses would carry its checksum so.
    return _with(**{field: "0x" + "AbCdEfAbCdEfAbCdEfAb" + "abcdefabcdefabcdefab"})


def _retraction_with(**changes: object) -> Callable[[Transfer], Payload]:
    def make(event: Transfer) -> Payload:
        retraction = Retraction(
            event.chain, event.transaction_hash, event.asset, event.transfer_index, event.occurred_at
        )
        return orjson.dumps(orjson.loads(encode(retraction)) | changes)

    return make


def _padded(event: Transfer) -> Payload:
    return encode(event) + b" " * MAX_BYTES


def _other_amount(event: Transfer) -> Payload:
    return encode(replace(event, amount=(event.amount + 1) % MAX_AMOUNT))


KINDS: dict[str, list[Callable[[Transfer], Payload]]] = {
    "foreign_tombstone": [lambda _: None],
    "foreign_avro": [lambda _: b"\0\0\0\0\x01\x10abcdefgh", lambda _: b"Obj\x01\x04\x14avro.codec"],
    "foreign_debezium": [
        lambda _: b'{"before":null,"after":{"id":1},"source":{},"op":"c","ts_ms":1}',
        lambda _: b'{"schema":{"type":"struct"},"payload":{"id":1}}',
    ],
    "foreign_ethereum_etl": [
        lambda _: (
            b'{"type":"token_transfer","token_address":"0x","value":"1","item_id":"token_transfer_0x_1"}'
        ),
        lambda _: b'{"type":"block","number":1,"hash":"0x"}',
    ],
    "foreign_json": [lambda _: b'{"id":7,"event":"created"}', lambda _: b'{"type":"order"}'],
    "foreign_text": [lambda _: b"hello", lambda _: b"<xml/>", lambda _: "größer\n".encode()],
    "empty": [lambda _: b""],
    "too_large": [_padded, lambda _: b"[" * 200_000],
    "not_json": [
        lambda _: b"{",
        lambda _: b"\xff\xfe\x00",
        lambda _: b"NaN",
        lambda event: encode(event)[:-1],
        lambda event: encode(event).replace(b'"', b"'"),
        lambda _: b'{"amount": 1e999}',
        lambda _: b"[" * 2_000 + b"]" * 2_000,
        lambda _: b'"\\ud800"',
    ],
    "not_object": [lambda _: b"[]", lambda _: b"7", lambda _: b"null", lambda _: b'"transfer"'],
    "wrong_version": [_with(schema_version=2), _with(schema_version="1"), _with(schema_version=True)],
    "unknown_type": [_with(type="transfer"), _with(type=None), _with(type=["retraction"])],
    "missing_field": [_without("amount"), _without("usd_value"), _without("schema_version")],
    "unknown_field": [_with(colour="red"), _with(**{"": 1})],
    "duplicate_field": [
        _in_place(b'"chain":', b'"chain":"bitcoin","chain":'),
        _in_place(b'"schema_version":1', b'"schema_version":1,"schema_version":1'),
        _in_place(b'"chain":', b'"kind":"fee","kind":"fee","chain":'),
    ],
    "wrong_type": [
        _with(amount=5),
        _with(block_number="1"),
        _with(transfer_index=1.5),
        _with(sender=None),
        _with(decimals=True),
        _with(usd_value=1.5),
        _with(kind=1),
        _with(sender_tag=7),
        _with(block_hash=["0x"]),
        _retraction_with(block_number="1"),
        _in_place(b'"transaction_index":', b'"transaction_index":99999999999999999999'),
    ],
    "unknown_chain": [_with(chain="etherium"), _with(chain="")],
    "bad_hash": [
        _with(transaction_hash="0x12"),
        _with(transaction_hash="0x" + "g" * 64),
        _with(block_hash="0x12"),
        _retraction_with(block_hash="latest"),
    ],
    "bad_place": [
        _with(block_number=-1),
        _with(block_number=MAX_BLOCK_NUMBER + 1),
        _with(transaction_index=MAX_INDEX + 1),
        _with(transfer_index=-1),
        _retraction_with(block_number=MAX_BLOCK_NUMBER + 1),
    ],
    "bad_time": [
        _with(occurred_at="yesterday"),
        _with(occurred_at="2023-05-02T12:00:11"),
        _with(occurred_at="1999-05-02T12:00:11Z"),
        _with(occurred_at="2023-02-30T12:00:11Z"),
        _with(observed_at="2023-05-02T12:00:11"),
    ],
    "bad_address": [
        _with(sender="0x12"),
        _with(receiver="alice"),
        _with(receiver=""),
        _with(initiator="0x12"),
    ],
    "bad_checksum": [
        _wrong_checksum("sender"),
        _wrong_checksum("receiver"),
        _wrong_checksum("asset"),
        _wrong_checksum("initiator"),
    ],
    "bad_asset": [_with(asset="0x12"), _with(asset="a b"), _with(asset="x" * 129)],
    "bad_amount": [
        _with(amount="-5"),
        _with(amount=str(MAX_AMOUNT + 1)),
        _with(amount="1.5"),
        _with(amount=""),
    ],
    "bad_decimals": [_with(decimals=256), _with(decimals=-1)],
    "bad_usd_value": [_with(usd_value="-1"), _with(usd_value="1e3"), _with(usd_value="1." + "0" * 19)],
    "bad_kind": [_with(kind="erc20"), _with(kind="")],
    "bad_tag": [
        _with(sender_tag=""),
        _with(receiver_tag="x" * 257),
        _with(sender_tag="\0"),
        _with(receiver_tag="7\u202e1"),
    ],
    "wrong_key": [encode],
    "conflict": [_other_amount],
}
"""By reason; every payload is refused for that reason and no other."""


def poison(events: Sequence[Transfer], count: int) -> Iterator[Poison]:
    """So many bad messages, every reason before any comes again, each made of an event of an EVM chain."""
    turns = zip_longest(*([(reason, make) for make in makes] for reason, makes in KINDS.items()))
    kinds = [kind for turn in turns for kind in turn if kind is not None]
    victims = cycle([event for event in events if event.chain in EVM_CHAINS])
    for (reason, make), event in islice(zip(cycle(kinds), victims, strict=False), count):
        key = b"ethereum:wrong" if reason == "wrong_key" else event.message_key.encode()
        yield reason, key, make(event)
