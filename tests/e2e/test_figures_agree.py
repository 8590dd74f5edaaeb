"""The wallet's page, the evidence report, the API and Cypher in the graph give the same figures.

For fifty wallets of every kind the story has, and in every state: scored and complete, scored with paths that
an older transfer has changed since (incomplete), in the run with nothing known, and seen only after the run.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import httpx
import pytest
from lxml import html

from app.answers.explanation import Explanation, PathTransfer
from app.cli.data import story_labels
from app.domain import Transfer, decimal_units, transfer_index_of
from app.projection.pending import project_all_pending
from app.record.wallets import find_wallet
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from app.web.drawing.paths import id_of_path
from app.web.numbers import units
from cypher import Query, query
from ingest.simulator.story import Story
from tests.support.builders import address, story, transfer
from tests.support.documents import text_of
from tests.support.ledgers.investigating import tell
from tests.support.record import write
from tests.support.serving import served

WALLETS = 50
UNKNOWN = "unknown"

TORN, MENDED, HERMIT, ISLAND, SHORE, NEWCOMER = map(address, range(0xA0, 0xA6))


def simulated() -> Story:
    return story(7, wallets=400)


def unpriced(n: int, sender: str, receiver: str, amount: int, asset: str) -> Transfer:
    """A transfer after the story, of an asset without a price."""
    last = simulated().transfers[-1]
    return transfer(last.block_number + n, sender, receiver, amount, asset=asset, usd_value=None)


def oddities() -> list[Transfer]:
    """What the story lacks: wallets with no price at all, one that only pays itself, an island."""
    mixer, exchange = (
        next(label.address for label in simulated().labels if label.category == category)
        for category in ("mixer", "exchange")
    )
    return [
        unpriced(1, mixer, TORN, 100, "OLD"),
        unpriced(2, exchange, TORN, 100, "NEW"),
        unpriced(3, TORN, MENDED, 60, "OLD"),
        unpriced(4, TORN, MENDED, 70, "NEW"),
        unpriced(5, HERMIT, HERMIT, 9, "OLD"),
        unpriced(20, ISLAND, SHORE, 10, "SHELL"),
    ]


def after_the_run() -> list[Transfer]:
    """An older transfer into the island's pool, which restates what left it, and a new wallet."""
    return [unpriced(10, SHORE, ISLAND, 40, "SHELL"), unpriced(30, SHORE, NEWCOMER, 4, "SHELL")]


def kinds(found: Explanation) -> set[tuple[object, ...]]:
    """What makes this wallet another kind than others."""
    return {
        ("status", found.status),
        ("level", found.risk_level),
        ("direction", found.direction),
        ("weighting", found.weighting),
        ("sent beyond received", bool(found.sent_beyond_received)),
        ("assets", len({part.asset for part in found.exposures})),
        *(("rule", rule) for rule in found.rules),
        *(("exposure", part.direction, part.category, part.hop) for part in found.exposures),
        *(("residual", rest.direction, rest.kind, rest.hop) for rest in found.residuals),
    }


def of_every_kind(api: httpx.Client, names: Sequence[str]) -> list[str]:
    """Wallets that together have every kind there is, and then others, up to the number."""
    known = {name: kinds(Explanation.model_validate(answer(api, f"/scores/{name}"))) for name in names}
    left: set[tuple[object, ...]] = set().union(*known.values())
    found: list[str] = []
    while left:
        best = max(known, key=lambda name: (len(known[name] & left), name))
        found.append(best)
        left -= known[best]
    return found + [name for name in known if name not in found][: max(0, WALLETS - len(found))]


@pytest.fixture
def told(postgres: Postgres, graph: Graph) -> None:
    tell(postgres, graph, [*simulated().transfers, *oddities()], story_labels(simulated()))


