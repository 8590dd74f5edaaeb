"""The pages in a real browser: the analyst's walk, filters, paging, progress, accessibility, no scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from app.answers.explanation import Explanation
from app.answers.values.amounts import two_digits
from app.record.transfers import wallet_transfers
from app.record.wallets import find_wallet
from app.stores.graph import Graph
from app.web.drawing.paths import id_of_path
from tests.browser.axe import violations
from tests.browser.site import Site, site, tell
from tests.support.documents import text_of
from tests.support.environment import settings_of
from tests.support.graph import emptied
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases

NARROW = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def story(servers: Servers, databases: Databases, session_graph: Graph) -> Iterator[Site]:
    """One scored story for all tests of this module; they change nothing of it but by starting runs."""
    with databases.record() as postgres:
        settings = settings_of(servers, postgres)
        graph = emptied(session_graph, postgres)
        tell(settings, postgres, graph)
        with site(settings, postgres, graph) as found:
            yield found


@pytest.fixture(scope="module")
def known(story: Site) -> dict[str, str]:
    """The wallet with the most contributions, and a page of each kind about it."""
    top = story.answer("/scores/top", limit=60)["scores"]
    names = [f"{each['wallet']['chain']}:{each['wallet']['address']}" for each in top]
    name = max(names, key=lambda each: len(story.answer(f"/scores/{each}")["contributions"]))
    explanation = Explanation.model_validate(story.answer(f"/scores/explain/{name}"))
    path = max(explanation.paths, key=lambda path: path.hop)
    subjects = {"subjects": [{"type": "wallet", "address": name, "customer_reference": "customer 42"}]}
    screened = story.api.post("/v1/screenings", json=subjects).raise_for_status().json()
    return {
        "name": name,
        "leaderboard": "/",
        "leaderboard, filtered to nothing": "/?risk_level=severe&direction=ownership&category=gambling",
        "wallet": f"/wallets/{quote(name)}",
        "path": f"/wallets/{quote(name)}/paths/{id_of_path(path)}",
        "transfers": f"/wallets/{quote(name)}/transfers",
        "transaction": f"/transactions/{path.transfers[0].transaction_hash}",
        "runs": "/runs",
        "run": "/runs/2",
        "diff": "/runs/1/diff/2",
        "ingestion": "/ingestion",
        "labels": "/labels",
        "screenings": "/screenings",
        "screening": f"/screenings/{screened['screenings'][0]['screening_id']}",
        "alerts": "/alerts",
        "alert": f"/alerts/{story.answer('/v1/alerts')['alerts'][0]['alert_id']}",
        "transfers, filtered": f"/wallets/{quote(name)}/transfers?way=in&least_usd=1",
        "search": f"/search?q={name.partition(':')[2][:6]}",
        "questions": f"/wallets/{quote(name)}/questions",
        "question": f"/wallets/{quote(name)}/questions/15",
        "questions of the record": "/questions",
        "explorer": f"/explore/{quote(name)}",
        "not found": "/search?q=0x" + "9" * 40,
        "API": "/docs",
    }


def rows(page: Page) -> list[str | None]:
    return [row.get_attribute("data-wallet") for row in page.locator("table.board tbody tr").all()]


def listed(answer: dict[str, Any]) -> list[str]:
    return [f"{each['wallet']['chain']}:{each['wallet']['address']}" for each in answer["scores"]]


def test_from_the_leaderboard_to_a_transactions_hash(story: Site, known: dict[str, str], page: Page) -> None:
    story.sign_in(page, "/?sort=score")
    page.locator(f'tr[data-wallet="{known["name"]}"] a.wallet').click()
    explanation = Explanation.model_validate(story.answer(f"/scores/explain/{known['name']}"))
    expect(page.locator("h1")).to_have_text(explanation.wallet.address)
    expect(page.locator("[data-score]").first).to_have_attribute("data-score", explanation.score or "")
    first = explanation.paths[0]
    page.locator(f'tr[data-path="{id_of_path(first)}"] a').first.click()
    for place, step in enumerate(first.transfers):
        row = page.locator("table.steps tbody tr").nth(place)
        expect(row.locator("a.hash")).to_have_text(step.transaction_hash)
        expect(row.locator("time")).to_have_attribute("datetime", step.occurred_at.isoformat())
        expect(row.locator("data").first).to_have_attribute("value", step.amount)
        expect(row.locator("data.carried")).to_have_attribute("value", step.amount_carried)
    page.locator("a.hash").first.click()
    expect(page.locator("h1")).to_have_text(first.transfers[0].transaction_hash)


def test_filters_and_pages_list_what_the_api_lists(story: Site, page: Page) -> None:
    story.sign_in(page)
    by_level = {"sort": "risk_level", "limit": 50}
    first = story.answer("/scores/top", **by_level)
    assert rows(page) == listed(first)
    page.get_by_role("link", name="Next 50").click()
    page.wait_for_url("**cursor=**")
    assert rows(page) == listed(story.answer("/scores/top", cursor=first["next"], **by_level))
    for heading, sort in (("Score", "score"), ("Crime, USD", "crime_usd"), ("Last seen", "last_seen")):
        page.get_by_role("columnheader", name=heading).get_by_role("link").click()
        page.wait_for_url(f"**sort={sort}**")
        assert rows(page) == listed(story.answer("/scores/top", limit=50, sort=sort))
    page.get_by_role("columnheader", name="Last seen").get_by_role("link").click()
    page.wait_for_url("**order=asc**")
    assert rows(page) == listed(story.answer("/scores/top", limit=50, sort="last_seen", order="asc"))
    page.goto(story.url + "/")
    for name, value in (("Level", "high"), ("Direction", "destination"), ("Category", "mixer")):
        with page.expect_navigation():
            page.get_by_label(name, exact=True).select_option(value)
    filters = {"risk_level": "high", "direction": "destination", "category": "mixer"}
    wanted = listed(story.answer("/scores/top", limit=50, sort="risk_level", **filters))
    assert wanted
    assert rows(page) == wanted
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("table.board tbody tr")).to_have_count(50)


def test_an_analyst_goes_from_wallet_to_wallet_of_a_list(story: Site, page: Page) -> None:
    names = listed(story.answer("/scores/top", limit=50, category="scam", sort="risk_level"))
    story.sign_in(page, "/?category=scam")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/wallets/**")
    assert names[1].split(":")[1] in page.url
    page.keyboard.press("j")
    page.wait_for_url(f"**{names[2].split(':')[1]}**")
    page.keyboard.press("k")
    page.wait_for_url(f"**{names[1].split(':')[1]}**")
    page.get_by_role("link", name="Previous wallet").click()
    page.wait_for_url(f"**{names[0].split(':')[1]}**")
    expect(page.get_by_role("link", name="Previous wallet")).to_have_count(0)
    page.get_by_role("link", name="Back to the list").click()
    page.wait_for_url("**/?category=scam")
    page.go_back()
    page.go_back()
    assert names[1].split(":")[1] in page.url


def test_the_change_since_the_run_before_is_shown(story: Site, page: Page) -> None:
    changes = [
        each["change"]
        for each in story.answer("/scores/top", limit=50, category="mixer", sort="risk_level")["scores"]
    ]
    assert any(change not in {None, "0.000000"} for change in changes)
    story.sign_in(page, "/?category=mixer")
    shown = [cell.get_attribute("value") for cell in page.locator("table.board data.change").all()]
    assert shown == [change for change in changes if change is not None]


def test_search_leads_to_wallets_transactions_and_says_what_is_unknown(
    story: Site, known: dict[str, str], page: Page
) -> None:
    story.sign_in(page)
    search = page.get_by_role("searchbox")
    search.fill(known["name"].split(":")[1].upper().replace("0X", "0x"))
    search.press("Enter")
    expect(page.locator("h1")).to_have_text(known["name"].split(":")[1])
    search = page.get_by_role("searchbox")
    search.fill(known["transaction"].rsplit("/", 1)[1])
    search.press("Enter")
    expect(page.locator("h1")).to_have_text(known["transaction"].rsplit("/", 1)[1])
    page.goto(story.url + known["not found"])
    expect(page.get_by_text("nothing is known about its money")).to_be_visible()


def test_more_transfers_follow_without_a_new_page(story: Site, page: Page) -> None:
    top = story.answer("/scores/top", limit=1000)["scores"]
    names = [f"{each['wallet']['chain']}:{each['wallet']['address']}" for each in top]
    busy = next(name for name in names if has_next(story, name))
    story.sign_in(page, f"/wallets/{quote(busy)}")
    table = page.locator("table.transfers tbody tr:not(.more)")
    expect(table).to_have_count(25)
    page.get_by_role("link", name="Show more").click()
    expect(table.nth(25)).to_be_visible()
    links = page.locator("table.transfers a[href^='/transactions']").all()
    with story.postgres.transaction() as connection:
        wallet = find_wallet(connection, busy)
        wanted = wallet_transfers(connection, wallet, 1_000, None).transfers[: len(links)]
    assert [link.get_attribute("title") for link in links] == [each.transaction_hash for each in wanted]
    assert len(links) > 25


def has_next(story: Site, name: str) -> bool:
    with story.postgres.transaction() as connection:
        return wallet_transfers(connection, find_wallet(connection, name), 25, None).next is not None


def test_a_run_is_started_watched_verified_and_compared(story: Site, page: Page, pictures: Path) -> None:
    story.sign_in(page, "/runs")
    page.get_by_label("Engine").select_option("ledger")
    page.get_by_role("button", name="Start a run").click()
    page.wait_for_url("**/runs/*")
    expect(page.locator("h1 [data-status]")).to_have_attribute("data-status", "completed")
    number = page.url.rsplit("/", 1)[1]
    assert story.answer(f"/v1/runs/{number}")["published"] is True
    expect(page.locator("dl.facts")).to_contain_text("ledger was asked for")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("[data-equal]")).to_have_attribute("data-equal", "True")
    page.screenshot(path=pictures / "verification.png", full_page=True)
    page.goto(story.url + "/runs")
    page.get_by_label("From run").select_option("1")
    page.get_by_label("To run").select_option("2")
    page.get_by_role("button", name="Compare").click()
    diff = story.answer("/v1/runs/1/diff/2", limit=25)
    assert diff["changes"]
    expect(page.locator("tbody tr")).to_have_count(len(diff["changes"]))
    shown = [cell.get_attribute("value") for cell in page.locator("data.change").all()]
    assert shown == [each["change"] for each in diff["changes"]]


def test_ingestion_shows_what_was_refused_and_reloads_the_graph(story: Site, page: Page) -> None:
    story.sign_in(page, "/ingestion")
    expect(page.get_by_role("cell", name="not json", exact=True)).to_be_visible()
    with page.expect_request(lambda request: "hx-request" in request.headers) as asked:
        pass  # the page asks by itself
    assert asked.value.url.endswith("/ingestion")
    expect(page.locator("[data-lag]")).to_have_attribute("data-lag", "0")
    page.get_by_role("button", name="Reload the graph").click()
    expect(page.locator("h1 [data-status]")).to_have_attribute("data-status", "completed")
    expect(page.locator(".figure")).to_have_text("equal")


def test_labels_are_filtered_and_paged(story: Site, page: Page) -> None:
    story.sign_in(page, "/labels")
    total = page.locator("tbody tr").count()
    assert total > 0
    page.get_by_label("Category").select_option("mixer")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**category=mixer**")
    categories = [cell.inner_text() for cell in page.locator("tbody .category").all()]
    assert categories == ["mixer"] * len(categories)
    assert 0 < len(categories) < total


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_loads_only_its_own(
    story: Site, known: dict[str, str], chromium: Browser, pictures: Path, scheme: Literal["light", "dark"]
) -> None:
    with chromium.new_context(viewport={"width": 1360, "height": 850}, color_scheme=scheme) as context:
        context.set_default_timeout(90_000)
        page = context.new_page()
        noise: list[str] = []
        page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.goto(story.url + "/sign-in")
        found = {"sign in": violations(page)}
        page.screenshot(path=pictures / f"sign_in_{scheme}.png")
        story.sign_in(page)
        for name, path in known.items():
            if not path.startswith("/"):
                continue
            noise.clear()
            page.goto(story.url + path)
            if name == "API":
                expect(page.locator("#swagger-ui main")).to_have_attribute("role", "presentation")
            found[name] = violations(page, without="#swagger-ui" if name == "API" else None)
            picture = name.replace(" ", "_").replace(",", "")
            page.screenshot(path=pictures / f"{picture}_{scheme}.png", full_page=True)
            assert name == "not found" or noise == [], name  # a 404 is said on the console too
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_no_page_is_wider_than_a_narrow_screen(
    story: Site, known: dict[str, str], page: Page, pictures: Path
) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type] # a width and a height
    story.sign_in(page)
    wide = {}
    for name, path in known.items():
        if path.startswith("/") and name != "API":
            page.goto(story.url + path)
            wide[name] = page.evaluate("document.documentElement.scrollWidth")
    page.goto(story.url + known["wallet"])
    page.screenshot(path=pictures / "wallet_narrow.png", full_page=True)
    assert {name: width for name, width in wide.items() if width > NARROW["width"]} == {}


def test_a_wallets_page_prints_with_its_figures_and_without_what_is_clicked(
    story: Site, known: dict[str, str], page: Page, pictures: Path
) -> None:
    story.sign_in(page, known["wallet"])
    page.emulate_media(media="print")
    expect(page.locator("svg.hops")).to_be_visible()
    for clicked in ("header.bar", "button"):
        assert page.locator(clicked).count() > 0
        expect(page.locator(clicked).locator("visible=true")).to_have_count(0)
    text = text_of(page.pdf(path=pictures / "wallet_printed.pdf", format="A4", print_background=True))
    found = Explanation.model_validate(story.answer(f"/scores/explain/{known['name']}"))
    expected = [two_digits(found.score), *(part.points for part in found.contributions)]
    assert [figure for figure in expected if figure not in text] == []


def test_the_keyboard_reaches_the_content(story: Site, page: Page) -> None:
    story.sign_in(page)
    expect(page.get_by_role("heading", name="Highest risk")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.locator("table.board a.wallet").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-score]").first).to_be_visible()


def test_everything_works_without_javascript(story: Site, known: dict[str, str], chromium: Browser) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        context.set_default_timeout(90_000)
        page = context.new_page()
        story.sign_in(page)
        page.get_by_label("Level", exact=True).select_option("high")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url("**level=high**")
        assert rows(page) == listed(story.answer("/scores/top", limit=50, risk_level="high"))
        page.goto(story.url + known["wallet"])
        expect(page.locator("svg.hops")).to_be_visible()
        page.locator("table.paths tbody a").first.click()
        expect(page.locator("a.hash").first).to_be_visible()
        page.goto(story.url + "/runs")
        page.get_by_role("button", name="Start a run").click()
        expect(page.locator("h1 [data-status]")).to_have_attribute("data-status", "completed")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
