"""Sanctions lists in XML, entry by entry: OFAC's three forms, the United Kingdom's and the European Union's.

No DTD, no entities, no network, and the memory of one entry.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, cast

from lxml import etree

from app.errors import InvalidInput
from app.input_files import open_input


class ListedAddress(NamedTuple):
    """An address of a sanctions list: its line from 1, and the `name` of its entry.

    `currency` is what the list says, perhaps nothing; None where `address` is free text with addresses in it.
    """

    line: int
    currency: str | None
    address: str
    name: str
    source: str


OFAC: Final = "OFAC SDN"
UNITED_KINGDOM: Final = "UK Sanctions List"
EUROPEAN_UNION: Final = "EU FSF"
_SOURCES: Final = {
    "sdnlist": OFAC,
    "sanctions": OFAC,
    "sanctionsdata": OFAC,
    "designations": UNITED_KINGDOM,
    "export": EUROPEAN_UNION,
}
"""The list by the name of its root, in lower case."""
# The dash is another one in some editions, and the currency may be missing.
_id_type = re.compile(
    r"\s*digital\s+currency\s+address\s*[^\w\s]*\s*(.*?)\s*", re.IGNORECASE | re.DOTALL
).fullmatch
_FEATURE_TYPE: Final = "FeatureType"
_ENTRIES: Final = frozenset(("sdnEntry", "DistinctParty", "entity", "Designation", "sanctionEntity"))
_READ: Final = _ENTRIES | {_FEATURE_TYPE}
MAX_ELEMENTS: Final = 100_000
"""Of one entry; the longest of OFAC's has some thousands."""


def read_sanctions_xml(file: Path, report_read: Callable[[int], None]) -> Iterator[ListedAddress]:
    """The addresses of a list, with the memory of one entry.

    `report_read` is called after each entry with about how many bytes are read.

    Raises:
        InvalidInput: not well-formed, no list that is known, or with a document type; names the file.
    """
    feature_types: dict[str, str] = {}
    source: str | None = None
    inside = elements = 0
    try:
        with open_input(file) as stream:
            for event, element in etree.iterparse(
                stream, events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True,
                huge_tree=False, remove_comments=True, remove_pis=True,
            ):  # fmt: skip
                name = _local_name(element)
                if event == "start":
                    source = _source_of_root(element, name, file) or source
                    elements = elements + 1 if inside else 0
                    inside += name in _READ
                    if elements > MAX_ELEMENTS:
                        raise InvalidInput(f"{file}: an entry has more than {MAX_ELEMENTS} elements.")
                    continue
                if name == _FEATURE_TYPE:
                    feature_types[element.get("ID") or ""] = (element.text or "").strip()
                elif name in _ENTRIES and source is not None and inside == 1:
                    yield from _of_entry(element, name, source, feature_types)
                inside -= name in _READ
                if not inside:  # whatever else a file has is freed as it comes
                    _free(element)
                    report_read(stream.tell())
    except etree.XMLSyntaxError as exc:
        line = exc.position[0] if exc.position else 1
        raise InvalidInput(f"{file}:{line}: not well-formed XML ({exc.msg}).") from exc
    if source is None:
        raise InvalidInput(f"{file} is no SDN list, nor the UK's or the EU's: its root is none of theirs.")


def _of_entry(
    entry: etree._Element, name: str, source: str, feature_types: dict[str, str]
) -> Iterator[ListedAddress]:
    reader = {
        "sdnEntry": _of_sdn_entry,
        "entity": _of_entity,
        "Designation": _of_designation,
        "sanctionEntity": _of_sanction_entity,
    }.get(name)
    found = _of_party(entry, feature_types) if reader is None else reader(entry)
    for line, currency, address, called in found:
        yield ListedAddress(line, currency, address, called, source)


_Found = Iterator[tuple[int, str | None, str, str]]


