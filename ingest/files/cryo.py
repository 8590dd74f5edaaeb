"""cryo's names of columns as those of ethereum-etl."""

from typing import Final

from ingest.files.records import Record

PLACE_IN_BLOCK: Final = "place_in_block"
"""Marks a call whose address is its place in the block."""
_NAMES: Final = {
    "erc20": "token_address",
    "erc721": "token_address",
    "success": "receipt_status",
    "action_from": "from_address",
    "action_to": "to_address",
    "action_type": "trace_type",
    "action_call_type": "call_type",
    "result_address": "created_address",
}
_VALUES: Final = ("value_string", "value_binary", "value_hex", "action_value")
"""Columns that hold one amount each in another spelling, the first that is there is read."""
_MARKS: Final = frozenset(("erc20", "erc721", "n_input_bytes", "action_from", "action_type", "topic0"))


_NATIVE: Final = {"transfer_index", "transaction_index", "transaction_hash", "from_address", "to_address"}
"""Of `native_transfers`: calls by their place in the block, without their address in the transaction."""


def as_etl(record: Record) -> Record:
    """The record with ethereum-etl's names, or the same where it is none of cryo's."""
    is_native = record.keys() >= _NATIVE and "trace_address" not in record
    if not (_MARKS & record.keys() or is_native) and not ("author" in record and "number" not in record):
        return record
    renamed = {_NAMES.get(name, name): value for name, value in record.items()}
    for name in _VALUES:
        if name in record and renamed.get("value") is None:
            renamed["value"] = record[name]
    if is_native:
        renamed |= {
            "trace_type": "call",
            "trace_address": [record.get("transfer_index")],
            PLACE_IN_BLOCK: True,
        }
    if "n_input_bytes" in record:
        renamed["hash"] = record.get("transaction_hash")
    if "author" in record:
        renamed["number"] = record.get("block_number")
    if "action_from" in record and renamed.get("to_address") is None:
        renamed["to_address"] = renamed.get("created_address")
    if "erc721" in record:
        renamed["event_type"] = "ERC-721"
        renamed.setdefault("value", record.get("token_id"))
    return renamed
