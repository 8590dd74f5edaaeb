"""The explanation of a stored score: its reasons from the record, its paths from the graph."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row

from app.answers.explanation import Explanation, GraphState, NotListed, NotListedTotals, RuleEvidence
from app.answers.names import Flow
from app.domain import format_points
from app.errors import DependencyMissing, QueryTimeout
from app.explain.attribution import NO_POINTS, SharePoints
from app.explain.completeness import arrived_since, changes, disagreements, faults_of, mismatches, notes_of
from app.explain.direct_transfers import rule_evidence
from app.explain.evidence import Evidence, evidence
from app.explain.names import with_names
from app.explain.weighted_paths import CODES, WeightedPaths, weighted_paths
from app.investigation.browser import evidence_query
from app.prices.transfer_values import values_in_run
from app.projection.state import State, read_state
from app.record.freshness import digest_of_policy
from app.runs.queries import since_run
from app.runs.score_record import ScoreRecord, read_score_record
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Explainable:
    """The input of an explanation, of one moment of the record.

    `since` is the row of `since_run`, None where there is no score to explain; `evidence` has the transfers
    of rules about direct contact.
    """

    record: ScoreRecord
    since: Row[Any] | None
    evidence: list[RuleEvidence]


def read_explainable(connection: Connection, reference: str, policy_digest: str | None = None) -> Explainable:
    """Reads a wallet's published score and what happened since its run, in the snapshot of the connection.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    record = read_score_record(connection, reference, policy_digest)
    since = None if record.row is None or record.run is None else since_run(connection, record.run.watermark)
    return Explainable(record, since, rule_evidence(connection, record))


def explain(postgres: Postgres, graph: Graph, settings: Settings, reference: str) -> Explanation:
    """Explains the published score of a wallet, given as an address or `chain:address`.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    with postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, reference, digest_of_policy(settings.policy_file))
    return explain_record(postgres, graph, settings, explainable)


def explain_record(
    postgres: Postgres, graph: Graph, settings: Settings, explainable: Explainable
) -> Explanation:
    """Explains a score that has been read, so that pages and reports show one moment.

    When the graph does not answer in time, paths are missing and the stored score stays: the status is then
    `incomplete`, with the reasons.
    """
    record, before = explainable.record, explainable.since
    if record.run is None or before is None:
        return Explanation(**dict(record.score))
    explanation = _explained(postgres, graph, settings, explainable)
    with postgres.transaction() as connection:
        return with_names(connection, explanation)


def _explained(postgres: Postgres, graph: Graph, settings: Settings, explainable: Explainable) -> Explanation:
    """The explanation of a score that there is, without names."""
    record, run, before = explainable.record, explainable.record.run, explainable.since
    assert run is not None  # noqa: S101 - there is a score
    assert before is not None  # noqa: S101 - likewise
    answer = _read_graph(graph, settings, run, record)
    # Read again: the graph may be newer than the snapshot.
    with postgres.transaction() as connection:
        since = since_run(connection, run.watermark)
        valued = _valued(connection, run, answer.evidence)
    listed = weighted_paths(record, valued)
    reasons = [*answer.faults, *changes(before, since, answer.state), *disagreements(listed.attribution)]
    return Explanation(
        **dict(record.score)
        | {
            "status": "incomplete" if reasons else "complete",
            "incomplete_reasons": list(dict.fromkeys(reasons)),
            "notes": [*record.score.notes, *answer.notes, *arrived_since(since)],
        },
        rule_evidence=explainable.evidence,
        top_counterparties=listed.counterparties,
        top_contributing_wallets=listed.contributing_wallets,
        paths=listed.paths,
        not_listed=_not_listed(record, listed),
        evidence_query=evidence_query(settings, answer.transfer_ids()),
        graph=GraphState(
            watermark=since.projected,
            batches_since_run=since.batches,
            transfers_since_run=since.transfers,
        ),
    )


@dataclass
class _GraphAnswer:
    """The evidence and state of the graph; `faults` make the explanation incomplete, `notes` do not."""

    evidence: dict[Flow, Evidence] = field(default_factory=dict)
    state: State | None = None
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def transfer_ids(self) -> Iterator[int]:
        """The ids of the transfers of all paths."""
        for in_direction in self.evidence.values():
            for path in in_direction.paths:
                yield from (step.transfer_id for step in path.transfers)


def _read_graph(graph: Graph, settings: Settings, run: Row[Any], record: ScoreRecord) -> _GraphAnswer:
    """Reads both directions and the graph's state, all in parallel."""
    answer = _GraphAnswer()
    assert record.policy is not None  # noqa: S101 - a score has its run's policy
    with ThreadPoolExecutor(3) as pool:
        state = pool.submit(read_state, graph)
        futures = {
            name: pool.submit(
                evidence,
                graph,
                record.wallet.wallet_id,
                code,
                asset_totals=totals,
                watermark=run.watermark,
                hop_limit=run.hop_limit,
                firm_confidence=record.policy.firm_confidence,
                threshold=settings.evidence_threshold,
                max_paths=settings.evidence_max_paths,
                timeout_seconds=settings.evidence_timeout_seconds,
            )
            for name, code in CODES.items()
            if (totals := _totals(record.exposures, code))
        }
        try:
            answer.state = state.result()
            answer.faults += mismatches(answer.state, run)
            for name, future in futures.items():
                paths = answer.evidence[name] = _in_policy(future.result(), record)
                answer.faults += faults_of(paths)
                answer.notes += notes_of(paths, name)
        except (DependencyMissing, QueryTimeout) as exc:
            answer.faults.append(f"Paths are missing: {exc}")
    return answer


def _valued(
    connection: Connection, run: Row[Any], evidence: Mapping[Flow, Evidence]
) -> Mapping[Flow, Evidence]:
    """The evidence with the values that the run used: an edge has the transfer's own."""
    if not (run.unused_values or run.imported_values):
        return evidence
    ids = {step.transfer_id for one in evidence.values() for path in one.paths for step in path.transfers}
    values = values_in_run(connection, run.run_id, ids)
    return {
        name: replace(
            one,
            paths=[
                replace(
                    path,
                    usd_value=values.get(path.next_to_wallet(name).transfer_id),
                    transfers=tuple(
                        replace(step, usd_value=values.get(step.transfer_id)) for step in path.transfers
                    ),
                )
                for path in one.paths
            ],
        )
        for name, one in evidence.items()
    }


def _in_policy(evidence: Evidence, record: ScoreRecord) -> Evidence:
    """The evidence without paths to categories that the run's policy lacks: the graph has later labels."""
    assert record.policy is not None  # noqa: S101 - a score has its run's policy
    paths = [path for path in evidence.paths if path.category in record.policy.categories]
    return Evidence(paths, evidence.incomplete)


def _totals(exposures: Sequence[Row[Any]], direction: int) -> dict[int, int]:
    return {part.asset_id: int(part.total) for part in exposures if part.direction == direction}


def _not_listed(record: ScoreRecord, listed: WeightedPaths) -> NotListedTotals:
    totals = listed.attribution.not_listed
    direction = record.score.direction
    of_score = totals[direction] if direction in {"source", "destination"} else NO_POINTS
    return NotListedTotals(
        **dict(_answer(of_score)),
        source=_answer(totals["source"]),
        destination=_answer(totals["destination"]),
    )


def _answer(total: SharePoints) -> NotListed:
    return NotListed(share=total.share, points=format_points(total.points))
