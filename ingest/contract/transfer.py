"""The event contract (docs/event.md): messages of the topic `transfers` to values and back, checked."""

from collections.abc import Mapping
from typing import Final

import orjson

from app.domain import Retraction, Transfer
from app.errors import InvalidEvent
from ingest.contract import fields as field
from ingest.contract.foreign import as_foreign
from ingest.contract.reasons import MAX_BYTES, SCHEMA_VERSION

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
OPTIONAL_FIELDS: Final = ("block_hash", "observed_at", "initiator", "kind", "sender_tag", "receiver_tag")
"""Of a transfer; an absent one and a null say the same: nothing."""
OPTIONAL_RETRACTION_FIELDS: Final = ("block_number", "block_hash")

_REQUIRED_STRINGS = 7
"""Of a transfer, which may have one more: its value in USD."""

_TRANSFER_KEYS = frozenset(TRANSFER_FIELDS)
_RETRACTION_KEYS = frozenset(
    ("schema_version", "type", "chain", "transaction_hash", "asset", "transfer_index", "observed_at")
)
_ALL_TRANSFER_KEYS = _TRANSFER_KEYS.union(OPTIONAL_FIELDS)
_ALL_RETRACTION_KEYS = _RETRACTION_KEYS.union(OPTIONAL_RETRACTION_FIELDS)


def decode(payload: bytes | None, key: bytes | None = None) -> Transfer | Retraction:
    """The value of one message; nothing but InvalidEvent, with a code of `REASONS`, is raised."""
    try:
        return _decode(payload, key)
    except InvalidEvent as exc:
        raise as_foreign(payload, exc) from exc


def _decode(payload: bytes | None, key: bytes | None) -> Transfer | Retraction:
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
    if _count_quotes(payload) != 2 * (len(fields) + _count_strings(fields)):
        raise InvalidEvent("duplicate_field", "The message writes a field twice.")
    if key is not None and key != event.message_key.encode():
        shown = key[:200].decode(errors="backslashreplace")
        raise InvalidEvent("wrong_key", f"The message key {shown!a} is not {event.message_key!a}.")
    return event


def _count_strings(fields: Mapping[str, object]) -> int:
    """How many of an accepted event's values are strings."""
    if len(fields) == len(TRANSFER_FIELDS):  # the most common event: its required fields alone
        return _REQUIRED_STRINGS + (fields["usd_value"] is not None)
    return list(map(type, fields.values())).count(str)


def _count_quotes(payload: bytes) -> int:
    """How many quotation marks begin or end a name or a value: two a name and two a string.

    An event with each field once has exactly as many as its fields say. Of two fields of one name orjson
    keeps the last, without an error.
    """
    quotes = payload.count(b'"')
    if b"\\" in payload:
        # In a tag. With the escaped backslashes away, a backslash before a quotation mark escapes it.
        quotes -= payload.replace(rb"\\", b"").count(rb"\"")
    return quotes


def parse_event(fields: Mapping[str, object]) -> Transfer | Retraction:
    """The value of an event given as the contract's fields; messages begin with the field at fault."""
    version = fields.get("schema_version", SCHEMA_VERSION)  # an absent one is reported with the other fields
    if type(version) is not int or version != SCHEMA_VERSION:
        raise InvalidEvent("wrong_version", f"schema_version: is not {SCHEMA_VERSION}.")
    if "type" not in fields:
        return _parse_transfer(fields)
    if fields["type"] != "retraction":
        raise InvalidEvent("unknown_type", "type: is not `retraction`, the only one there is.")
    return _parse_retraction(fields)


def _parse_transfer(fields: Mapping[str, object]) -> Transfer:
    _check_names(fields, _TRANSFER_KEYS, _ALL_TRANSFER_KEYS)
    chain = field.chain(fields["chain"])
    required = (
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
    if len(fields) == len(TRANSFER_FIELDS):
        return Transfer(*required)
    return Transfer(
        *required,
        field.block_hash(chain, fields.get("block_hash")),
        field.observed_at(fields.get("observed_at")),
        field.initiator(chain, fields.get("initiator")),
        field.kind(fields.get("kind")),
        field.tag("sender_tag", fields.get("sender_tag")),
        field.tag("receiver_tag", fields.get("receiver_tag")),
    )


def _parse_retraction(fields: Mapping[str, object]) -> Retraction:
    _check_names(fields, _RETRACTION_KEYS, _ALL_RETRACTION_KEYS)
    chain = field.chain(fields["chain"])
    transfer_index, block_number = fields["transfer_index"], fields.get("block_number")
    return Retraction(
        chain,
        field.transaction_hash(chain, fields["transaction_hash"]),
        field.asset(chain, fields["asset"]),
        None if transfer_index is None else field.index("transfer_index", transfer_index),
        field.time("observed_at", fields["observed_at"]),
        None if block_number is None else field.block_number(block_number),
        field.block_hash(chain, fields.get("block_hash")),
    )


def _check_names(fields: Mapping[str, object], required: frozenset[str], known: frozenset[str]) -> None:
    """Raises InvalidEvent when a required field is missing, or one is there that is not known."""
    names = fields.keys()
    if names == required or required <= names <= known:
        return
    if unknown := sorted(names - known):
        raise InvalidEvent("unknown_field", f"{unknown[0][:40]!a}: is no field of the contract.")
    if missing := sorted(required - names):
        raise InvalidEvent("missing_field", f"{missing[0]}: is missing.")


def encode(event: Transfer | Retraction) -> bytes:
    """The canonical bytes of an event: compact JSON in the contract's order, optional fields where known."""
    if isinstance(event, Retraction):
        fields = {
            "schema_version": SCHEMA_VERSION,
            "type": "retraction",
            "chain": event.chain,
            "transaction_hash": event.transaction_hash,
            "asset": event.asset,
            "transfer_index": event.transfer_index,
            "observed_at": event.observed_at,
        }
        optional: tuple[str, ...] = OPTIONAL_RETRACTION_FIELDS
    else:
        fields = {
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
        }
        optional = OPTIONAL_FIELDS
    fields |= {name: value for name in optional if (value := getattr(event, name)) is not None}
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)
