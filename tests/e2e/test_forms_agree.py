"""Page, API, report, tables and command line judge a wallet in the same words, names and amounts.

For wallets of every kind of judgement that a story has (AML_FORMS_WALLETS; `make test-forms` takes 200).
Totals are counted again from the transfers that were told, and both engines judge alike.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from typing import Any

import httpx
import pytest
from lxml import html

from app.answers.explanation import Explanation
from app.answers.scores import RankedWallet
from app.cli.data import story_labels
from app.domain import Transfer
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import story
from tests.support.commands import aml_json
from tests.support.documents import squeezed, text_of
from tests.support.ledgers.investigating import tell
from tests.support.record import rows, score
from tests.support.serving import served

WALLETS = int(os.environ.get("AML_FORMS_WALLETS", "60"))
CENT = Decimal("0.01")
JUDGED = """
    SELECT wallet_id, score, risk_level, flags, rules, main_category, direction, usd_received, usd_sent,
        source_coverage, destination_coverage, cells, points
    FROM risk_scores WHERE is_of_run(run_id, until_run_id, :run_id) ORDER BY wallet_id
"""


def words(name: str) -> str:
    return name.replace("_", " ")


@pytest.mark.usefixtures("commands")
def test_every_form_says_the_same_of_a_wallet(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    told = story(7, wallets=400)
    tell(postgres, graph, list(told.transfers), story_labels(told))
    with served(settings, postgres, graph) as api:
        board = [RankedWallet.model_validate(each) for each in listed(api)]
        table = {row["address"]: row for row in of_table(api)}
        assert len(table) == len(board)
        chosen = of_every_kind(board)
        assert len(chosen) == min(WALLETS, len(board))
        seen = set()
        for ranked in chosen:
            name = ranked.wallet.address
            found = Explanation.model_validate(answer(api, f"/v1/scores/explain/{name}"))
            seen.add(found.risk_level)
            one_judgement(api, ranked, found)
            equals_its_line(ranked, table[name])
            equals_the_page(api, found)
            equals_the_reports(api, found)
            equals_the_command(found, Explanation.model_validate(aml_json("explain", name)))
            equals_what_was_told(found, told.transfers)
            adds_up(found)
        assert seen == {"low", "unrated", "medium", "high", "severe"}


def test_both_engines_judge_every_wallet_alike(postgres: Postgres, graph: Graph) -> None:
    told = story(7, wallets=400)
    tell(postgres, graph, list(told.transfers), story_labels(told))
    judged = []
    for engine in ("ledger", "cypher"):
        run_id = score(postgres, graph, engine)
        # Shares are compared as conditions compare them: the engines add in another order.
        judged.append([tuple(map(_to_9_digits, row)) for row in rows(postgres, JUDGED, run_id=run_id)])
    assert len(judged[0]) > 300
    assert judged[0] == judged[1]


def _to_9_digits(value: object) -> object:
    return round(value, 9) if isinstance(value, float) else value


def listed(api: httpx.Client) -> Iterable[dict[str, Any]]:
    """Every line of the board, page by page."""
    cursor = ""
    while True:
        page = answer(api, f"/v1/scores/top?limit=1000{cursor}")
        yield from page["scores"]
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


def of_table(api: httpx.Client) -> list[dict[str, str]]:
    text = api.get("/v1/export/scores").raise_for_status().text
    return list(csv.DictReader(StringIO(text)))


def of_every_kind(board: Sequence[RankedWallet]) -> list[RankedWallet]:
    """Wallets in turn of each kind of judgement, so that rare kinds come whole."""
    kinds: dict[tuple[object, ...], list[RankedWallet]] = defaultdict(list)
    for each in board:
        kinds[each.risk_level, *each.flags, each.direction, *each.rules, each.wallet.name is None].append(
            each
        )
    turns = [each for group in kinds.values() for each in enumerate(group)]
    return [each for _, each in sorted(turns, key=lambda turn: turn[0])][:WALLETS]


def one_judgement(api: httpx.Client, ranked: RankedWallet, found: Explanation) -> None:
    """The board, the score and the explanation."""
    score = answer(api, f"/v1/scores/{found.wallet.address}")
    explained = found.model_dump(mode="json")
    assert not [name for name in score if score[name] != explained[name]]
    of_board, of_score = ranked.model_dump(mode="json"), explained
    for name in ("wallet", "score", "risk_level", "direction", "main_reason", "rules", "flags"):
        assert of_board[name] == of_score[name], (found.wallet.address, name)
    assert Decimal(ranked.usd_received) == Decimal(found.usd_received or 0)
    assert Decimal(ranked.usd_sent) == Decimal(found.usd_sent or 0)


def equals_its_line(ranked: RankedWallet, line: dict[str, str]) -> None:
    """The line of the table; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    plain = ranked.model_dump(mode="json")
    plain |= {name: plain["wallet"][name] for name in ("chain", "address", "name", "name_source")}
    for name, shown in line.items():
        value = " ".join(plain[name]) if isinstance(plain[name], list) else plain[name]
        assert shown.removeprefix("'") == ("" if value is None else str(value)), (ranked.wallet.address, name)


