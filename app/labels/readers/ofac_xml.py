"""OFAC's XML, the plain and the advanced form, element by element: no DTD, no entities, no network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from lxml import etree

from app.errors import InvalidInput

Listed = tuple[int, str, str, str]
"""Line, currency, address, and the name of the entry it stands in."""

_KIND = "Digital Currency Address - "
_ROOTS = ("sdnList", "Sanctions", "SanctionsData")
_ENTRY, _PARTY, _FEATURE_TYPE = "sdnEntry", "DistinctParty", "FeatureType"
_BULKY = ("Location", "IDRegDocument", "SanctionsEntry", "ProfileRelationship")
_TAGS = tuple(f"{{*}}{name}" for name in (*_ROOTS, _ENTRY, _PARTY, _FEATURE_TYPE, *_BULKY))


def read_sdn(file: Path, done: Callable[[int], None]) -> Iterator[Listed]:
    """The digital currency addresses of a file; memory is that of one entry.

    Raises:
        InvalidInput: not well-formed, not an SDN list, or one with a document type; names file and line.
    """
    currencies: dict[str, str] = {}
    known = False
    try:
        with file.open("rb") as stream:
            for event, element in etree.iterparse(
                stream, events=("start", "end"), tag=_TAGS, resolve_entities=False, load_dtd=False,
                no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
            ):  # fmt: skip
                name = etree.QName(element).localname
                if event == "start":
                    known = _opened(element, name, file) or known
                    continue
                if name == _ENTRY:
                    yield from _of_entry(element)
                elif name == _FEATURE_TYPE:
                    currencies[element.get("ID") or ""] = (element.text or "").strip()
                elif name == _PARTY:
                    yield from _of_party(element, currencies)
                if name not in _ROOTS:
                    _forget(element)
                    done(stream.tell())
    except etree.XMLSyntaxError as exc:
        line = exc.position[0] if exc.position else 1
        raise InvalidInput(f"{file}:{line}: not well-formed XML ({exc.msg}).") from exc
    except OSError as exc:
        raise InvalidInput(f"{file} cannot be read: {exc}.") from exc
    if not known:
        raise InvalidInput(f"{file} is no SDN list: its root is none of {', '.join(_ROOTS)}.")


def _opened(element: etree._Element, name: str, file: Path) -> bool:
    """Whether it is the root of an SDN list; a document type is refused before anything is read."""
    if element.getparent() is not None or name not in _ROOTS:
        return False
    if element.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput(f"{file}: it declares a document type, which OFAC's files do not. Remove it.")
    return True


def _of_entry(entry: etree._Element) -> Iterator[Listed]:
    """`sdn.xml`: names are written LAST, First, as OFAC prints them."""
    name = ", ".join(part for tag in ("lastName", "firstName") if (part := _text(entry, tag)))
    for each in entry.iterfind("{*}idList/{*}id"):
        kind = _text(each, "idType")
        if kind.startswith(_KIND):
            yield _line(each), kind.removeprefix(_KIND), _text(each, "idNumber"), name


def _of_party(party: etree._Element, kinds: dict[str, str]) -> Iterator[Listed]:
    """`sdn_advanced.xml`: a party's features refer to the list of feature types at the top of the file."""
    listed = [
        (feature, kind.removeprefix(_KIND))
        for feature in party.iter("{*}Feature")
        if (kind := kinds.get(feature.get("FeatureTypeID") or "", "")).startswith(_KIND)
    ]
    if not listed:
        return
    name = _primary_name(party)
    for feature, currency in listed:
        for detail in feature.iter("{*}VersionDetail"):
            if address := (detail.text or "").strip():
                yield _line(detail), currency, address, name


def _primary_name(party: etree._Element) -> str:
    for alias in party.iterfind("{*}Profile/{*}Identity[@Primary='true']/{*}Alias[@Primary='true']"):
        parts = [(part.text or "").strip() for part in alias.iter("{*}NamePartValue")]
        return ", ".join(filter(None, (parts[0], " ".join(parts[1:])))) if parts else ""
    return ""


def _line(element: etree._Element) -> int:
    return cast("int | None", element.sourceline) or 1


def _text(element: etree._Element, tag: str) -> str:
    return (element.findtext(f"{{*}}{tag}") or "").strip()


def _forget(element: etree._Element) -> None:
    """Frees an element that is read, and those before it: the tree would hold the whole file."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
