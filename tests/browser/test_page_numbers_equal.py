"""The numbers on the pages are the API's, for wallets of every kind of exposure, rest, level and state."""

from collections.abc import Iterator

import pytest
from lxml import html

from app.graph import Graph
from app.scoring.shapes import Explanation
from app.web.paths import path_id
from tests.browser.site import Site, site, tell
from tests.conftest import Servers, emptied, new_record, settings_of

WALLETS = 50


@pytest.fixture(scope="module")
def story(servers: Servers, template: str, neo4j_door: Graph) -> Iterator[Site]:
    with new_record(servers, template) as postgres:
        settings = settings_of(servers, postgres)
        graph = emptied(neo4j_door, postgres)
        tell(settings, postgres, graph)
        with site(settings, postgres, graph) as found:
            yield found


def kinds(found: Explanation) -> set[tuple[object, ...]]:
    """What makes this wallet another kind than others."""
    return {
        ("level", found.risk_level),
        ("status", found.status),
        ("direction", found.direction),
        ("weighting", found.weighting),
        *(("rule", rule) for rule in found.rules),
        *(("exposure", part.direction, part.category, part.hop) for part in found.exposures),
        *(("residual", rest.direction, rest.kind, rest.hop) for rest in found.residuals),
        ("sent beyond received", bool(found.sent_beyond_received)),
        ("assets", len({part.asset for part in found.exposures})),
    }


def chosen(story: Site) -> list[str]:
    """Wallets that together have every kind the story has, then others, up to the number."""
    with story.postgres.transaction() as connection:
        names = connection.exec_driver_sql(
            "SELECT chain || ':' || address FROM wallets ORDER BY wallet_id"
        ).scalars().all()  # fmt: skip
    known = {name: kinds(Explanation.model_validate(story.answer(f"/scores/{name}"))) for name in names}
    every: set[tuple[object, ...]] = set().union(*known.values())
    assert {name for name, *_ in every} >= {"level", "exposure", "residual", "status"}
    found: list[str] = []
    left = set(every)
    while left:
        best = max(known, key=lambda name: (len(known[name] & left), name))
        found.append(best)
        left -= known[best]
    found += [name for name in known if name not in found][: max(0, WALLETS - len(found))]
    return found


def test_every_number_of_a_wallets_page_is_the_apis(story: Site) -> None:
    names = chosen(story)
    assert len(names) >= WALLETS
    for name in names:
        api = Explanation.model_validate(story.answer(f"/scores/explain/{name}"))
        assets = sorted({part.asset for part in [*api.exposures, *api.residuals] if part.asset is not None})
        pages = [wallet_page(story, name, asset) for asset in assets or [""]]
        for page in pages:
            assert page.xpath("//p/@data-score") == [api.score or ""], name
            if api.score is None:
                continue
            assert page.xpath("//p/@data-status") == [api.status], name
            points = page.xpath("//table[contains(@class,'contributions')]/tbody/tr/@data-points")
            assert points == [part.points for part in api.contributions], name
            paths = page.xpath("//table[contains(@class,'paths')]/tbody/tr")
            assert [(row.get("data-path"), row.get("data-points")) for row in paths] == [
                (path_id(path), path.points) for path in api.paths
            ], name
        for asset, page in zip(assets, pages, strict=False):
            for direction in ("source", "destination"):
                assert shown_shares(page, direction) == sorted(
                    part.share
                    for part in [*api.exposures, *api.residuals]
                    if (part.asset, part.direction) == (asset, direction)
                ), (name, asset)


def wallet_page(story: Site, name: str, asset: str) -> html.HtmlElement:
    response = story.api.get(
        f"/wallets/{name}", params={"asset": asset, "every": True}, headers={"Accept": "text/html"}
    )
    response.raise_for_status()
    return html.document_fromstring(response.text)


def shown_shares(page: html.HtmlElement, direction: str) -> list[float]:
    """The cells of a direction's table that have a share, without the sums."""
    cells = page.xpath(
        f"//table[@data-direction='{direction}']/tbody/tr/td[not(contains(@class,'strong'))]/data[not(@class)]/@value"
    )
    return sorted(map(float, cells))
