"""The explorer on a real hack in a real browser: what it draws, where, and what one can do with it."""

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import fromstring

import pytest
from playwright.sync_api import Browser, Page, expect

from app.stores.graph import Graph
from tests.browser.axe import violations
from tests.browser.explorer_page import NARROW, WIDE, explore, grow, item, picture, state, status, window
from tests.browser.geometry import measured, positions
from tests.browser.site import Site, explorer_site
from tests.support.hack import Hack
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases

TORNADO = "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b"
LEAST_PIXELS = 9


@pytest.fixture(scope="module")
def told(servers: Servers, databases: Databases, session_graph: Graph, hack: Hack) -> Iterator[Site]:
    """The hack, scored, with its levels in the graph; the tests change nothing of it."""
    with explorer_site(servers, databases, session_graph, hack.transfers(), hack.labels()) as found:
        yield found


@pytest.fixture(scope="module")
def thief(told: Site, hack: Hack) -> str:
    return f"{told.url}/explore/{hack.hackers()[3]}"


@pytest.mark.parametrize("number", range(7))
def test_every_thief_reaches_tornado_in_three_actions_or_the_answer_says_why_not(
    told: Site, hack: Hack, chromium: Browser, pictures: Path, number: int
) -> None:
    with window(chromium, WIDE) as page:
        explore(page, f"{told.url}/explore/{hack.hackers()[number]}")
        page.get_by_role("button", name="Path …").click()  # one
        page.get_by_label("Path from").fill("tornado")  # two
        page.keyboard.press("Enter")  # three
        answers = page.locator("#path-answers")
        expect(answers).to_contain_text("transfers, $")
        expect(item(page, TORNADO)).to_have_count(1)
        marked = state(page)["marked"]
        assert marked[-1][1] == TORNADO
        assert [end for _, end in marked[:-1]] == [begin for begin, _ in marked[1:]]
        expect(page.locator(".edge.marked")).not_to_have_count(0)
        said = answers.inner_text()
        assert "through heavy node" in said or "%" in said
        if number == 3:
            page.screenshot(path=pictures / "explorer_path.png")
            assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_many_wallets_are_read_at_the_zoom_that_they_open_with(
    thief: str,
    chromium: Browser,
    pictures: Path,
    size: tuple[int, int],
    scheme: Literal["light", "dark"],
) -> None:
    most = 150 if size == WIDE else 60
    with window(chromium, size, scheme) as page:
        explore(page, thief)
        first = measured(page)
        assert grow(page, most) >= most - 30  # the hack has no more to show after some wallets
        page.get_by_role("button", name="Show all").click()
        grown = measured(page)
        page.screenshot(path=pictures / f"explorer_{size[0]}_{scheme}.png")
        assert violations(page) == []
        for found in (first, grown):
            assert found["smallest"] >= LEAST_PIXELS
            assert (found["off"], found["hidden"], found["overlapping"], found["cutOff"]) == (0, [], [], [])
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(("size", "count"), [(WIDE, 150), (NARROW, 60)])
def test_a_hub_with_many_neighbours_is_read_too(
    told: Site, chromium: Browser, size: tuple[int, int], count: int, pictures: Path
) -> None:
    hub = "0xc720beefafdb55dda8ab6247ffb054d5a7d72010"
    with window(chromium, size) as page:
        explore(page, f"{told.url}/explore/{hub}")
        grow(page, count)
        assert len(state(page)["wallets"]) >= count
        page.get_by_role("button", name="Show all").click()
        found = measured(page)
        page.screenshot(path=pictures / f"explorer_hub_{size[0]}.png")
        assert found["items"] >= count
        assert found["smallest"] >= LEAST_PIXELS
        assert (found["off"], found["hidden"], found["overlapping"], found["cutOff"]) == (0, [], [], [])