@pytest.mark.usefixtures("told")
def test_every_wallet_has_the_same_figures_everywhere_in_every_state(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    with served(settings, postgres, graph) as api:
        chosen = of_every_kind(api, names(postgres))
        assert len(set(chosen)) >= WALLETS
        seen = set().union(*(agreed(api, postgres, graph, name) for name in chosen))
        assert {("status", "complete"), ("status", "unknown"), ("weighting", "worst_asset")} <= seen
        for level in ("low", "medium", "high", "severe"):
            assert ("level", level) in seen, sorted(map(str, seen))
        for direction in ("source", "destination", "ownership"):
            assert ("direction", direction) in seen
        residuals = {kind[1:3] for kind in seen if kind[0] == "residual"}
        assert residuals == {
            (direction, kind)
            for direction, own in (("source", "unobserved_origin"), ("destination", "still_held"))
            for kind in (own, "beyond_hop_limit")
        }

        write(postgres, after_the_run(), offset=100_000)
        project_all_pending(postgres, graph)

        again = set().union(*(agreed(api, postgres, graph, name) for name in [*chosen, NEWCOMER]))
        assert {kind for kind in again if kind[0] == "status"} == {
            ("status", "incomplete"),
            ("status", "unknown"),
        }
        newcomer = Explanation.model_validate(answer(api, f"/scores/explain/{NEWCOMER}"))
        assert "First seen after scoring run" in newcomer.incomplete_reasons[0]


def agreed(api: httpx.Client, postgres: Postgres, graph: Graph, name: str) -> set[tuple[object, ...]]:
    """Compares one wallet's figures in all four places; returns its kinds."""
    found = Explanation.model_validate(answer(api, f"/scores/explain/{name}"))
    equals_the_page(api, found)
    equals_the_document(api, found)
    equals_the_graph(postgres, graph, found)
    return kinds(found)


def equals_the_page(api: httpx.Client, found: Explanation) -> None:
    name = found.wallet.address
    equals_what_it_is_called(api, found)
    if found.score is None:
        page = wallet_page(api, name, "")
        assert page.xpath("//p/@data-score") == [""]
        assert not page.xpath("//table[contains(@class,'contributions') or contains(@class,'matrix')]")
        return
    parts = [*found.exposures, *found.residuals]
    for asset in sorted({part.asset for part in parts if part.asset is not None}) or [""]:
        page = wallet_page(api, name, asset)
        assert page.xpath("//p/@data-score") == [found.score], name
        assert page.xpath("//p/@data-status") == [found.status], name
        points = page.xpath("//table[contains(@class,'contributions')]/tbody/tr/@data-points")
        assert points == [part.points for part in found.contributions], name
        rows = page.xpath("//table[contains(@class,'paths')]/tbody/tr")
        assert [(row.get("data-path"), row.get("data-points")) for row in rows] == [
            (id_of_path(path), path.points) for path in found.paths
        ], name
        for direction in ("source", "destination"):
            assert shown_cells(page, direction) == sorted(
                (part.share, f"{units(part.amount or '', part.decimals)} {asset}" if part.hop else "")
                for part in parts
                if (part.asset, part.direction) == (asset, direction)
            ), (name, asset)


def equals_what_it_is_called(api: httpx.Client, found: Explanation) -> None:
    """Its name and level on the page, in its transfers and its score; and the names of all other wallets."""
    name = found.wallet.address
    page = wallet_page(api, name, "")
    assert page.xpath("normalize-space(//h1)") == (found.wallet.name or name)
    score = answer(api, f"/scores/{name}")
    assert (score["wallet"], score["risk_level"]) == (found.wallet.model_dump(), found.risk_level)
    transfers = answer(api, f"/v1/wallets/{name}/transfers?limit=25")
    assert transfers["wallet"] == found.wallet.model_dump()
    called = {each.address: each.name for each in found.names}
    called |= {each["address"]: each["name"] for each in transfers["names"]}
    for link in page.xpath("//a[contains(@class,'wallet') and @title]"):
        address_of = link.get("title").partition(":")[2].partition(":")[0]
        shown = link.xpath("normalize-space(.//span[@class='wallet-name'])")
        assert shown == (called.get(address_of) or ""), (name, link.get("title"))


def wallet_page(api: httpx.Client, name: str, asset: str) -> html.HtmlElement:
    response = api.get(
        f"/wallets/{name}", params={"asset": asset, "every": True}, headers={"Accept": "text/html"}
    )
    return html.document_fromstring(response.raise_for_status().text)


def shown_cells(page: html.HtmlElement, direction: str) -> list[tuple[float, str]]:
    """Share and amount of a direction's cells, without the sums; what is beyond the hops has no amount."""
    cells = page.xpath(
        f"//table[@data-direction='{direction}']/tbody/tr/td[not(contains(@class,'strong'))]/data[not(@class)]"
    )
    return sorted((float(cell.get("value")), cell.get("title", "")) for cell in cells)


def equals_the_document(api: httpx.Client, found: Explanation) -> None:
    response = api.get(f"/v1/scores/{found.wallet.address}/report").raise_for_status()
    shown = text_of(response.content)
    expected = [found.score or UNKNOWN, found.status, *(part.points for part in found.contributions)]
    expected += [f"{part.share:.12f}" for part in found.contributions]
    for item in (*found.exposures, *found.residuals):
        if item.amount is not None:
            expected += [decimal_units(item.amount, item.decimals), f"{item.share * 100:.6f}%"]
    expected += [step.transaction_hash for step in steps(found)]
    assert not [each for each in expected if each not in shown], found.wallet.address


def equals_the_graph(postgres: Postgres, graph: Graph, found: Explanation) -> None:
    """Every exposure, by direction, category and hop, as the path queries find it; and what it draws."""
    assert found.run is not None
    with postgres.transaction() as connection:
        wallet_id = find_wallet(connection, found.wallet.address).wallet_id
    for direction in ("source", "destination"):
        given = {
            "wallet_ids": [wallet_id],
            "watermark": found.run.watermark,
            "hop_limit": found.run.hop_limit,
            "firm_confidence": 50,
            "other_values": {},
        }
        amounts: dict[Any, float] = defaultdict(float)
        for row in graph.read(query(f"exposure/{direction}_paths"), given):
            if row["category"] is not None:
                amounts[row["category"], row["hop"]] += row["amount"]
        stated: dict[Any, float] = defaultdict(float)
        rounded = 0.5 * sum(item.amount is not None for item in found.exposures)  # each to a whole base unit
        for item in found.exposures:
            if item.direction == direction and item.amount is not None:
                stated[item.category, item.hop] += float(item.amount)
        assert amounts == pytest.approx(stated, rel=1e-9, abs=rounded), (found.wallet.address, direction)
    on_paths = {(step.transaction_hash, step.transfer_index, step.amount) for step in steps(found)}
    if found.evidence_query is None:
        assert not on_paths
        return
    pasted = Query("pasted", "", frozenset(), ("path",), found.evidence_query.query)
    drawn = [row["path"].relationships[0] for row in graph.read_graph(pasted, {}, timeout_seconds=60)]
    assert len(drawn) == found.evidence_query.transfers
    edges = {(t["transaction_hash"], transfer_index_of(t["seq"]), t["amount_exact"]) for t in drawn}
    assert edges == on_paths


def steps(found: Explanation) -> Iterable[PathTransfer]:
    for path in found.paths:
        yield from path.transfers


def names(postgres: Postgres) -> list[str]:
    """All wallets of the record."""
    with postgres.transaction() as connection:
        return list(
            connection.exec_driver_sql("SELECT address FROM wallets ORDER BY wallet_id").scalars().all()
        )


def answer(api: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(path).raise_for_status().json()
    return found
