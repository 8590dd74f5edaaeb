"""The elements that the drawings share."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

Box = tuple[float, float, float, float]
"""Left edge, upper edge, width and height."""


def new_svg(name: str, size: tuple[float, float], attributes: Mapping[str, str]) -> Element:
    """An empty drawing of the class `name`; its `size` is width and height in its own units."""
    width, height = (f"{length:.0f}" for length in size)
    box = {"viewBox": f"0 0 {width} {height}"}
    return Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": name, **box, **attributes})


def add_rectangle(parent: Element, box: Box, attributes: Mapping[str, str]) -> Element:
    """Adds a rectangle."""
    x, y, width, height = (f"{length:.2f}" for length in box)
    return SubElement(parent, "rect", {"x": x, "y": y, "width": width, "height": height, **attributes})


def add_text(parent: Element, x: float, y: float, text: str, **attributes: str) -> Element:
    """Adds a text whose baseline begins at a point."""
    named = {key.replace("_", "-"): value for key, value in attributes.items()}
    element = SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **named})
    element.text = text
    return element


def add_title(parent: Element, text: str) -> None:
    """Adds the text that browsers show over an element."""
    SubElement(parent, "title").text = text
