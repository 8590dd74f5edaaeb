"""The pages of screenings and alerts in a real browser: a field, a file, an answer, a decision."""

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.alerts.rescreen import screen_due
from app.alerts.watched import Watch, watch
from app.projection.pending import project_all_pending
from app.screening.screen import Screener
from app.stores.graph import Graph
from tests.browser.axe import violations
from tests.browser.site import Site, site
from tests.support.builders import address, transfer
from tests.support.environment import settings_of
from tests.support.graph import emptied
from tests.support.record import label, score, write
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases

LISTED, SHOP, NEVER = address(11), address(12), address(13)
NARROW = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def story(servers: Servers, databases: Databases, session_graph: Graph) -> Iterator[Site]:
    """A sanctioned wallet has paid a shop, which is watched and has an alert."""
    with databases.record() as postgres:
        settings = settings_of(servers, postgres)
        graph = emptied(session_graph, postgres)
        for one in (LISTED, NEVER):
            label(postgres, one, "sanctioned", confidence=100, source="ofac")
        write(postgres, [transfer(1, LISTED, SHOP, 50_000)])
        project_all_pending(postgres, graph)
        score(postgres, graph, "ledger")
        with postgres.transaction() as connection:
            watch(connection, [Watch("ethereum", SHOP, "deposit 1", "customer 1", "test")])
        screen_due(postgres, Screener(postgres, graph, settings), settings)
        with site(settings, postgres, graph) as found:
            yield found


@pytest.mark.parametrize(
    "spelling",
    [NEVER, NEVER.upper().replace("0X", "0x"), f"eth:{NEVER}", f"https://bscscan.com/address/{NEVER}"],
)
def test_a_listed_address_that_never_moved_is_severe_in_every_spelling(
    story: Site, page: Page, spelling: str
) -> None:
    story.sign_in(page, "/screenings")
    page.get_by_role("textbox", name="Address").fill(spelling)
    page.get_by_label("Your reference").fill("customer 12")
    page.get_by_role("button", name="Screen", exact=True).click()
    page.wait_for_url("**/screenings/*")
    expect(page.locator("section.verdict [data-level]").first).to_have_attribute("data-level", "severe")
    expect(page.locator("[data-status]")).to_have_attribute("data-status", "never_seen")
    labels = page.get_by_role("group", name="Labels on").locator("tbody tr")
    expect(labels.first).to_contain_text("ofac")
    assert violations(page) == []


def test_what_is_no_address_says_why_and_the_list_shows_it(story: Site, page: Page) -> None:
    story.sign_in(page, "/screenings")
    page.get_by_role("textbox", name="Address").fill("0x12")
    page.get_by_role("button", name="Screen", exact=True).click()
    expect(page.locator("[data-detail]")).to_contain_text("Not an address")
    number = page.url.rpartition("/")[2]
    page.goto(f"{story.url}/screenings")
    expect(page.locator(f'tr[data-screening="{number}"]')).to_contain_text("refused")


def test_a_file_is_answered_by_a_file(story: Site, page: Page) -> None:
    story.sign_in(page, "/screenings")
    asked = f"address,reference\n{SHOP},r 1\nnothing,r 2\n{NEVER},r 3\n".encode()
    page.get_by_label("CSV with a header").set_input_files(
        {"name": "in.csv", "mimeType": "text/csv", "buffer": asked}
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Screen the file").click()
    text = download.value.path().read_text()
    answered = list(csv.DictReader(io.StringIO(text)))
    assert [row["reference"] for row in answered] == ["r 1", "r 2", "r 3"]
    assert [row["status"] for row in answered] == ["complete", "refused", "never_seen"]
    assert answered[2]["risk_level"] == "severe"


def test_an_alert_is_looked_at_and_closed_with_an_outcome(story: Site, page: Page) -> None:
    story.sign_in(page, "/alerts?status=open")
    row = page.locator("tr[data-alert]", has_text="sanctioned").first
    number = row.get_attribute("data-alert")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("group", name="Causes").locator("tbody tr").first).to_contain_text("screening")
    assert violations(page) == []
    page.get_by_label("Decision").select_option("confirmed")
    page.get_by_label("Note").fill("Reported on Monday.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("p.eyebrow")).to_contain_text("confirmed")
    expect(page.locator("dl.facts")).to_contain_text("Reported on Monday.")
    answer = story.answer(f"/v1/alerts/{number}")
    assert (answer["status"], answer["outcome"], answer["note"]) == (
        "closed", "confirmed", "Reported on Monday.",
    )  # fmt: skip
    page.goto(f"{story.url}/alerts?status=open")
    expect(page.locator(f'tr[data-alert="{number}"]')).to_have_count(0)


@pytest.mark.parametrize("path", ["/screenings", "/screenings/1", "/alerts", "/alerts/1"])
def test_on_a_narrow_screen_nothing_is_wider_than_it(story: Site, page: Page, path: str) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    story.sign_in(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
