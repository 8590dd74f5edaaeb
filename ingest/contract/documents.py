"""The contract as documents: JSON Schemas and AsyncAPI, which the API serves and docs/contract holds."""

from typing import Any, Final

from ingest.contract.reasons import MAX_BYTES, SCHEMA_VERSION
from ingest.contract.schema import DEAD_LETTER, RETRACTION, TRANSFER

_KEY: Final = {
    "type": "string",
    "description": "`chain:asset` in stored form: every pool's transfers stay in order in one partition."
    " A message without a key is taken too.",
}


def _payload(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema}


ASYNCAPI: Final[dict[str, Any]] = {
    "asyncapi": "3.0.0",
    "info": {
        "title": "AML risk: transfers",
        "version": f"{SCHEMA_VERSION}.0.0",
        "description": f"JSON in UTF-8, at most {MAX_BYTES} bytes a message; docs/event.md has all of it.",
    },
    "defaultContentType": "application/json",
    "channels": {
        "transfers": {
            "address": "transfers",
            "description": "AML_TRANSFERS_TOPIC. Must not be compacted.",
            "messages": {
                "transfer": {"$ref": "#/components/messages/transfer"},
                "retraction": {"$ref": "#/components/messages/retraction"},
            },
        },
        "dead_letters": {
            "address": "transfers.dead",
            "description": "AML_DEAD_LETTER_TOPIC.",
            "messages": {"dead_letter": {"$ref": "#/components/messages/dead_letter"}},
        },
    },
    "operations": {
        "read_transfers": {"action": "receive", "channel": {"$ref": "#/channels/transfers"}},
        "publish_dead_letters": {"action": "send", "channel": {"$ref": "#/channels/dead_letters"}},
    },
    "components": {
        "messages": {
            "transfer": {"payload": _payload(TRANSFER), "bindings": {"kafka": {"key": _KEY}}},
            "retraction": {"payload": _payload(RETRACTION), "bindings": {"kafka": {"key": _KEY}}},
            "dead_letter": {
                "headers": _payload(DEAD_LETTER),
                "payload": {"type": "string", "format": "binary", "description": "As it was refused."},
            },
        }
    },
}
DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "transfer": TRANSFER,
    "retraction": RETRACTION,
    "dead_letter": DEAD_LETTER,
    "asyncapi": ASYNCAPI,
}