def _of_sdn_entry(entry: etree._Element) -> _Found:
    """`sdn.xml`: names are written LAST, First, as OFAC prints them."""
    name = ", ".join(part for tag in ("lastName", "firstName") if (part := _text(entry, tag)))
    for each in entry.iterfind("{*}idList/{*}id"):
        if match := _id_type(_text(each, "idType")):
            yield _line(each), match[1], _text(each, "idNumber"), name


def _of_party(party: etree._Element, feature_types: dict[str, str]) -> _Found:
    """`sdn_advanced.xml`: a party's features refer to the list of feature types at the top of the file."""
    currency_features = [
        (feature, match[1])
        for feature in party.iter("{*}Feature")
        if (match := _id_type(feature_types.get(feature.get("FeatureTypeID") or "", "")))
    ]
    if not currency_features:
        return
    name = _primary_name(party)
    for feature, currency in currency_features:
        for detail in feature.iter("{*}VersionDetail"):
            if address := (detail.text or "").strip():
                yield _line(detail), currency, address, name


def _primary_name(party: etree._Element) -> str:
    for alias in party.iterfind("{*}Profile/{*}Identity[@Primary='true']/{*}Alias[@Primary='true']"):
        parts = [(part.text or "").strip() for part in alias.iter("{*}NamePartValue")]
        return ", ".join(filter(None, (parts[0], " ".join(parts[1:])))) if parts else ""
    return ""


def _of_entity(entity: etree._Element) -> _Found:
    """`sdn_enhanced.xml`: a feature has its type and its value."""
    name = ""
    for each in entity.iterfind("{*}names/{*}name"):
        called = next(
            (text for part in each.iter("{*}formattedFullName") if (text := (part.text or "").strip())), ""
        )
        name = called if called and (not name or _text(each, "isPrimary") == "true") else name
    for feature in entity.iter("{*}feature"):
        if match := _id_type(_text(feature, "type")):
            yield _line(feature), match[1], _text(feature, "value"), name


def _of_designation(designation: etree._Element) -> _Found:
    """The UK's: addresses stand in free text."""
    names = list(designation.iterfind("{*}Names/{*}Name"))
    primary = [each for each in names if _text(each, "NameType").lower() == "primary name"] or names
    parts = [_text(primary[0], f"Name{number}") for number in range(1, 7)] if primary else []
    name = " ".join(filter(None, parts))
    for element in designation.iter():
        if element.text and not _is_name(element):
            yield _line(element), None, element.text, name


def _is_name(element: etree._Element) -> bool:
    return _local_name(element).startswith("Name")


def _of_sanction_entity(entity: etree._Element) -> _Found:
    """The EU's: addresses stand in remarks, and in the numbers of identifications."""
    aliases = sorted(entity.iterfind("{*}nameAlias"), key=lambda each: each.get("strong") != "true")
    name = next((called for each in aliases if (called := (each.get("wholeName") or "").strip())), "")
    for remark in entity.iter("{*}remark"):
        if remark.text:
            yield _line(remark), None, remark.text, name
    for identification in entity.iter("{*}identification"):
        yield _line(identification), None, identification.get("number") or "", name


def _local_name(element: etree._Element) -> str:
    """The name without its namespace; lxml's QName refuses some names that its parser takes."""
    return str(element.tag).rpartition("}")[2]


def _source_of_root(element: etree._Element, name: str, file: Path) -> str | None:
    """The list that a root begins; a document type is refused before anything is read."""
    if element.getparent() is not None or name.lower() not in _SOURCES:
        return None
    if element.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput(f"{file}: it declares a document type, which these lists do not. Remove it.")
    return _SOURCES[name.lower()]


def _line(element: etree._Element) -> int:
    return cast("int | None", element.sourceline) or 1


def _text(element: etree._Element, tag: str) -> str:
    return (element.findtext(f"{{*}}{tag}") or "").strip()


def _free(element: etree._Element) -> None:
    """Frees an element that has been read, and those before it: else the tree would hold the whole file."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
