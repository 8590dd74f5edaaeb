"""An explanation adds up: paths to contributions, contributions to the score, amounts to the whole."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.answers.explanation import Explanation
from app.domain import Transfer
from app.explain.explain import explain, explain_record, read_explainable
from app.labels.effective import effective_labels, label_set_digest
from app.policy.label_rules import LabelRules
from app.policy.policy import load_policy
from app.projection.labels import project_labels
from app.projection.pending import project_all_pending
from app.projection.rebuild import rebuild
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.runs.published_labels import relabel
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.builders import address, retraction, transfer
from tests.support.record import label, score, write

SCAM, MIDDLE, WALLET, EXCHANGE, NOBODY, LATER = map(address, range(1, 7))
POLICY = """\
policy: 2
version: test-1
hop_limit: 3
hop_weights: [1, 0.5, 0.25]
categories:
  scam: {kind: crime, severity: 80, description: Fraud.}
  exchange: {kind: service, severity: 0, description: A service.}
  mint_burn: {kind: service, severity: 0, description: The zero address.}
bands: {medium: 20, high: 50, severe: 75}
rules: []
"""


def sent(
    n: int, sender: str, receiver: str, amount: int, *, asset: str = "ETH", usd: str | None = "10"
) -> Transfer:
    """The n-th block's transfer, of ten dollars."""
    usd_value = None if usd is None else Decimal(usd)
    return transfer(n, sender, receiver, amount, asset=asset, usd_value=usd_value)


