"""OFAC's XML, the plain and the advanced form, element by element: no DTD, no entities, no network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

from lxml import etree

from app.errors import InvalidInput
from app.input_files import open_input


class ListedAddress(NamedTuple):
    """An address of a sanctions list: its line from 1, and the `name` of its entry."""

    line: int
    currency: str
    address: str
    name: str


_ID_TYPE = "Digital Currency Address - "
_ROOTS = ("sdnList", "Sanctions", "SanctionsData")
_ENTRY, _PARTY, _FEATURE_TYPE = "sdnEntry", "DistinctParty", "FeatureType"
_READ = frozenset((_ENTRY, _PARTY, _FEATURE_TYPE))
MAX_ELEMENTS = 100_000
"""Of one entry; the longest of OFAC's has some thousands."""


def read_sdn(file: Path, report_read: Callable[[int], None]) -> Iterator[ListedAddress]:
    """The digital currency addresses of a file, with the memory of one entry.

    `report_read` is called after each entry with about how many bytes are read.

    Raises:
        InvalidInput: not well-formed, no SDN list, or with a document type; the message names the file.
    """
    feature_types: dict[str, str] = {}
    is_list = False
    inside = elements = 0
    try:
        with open_input(file) as stream:
            for event, element in etree.iterparse(
                stream, events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True,
                huge_tree=False, remove_comments=True, remove_pis=True,
            ):  # fmt: skip
                name = _local_name(element)
                if event == "start":
                    is_list = _is_list_root(element, name, file) or is_list
                    elements = elements + 1 if inside else 0
                    inside += name in _READ
                    if elements > MAX_ELEMENTS:
                        raise InvalidInput(f"{file}: an entry has more than {MAX_ELEMENTS} elements.")
                    continue
                if name == _ENTRY:
                    yield from _of_entry(element)
                elif name == _FEATURE_TYPE:
                    feature_types[element.get("ID") or ""] = (element.text or "").strip()
                elif name == _PARTY:
                    yield from _of_party(element, feature_types)
                inside -= name in _READ
                if not inside:  # whatever else a file has is freed as it comes
                    _free(element)
                    report_read(stream.tell())
    except etree.XMLSyntaxError as exc:
        line = exc.position[0] if exc.position else 1
        raise InvalidInput(f"{file}:{line}: not well-formed XML ({exc.msg}).") from exc
    if not is_list:
        raise InvalidInput(f"{file} is no SDN list: its root is none of {', '.join(_ROOTS)}.")


def _local_name(element: etree._Element) -> str:
    """The name without its namespace; lxml's QName refuses some names that its parser takes."""
    return str(element.tag).rpartition("}")[2]


def _is_list_root(element: etree._Element, name: str, file: Path) -> bool:
    """Whether the element is the root of an SDN list; a document type is refused before anything is read."""
    if element.getparent() is not None or name not in _ROOTS:
        return False
    if element.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput(f"{file}: it declares a document type, which OFAC's files do not. Remove it.")
    return True


def _of_entry(entry: etree._Element) -> Iterator[ListedAddress]:
    """`sdn.xml`: names are written LAST, First, as OFAC prints them."""
    name = ", ".join(part for tag in ("lastName", "firstName") if (part := _text(entry, tag)))
    for each in entry.iterfind("{*}idList/{*}id"):
        id_type = _text(each, "idType")
        if id_type.startswith(_ID_TYPE):
            yield ListedAddress(_line(each), id_type.removeprefix(_ID_TYPE), _text(each, "idNumber"), name)


def _of_party(party: etree._Element, feature_types: dict[str, str]) -> Iterator[ListedAddress]:
    """`sdn_advanced.xml`: a party's features refer to the list of feature types at the top of the file."""
    currency_features = [
        (feature, feature_type.removeprefix(_ID_TYPE))
        for feature in party.iter("{*}Feature")
        if (feature_type := feature_types.get(feature.get("FeatureTypeID") or "", "")).startswith(_ID_TYPE)
    ]
    if not currency_features:
        return
    name = _primary_name(party)
    for feature, currency in currency_features:
        for detail in feature.iter("{*}VersionDetail"):
            if address := (detail.text or "").strip():
                yield ListedAddress(_line(detail), currency, address, name)


def _primary_name(party: etree._Element) -> str:
    for alias in party.iterfind("{*}Profile/{*}Identity[@Primary='true']/{*}Alias[@Primary='true']"):
        parts = [(part.text or "").strip() for part in alias.iter("{*}NamePartValue")]
        return ", ".join(filter(None, (parts[0], " ".join(parts[1:])))) if parts else ""
    return ""


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
