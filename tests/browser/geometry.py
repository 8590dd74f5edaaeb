"""How the explorer's picture lies on the screen, measured in the browser."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_MEASURE = (Path(__file__).parent / "geometry.js").read_text().partition("\n")[2]


def measured(page: Page) -> dict[str, Any]:
    """Sizes in pixels of the screen: the smallest caption, what is off the canvas, edges behind captions."""
    found: dict[str, Any] = page.evaluate(_MEASURE)
    return found


def positions(page: Page) -> dict[str, tuple[float, float]]:
    """Where each item lies, in the drawing's own units."""
    found: dict[str, tuple[float, float]] = page.evaluate(
        "() => { const e = document.getElementById('explorer').explorer;"
        " return Object.fromEntries(e.items.map((item) => [item.id, e.drawing.place(item.id)])); }"
    )
    return found
