"""The YAML of a TagPack: scalars as they are written, the line of every mapping, and nothing that expands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from app.errors import InvalidInput

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 8
_NULLS = {"", "~", "null", "Null", "NULL"}


class Mapping(NamedTuple):
    """A mapping and the line, from 1, on which it begins."""

    line: int
    fields: dict[str, "Value"]


Value: TypeAlias = "str | list[Value] | Mapping | None"


def read_mapping(file: Path, done: Callable[[int], None]) -> Mapping | None:
    """The mapping that a YAML file holds; None when it holds something else.

    An address such as 0x01 stays text, and a date too. `done` is told about how many bytes are read.

    Raises:
        InvalidInput: larger than 32 MiB, not UTF-8, not YAML, nested more than 8 deep, a key twice, a tag, an
            anchor or an alias; the message names file and line.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InvalidInput(f"{file}: larger than {MAX_BYTES} bytes. Split it into several packs.")
        content = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{file}: not UTF-8 at byte {exc.start}. Save the file as UTF-8.") from exc
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be read: {exc.strerror}.") from exc
    try:
        events = _checked(content, file, done)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                root = _value(next(events), events, file)
                return root if isinstance(root, Mapping) else None
    except YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or "not YAML"
        raise InvalidInput(f"{file}:{mark.line + 1 if mark else 1}: {problem}. Correct the YAML.") from exc
    return None


def _checked(content: str, file: Path, done: Callable[[int], None]) -> Iterator[Event]:
    depth = 0
    for number, event in enumerate(YAML(typ="safe", pure=True).parse(content)):
        anchored = isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None
        if anchored or (isinstance(event, NodeEvent) and getattr(event, "tag", None) is not None):
            raise InvalidInput(
                f"{file}:{event.start_mark.line + 1}: tags, anchors and aliases are not allowed. "
                "Write the value out."
            )
        depth += isinstance(event, SequenceStartEvent | MappingStartEvent)
        depth -= isinstance(event, SequenceEndEvent | MappingEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidInput(f"{file}:{event.start_mark.line + 1}: nested more than {MAX_DEPTH} deep.")
        if not number % 256:
            done(event.start_mark.index)
        yield event


def _value(event: Event, events: Iterator[Event], file: Path) -> Value:
    if isinstance(event, ScalarEvent):
        return None if event.implicit[0] and event.value in _NULLS else str(event.value)
    if isinstance(event, SequenceStartEvent):
        items: list[Value] = []
        while not isinstance(item := next(events), SequenceEndEvent):
            items.append(_value(item, events, file))
        return items
    fields: dict[str, Value] = {}
    mapping = Mapping(event.start_mark.line + 1, fields)
    while not isinstance(key := next(events), MappingEndEvent):
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarEvent):
            raise InvalidInput(f"{file}:{line}: a key must be a word.")
        if key.value in fields:
            raise InvalidInput(f"{file}:{line}: {key.value[:100]!a} stands here twice. Keep one of them.")
        fields[key.value] = _value(next(events), events, file)
    return mapping
