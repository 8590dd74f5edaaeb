"""Messages of other programs on the transfers topic, told apart by their form."""

from typing import Final

import orjson

from app.errors import InvalidEvent
from ingest.contract.reasons import FOREIGN

AVRO: Final = (b"\0", b"Obj\x01")
"""How Confluent's wire format and a file of Avro begin."""
SHORTEST_AVRO: Final = 5
"""Its mark, and the number of its schema."""
_JSON_WORDS: Final = (b"NaN", b"Infinity", b"nan")
"""What a faulty encoder writes."""
_ETL_ITEMS: Final = frozenset(
    ("block", "transaction", "log", "token_transfer", "trace", "contract", "token", "receipt", "geth_trace")
)
_OUR_NAMES: Final = frozenset(("schema_version", "chain", "transfer_index", "sender", "receiver"))
"""An object with one of these is meant as an event of the contract, and says what is wrong with it."""


def as_foreign(payload: bytes | None, error: InvalidEvent) -> InvalidEvent:
    """The refusal of another program's message by its form, or the error as it is."""
    form = _form(payload, error.reason)
    return error if form is None else InvalidEvent(form, FOREIGN[form])


def _form(payload: bytes | None, reason: str) -> str | None:
    if payload is None:
        return "foreign_tombstone"
    if payload.startswith(AVRO) and len(payload) > SHORTEST_AVRO:
        return "foreign_avro"
    if reason == "not_json":
        return "foreign_text" if _is_text(payload) else None
    if reason in {"missing_field", "unknown_field", "unknown_type", "wrong_version"}:
        fields = orjson.loads(payload)
        return _form_of_object(fields) if fields and not _OUR_NAMES & fields.keys() else None
    return None


def _form_of_object(fields: dict[str, object]) -> str:
    if {"op", "after"} <= fields.keys() or {"schema", "payload"} <= fields.keys():
        return "foreign_debezium"
    if fields.get("type") in _ETL_ITEMS:
        return "foreign_ethereum_etl"
    return "foreign_json"


def _is_text(payload: bytes) -> bool:
    """Whether it is text that does not look like JSON."""
    begin = payload.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begin or begin[:1] in b'{["-0123456789' or begin in _JSON_WORDS:
        return False
    try:
        return not any(char < " " and char not in "\t\r\n" for char in payload.decode())
    except UnicodeDecodeError:
        return False
