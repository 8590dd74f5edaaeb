"""The explorer's page as the tests of it drive it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect

WIDE, NARROW = (1440, 900), (390, 844)
_EXPLORER = "document.getElementById('explorer').explorer"
_EXPANDABLE = f"""(way) => {{
  const {{ items, state }} = {_EXPLORER};
  const isOpen = (item) => state.expanded.some(([address, side]) => address === item.id && side === way);
  const count = way === "out" ? "receivers" : "senders";
  const found = items.filter((item) => item.kind === "wallet" && item[count] !== "0" && !isOpen(item));
  return found.map(({{ id }}) => id);
}}"""
_EXPAND = f"""async ([id, way, most]) => {{
  const explorer = {_EXPLORER};
  await explorer.expand(explorer.item(id), way, Math.min(12, most - explorer.state.wallets.length));
  return explorer.state.wallets.length;
}}"""


_OPEN_GROUPS = f"""async () => {{
  const explorer = {_EXPLORER};
  const opened = explorer.items.filter((item) => item.kind === "owner").map(({{ owner }}) => owner);
  await explorer.change((state) => ({{ ...state, opened }}), "", {{ anew: true }});
}}"""


@contextmanager
def window(browser: Browser, size: tuple[int, int], scheme: Any = "light") -> Iterator[Page]:  # noqa: ANN401
    """A browser of its own in which nothing is animated; it ends with an error if a page said one."""
    said: list[str] = []
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(90_000)
    with context:
        page = context.new_page()
        page.on("console", lambda each: said.append(each.text) if each.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
    assert said == []


def explore(page: Page, address: str) -> None:
    """Opens an address of the explorer and waits until it has drawn."""
    page.goto(address)
    expect(page.locator("#explorer[data-ready]")).to_have_count(1)


def status(page: Page, text: str) -> None:
    """Waits until the explorer has said so."""
    expect(page.locator("#status")).to_contain_text(text)


def item(page: Page, identity: str) -> Any:  # noqa: ANN401 - a locator
    """The box of a wallet, a group or what is not shown."""
    return page.locator(f'.item[data-id="{identity}"]')


def state(page: Page) -> dict[str, Any]:
    """What the address of the page holds."""
    found: dict[str, Any] = page.evaluate(f"() => {_EXPLORER}.state")
    return found


def picture(page: Page) -> dict[str, Any]:
    """The numbers that are drawn."""
    found: dict[str, Any] = page.evaluate(f"() => {_EXPLORER}.picture")
    return found


def grow(page: Page, most: int, way: str = "out") -> int:
    """Expands wallet after wallet until so many are shown, and opens all groups; returns how many."""
    shown = len(state(page)["wallets"])
    while shown < most and (waiting := page.evaluate(_EXPANDABLE, way)):
        shown = page.evaluate(_EXPAND, [waiting[0], way, most])
    page.evaluate(_OPEN_GROUPS)
    return shown
