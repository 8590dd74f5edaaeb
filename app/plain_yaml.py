"""YAML of plain mappings, lists and scalars, within bounds, with the lines that errors name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import yaml
from yaml.events import (
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

MAX_DEPTH = 8
MAX_VALUES = 2_000_000
"""Of a document: each takes some hundred bytes of memory, and two bytes of a file."""
MAX_MERGED_KEYS = 1_000_000
"""Of all mappings that a document merges into others."""
_INCLUDE = "!include"
_MERGE = "<<"

Location = tuple[str | int, ...]
"""The keys and list indexes that lead to a value."""
Lines = dict[Location, int]
"""Line, from 1, of each key and list item."""
Scalar = str | int | Decimal | bool | None

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# The core schema of YAML 1.2, in which `yes` and a date are text.
_is_integer = re.compile(
    r"(?=[-+0-9])(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)"
).fullmatch
_is_decimal = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
).fullmatch
# Written in C where its wheel has that, as on every usual system: else a megabyte takes five seconds.
_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_EVENTS_BETWEEN_REPORTS = 256


class Mapping(dict[str, Any]):
    """A mapping and the line, from 1, on which it begins."""

    __slots__ = ("line",)

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class Include(str):
    """The name of a file whose content stands here; whoever reads the document decides where it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class YamlRules:
    """How a kind of file uses YAML.

    A file larger than `max_bytes` is refused with the advice `when_larger`. With `typed`, scalars are
    integers, decimals, booleans or text; else they are text as written, so that 0x01 and a date stay text.
    With `several_documents` the first is read; else a second one is an error. With `shares` anchors, aliases
    and merge keys stand for what they name, and `!include name` is an `Include`.
    """

    max_bytes: int
    when_larger: str
    typed: bool
    several_documents: bool
    shares: bool = False


def read_yaml(
    body: bytes,
    name: str,
    rules: YamlRules,
    *,
    lines: Lines | None = None,
    report_read: Callable[[int], None] | None = None,
) -> Mapping | list[Any] | Scalar:
    """The value of a YAML document; `name` stands in messages.

    Args:
        body: the file.
        name: what messages call it.
        rules: how this kind of file uses YAML.
        lines: gets the line of every key and list item.
        report_read: is called now and then with about how many bytes are read.

    Raises:
        InvalidInput: larger than `max_bytes`, not UTF-8, not YAML, nested more than 8 deep, a key twice, a
            tag, an anchor or an alias; the message names the line.
    """
    if len(body) > rules.max_bytes:
        raise InvalidInput(f"{name}: larger than {rules.max_bytes} bytes. {rules.when_larger}")
    try:
        content = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = body.count(b"\n", 0, exc.start) + 1
        raise InvalidInput(f"{name}:{line}: not UTF-8 at byte {exc.start}. Save the file as UTF-8.") from exc
    try:
        return _Reader(content, name, rules, lines, report_read).document()
    except (ValueError, OverflowError) as exc:  # of an escape that is no character, as "\\UFFFFFFFF"
        raise InvalidInput(f"{name}: not YAML: {exc}. Correct it.") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or getattr(exc, "reason", None) or "not YAML"
        raise InvalidInput(f"{name}:{mark.line + 1 if mark else 1}: {problem}. Correct the YAML.") from exc


