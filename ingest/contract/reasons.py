"""Everything that can be wrong with an event; a dead letter carries one of these codes."""

from typing import Final

SCHEMA_VERSION: Final = 1
MAX_BYTES: Final = 16_384
"""Of one message; the longest event in canonical form is about 3,000 bytes, four times that with escapes."""

FOREIGN: Final = {
    "foreign_tombstone": "A message without a value: another program's mark of a deleted key.",
    "foreign_avro": "Avro, of another program.",
    "foreign_debezium": "A change that Debezium or Kafka Connect wrote, of another program's table.",
    "foreign_ethereum_etl": "An item of ethereum-etl's stream: it needs a topic of its own and `aml adapt`.",
    "foreign_json": "A JSON object of another program: it has no field of the contract.",
    "foreign_text": "Plain text, of another program.",
}
"""Messages of other programs by their form: they are no fault of a producer of transfers."""
REASONS: Final = {
    **FOREIGN,
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
    "bad_hash": "`transaction_hash` or `block_hash` is none of its chain.",
    "bad_place": "Block number or an index is negative or does not fit 31 and 16 bits.",
    "bad_time": "Not RFC 3339 with an offset, or not in the years 2009 to 2100.",
    "bad_address": "Sender, receiver or initiator is no address of the chain.",
    "bad_checksum": "An address, or a token's, carries a wrong checksum.",
    "bad_asset": "`asset` is neither a token's address nor a symbol of at most 128 letters, digits, `._-`.",
    "bad_amount": "`amount` is not 1 to 78 decimal digits, or is above 2^256 - 1.",
    "bad_decimals": "`decimals` is not in 0..255.",
    "bad_usd_value": "`usd_value` is not a decimal of at most 30 digits before and 18 after the point.",
    "bad_kind": "`kind` is none of `native`, `internal`, `token`, `fee`, `reward`.",
    "bad_tag": "A tag is not 1 to 256 printable characters, or begins or ends with a space.",
    "wrong_key": "The message key is there and is not `chain:asset` in stored form.",
    "not_storable": "The record refuses it; the detail has PostgreSQL's reason.",
    "conflict": "The record holds this transfer of the same block with another content.",
}