STORY = [
    sent(10, SCAM, MIDDLE, 10**30, usd="100"),
    sent(20, NOBODY, MIDDLE, 10**30, usd="100"),
    sent(30, MIDDLE, WALLET, 10**30 // 2, usd="60"),  # half of it is the scam's
    sent(40, SCAM, WALLET, 3, asset="XYZ", usd="40"),
    sent(50, SCAM, WALLET, 7, asset="ABC", usd=None),
    sent(60, WALLET, EXCHANGE, 10**29, usd="12"),
]


@pytest.fixture
def configured(settings: Settings, tmp_path: Path) -> Settings:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    return settings.model_copy(update={"policy_file": policy})


@pytest.fixture
def scored(configured: Settings, postgres: Postgres, graph: Graph) -> Settings:
    """The story, labelled, in the graph, scored and published."""
    label(postgres, SCAM, "scam", name="A scam")
    label(postgres, EXCHANGE, "exchange", name="A exchange")
    write(postgres, STORY)
    project_all_pending(postgres, graph)
    score(postgres, graph, policy=load_policy(configured.policy_file))
    return configured


def points(of: list[str]) -> int:
    return sum(int(item.replace(".", "")) for item in of)


def adds_up(explanation: Explanation) -> None:
    assert explanation.score is not None
    assert explanation.not_listed is not None
    total = points([explanation.score])
    assert points([item.points for item in explanation.contributions]) == total
    if explanation.direction == "ownership":  # the wallet is the reason, not a path to it
        return
    listed = [path.points for path in explanation.paths if path.direction == explanation.direction]
    assert points(listed) + points([explanation.not_listed.points]) == total
    for wallets in (explanation.top_counterparties, explanation.top_contributing_wallets):
        of_score = [part.points for part in wallets if part.direction == explanation.direction]
        assert points(of_score) == points(listed)


def test_paths_contributions_and_score_add_up_to_the_millionth(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    found = explain(postgres, graph, scored, WALLET)
    adds_up(found)
    # 40 of 100 dollars came straight from the scam, 30 more through the middle: 80 * (0.4 + 0.5 * 0.3).
    assert (found.score, found.direction, found.status) == ("44.000000", "source", "complete")
    assert found.incomplete_reasons == []
    assert found.notes == ["1 of its transfers have no price and weigh nothing in the score."]
    assert found.not_listed is not None
    assert (found.not_listed.points, found.not_listed.share) == ("0.000000", 0.0)
    listed = [
        (path.direction, path.category, path.asset, path.amount_carried, path.points) for path in found.paths
    ]
    assert listed == [
        ("source", "scam", "XYZ", "3", "32.000000"),
        ("source", "scam", "ETH", str(10**30 // 4), "12.000000"),
        ("source", "scam", "ABC", "7", "0.000000"),
        ("destination", "exchange", "ETH", str(10**29), "0.000000"),
    ]
    through = found.paths[1]
    assert [(step.sender, step.receiver, step.amount) for step in through.transfers] == [
        (SCAM, MIDDLE, str(10**30)),
        (MIDDLE, WALLET, str(10**30 // 2)),
    ]
    assert (through.share, through.weighted_share, through.hop) == (0.5, pytest.approx(0.3), 2)
    assert (through.label, through.label_source, through.label_confidence) == ("A scam", "a list", 90)


def test_the_parts_of_each_asset_add_up_to_the_whole(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    found = explain(postgres, graph, scored, WALLET)
    received = {"ETH": 10**30 // 2, "XYZ": 3, "ABC": 7}
    for asset, total in received.items():
        parts = [
            item
            for item in (*found.exposures, *found.residuals)
            if item.asset == asset and item.direction == "source"
        ]
        assert sum(int(item.amount or 0) for item in parts) == pytest.approx(total, rel=1e-15, abs=len(parts))
        assert sum(item.share for item in parts) == pytest.approx(1, abs=1e-12)


def test_neighbours_and_labelled_ends_are_summed_by_asset(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    found = explain(postgres, graph, scored, WALLET)
    ends = {
        (part.wallet.address, part.asset): (part.amount, part.points)
        for part in found.top_contributing_wallets
    }
    assert ends == {
        (SCAM, "ETH"): (str(10**30 // 4), "12.000000"),
        (SCAM, "XYZ"): ("3", "32.000000"),
        (SCAM, "ABC"): ("7", "0.000000"),
        (EXCHANGE, "ETH"): (str(10**29), "0.000000"),
    }
    neighbours = {(part.wallet.address, part.direction) for part in found.top_counterparties}
    assert neighbours == {(MIDDLE, "source"), (SCAM, "source"), (EXCHANGE, "destination")}


def test_what_is_below_the_threshold_stands_in_not_listed(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    found = explain(postgres, graph, scored.model_copy(update={"evidence_threshold": 0.9}), WALLET)
    adds_up(found)
    assert found.not_listed is not None
    assert (found.not_listed.points, found.status) == ("12.000000", "complete")
    assert found.not_listed.share == pytest.approx(0.3)


def test_a_labelled_wallet_shows_its_ownership_and_its_label(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    scam, exchange = (explain(postgres, graph, scored, address) for address in (SCAM, EXCHANGE))
    adds_up(scam)
    assert (scam.score, scam.direction) == ("80.000000", "ownership")
    assert [(item.category, item.hop) for item in scam.exposures if item.direction == "ownership"] == [
        ("scam", 0)
    ]
    assert exchange.label is not None
    assert (exchange.label.category, exchange.label.name) == ("exchange", "A exchange")
    assert any(item.direction == "ownership" for item in exchange.exposures)


def test_a_wallet_without_prices_is_explained_by_its_worst_asset(
    configured: Settings, scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    write(
        postgres,
        [
            sent(70, NOBODY, LATER, 5, asset="AAA", usd=None),
            sent(80, SCAM, LATER, 1, asset="BBB", usd=None),
            sent(90, NOBODY, LATER, 3, asset="BBB", usd=None),
        ],
    )
    project_all_pending(postgres, graph)
    score(postgres, graph, policy=load_policy(configured.policy_file))
    found = explain(postgres, graph, scored, LATER)
    adds_up(found)
    assert (found.weighting, found.score) == ("worst_asset", "20.000000")
    assert [(path.asset, path.points, path.weighted_share) for path in found.paths] == [
        ("BBB", "20.000000", 0.25)
    ]


def test_transfers_that_only_follow_are_noted_and_change_nothing(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    before = explain(postgres, graph, scored, WALLET)
    write(postgres, [sent(100, SCAM, WALLET, 10**30), sent(110, WALLET, LATER, 10**30)])
    project_all_pending(postgres, graph)
    after = explain(postgres, graph, scored, WALLET)
    assert after.status == "complete"
    assert after.graph is not None
    assert (after.graph.batches_since_run, after.graph.transfers_since_run) == (1, 2)
    assert after.notes[-1] == "2 transfers have arrived since this run; run scoring again to include them."
    assert (after.paths, after.score) == (before.paths, before.score)
    newcomer = explain(postgres, graph, scored, LATER)
    assert (newcomer.score, newcomer.status) == (None, "unknown")


@pytest.mark.parametrize("kind", ["late", "retracted"])
def test_what_changes_older_transfers_makes_the_explanation_incomplete(
    scored: Settings, postgres: Postgres, graph: Graph, kind: str
) -> None:
    late = replace(STORY[1], transaction_hash="0xlate")
    write(postgres, [late if kind == "late" else retraction(STORY[0])])
    project_all_pending(postgres, graph)
    found = explain(postgres, graph, scored, WALLET)
    assert (found.status, found.score) == ("incomplete", "44.000000")
    assert any("Run scoring again" in reason for reason in found.incomplete_reasons)
    adds_up(found)


def test_an_explanation_is_of_the_moment_that_was_read(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    before = explain(postgres, graph, scored, WALLET)
    with postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, WALLET)
        write(postgres, [sent(100, SCAM, WALLET, 10**30, usd="1000")])
        project_all_pending(postgres, graph)
        score(postgres, graph, policy=load_policy(scored.policy_file))
        assert read_explainable(connection, WALLET) == explainable
    found = explain_record(postgres, graph, scored, explainable)
    adds_up(found)
    assert (found.run, found.score, found.paths) == (before.run, before.score, before.paths)
    assert found.graph is not None
    assert found.graph.transfers_since_run == 1
    assert explain(postgres, graph, scored, WALLET).score != found.score


def test_batches_the_graph_lacks_make_the_explanation_incomplete(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [sent(100, SCAM, LATER, 5)])
    score(postgres, graph, policy=load_policy(scored.policy_file))  # the graph has not caught up
    found = explain(postgres, graph, scored, LATER)
    assert (found.score, found.status, found.paths) == ("80.000000", "incomplete", [])
    assert "The graph still lacks 1 of the batches" in found.incomplete_reasons[0]
    adds_up(found)


def test_a_met_time_limit_takes_paths_and_not_the_score(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    hurried = scored.model_copy(update={"evidence_timeout_seconds": 1e-9})
    found = explain(postgres, graph, hurried, WALLET)
    assert (found.score, found.status, found.paths) == ("44.000000", "incomplete", [])
    assert any("time limit" in reason for reason in found.incomplete_reasons)
    adds_up(found)


def test_after_a_rebuild_the_labels_of_the_run_are_put_back(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    before = explain(postgres, graph, scored, WALLET)
    assert rebuild(postgres, graph, lambda _step, _part: None).equal
    relabel(postgres, graph)
    assert explain(postgres, graph, scored, WALLET) == before


def test_a_label_of_a_category_that_the_run_does_not_know_takes_paths_and_not_the_score(
    scored: Settings, postgres: Postgres, graph: Graph
) -> None:
    before = explain(postgres, graph, scored, WALLET)
    label(postgres, MIDDLE, "gambling", name="A casino")  # the shipped policy has it, the run's has not
    with postgres.transaction() as connection:
        labels = effective_labels(connection, as_of=datetime.now(UTC), rules=LabelRules())
    project_labels(graph, labels, label_set_digest(labels))  # as a run does that fails afterwards
    found = explain(postgres, graph, scored, WALLET)
    assert (found.score, found.status) == (before.score, "incomplete")
    assert any("labels in the graph are not those" in reason for reason in found.incomplete_reasons)
    assert found.paths
    assert "gambling" not in {path.category for path in found.paths}
    adds_up(found)


@pytest.mark.parametrize("leaves", ["nothing", "the state alone", "edges that go between two queries"])
def test_a_graph_that_is_emptied_takes_paths_and_not_the_score(
    scored: Settings, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    before = explain(postgres, graph, scored, WALLET)
    if leaves == "edges that go between two queries":
        read = Graph.read

        def read_while_emptied(self: Graph, asked: Query, *given: Any, **limits: Any) -> Any:  # noqa: ANN401 - as it is
            if asked.name == "exposure/evidence_transfers":
                graph.run(DELETE_EDGES)
            return read(self, asked, *given, **limits)

        monkeypatch.setattr(Graph, "read", read_while_emptied)
    else:
        wipe(graph)
        if leaves == "the state alone":
            with postgres.transaction() as connection:
                prepare(graph, record_id(connection))
    found = explain(postgres, graph, scored, WALLET)
    assert (found.score, found.status, found.paths) == (before.score, "incomplete", [])
    adds_up(found)


DELETE_EDGES = Query("test", "", frozenset(), (), "CYPHER 25 MATCH ()-[t:TRANSFER]->() DELETE t")
