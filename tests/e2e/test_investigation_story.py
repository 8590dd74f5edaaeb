"""The numbered questions find what the simulator says has happened in its story."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.cli.data import story_labels
from app.domain import Transfer
from app.investigation.asking import ask
from app.investigation.findings import Finding
from app.investigation.questions import question, questions
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.simulator.story import Story
from tests.support.builders import story
from tests.support.ledgers.investigating import tell

Asked = Callable[..., list[Finding]]
LIMIT = 60.0  # seconds; a cold JVM on a busy machine is no finding


def simulated() -> Story:
    return story(7, wallets=400)


def of_hash(transaction_hash: str) -> Transfer:
    (found,) = (t for t in simulated().transfers if t.transaction_hash == transaction_hash)
    return found


def shapes(kind: str) -> list[dict[str, Any]]:
    found = [shape for shape in simulated().truth["shapes"] if shape["kind"] == kind]
    assert found, kind
    return found


def way(finding: Finding) -> tuple[str, ...]:
    return tuple(step.transaction_hash for step in finding.transfers)


@pytest.fixture
def asked(postgres: Postgres, graph: Graph) -> Asked:
    tell(postgres, graph, simulated().transfers, story_labels(simulated()))

    def ask_question(number: str, wallet: str, **given: Any) -> list[Finding]:  # noqa: ANN401
        about = {"chain": "ethereum", "wallet": wallet, **given}
        return ask(graph, question(number), about, timeout_seconds=LIMIT)

    return ask_question


def test_every_question_finds_the_truth_of_the_story(asked: Asked) -> None:
    unasked = {each.number for each in questions() if each.number < "10"}  # the others: test_questions.py

    def ask_about(number: str, wallet: str, **given: Any) -> list[Finding]:  # noqa: ANN401
        unasked.discard(number)
        return asked(number, wallet, **given)

    _exposures(ask_about)
    _passing_and_splitting(ask_about)
    _peeling_and_going_round(ask_about)
    assert not unasked


def _exposures(ask_about: Asked) -> None:
    """01 and 02."""
    for shape in simulated().truth["shapes"]:
        for fact in shape["expected"]:
            number = "01" if fact["direction"] == "source" else "02"
            found = ask_about(number, fact["wallet"], least_share=0, row_limit=2_000)
            shares: dict[Any, float] = defaultdict(float)
            for finding in found:
                c = finding.values
                assert len(finding.transfers) == c["hops"]
                shares[c["category"], c["hops"], c["asset"]] += c["share"]
            share = shares[fact["category"], fact["hop"], fact["asset"]]
            assert share > 0, shape["statement"]
            if fact["share"] is not None:
                assert share == pytest.approx(fact["share"], abs=1e-9), shape["statement"]


def _passing_and_splitting(ask_about: Asked) -> None:
    """03, 04, 05, 08 and 09."""
    for shape in shapes("rapid_pass_through"):
        wallets, hashes = shape["wallets"], tuple(shape["transaction_hashes"])
        (crossed,) = ask_about("08", wallets["origin"][0], within_minutes=5)
        assert way(crossed) == hashes
        shortest = ask_about("03", wallets["origin"][0], other=wallets["mixer"][0], least_share=0)
        assert way(shortest[0]) == hashes
        assert shortest[0].values["hops"] == len(hashes)
        last = of_hash(hashes[1])
        (since,) = ask_about("09", wallets["laundering"][0], since=last.occurred_at.isoformat())
        assert (way(since), since.values["change"]) == ((hashes[1],), "happened")

    for shape in shapes("fan_out_fan_in"):
        origin, (*mules, collector) = shape["wallets"]["origin"][0], shape["wallets"]["laundering"]
        paid = [of_hash(each) for each in shape["transaction_hashes"]]
        gathered = ask_about("04", collector)
        assert {finding.transfers[0].sender for finding in gathered} == set(mules)
        assert sum(finding.values["transfers"] for finding in gathered) == len(mules)
        window = {
            "since": paid[0].occurred_at.isoformat(),
            "until": (paid[len(mules) - 1].occurred_at + timedelta(seconds=1)).isoformat(),
        }
        split = ask_about("05", origin, **window)
        assert set(mules) <= {finding.transfers[0].receiver for finding in split}


def _peeling_and_going_round(ask_about: Asked) -> None:
    """06 and 07."""
    for shape in shapes("peel_chain"):
        chain = tuple(shape["transaction_hashes"][::2])
        assert way(ask_about("07", shape["wallets"]["origin"][0])[0]) == chain

    for shape in shapes("cycle"):
        first_round = tuple(shape["transaction_hashes"][1:4])
        round_trips = ask_about("06", shape["wallets"]["laundering"][0])
        assert first_round in set(map(way, round_trips))
        for finding in round_trips:
            assert finding.transfers[0].sender == finding.transfers[-1].receiver
