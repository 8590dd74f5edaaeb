"""The questions on a record of the test against plain search; what they refuse; how they are planned."""

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import neo4j
import pytest

from app.domain import Transfer
from app.errors import InvalidInput, NotFound
from app.investigation.asking import answer, ask
from app.investigation.findings import Finding
from app.investigation.questions import question, questions
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import query
from tests.support.builders import address, label_row, transfer
from tests.support.ledgers.investigating import Ledger, tell
from tests.support.ledgers.plain_answers import PlainRecord, categories_of
from tests.support.ledgers.question_checks import (
    check_categories,
    check_pairs,
    check_record,
    check_wallets,
)
from tests.support.run_story import ALICE, BOB, CAROL, MIXER, tell_project_and_score
from tests.support.servers.choice import Servers

SECONDS = 60.0  # a cold JVM on a busy machine is no finding
UNIT = 10**18
LABELS = [
    label_row(1, "exchange", name="Example exchange"),
    label_row(2, "mixer", name="Example mixer"),
    label_row(3, "stolen_funds", name="Hacker"),
    label_row(4, "stolen_funds", name="Hacker"),
]
PLANTED = 100  # the first wallet of planted shapes


def sums(n: int, sender: int, receiver: int, units: int, **changes: Any) -> Transfer:  # noqa: ANN401
    return transfer(n, sender, receiver, units * UNIT, **({"usd_value": Decimal(units)} | changes))