def test_a_link_draws_the_same_in_another_browser_and_after_a_reload(thief: str, chromium: Browser) -> None:
    with window(chromium, WIDE) as page, window(chromium, (1100, 700), "dark") as other:
        explore(page, thief)
        grow(page, 40)
        some = state(page)["wallets"][5]
        item(page, some).focus()
        page.keyboard.press("Alt+ArrowDown")
        status(page, "is pinned there")
        page.keyboard.press("n")
        page.get_by_label("Note on").fill("asks for subpoena <b>")
        page.get_by_role("button", name="Close").click()
        status(page, "note is kept")
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Transfers of at least").fill("5000")
        page.get_by_label("Transfers of at least").press("Enter")
        status(page, "left out by the filters")
        before = state(page), positions(page), picture(page)
        assert before[0]["notes"] == {some: "asks for subpoena <b>"}
        assert before[0]["filter"] == {"least_usd": "5000"}
        assert before[0]["cells"][some][2] == 1
        for shown in (other, page):
            explore(shown, page.url)
            assert (state(shown), positions(shown), picture(shown)) == before
        other.goto(page.url.replace("#s=", "#s=x"))
        other.reload()
        status(other, "could not be read, so the exploration begins anew")


def test_undo_redo_and_the_browsers_own_back_and_forward_are_one(thief: str, chromium: Browser) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        begun = state(page)
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        root = item(page, begun["root"])
        root.dblclick(position={"x": 100, "y": 16})
        status(page, "hung on")  # its receivers were shown: they collapse
        collapsed = state(page)
        assert collapsed["wallets"] == [begun["root"]]
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".item")).not_to_have_count(1)
        assert state(page) == begun
        page.get_by_role("button", name="Redo").click()
        expect(page.locator(".item")).to_have_count(1)
        assert state(page) == collapsed
        expect(page.get_by_role("button", name="Redo")).to_be_disabled()
        page.go_back()
        expect(page.locator(".item")).not_to_have_count(1)
        assert state(page) == begun
        page.reload()
        expect(page.locator("#explorer[data-ready]")).to_have_count(1)
        assert state(page) == begun


def test_groups_of_owners_and_what_is_not_shown_open(thief: str, chromium: Browser) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        rest = page.locator(".item.more")
        expect(rest).to_contain_text("+16 receivers")
        rest.click()
        status(page, "16 more wallets shown, of 22 receivers.")
        group = page.locator(".item.owner").first
        name = group.locator(".name").inner_html()
        before = page.locator(".item.wallet").count()
        group.dblclick()
        status(page, "one by one")
        assert page.locator(".item.wallet").count() >= before + 2
        assert name in str(state(page)["opened"])
        page.locator(".item.wallet", has_text=name).first.focus()
        page.keyboard.press("o")
        status(page, "are one")
        assert page.locator(".item.wallet").count() == before


def test_an_edge_lists_its_transfers_and_filters_choose_them(
    told: Site, thief: str, chromium: Browser
) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        flows = picture(page)["flows"]
        flow = max(flows, key=lambda each: Decimal(each["usd_value"]))
        page.locator(f'.edge[data-id="{flow["sender"]}>{flow["receiver"]}"] .hit').dispatch_event("click")
        rows = page.locator('#panel [aria-label="Transfers"] tbody tr')
        expect(rows).to_have_count(flow["transfers"])
        listed = told.answer(
            f"/v1/wallets/{flow['sender']}/transfers", counterparty=flow["receiver"], way="out", limit=100
        )["transfers"]
        hashes = [link.get_attribute("title") for link in rows.locator("a").all()]
        assert hashes == [each["transaction_hash"] for each in listed]
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Filters").click()
        page.locator("#filter-since").focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        status(page, "left out by the filters")
        kept = [each for each in picture(page)["flows"] if each["transfers"]]
        assert len(kept) < len(flows)
        since = state(page)["filter"]["since"]
        assert all(each["first_transfer_at"] >= since for each in kept)
        expect(page.locator(".edge.of-flow")).to_have_count(len(kept))
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".edge.of-flow")).to_have_count(
            len({(f["sender"], f["receiver"]) for f in flows}) - 1
        )


