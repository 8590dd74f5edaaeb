"""Writes `aml_client/models.py` from the API's document: `make client-models`.

Only what the client's operations need is written: the document is cut down to them first.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).resolve().parent
DOCUMENT = CLIENT.parent.parent / "docs" / "openapi.json"
MODELS = CLIENT / "aml_client" / "models.py"
OPERATIONS = frozenset({
    "screen_subjects", "list_screenings", "get_screening", "verify_screening", "forget_reference",
    "watch_wallets", "list_watched_wallets", "unwatch_wallet", "list_all_alerts", "get_alert", "update_alert",
    "list_webhooks", "add_webhook", "remove_webhook", "rotate_webhook_secret", "test_webhook",
    "list_webhook_deliveries", "replay_delivery", "publish_transfers", "get_message_outcome", "get_score",
    "start_run", "get_run",
})  # fmt: skip
_SCHEMAS = "#/components/schemas/"
_LEFT_OUT: dict[str, Any] = {
    "title": str, "examples": list, "pattern": str, "minLength": int, "maxLength": int,
    "minimum": (int, float), "maximum": (int, float),
}  # fmt: skip
"""Of schemas: the API checks what it is sent, and a type of its own for each text would help nobody."""
_HEADER = '''"""The API's bodies and answers. Written by `make client-models`; do not edit."""
'''


def part_of(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the client's operations alone, and the schemas that they name."""
    paths = {
        path: kept
        for path, methods in document["paths"].items()
        if (kept := {verb: each for verb, each in methods.items() if each["operationId"] in OPERATIONS})
    }
    schemas = document["components"]["schemas"]
    needed: set[str] = set()
    asked = set(_named(paths))
    while asked - needed:
        needed |= asked
        asked = {name for one in needed for name in _named(schemas[one])}
    components = document["components"] | {"schemas": {name: schemas[name] for name in sorted(needed)}}
    short: dict[str, Any] = _shortened(document | {"paths": paths, "components": components})
    return short


def _shortened(node: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(node, list):
        return [_shortened(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _shortened(child)
        for name, child in node.items()
        if not isinstance(child, _LEFT_OUT.get(name, ()))
    }


def _named(node: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith(_SCHEMAS):
            yield node["$ref"].removeprefix(_SCHEMAS)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _named(child)


def generated(generator: Path) -> str:
    """The text of the models, by datamodel-codegen at this path."""
    with tempfile.TemporaryDirectory() as folder:
        cut, written = Path(folder, "openapi.json"), Path(folder, "models.py")
        cut.write_text(json.dumps(part_of(json.loads(DOCUMENT.read_text()))))
        subprocess.run(
            [
                str(generator), "--input", str(cut), "--input-file-type", "openapi", "--output", str(written),
                "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11",
                "--enum-field-as-literal", "all", "--collapse-root-models", "--use-annotated",
                "--use-standard-collections", "--use-union-operator", "--use-schema-description",
                "--enable-faux-immutability", "--strict-nullable", "--disable-timestamp",
                "--formatters", "builtin",
            ],
            check=True,
        )  # fmt: skip
        text = written.read_text()
    return _HEADER + text[text.index("\nfrom __future__") :]


if __name__ == "__main__":
    MODELS.write_text(generated(Path(sys.executable).parent.parent / "clients" / "bin" / "datamodel-codegen"))
