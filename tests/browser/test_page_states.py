"""Pages of what is not there: no run, nothing ingested, no graph, a wallet that is not scored."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.projection.pending import project_all_pending
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.browser.axe import violations
from tests.browser.site import site
from tests.support.builders import transfer
from tests.support.graph import no_graph
from tests.support.record import score, write
from tests.support.run_story import ALICE, BOB, DAVE, tell_project_and_score, tell_story


def test_before_anything_has_arrived_every_page_says_what_to_do(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    with site(settings, postgres, graph) as empty:
        empty.sign_in(page)
        expect(page.get_by_role("button", name="Start a scoring run")).to_be_visible()
        assert violations(page) == []
        page.screenshot(path=pictures / "no_run.png")
        for path, says in {
            "/runs": "No run yet",
            "/ingestion": "No message was refused",
            "/labels": "No label is recorded",
            f"/search?q={ALICE}": "No transfer of",
            "/search?q=with spaces": "Nothing in the record",
            "/runs/7": "There is no scoring run 7",
            "/operations/none": "This server knows no operation",
        }.items():
            page.goto(empty.url + path)
            expect(page.locator("main")).to_contain_text(says)
            assert violations(page) == [], path


def test_not_scored_is_not_zero_and_zero_is_said_to_be_checked(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    tell_story(postgres)
    write(postgres, [transfer(60, f"0x{7:040x}", f"0x{8:040x}", 5)])
    project_all_pending(postgres, graph)
    score(postgres, graph)
    write(postgres, [transfer(70, BOB, f"0x{9:040x}", 1)])
    with site(settings, postgres, graph) as told:
        told.sign_in(page, f"/wallets/ethereum:{DAVE}")
        expect(page.locator(".figure")).to_have_text("not scored")
        expect(page.locator("main")).to_contain_text("neither money that moved through it nor a label")
        assert violations(page) == []
        page.screenshot(path=pictures / "wallet_not_scored.png")
        page.goto(f"{told.url}/wallets/ethereum:0x{9:040x}")
        expect(page.locator("main")).to_contain_text("First seen after scoring run")
        page.goto(f"{told.url}/wallets/ethereum:0x{8:040x}")
        expect(page.locator("[data-score]").first).to_have_attribute("data-score", "0.000000")
        expect(page.locator("main")).to_contain_text("The score is 0, not unknown")
        assert violations(page) == []


def test_without_the_graph_the_stored_score_still_shows(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, pictures: Path
) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    with no_graph() as away, site(settings, postgres, away) as told:
        told.sign_in(page, f"/wallets/ethereum:{ALICE}")
        expect(page.locator("[data-status]")).to_have_attribute("data-status", "incomplete")
        expect(page.locator(".banner.warn")).to_contain_text("Neo4j")
        expect(page.locator("[data-score]").first).to_have_attribute("data-score", "70.000000")
        assert violations(page) == []
        page.screenshot(path=pictures / "wallet_without_graph.png", full_page=True)
        page.goto(told.url + "/ingestion")
        expect(page.locator(".banner.warn").first).to_contain_text("The graph does not answer")
        assert violations(page) == []


def test_pages_do_without_the_built_packages(
    settings: Settings, postgres: Postgres, graph: Graph, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.templating.is_built", lambda: False)
    tell_story(postgres)
    score(postgres)
    with site(settings, postgres, graph) as told:
        told.sign_in(page)
        expect(page.locator("table.board tbody tr").first).to_be_visible()
        page.goto(told.url + "/docs")
        expect(page.locator("main")).to_contain_text("make frontend")
