"""The board finds every wallet that a filter is about, in every order, and says the same in each form."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest
from sqlalchemy import text

from app.answers.scores import RankedWallet
from app.errors import InvalidInput
from app.ledger.cells import RESIDUALS, decode
from app.policy.columns import column_of
from app.policy.conditions import LEVELS
from app.runs.board.filters import ORDERS, SORTS, Order, ScoreFilter, Sort
from app.runs.board.listing import every_score, neighbours, top_scores
from app.runs.board.unrated import unrated_answer
from app.runs.queries import completed_run, published_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.simulator.simulate import simulate
from tests.support.builders import transfer
from tests.support.record import label, rows, score, write
from tests.support.run_story import ALICE, BOB, MIXER, tell_story
from tests.support.serving import served

EVERY = ScoreFilter()


@pytest.fixture
def story(postgres: Postgres) -> Postgres:
    """A simulated story: exchanges, crime and ordinary life."""
    told = simulate(3, wallets=400, transfers=2_000)
    write(postgres, told.transfers)
    for each in told.labels:
        label(postgres, each.address, each.category, name=each.name, confidence=100)
    score(postgres)
    return postgres


@pytest.fixture
def client(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[httpx.Client]:
    with served(settings, postgres, graph) as client:
        yield client


def listed(
    postgres: Postgres, only: ScoreFilter = EVERY, sort: Sort = "score", order: Order = "desc"
) -> list[RankedWallet]:
    with postgres.transaction(snapshot=True) as connection:
        return list(every_score(connection, None, only, sort, order))


def addresses(scores: list[RankedWallet]) -> set[str]:
    return {each.wallet.address for each in scores}


def with_category(postgres: Postgres, category: str) -> set[str]:
    """Wallets whose label or any of whose money is of a category, counted from the stored rows."""
    with postgres.transaction() as connection:
        run = published_run(connection)
        assert run is not None
        found = {
            row.address
            for row in connection.execute(
                text("SELECT w.address, e.cells FROM exposures e JOIN wallets w USING (wallet_id)")
            )
            for code in row.cells
            if (column := decode(code).column) >= len(RESIDUALS)
            and column_of(run.columns[column]).category == category
        }
    own = rows(postgres, "SELECT address FROM labels WHERE category = :category", category=category)
    return found | {address for (address,) in own}


def test_a_category_finds_every_wallet_whose_money_or_label_has_it(story: Postgres) -> None:
    every = addresses(listed(story))
    for category in ("sanctioned", "scam", "stolen_funds", "mixer", "exchange", "gambling"):
        expected = with_category(story, category) & every
        found = addresses(listed(story, ScoreFilter(category=category)))
        assert found == expected, category
        assert found > addresses(listed(story, ScoreFilter(main_category=category)))
    with pytest.raises(InvalidInput, match="There is no category 'no such thing'"):
        listed(story, ScoreFilter(category="no such thing"))


def test_every_order_is_one_and_pages_of_it_are_the_whole(story: Postgres) -> None:
    keys = {
        "score": lambda each: float(each.score),
        "risk_level": lambda each: (LEVELS.index(each.risk_level), float(each.score)),
        "crime_usd": lambda each: (float(each.crime_usd or 0), float(each.score)),
        "last_seen": lambda each: (each.last_seen.timestamp() if each.last_seen else -1, float(each.score)),
    }
    whole = addresses(listed(story))
    for sort in SORTS:
        for order in ORDERS:
            found = listed(story, sort=sort, order=order)
            assert (len(found), addresses(found)) == (len(whole), whole)
            for one, other in pairwise(keys[sort](each) for each in found):
                assert one >= other if order == "desc" else one <= other
            with story.transaction(snapshot=True) as connection:
                first = top_scores(connection, 7, None, sort=sort, order=order)
                second = top_scores(connection, 7, first.next, sort=sort, order=order)
            assert [*first.scores, *second.scores] == found[:14]
    assert {each.risk_level for each in listed(story)} >= {"unrated", "low", "medium"}


def test_the_wallets_before_and_after_one_are_those_of_the_list(story: Postgres) -> None:
    only = ScoreFilter(category="scam")
    names = [str(each.wallet) for each in listed(story, only, "risk_level")]
    assert len(names) > 3
    with story.transaction() as connection:
        run = published_run(connection)
        for place in (0, 1, len(names) - 1):
            (wallet_id,) = connection.execute(
                text("SELECT wallet_id FROM wallets WHERE address = :address"),
                {"address": names[place].split(":")[1]},
            ).one()
            found = neighbours(connection, run, wallet_id, only=only, sort="risk_level")
            near = (None if one is None else str(one) for one in found)
            assert list(near) == [
                names[place - 1] if place else None,
                names[place + 1] if place + 1 < len(names) else None,
            ]


def test_asset_chain_amount_and_time_filter(story: Postgres) -> None:
    every = listed(story)
    moved = {
        address
        for (address,) in rows(
            story,
            "SELECT w.address FROM exposures e JOIN wallets w USING (wallet_id) JOIN assets a"
            " USING (asset_id) WHERE a.asset = 'ETH'",
        )
    }
    assert addresses(listed(story, ScoreFilter(asset="eth"))) == moved & addresses(every)
    assert listed(story, ScoreFilter(chain="tron")) == []
    assert listed(story, ScoreFilter(chain="ethereum")) == every
    middle = sorted(each.last_seen for each in every if each.last_seen)[len(every) // 2]
    assert addresses(listed(story, ScoreFilter(since=middle))) == {
        each.wallet.address for each in every if each.last_seen and each.last_seen >= middle
    }
    assert addresses(listed(story, ScoreFilter(until=middle))) == {
        each.wallet.address for each in every if each.first_seen and each.first_seen < middle
    }
    large = addresses(listed(story, ScoreFilter(crime_usd=Decimal(1_000))))
    assert large == {each.wallet.address for each in every if float(each.crime_usd or 0) >= 1_000}
    assert 0 < len(large) < len(every)


def test_the_unrated_are_counted_by_reason_and_a_label_rates_as_many_as_is_said(story: Postgres) -> None:
    unrated = addresses(listed(story, ScoreFilter(level="unrated")))
    with story.transaction() as connection:
        run = published_run(connection)
        assert run is not None
        answer = unrated_answer(connection, run)
    assert answer is not None
    assert answer.wallets == len(unrated) > 0
    assert answer.scored_wallets == len(listed(story))
    assert 0 <= answer.share <= 1
    best = answer.label_next[0]
    label(story, best.wallet.address, "service", confidence=100)
    score(story)
    rated = unrated - addresses(listed(story, ScoreFilter(level="unrated")))
    assert len(rated - {best.wallet.address}) >= best.wallets


def test_a_run_of_before_is_filtered_as_it_was(postgres: Postgres) -> None:
    tell_story(postgres)
    run_id = score(postgres)
    with postgres.transaction() as connection:
        connection.execute(
            text("UPDATE risk_scores SET (facets, level_rank, crime_cents) = (NULL, NULL, NULL)")
        )
        connection.execute(text("UPDATE scoring_runs SET unrated = NULL"))
        mixers = top_scores(connection, 10, None, only=ScoreFilter(category="mixer"), sort="risk_level")
        assert unrated_answer(connection, completed_run(connection, run_id)) is None
    assert {each.main_category for each in mixers.scores} == {"mixer"}
    assert mixers.scores[0].crime_usd is None


def test_page_api_and_csv_list_the_same(postgres: Postgres, client: httpx.Client) -> None:
    tell_story(postgres)
    label(postgres, BOB, None, name='=HYPERLINK("x")', source="somebody", confidence=80)
    score(postgres)
    asked = {"category": "mixer", "sort": "risk_level"}
    answer = client.get("/v1/scores/top", params=asked).json()["scores"]
    names = [each["wallet"]["address"] for each in answer]
    assert MIXER in names
    file = client.get("/v1/export/scores", params=asked)
    assert file.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(file.text)))
    assert [line["address"] for line in lines] == names
    assert [line["main_reason"] for line in lines] == [each["main_reason"] for each in answer]
    (bob,) = [line for line in lines if line["address"] == BOB]
    assert bob["name"].startswith("'=")
    shown = client.get("/", params=asked, headers={"Accept": "text/html"})
    assert [name for name in names if f"ethereum:{name}" in shown.text] == names
    earlier = client.get("/?level=high&run=1", follow_redirects=False)
    assert (earlier.status_code, earlier.headers["location"]) == (308, "/?risk_level=high&run_id=1")
    assert client.get("/?risk_level=harmless").status_code == 422
    write(postgres, [transfer(70, ALICE, BOB, 1, asset="LATE")], offset=50)
    assert "1 transfer" in client.get("/", headers={"Accept": "text/html"}).text
    assert client.get("/v1/runs/1/unrated").json()["scored_wallets"] == len(
        client.get("/v1/scores/top").json()["scores"]
    )
