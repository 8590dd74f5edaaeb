"""The contract of the event as JSON Schemas, made of the constants and rules that `decode` checks by.

A schema says what JSON can say: names, types, bounds, forms. Checksums, the forms of addresses off EVM and
that no field is written twice are checked by `decode` alone.
"""

from typing import Any, Final, get_args

from app.answers.events import RETRACTION_EVENT, TRANSFER_EVENT
from app.chains.addresses import CHAINS, EVM_CHAINS, MAX_ADDRESS_LENGTH
from app.chains.tags import MAX_TAG_CHARACTERS
from app.domain import MAX_BLOCK_NUMBER, MAX_INDEX, TransferKind
from ingest.contract.fields import FIRST_YEAR, LAST_YEAR, MAX_DECIMALS
from ingest.contract.reasons import REASONS, SCHEMA_VERSION
from ingest.contract.transfer import OPTIONAL_FIELDS, OPTIONAL_RETRACTION_FIELDS, TRANSFER_FIELDS

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EVM_ADDRESS: Final = r"^0x[0-9a-fA-F]{40}$"
EVM_HASH: Final = r"^0x[0-9a-fA-F]{64}$"
_TIME: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def _text(description: str, *, pattern: str | None = None, maximum: int | None = None) -> Schema:
    schema: Schema = {"type": "string", "description": description}
    if pattern is not None:
        schema["pattern"] = pattern
    if maximum is not None:
        schema |= {"minLength": 1, "maxLength": maximum}
    return schema


def _integer(description: str, maximum: int) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": maximum, "description": description}


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


_ADDRESS = _text(
    "Address of the chain; a mixed-case EVM one with its EIP-55 checksum.", maximum=MAX_ADDRESS_LENGTH
)
_TIME_OF = f"RFC 3339 with an offset, in the years {FIRST_YEAR} to {LAST_YEAR}."
FIELDS: Final[dict[str, Schema]] = {
    "schema_version": {"type": "integer", "const": SCHEMA_VERSION, "description": "Of this contract."},
    "type": {"const": "retraction", "description": "Absent in a transfer."},
    "chain": {"type": "string", "enum": sorted(CHAINS), "description": "Of the transfer."},
    "transaction_hash": _text("As the chain writes it; hex is stored in lower case.", maximum=90),
    "transfer_index": _integer("Unlike that of any other transfer of the transaction.", MAX_INDEX),
    "block_number": _integer("Of the block.", MAX_BLOCK_NUMBER),
    "transaction_index": _integer("Place of the transaction in its block.", MAX_INDEX),
    "occurred_at": _text(f"Time of the block: {_TIME_OF}", pattern=_TIME),
    "sender": _ADDRESS,
    "receiver": _ADDRESS,
    "asset": _text("A token's address, or a symbol.", pattern=r"^[A-Za-z0-9._-]{1,128}$"),
    "amount": _text("Base units, 0 to 2^256 - 1.", pattern=r"^[0-9]{1,78}$"),
    "decimals": _or_null(_integer("Decimal places of the asset; null: unknown.", MAX_DECIMALS)),
    "usd_value": _or_null(
        _text("Value at the time in USD; null: no price.", pattern=r"^[0-9]{1,30}(\.[0-9]{1,18})?$")
    ),
    "block_hash": _or_null(_text("Hash of the block.", maximum=90)),
    "observed_at": _or_null(_text(f"When the producer saw it: {_TIME_OF}", pattern=_TIME)),
    "initiator": _or_null(_ADDRESS | {"description": "Address that signed the transaction."}),
    "kind": {
        "type": ["string", "null"],
        "enum": [*get_args(TransferKind.__value__), None],
        "description": "What moved the asset.",
    },
    "sender_tag": _or_null(_text("Memo or destination tag of the sender.", maximum=MAX_TAG_CHARACTERS)),
    "receiver_tag": _or_null(_text("Memo or destination tag of the receiver.", maximum=MAX_TAG_CHARACTERS)),
}
_RETRACTION_FIELDS = (
    "schema_version", "type", "chain", "transaction_hash", "asset", "transfer_index", "observed_at",
)  # fmt: skip


def _of_evm(*addresses: str) -> Schema:
    """What holds besides on EVM chains."""
    then = {name: {"pattern": EVM_ADDRESS} for name in addresses}
    then |= {"transaction_hash": {"pattern": EVM_HASH}, "block_hash": {"pattern": EVM_HASH}}
    return {
        "if": {"properties": {"chain": {"enum": sorted(EVM_CHAINS)}}, "required": ["chain"]},
        "then": {"properties": then},
    }


TRANSFER: Final[Schema] = {
    "$schema": DIALECT,
    "title": "Transfer",
    "description": "One movement of one asset between two wallets inside a transaction.",
    "type": "object",
    "properties": {name: FIELDS[name] for name in (*TRANSFER_FIELDS, *OPTIONAL_FIELDS)},
    "required": list(TRANSFER_FIELDS),
    "additionalProperties": False,
    **_of_evm("sender", "receiver", "initiator"),
    "examples": [TRANSFER_EVENT],
}
RETRACTION: Final[Schema] = {
    "$schema": DIALECT,
    "title": "Retraction",
    "description": "A block reorganisation took a transaction back, for one asset.",
    "type": "object",
    "properties": {name: FIELDS[name] for name in (*_RETRACTION_FIELDS, *OPTIONAL_RETRACTION_FIELDS)}
    | {
        "transfer_index": _or_null(FIELDS["transfer_index"] | {"description": "Null: all of the asset."}),
        "observed_at": _text(f"When the producer saw it: {_TIME_OF}", pattern=_TIME),
        "block_number": _or_null(FIELDS["block_number"]),
    },
    "required": list(_RETRACTION_FIELDS),
    "additionalProperties": False,
    **_of_evm(),
    "examples": [RETRACTION_EVENT],
}
DEAD_LETTER: Final[Schema] = {
    "$schema": DIALECT,
    "title": "DeadLetterHeaders",
    "description": "Headers of a message on the topic of dead letters; its value is that of the refused one.",
    "type": "object",
    "properties": {
        "reason": {"type": "string", "enum": list(REASONS), "description": "Why it was refused."},
        "detail": _text("The same for people."),
        "original_topic": _text("Where it comes from."),
        "original_partition": _text("Its partition there.", pattern="^[0-9]+$"),
        "original_offset": _text("Its offset there.", pattern="^[0-9]+$"),
        "original_series": _text("How often the topic's offsets began anew, from 1.", pattern="^[0-9]+$"),
        "payload_bytes": _text("Its length; a very long one is published in part.", pattern="^[0-9]+$"),
    },
    "required": [
        "reason", "detail", "original_topic", "original_partition", "original_offset", "original_series",
        "payload_bytes",
    ],
    "additionalProperties": True,
}  # fmt: skip