class _Reader:
    """The values of one text, made from the parser's events as they come."""

    def __init__(
        self,
        content: str,
        name: str,
        rules: YamlRules,
        lines: Lines | None,
        report_read: Callable[[int], None] | None,
    ) -> None:
        self._name, self._rules, self._lines, self._report_read = name, rules, lines, report_read
        self._events = self._checked(yaml.parse(content, Loader=_LOADER))
        self._anchors: dict[str, Mapping | list[Any] | Scalar] = {}
        self._merged = 0

    def document(self) -> Mapping | list[Any] | Scalar:
        value: Mapping | list[Any] | Scalar = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._fault(event, "a second document begins here. Keep one of them.")
                value = self._value(next(self._events), ())
                if self._rules.several_documents:
                    break
        return value

    def _checked(self, events: Iterator[Event]) -> Iterator[Event]:
        depth = 0
        for number, event in enumerate(events):
            if number > MAX_VALUES:
                raise self._fault(event, f"has over {MAX_VALUES} values. Split it.")
            if not self._is_allowed(event):
                raise self._fault(event, "tags, anchors and aliases are not allowed. Write the value out.")
            depth += isinstance(event, SequenceStartEvent | MappingStartEvent)
            depth -= isinstance(event, SequenceEndEvent | MappingEndEvent)
            if depth > MAX_DEPTH:
                raise self._fault(event, f"nested more than {MAX_DEPTH} deep. Flatten it.")
            if self._report_read is not None and not number % _EVENTS_BETWEEN_REPORTS:
                self._report_read(event.start_mark.index)
            yield event

    def _is_allowed(self, event: Event) -> bool:
        anchored = isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None
        tag = getattr(event, "tag", None) if isinstance(event, NodeEvent) else None
        if self._rules.shares:
            return tag is None or (isinstance(event, ScalarEvent) and str(tag) == _INCLUDE)
        return tag is None and not anchored

    def _value(self, event: Event, location: Location) -> Mapping | list[Any] | Scalar:
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise self._fault(
                    event, "the anchor of this alias stands nowhere before it. Write the value out."
                )
            return self._anchors[event.anchor]
        value = self._own_value(event, location)
        if (anchor := getattr(event, "anchor", None)) is not None:
            self._anchors[anchor] = value
        return value

    def _own_value(self, event: Event, location: Location) -> Mapping | list[Any] | Scalar:
        if isinstance(event, ScalarEvent):
            if getattr(event, "tag", None) is not None:
                return Include(event.value)
            return self._typed(event) if self._rules.typed else _as_written(event)
        if isinstance(event, SequenceStartEvent):
            return self._items(location)
        return self._mapping(event, location)

    def _items(self, location: Location) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            here = (*location, len(items))
            self._note(here, event)
            items.append(self._value(event, here))
        return items

    def _mapping(self, start: Event, location: Location) -> Mapping:
        mapping = Mapping(start.start_mark.line + 1)
        merged: list[Mapping] = []
        while not isinstance(key := next(self._events), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                raise self._fault(key, "a key must be a word.")
            if key.value in mapping:
                raise self._fault(key, f"{key.value[:100]!a} stands here twice. Keep one of them.")
            here = (*location, str(key.value))
            self._note(here, key)
            value = self._value(next(self._events), here)
            if key.value == _MERGE and self._rules.shares:
                merged += self._mappings(key, value)
            else:
                mapping[key.value] = value
        for each in merged:
            for name, value in each.items():
                mapping.setdefault(name, value)
        return mapping

    def _mappings(self, key: Event, value: Mapping | list[Any] | Scalar) -> list[Mapping]:
        """The mappings that a merge key names; their keys are bounded, since aliases are cheap to write."""
        values = value if isinstance(value, list) else [value]
        mappings = [each for each in values if isinstance(each, Mapping)]
        self._merged += sum(map(len, mappings))
        if len(mappings) < len(values) or self._merged > MAX_MERGED_KEYS:
            raise self._fault(key, f"merges no mappings, or over {MAX_MERGED_KEYS} keys. Write them out.")
        return mappings

    def _typed(self, event: ScalarEvent) -> Scalar:
        text = str(event.value)
        if not event.implicit[0]:  # it stands in quotation marks
            return text
        if text in _NULLS:
            return None
        try:
            if _is_integer(text):
                return int(text)
            if _is_decimal(text):
                return Decimal(text)
        except (ValueError, InvalidOperation) as exc:
            raise self._fault(event, f"{text} is not a plain decimal number.") from exc
        return _BOOLEANS.get(text, text)

    def _note(self, location: Location, event: Event) -> None:
        if self._lines is not None:
            self._lines[location] = event.start_mark.line + 1

    def _fault(self, event: Event, what: str) -> InvalidInput:
        return InvalidInput(f"{self._name}:{event.start_mark.line + 1}: {what}")


def _as_written(event: ScalarEvent) -> str | None:
    return None if event.implicit[0] and event.value in _NULLS else str(event.value)