def test_a_wallet_is_dragged_into_a_cell_and_stays_when_the_picture_is_arranged(
    thief: str, chromium: Browser
) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        address = state(page)["wallets"][1]
        box = item(page, address).bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + 70, box["y"] + 150, steps=5)
        page.mouse.up()
        status(page, "is pinned there")
        cell = state(page)["cells"][address]
        assert cell[2] == 1
        page.get_by_role("button", name="Arrange").click()
        status(page, "what is pinned stays")
        assert state(page)["cells"][address] == cell
        assert len({tuple(each[:2]) for each in state(page)["cells"].values()}) == len(state(page)["cells"])


def test_what_is_exported_opens_elsewhere(thief: str, chromium: Browser, tmp_path: Path) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        files = {}
        for form in ("PNG", "SVG", "CSV", "JSON"):
            page.get_by_role("button", name="Export").click()
            with page.expect_download() as saved:
                page.get_by_role("menuitem", name=form).click()
            files[form] = tmp_path / saved.value.suggested_filename
            saved.value.save_as(files[form])
        flows = picture(page)["flows"]
        rows = list(csv.DictReader(files["CSV"].read_text().splitlines()))
        assert [(r["sender"], r["receiver"], r["usd_value"]) for r in rows] == [
            (f["sender"], f["receiver"], f["usd_value"]) for f in flows
        ]
        kept = json.loads(files["JSON"].read_text())
        assert (kept["state"], kept["picture"]["flows"]) == (state(page), flows)
        assert kept["link"] == page.url
        svg = fromstring(files["SVG"].read_text())  # noqa: S314 - a file of our own
        boxes = [each for each in svg.iter() if each.tag.endswith("rect")]
        assert len(boxes) > len(state(page)["wallets"])
        assert "var(" not in files["SVG"].read_text()
        texts = "".join(each.text or "" for each in svg.iter() if each.tag.endswith("text"))
        assert "Hacker" in texts
        with window(chromium, WIDE) as other:
            for form in ("PNG", "SVG"):
                other.goto(files[form].as_uri())
                size = other.evaluate(
                    "[innerWidth, document.images.length || document.rootElement.width.baseVal.value]"
                )
                assert min(size) > 0


def test_the_keyboard_alone_goes_from_the_thief_along_the_money(thief: str, chromium: Browser) -> None:
    with window(chromium, WIDE) as page:
        explore(page, thief)
        root = state(page)["root"]
        item(page, root).focus()
        page.keyboard.press("ArrowRight")
        next_to_it = page.evaluate("document.activeElement.dataset.id")
        assert next_to_it != root
        page.keyboard.press("Enter")
        expect(page.get_by_role("menu")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Show receivers")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_be_hidden()
        assert page.evaluate("document.activeElement.dataset.id") == next_to_it
        before = len(state(page)["wallets"])
        page.keyboard.press("r")
        status(page, "more wallet")
        assert len(state(page)["wallets"]) > before
        page.keyboard.press("d")
        expect(page.locator("#panel")).to_contain_text("Wallet's page")
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()
        page.keyboard.press("Control+z")
        expect(page.locator(".item.wallet")).to_have_count(len(page.locator(".item.wallet").all()))
        page.get_by_role("button", name="Notes and key").click()
        assert violations(page) == []


def test_the_tables_say_what_the_picture_shows(thief: str, page: Page) -> None:
    explore(page, thief)
    page.locator("#table-summary").click()
    drawn = picture(page)
    expect(page.locator("#wallets tbody tr")).to_have_count(len(drawn["wallets"]))
    shown = [row.get_attribute("data-address") for row in page.locator("#wallets tbody tr").all()]
    assert set(shown) == {each["wallet"]["address"] for each in drawn["wallets"]}
    expect(page.locator("#not-shown")).to_contain_text("16 more receivers of Hacker")
    assert violations(page) == []
