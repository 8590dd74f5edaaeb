"""A listed wallet that moves for the first time after the published run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from threading import Thread
from time import sleep

import pytest

from app.answers.explanation import Explanation
from app.answers.screenings import Screening
from app.explain.explain import explain
from app.operations.reconcile import reconcile
from app.projection.pending import project_all_pending
from app.projection.state import read_state
from app.runs.published_labels import label_newcomers, relabel
from app.screening.screen import Screener
from app.screening.subjects import TransferSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.consumer.graph_writer import GraphWriter
from tests.support.builders import address, policy, transfer
from tests.support.record import ask, ignore, label, score, write

THIEF, MIDDLE, SHOP = map(address, range(11, 14))
FIRST = replace(transfer(10, THIEF, SHOP, 100), usd_value=Decimal(200_000))
ELSEWHERE = replace(transfer(11, THIEF, SHOP, 100, chain="bsc"), usd_value=Decimal(200_000))
UNLABELLED = "wallets that are new in the graph do not have their labels yet"


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    """After a published run that has not seen the listed wallet."""
    write(postgres, [transfer(5, MIDDLE, SHOP, 1), transfer(6, MIDDLE, SHOP, 1, chain="bsc")])
    label(postgres, THIEF, "sanctioned")
    project_all_pending(postgres, graph)
    score(postgres, graph)
    return Screener(postgres, graph, settings.model_copy(update={"screening_seconds": 30.0}))


@pytest.fixture
def hurried(settings: Settings, screener: Screener, postgres: Postgres, graph: Graph) -> Screener:
    """The same with a short limit of time."""
    del screener
    return Screener(postgres, graph, settings.model_copy(update={"screening_seconds": 1.0}))


@contextmanager
def consumer(postgres: Postgres, graph: Graph) -> Iterator[None]:
    """The consumer's graph writer, at work."""
    failures: list[str] = []
    with GraphWriter(postgres, graph, lambda: failures.append("failed")).running():
        yield
    assert failures == []


def by(screener: Screener, kind: str, chain: str = "ethereum") -> Screening:
    if kind == "wallet":
        return screener.screen_wallet(SHOP, chain=chain)
    sent = FIRST if chain == "ethereum" else ELSEWHERE
    subject = TransferSubject(
        type="transfer",
        chain=chain,
        transaction_hash=sent.transaction_hash,
        transfer_index=sent.transfer_index,
    )
    return screener.screen([subject])[0]


def flags(screening: Screening) -> list[str]:
    return screening.wallets[0].wallet_score.flags if screening.wallets else screening.flags


@pytest.mark.parametrize("chain", ["ethereum", "bsc"])  # a listed key holds on every EVM chain
@pytest.mark.parametrize("kind", ["wallet", "transfer"])
def test_a_listed_wallet_that_moves_first_after_the_run_is_seen(
    screener: Screener, postgres: Postgres, graph: Graph, kind: str, chain: str
) -> None:
    write(postgres, [FIRST, ELSEWHERE], offset=10)
    with consumer(postgres, graph):
        pass
    found = by(screener, kind, chain)
    assert found.status == "complete", found
    assert found.risk_level != "low", found
    assert "sanctions_contact" in flags(found), found


@pytest.mark.parametrize("chain", ["ethereum", "bsc"])
@pytest.mark.parametrize("kind", ["wallet", "transfer"])
def test_while_the_consumer_is_away_the_screening_is_incomplete(
    hurried: Screener, postgres: Postgres, graph: Graph, kind: str, chain: str
) -> None:
    write(postgres, [FIRST, ELSEWHERE], offset=10)
    project_all_pending(postgres, graph)
    found = by(hurried, kind, chain)
    assert found.status == "incomplete", found
    assert UNLABELLED in found.model_dump_json()


@pytest.mark.parametrize("kind", ["wallet", "transfer"])
def test_a_screening_waits_for_the_labels(
    screener: Screener, postgres: Postgres, graph: Graph, kind: str
) -> None:
    write(postgres, [FIRST], offset=10)
    project_all_pending(postgres, graph)

    def come_late() -> None:
        sleep(0.5)
        label_newcomers(postgres, graph)

    late = Thread(target=come_late)
    late.start()
    found = by(screener, kind)
    late.join()
    assert (found.status, "sanctions_contact" in flags(found)) == ("complete", True), found


def test_labelling_again_changes_nothing_and_the_rest_stays_as_it_was(
    settings: Settings, screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    def told() -> tuple[object, ...]:
        found: Explanation = explain(postgres, graph, settings, f"ethereum:{SHOP}")
        return found.status, found.paths, found.incomplete_reasons

    before = told()
    write(postgres, [FIRST, ELSEWHERE, transfer(12, 0, SHOP, 1, chain="bsc")], offset=10)
    project_all_pending(postgres, graph)
    assert (label_newcomers(postgres, graph), label_newcomers(postgres, graph)) == (3, 0)
    assert told() == before
    report = reconcile(postgres, graph, ignore)
    assert (report.equal, report.label_comparison) == (True, "compared"), report
    relabel(postgres, graph)  # as a repair or a reload does
    assert reconcile(postgres, graph, ignore).equal
    assert by(screener, "transfer", "bsc").status == "complete"


def test_wallets_without_a_label_need_nothing(screener: Screener, postgres: Postgres, graph: Graph) -> None:
    write(postgres, [transfer(20, address(77), SHOP, 5)], offset=20)
    project_all_pending(postgres, graph)
    assert label_newcomers(postgres, graph) == 0
    assert by(screener, "wallet").status == "complete"


def test_a_wallet_that_comes_while_a_run_computes_is_labelled_after_it(
    hurried: Screener, screener: Screener, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's snapshot does not know it, and the graph has it when the run's labels are written."""
    from app.runs import compute  # noqa: PLC0415 - to reach between two of its steps

    label(postgres, address(50), "mixer")  # another label set than before
    real = compute.project_labels

    def late(*given: object, **named: object) -> None:
        write(postgres, [ELSEWHERE], offset=11)
        project_all_pending(postgres, graph)
        real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(compute, "project_labels", late)
    score(postgres, graph, "ledger", policy())
    newest = ask(postgres, "SELECT max(batch_id) FROM batches")
    state = read_state(graph)
    assert state is not None
    assert state.unlabelled_batch == newest
    assert by(hurried, "transfer", "bsc").status == "incomplete"
    assert label_newcomers(postgres, graph) == 1
    assert "sanctions_contact" in flags(by(screener, "transfer", "bsc"))


def test_labels_of_another_set_are_left_alone(
    screener: Screener, postgres: Postgres, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run begins to write its labels while newcomers get theirs: what they write and confirm is nothing."""
    from app.runs import published_labels  # noqa: PLC0415 - to reach between two of its steps
    from cypher import query  # noqa: PLC0415

    write(postgres, [FIRST], offset=10)
    project_all_pending(postgres, graph)
    real = published_labels.write_newcomers

    def late(*given: object) -> bool:
        graph.write([(query("labels/begin_write"), {"digest": "another"})])
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(published_labels, "write_newcomers", late)
    assert label_newcomers(postgres, graph) == 0
    state = read_state(graph)
    assert state is not None
    assert state.label_set_digest is None
    assert graph.read(query("labels/read")) == []
    assert by(screener, "wallet").status == "incomplete"
