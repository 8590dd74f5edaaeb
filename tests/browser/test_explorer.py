"""The explorer in a real browser: expand in and out, nothing moves, undo, what is not shown, axe."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.web.static_files import is_built
from tests.browser.axe import violations
from tests.support.builders import transfer
from tests.support.record import label, score, write
from tests.support.run_story import ALICE, BOB, CAROL, MIXER
from tests.support.serving import served

POSITIONS = """() => Object.fromEntries(document.getElementById('explorer').graph.nodes()
    .map(node => [node.id(), [node.position('x'), node.position('y')]]))"""
PAYERS = range(1_000, 1_240)


def told(postgres: Postgres, graph: Graph) -> None:
    """A mixer pays Alice, she Bob, he Carol; and 240 wallets pay Bob, more than are counted."""
    label(postgres, MIXER, "mixer")
    story = [transfer(10, MIXER, ALICE, 100), transfer(20, ALICE, BOB, 50), transfer(30, BOB, CAROL, 20)]
    crowd = [transfer(100 + n, payer, BOB, 1 + n % 7) for n, payer in enumerate(PAYERS)]
    write(postgres, [*story, *crowd])
    project_all_pending(postgres, graph)
    score(postgres, graph, "ledger")


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    if not is_built():
        pytest.skip("the pages' npm packages are not there: make frontend")
    return settings.model_copy(update={"api_auth": "off", "api_token": None})


def test_expanding_shows_one_hop_moves_nothing_and_can_be_undone(
    open_settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    told(postgres, graph)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    with served(open_settings, postgres, graph) as api:
        page.goto(f"{api.base_url}/explore/{BOB}")
        rows = page.locator("#wallets tbody tr")
        expect(rows).to_have_count(1)
        begin = page.evaluate(POSITIONS)
        assert begin.keys() == {BOB}

        page.get_by_role("button", name="Expand 1 receiver of").focus()
        page.keyboard.press("Enter")
        expect(rows).to_have_count(2)
        one = page.evaluate(POSITIONS)
        assert one.keys() == {BOB, CAROL}
        assert one[CAROL][0] > one[BOB][0] == begin[BOB][0]

        page.get_by_role("button", name="Expand 200+ senders").click()
        expect(rows).to_have_count(14)
        two = page.evaluate(POSITIONS)
        assert {name: two[name] for name in one} == one
        assert two[ALICE][0] < two[BOB][0]
        assert len({tuple(place) for place in two.values()}) == len(two) == 15
        expect(page.locator("#not-shown")).to_contain_text("229 more senders")

        page.locator(f"tr[data-address='{ALICE}']").get_by_role("button", name="Expand 1 sender of").click()
        expect(rows).to_have_count(15)
        three = page.evaluate(POSITIONS)
        assert {name: three[name] for name in two} == two
        assert three[MIXER][0] < three[ALICE][0]
        page.screenshot(path=pictures / "explorer.png", full_page=True)
        assert violations(page) == []

        page.get_by_role("button", name="Show more senders").click()
        expect(rows).to_have_count(27)
        expect(page.locator("#not-shown")).to_contain_text("217 more senders")
        four = page.evaluate(POSITIONS)
        assert {name: four[name] for name in three} == three
        assert len({tuple(place) for place in four.values()}) == len(four) == 28
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#not-shown")).to_contain_text("229 more senders")
        assert page.evaluate(POSITIONS) == three

        page.get_by_role("button", name="Undo").click()
        expect(rows).to_have_count(14)
        assert page.evaluate(POSITIONS) == two
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Undo").click()
        expect(rows).to_have_count(1)
        assert page.evaluate(POSITIONS) == begin
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert refused == []