def equals_the_command(found: Explanation, printed: Explanation) -> None:
    theirs = dict(printed)
    assert {name: value for name, value in found if theirs[name] != value} == {}, found.wallet.address


def equals_the_page(api: httpx.Client, found: Explanation) -> None:
    response = api.get(f"/wallets/{found.wallet.address}", headers={"Accept": "text/html"})
    page = html.document_fromstring(response.raise_for_status().text)
    verdict = page.xpath("//section[contains(@class,'verdict')]")[0]
    assert page.xpath("normalize-space(//h1)") == (found.wallet.name or found.wallet.address)
    assert verdict.xpath("normalize-space(.//*[contains(@class,'level')])") == found.risk_level
    flags = verdict.xpath(".//span[@class='chip']")
    assert [each.text_content() for each in flags] == [words(flag) for flag in found.flags]
    assert verdict.xpath("string(.//*[@data-main-reason])") == found.main_reason
    if len(found.reasons) > 1 or found.rule_evidence:
        reasons = [" ".join(each.text_content().split()) for each in page.xpath("//li[@data-rule]")]
        decides = {True: " (decides the level)", False: ""}
        assert reasons == [
            " ".join(f"{words(each.outcome)}{decides[each.decides]}: {each.sentence}".split())
            for each in found.reasons
        ]
    cells = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in page.xpath("//section[@aria-labelledby='amounts']//tbody/tr")
    ]
    assert [(row[0], row[1], row[2], row[3], row[4]) for row in cells] == [
        (
            words(each.category) + ("" if each.firm else " (weak label)"),
            each.direction,
            each.listed or "",
            each.direct_usd,
            each.indirect_usd,
        )
        for each in found.amounts
    ]


def equals_the_reports(api: httpx.Client, found: Explanation) -> None:
    """The PDF and the table of the evidence report."""
    report = f"/v1/scores/{found.wallet.address}/report"
    shown = text_of(api.get(report).raise_for_status().content)
    expected = [found.risk_level, found.wallet.name, found.main_reason, *map(words, found.flags)]
    expected += [each.sentence for each in found.reasons]
    missing = [each for each in expected if each is not None and squeezed(each) not in shown]
    assert not missing, found.wallet.address
    lines = list(csv.DictReader(StringIO(api.get(f"{report}?format=csv").raise_for_status().text)))
    wallet = {line["name"]: line["value"].removeprefix("'") for line in lines if line["part"] == "wallet"}
    assert (wallet["risk_level"], wallet["flags"], wallet["main_reason"], wallet["name"]) == (
        found.risk_level,
        " ".join(found.flags),
        found.main_reason,
        found.wallet.name or "",
    )
    amounts = [line for line in lines if line["part"] == "amount"]
    assert [(each["category"], each["direct_usd"], each["indirect_usd"]) for each in amounts] == [
        (each.category, each.direct_usd, each.indirect_usd) for each in found.amounts
    ]
    rules = [(line["name"], line["value"], line["reason"]) for line in lines if line["part"] == "rule"]
    assert rules == [(each.rule, each.outcome, each.sentence) for each in found.reasons]
    assert [line["points"] for line in lines if line["part"] == "contribution"] == [
        each.points for each in found.contributions
    ]


def equals_what_was_told(found: Explanation, transfers: Sequence[Transfer]) -> None:
    name, totals = found.wallet.address, found.totals
    assert totals is not None
    own = [each for each in transfers if name in {each.sender, each.receiver} and each.amount]
    received = [each for each in own if each.receiver == name != each.sender]
    sent = [each for each in own if each.sender == name != each.receiver]
    assert (totals.transfers_in, totals.transfers_out) == (len(received), len(sent))
    assert totals.paying_wallets == len({each.sender for each in received})
    assert totals.paid_wallets == len({each.receiver for each in sent})
    assert totals.first_seen == min(each.occurred_at for each in own)
    assert totals.last_seen == max(each.occurred_at for each in own)
    for told, moved in ((found.usd_received, received), (found.usd_sent, sent)):
        value = sum((each.usd_value or Decimal(0) for each in moved), Decimal(0))
        assert Decimal(told or 0) == value.quantize(CENT, ROUND_HALF_UP), name


def adds_up(found: Explanation) -> None:
    """The contributions to the score, and what is direct and indirect to what came and went."""
    points = sum((Decimal(each.points) for each in found.contributions), Decimal(0))
    assert Decimal(found.score or 0) == min(points, Decimal(100)), found.wallet.address
    for direction, whole in (("source", found.usd_received), ("destination", found.usd_sent)):
        parts = [each for each in found.amounts if each.direction == direction]
        summed = sum((Decimal(each.direct_usd) + Decimal(each.indirect_usd) for each in parts), Decimal(0))
        assert summed <= Decimal(whole or 0) + CENT * len(parts), found.wallet.address


def answer(api: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(path).raise_for_status().json()
    return found