def made_record(seed: int) -> list[Transfer]:
    """Forty wallets that pay each other at random over ten days, and each shape once."""
    chance = random.Random(seed)
    moves = [
        sums(
            chance.randrange(0, 864_000, 2),
            *chance.sample(range(1, 41), 2),
            chance.choice([1, 5, 10, 40, 50, 100, 200]),
            asset=chance.choice(["ETH", "ETH", "DAI"]),
        )
        for _ in range(300)
    ]
    moves = list({t.block_number: t for t in moves}.values())
    for start in (100_001, 300_001):
        wallets = range(PLANTED + start // 100_000 * 20, PLANTED + start // 100_000 * 20 + 20)
        w = list(wallets)
        # Money peeled off over four wallets, and once round.
        moves += [sums(start + 200 * i, w[i], w[i + 1], 1_000 - 50 * i) for i in range(4)]
        moves += [sums(start + 900 + 2 * i, w[(i + 1) % 3], w[(i + 2) % 3], 500) for i in range(3)]
        # Four pay one, and it pays four.
        moves += [sums(start + 2_000 + 2 * i, w[10 + i], w[9], 30) for i in range(4)]
        moves += [sums(start + 3_000 + 2 * i, w[9], w[14 + i], 29) for i in range(4)]
        # Two customers of one deposit address of the exchange.
        moves += [sums(start + 5_000 + 2 * i, w[18 - i], w[19], 70) for i in range(2)]
        moves += [sums(start + 6_000, w[19], 1, 140)]
    return moves


@pytest.mark.parametrize("seed", [1, 2])
def test_every_new_question_equals_plain_search(postgres: Postgres, graph: Graph, seed: int) -> None:
    transfers = made_record(seed)
    tell(postgres, graph, transfers, LABELS)
    record = PlainRecord(transfers, categories_of(LABELS))
    ledger = Ledger(transfers, set(record.categories))
    met: dict[str, int] = defaultdict(int)

    def asked(number: str, wallet: str | None, **given: Any) -> list[Finding]:  # noqa: ANN401
        about = {"chain": "ethereum"} | ({} if wallet is None else {"wallet": wallet})
        return ask(graph, question(number), about | given, timeout_seconds=SECONDS)

    wallets = sorted({t.sender for t in transfers} | {t.receiver for t in transfers})
    chance = random.Random(seed)
    check_pairs(asked, record, [tuple(chance.sample(wallets[:40], 2)) for _ in range(12)], met)  # type: ignore[misc]
    check_wallets(asked, record, wallets, met)
    check_categories(asked, ledger, record, wallets[:20], met)
    check_record(asked, record, met, least_usd=20)
    assert {number for number, answers in met.items() if answers} == {str(n) for n in range(10, 21)}, met


@pytest.fixture
def told(postgres: Postgres, graph: Graph) -> Iterator[Graph]:
    tell_project_and_score(postgres, graph)
    return graph


def test_an_answer_says_how_many_paths_go_through_labelled_wallets(postgres: Postgres, graph: Graph) -> None:
    moves = [
        sums(10, 3, 1, 5),
        sums(20, 1, 50, 5),
        sums(30, 50, 2, 5),
        sums(40, 3, 50, 5),
        sums(50, 50, 2, 5),
    ]
    tell(postgres, graph, moves, LABELS)
    for number in ("03", "10"):
        asked = {"chain": "ethereum", "wallet": address(1), "other": address(2)}
        direct = answer(graph, question(number), asked, timeout_seconds=SECONDS)
        assert direct.left_out is not None
        assert direct.left_out.paths == 0
    blocked = {
        "chain": "ethereum",
        "wallet": address(3),
        "other": address(2),
        "until": "2024-01-01T00:00:35Z",
    }
    found = answer(graph, question("10"), blocked, timeout_seconds=SECONDS)
    assert found.findings == []
    assert found.left_out is not None
    assert (found.left_out.paths, found.left_out.wallets) == (1, ["Example exchange 0x0000…0001"])
    assert found.summary == (
        "0 paths; 1 more goes through labelled wallets: Example exchange 0x0000…0001."
        " To see them: through_labels=true."
    )
    through = answer(graph, question("10"), blocked | {"through_labels": True}, timeout_seconds=SECONDS)
    (path,) = through.findings
    assert path.values["wallets"] == (
        "Hacker 0x0000…0003 → Example exchange 0x0000…0001 → 0x0000…0032 → Example mixer 0x0000…0002"
    )
    assert (path.values["units"], path.values["asset"], path.values["usd_value"]) == (5.0, "ETH", "5.00")
    assert through.left_out is None


def test_a_path_of_twelve_transfers_is_found_and_more_is_refused(postgres: Postgres, graph: Graph) -> None:
    moves = [sums(10 * n, 20 + n, 21 + n, 5) for n in range(13)]
    tell(postgres, graph, moves, [])
    asked = {"chain": "ethereum", "wallet": address(20), "hop_limit": 12}
    for number in ("03", "10"):
        for hops, other in ((12, 32), (13, 33)):
            found = ask(graph, question(number), asked | {"other": address(other)}, timeout_seconds=SECONDS)
            assert [each.values["hops"] for each in found] == ([hops] if hops == 12 else [])
        with pytest.raises(InvalidInput, match=r"hop_limit of question .* from 1 to 12"):
            ask(graph, question(number), asked | {"other": address(33), "hop_limit": 13}, timeout_seconds=9)


@pytest.mark.parametrize("number", [each.number for each in questions()])
def test_no_hop_limit_is_more_than_the_query_can_follow(number: str) -> None:
    about = question(number)
    if "hop_limit" in about.query.params and "range(1, toInteger($hop_limit))" not in about.query.text:
        follows = about.query.text.partition("{0,")[2] or about.query.text.partition("{1,")[2]
        longest = int(follows.partition("}")[0]) + ("{1,12}(source)" not in about.query.text)
        assert about.parameters()["hop_limit"].most == longest


def test_the_wallets_own_questions_refuse_what_is_wrong(told: Graph) -> None:
    asked = {"chain": "ethereum", "wallet": BOB}
    for wrong, message in (
        ({"hop_limit": 7}, "hop_limit of question 01 must be a whole number from 1 to 6"),
        ({"hop_limit": True}, "whole number"),
        ({"hop_limit": "4; DROP"}, "whole number"),
        ({"least_share": "NaN"}, "a number from 0 to 1"),
        ({"row_limit": 0}, "from 1 to 5000"),
        ({"through_labels": "maybe"}, "true or false"),
        ({"chain": "nowhere"}, "no chain"),
        ({"colour": "red"}, "no parameter colour"),
    ):
        with pytest.raises(InvalidInput, match=message):
            ask(told, question("01"), asked | wrong, timeout_seconds=SECONDS)
    for wrong_time in ("yesterday", "2024-01-01T00:00:00", 7, "2024-13-01"):
        with pytest.raises(InvalidInput, match="a time with its offset"):
            ask(told, question("04"), asked | {"since": wrong_time}, timeout_seconds=SECONDS)
    assert len(ask(told, question("04"), asked | {"since": "2024-01-01"}, timeout_seconds=SECONDS)) == 1
    with pytest.raises(NotFound, match="no question 99"):
        question("99")
    assert question("3") == question("shortest_evidence") == question("shortest evidence")


def test_a_transaction_is_found_by_its_hash_and_a_wallet_by_its_name(told: Graph) -> None:
    (found,) = ask(told, question("21"), {"transaction_hash": f"0x{20:064x}"}, timeout_seconds=SECONDS)
    assert (found.transfers[0].sender, found.transfers[0].receiver) == (ALICE, BOB)
    told.run(query("schema/await_indexes"))
    named = ask(told, question("22"), {"words": "name"}, timeout_seconds=SECONDS)
    assert [each.values["address"] for each in named] == [MIXER]
    for words, rows in (("nam", 1), ("A AND (name~", 0), ('name\\"*', 1), ("nobody", 0)):
        assert len(ask(told, question("22"), {"words": words}, timeout_seconds=SECONDS)) == rows, words
    with pytest.raises(InvalidInput, match="text of 1 to 200"):
        ask(told, question("22"), {"words": "***"}, timeout_seconds=SECONDS)
    assert ask(
        told, question("12"), {"chain": "ethereum", "wallet": ALICE, "other": CAROL}, timeout_seconds=SECONDS
    )


@pytest.mark.usefixtures("graph")
def test_no_question_warns_of_anything(servers: Servers) -> None:
    auth = (servers.neo4j_user, servers.neo4j_password)
    with neo4j.GraphDatabase.driver(servers.neo4j_url, auth=auth) as driver:
        for each in questions():
            text = each.query.text.replace("CYPHER 25", "CYPHER 25 EXPLAIN", 1)
            with driver.session(notifications_min_severity="WARNING") as session:
                summary = session.run(text, dict.fromkeys(each.query.params)).consume()
            told = [one.status_description for one in summary.gql_status_objects if one.is_notification]
            assert told == [], each.number


@pytest.mark.parametrize("number", [each.number for each in questions()])
def test_a_question_names_what_it_scans(graph: Graph, number: str) -> None:
    about = question(number).query
    steps = [graph.plan(about).plan]
    for step in steps:
        assert step is not None
        steps += step.get("children", [])
    kinds = {step["operatorType"].partition("@")[0] for step in steps if step is not None}
    scans = {kind for kind in kinds if "Scan" in kind or kind.endswith("RelationshipIndexSeekByRange")}
    assert bool(scans) == ("// Scans: " in about.text), scans
    assert not scans - {"NodeByLabelScan", "DirectedRelationshipIndexSeekByRange"}
