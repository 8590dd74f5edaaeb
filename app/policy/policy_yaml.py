"""YAML as a policy may use it, plain mappings, lists and scalars, with the line of everything."""

from decimal import Decimal, InvalidOperation
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, Event, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import InvalidPolicy

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
Place = tuple[str | int, ...]
Lines = dict[Place, int]
"""Line, from 1, of each key or list item by its path."""


def read_yaml(body: bytes, name: str) -> tuple[dict[str, Any], Lines]:
    """The mapping a YAML document holds; numbers with a point are decimals.

    Raises:
        InvalidPolicy: too large, not UTF-8, not YAML, no mapping, a key twice, a tag, an anchor or an alias.
    """
    if len(body) > MAX_BYTES:
        raise InvalidPolicy(f"{name}: larger than {MAX_BYTES} bytes. A policy is a short file.")
    try:
        content = body.decode()
    except UnicodeDecodeError as exc:
        line = body.count(b"\n", 0, exc.start) + 1
        raise InvalidPolicy(f"{name}:{line}: not UTF-8. Save the file as UTF-8.") from exc
    try:
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(content):
            depth = _checked(event, depth, name)
        node = YAML(typ="safe", pure=True).compose(content)
    except YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or "not YAML"
        raise InvalidPolicy(f"{name}:{mark.line + 1 if mark else 1}: {problem}. Correct the YAML.") from exc
    if not isinstance(node, MappingNode):
        raise InvalidPolicy(f"{name}:1: the file must be a mapping that begins with `version:`.")
    lines: Lines = {}
    return _built(node, (), lines, name), lines


def _checked(event: Event, depth: int, name: str) -> int:
    line = event.start_mark.line + 1
    anchored = isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None
    if anchored or (isinstance(event, NodeEvent) and getattr(event, "tag", None) is not None):
        raise InvalidPolicy(f"{name}:{line}: tags, anchors and aliases are not allowed. Write the value out.")
    if isinstance(event, NodeEvent) and not isinstance(event, ScalarEvent):
        depth += 1
    elif type(event).__name__ in {"SequenceEndEvent", "MappingEndEvent"}:
        depth -= 1
    if depth > MAX_DEPTH:
        raise InvalidPolicy(f"{name}:{line}: nested more than {MAX_DEPTH} deep. Flatten it.")
    return depth


def _built(node: Node, place: Place, lines: Lines, name: str) -> Any:  # noqa: ANN401 - any value of YAML
    if isinstance(node, ScalarNode):
        return _scalar(node, name)
    if isinstance(node, SequenceNode):
        items = []
        for number, item in enumerate(node.value):
            lines[*place, number] = item.start_mark.line + 1
            items.append(_built(item, (*place, number), lines, name))
        return items
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise InvalidPolicy(f"{name}:{line}: a key must be a word.")
        if key.value in mapping:
            raise InvalidPolicy(f"{name}:{line}: {key.value} stands here twice. Keep one of them.")
        lines[*place, key.value] = line
        mapping[key.value] = _built(value, (*place, key.value), lines, name)
    return mapping


def _scalar(node: ScalarNode, name: str) -> str | int | Decimal | bool | None:
    kind = str(node.tag).rpartition(":")[2]
    text = str(node.value)
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return Decimal(text)
    except (ValueError, InvalidOperation) as exc:
        line = node.start_mark.line + 1
        raise InvalidPolicy(f"{name}:{line}: {text} is not a plain decimal number.") from exc
    if kind == "bool":
        return text.lower() == "true"
    return None if kind == "null" else text
