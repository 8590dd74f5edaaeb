"""The patterns that distinguish categories of one colour, as SVG definitions."""

from xml.etree.ElementTree import Element, SubElement

_OUTLINES = {
    "diagonal": "M-1 1L1 -1M0 6L6 0M5 7L7 5",
    "dots": "M2 3A1 1 0 1 0 4 3A1 1 0 1 0 2 3Z",
    "cross": "M0 3H6M3 0V6",
    "bars": "M0 1.5H6M0 4.5H6",
    "steep": "M-1 5L1 7M0 0L6 6M5 -1L7 1",
}
PATTERNS = ("solid", *_OUTLINES)


def add_patterns(svg: Element) -> None:
    """Defines every pattern but `solid` in the drawing."""
    definitions = SubElement(svg, "defs")
    for name, outline in _OUTLINES.items():
        size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
        pattern = SubElement(definitions, "pattern", {"id": f"pattern-{name}", **size})
        SubElement(pattern, "path", {"d": outline, "class": "pattern"})
