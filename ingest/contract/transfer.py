"""The wire contract: one event of the topic `transfers`, strictly checked, to a value and back.

`REASONS` is the whole list of what can be wrong with an event; a dead letter carries one of its codes.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from ingest.contract import fields as field

SCHEMA_VERSION = 1
MAX_BYTES = 16_384
"""Of one message; the longest event in canonical form is about 1,000 bytes."""

REASONS: Final = {
    "empty": "The message has no bytes.",
    "too_large": f"The message is longer than {MAX_BYTES} bytes.",
    "not_json": "Not JSON in UTF-8 (also: NaN, numbers beyond a double, lone surrogates, deep nesting).",
    "not_object": "The JSON is not an object.",
    "wrong_version": f"`schema_version` is not the integer {SCHEMA_VERSION}.",
    "unknown_type": "`type` is there and is not `retraction`.",
    "missing_field": "A field of the contract is absent.",
    "unknown_field": "There is a field that the contract does not have.",
    "duplicate_field": "A field is written twice.",
    "wrong_type": "A field has another JSON type than the contract says (an integer beyond 64 bits too).",
    "unknown_chain": "`chain` is not in the list of known chains.",
    "bad_hash": "`transaction_hash` is none of its chain.",
    "bad_place": "Block number or an index is negative or does not fit 31 and 16 bits.",
    "bad_time": "Not RFC 3339 with an offset, or not in the years 2009 to 2100.",
    "bad_address": "Sender or receiver is no address of the chain.",
    "bad_checksum": "An address, or a token's, carries a wrong checksum.",
    "bad_asset": "`asset` is neither a token's address nor a symbol of at most 128 letters, digits, `._-`.",
    "bad_amount": "`amount` is not 1 to 78 decimal digits, or is above 2^256 - 1.",
    "bad_decimals": "`decimals` is not in 0..255.",
    "bad_usd_value": "`usd_value` is not a decimal of at most 30 digits before and 18 after the point.",
    "wrong_key": "The message key is there and is not `chain:asset` in stored form.",
    "conflict": "The record holds this identity with another payload, and no retraction came before.",
}

TRANSFER_FIELDS: Final = (
    "schema_version",
    "chain",
    "transaction_hash",
    "transfer_index",
    "block_number",
    "transaction_index",
    "occurred_at",
    "sender",
    "receiver",
    "asset",
    "amount",
    "decimals",
    "usd_value",
)
_TRANSFER_KEYS = frozenset(TRANSFER_FIELDS)
_RETRACTION_KEYS = frozenset(
    ("schema_version", "type", "chain", "transaction_hash", "asset", "transfer_index", "observed_at")
)

# No accepted value holds a quotation mark, so an event with each field once has exactly this many, two a
# field and two a string. orjson keeps the last of two fields of one name and does not tell; this does.
_TRANSFER_QUOTES = 2 * (len(TRANSFER_FIELDS) + 7)
_RETRACTION_QUOTES = 2 * (len(_RETRACTION_KEYS) + 5)


def decode(payload: bytes | None, key: bytes | None = None) -> Transfer | Retraction:
    """The value of one message; nothing but InvalidEvent, with a code of `REASONS`, is raised."""
    if not payload:
        raise InvalidEvent("empty", "The message has no bytes.")
    if len(payload) > MAX_BYTES:
        raise InvalidEvent("too_large", f"The message has {len(payload)} bytes; {MAX_BYTES} are allowed.")
    try:
        fields = orjson.loads(payload)
    except orjson.JSONDecodeError as exc:
        raise InvalidEvent("not_json", f"The message is not JSON: {exc}.") from exc
    if type(fields) is not dict:
        raise InvalidEvent("not_object", "The message is not a JSON object.")
    event = parse_event(fields)
    if type(event) is Retraction:
        quotes = _RETRACTION_QUOTES
    else:
        quotes = _TRANSFER_QUOTES + (0 if fields["usd_value"] is None else 2)
    if payload.count(b'"') != quotes:
        raise InvalidEvent("duplicate_field", "The message writes a field twice.")
    if key is not None and key != event.message_key.encode():
        raise InvalidEvent("wrong_key", f"The message key {key[:200]!a} is not {event.message_key!a}.")
    return event


def parse_event(fields: Mapping[str, object]) -> Transfer | Retraction:
    """The value of an event given as the contract's fields; messages begin with the field at fault."""
    version = fields.get("schema_version", SCHEMA_VERSION)  # an absent one is told with the other fields
    if type(version) is not int or version != SCHEMA_VERSION:
        raise InvalidEvent("wrong_version", f"schema_version: is not {SCHEMA_VERSION}.")
    if "type" not in fields:
        return _parse_transfer(fields)
    if fields["type"] != "retraction":
        raise InvalidEvent("unknown_type", "type: is not `retraction`, the only one there is.")
    return _parse_retraction(fields)


def _parse_transfer(fields: Mapping[str, object]) -> Transfer:
    if fields.keys() != _TRANSFER_KEYS:
        raise _other_fields(fields, _TRANSFER_KEYS)
    chain = field.chain(fields["chain"])
    return Transfer(
        chain,
        field.transaction_hash(chain, fields["transaction_hash"]),
        field.index("transfer_index", fields["transfer_index"]),
        field.block_number(fields["block_number"]),
        field.index("transaction_index", fields["transaction_index"]),
        field.time("occurred_at", fields["occurred_at"]),
        field.address("sender", chain, fields["sender"]),
        field.address("receiver", chain, fields["receiver"]),
        field.asset(chain, fields["asset"]),
        field.amount(fields["amount"]),
        field.decimals(fields["decimals"]),
        field.usd_value(fields["usd_value"]),
    )


def _parse_retraction(fields: Mapping[str, object]) -> Retraction:
    if fields.keys() != _RETRACTION_KEYS:
        raise _other_fields(fields, _RETRACTION_KEYS)
    chain = field.chain(fields["chain"])
    transfer_index = fields["transfer_index"]
    return Retraction(
        chain,
        field.transaction_hash(chain, fields["transaction_hash"]),
        field.asset(chain, fields["asset"]),
        None if transfer_index is None else field.index("transfer_index", transfer_index),
        field.time("observed_at", fields["observed_at"]),
    )


def _other_fields(fields: Mapping[str, object], expected: frozenset[str]) -> InvalidEvent:
    """The error of an event that has not exactly the expected fields."""
    unknown = sorted(fields.keys() - expected)
    if unknown:
        return InvalidEvent("unknown_field", f"{unknown[0][:40]!a}: is no field of the contract.")
    missing = sorted(expected - fields.keys())
    return InvalidEvent("missing_field", f"{missing[0]}: is missing.")


def encode(event: Transfer | Retraction) -> bytes:
    """The canonical bytes of an event: compact JSON, fields in the contract's order."""
    if isinstance(event, Retraction):
        return orjson.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "type": "retraction",
                "chain": event.chain,
                "transaction_hash": event.transaction_hash,
                "asset": event.asset,
                "transfer_index": event.transfer_index,
                "observed_at": event.observed_at,
            },
            option=orjson.OPT_UTC_Z,
        )
    return orjson.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "chain": event.chain,
            "transaction_hash": event.transaction_hash,
            "transfer_index": event.transfer_index,
            "block_number": event.block_number,
            "transaction_index": event.transaction_index,
            "occurred_at": event.occurred_at,
            "sender": event.sender,
            "receiver": event.receiver,
            "asset": event.asset,
            "amount": str(event.amount),
            "decimals": event.decimals,
            "usd_value": None if event.usd_value is None else format(event.usd_value, "f"),
        },
        option=orjson.OPT_UTC_Z,
    )
