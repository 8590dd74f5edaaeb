"""The explanation of a stored score: its reasons from the record, the paths behind them from the graph."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from app.answers.explanation import Explanation, GraphState, NotListed, NotListedTotals
from app.answers.scores import Flow
from app.domain import format_points
from app.errors import DependencyMissing, QueryTimeout
from app.explain.attribution import Attribution, Stored
from app.explain.evidence import RESTATED, ROW_LIMIT, TIME_LIMIT, Evidence, evidence
from app.explain.listed import CODES, Listed, listed_paths
from app.investigation.browser import evidence_query
from app.projection.state import State, read_state
from app.runs.queries import since_run
from app.runs.score_record import ScoreRecord, read_score_record
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres

FAULTS = {
    TIME_LIMIT: "The path query met its time limit, so paths are missing: see AML_EVIDENCE_TIMEOUT_SECONDS.",
    RESTATED: "Late transfers have restated older ones since this run. Run scoring again.",
}
NOTES = {
    ROW_LIMIT: "There are more {} paths than are listed: what they carry is in `not_listed`."
    " AML_EVIDENCE_MAX_PATHS sets how many are listed.",
}


@dataclass(frozen=True, slots=True)
class Explainable:
    """What an explanation is made from, of one moment of the record.

    `since` is what `since_run` returns, None where there is no score to explain.
    """

    record: ScoreRecord
    since: Row[Any] | None


def read_explainable(connection: Connection, reference: str) -> Explainable:
    """Reads a wallet's published score, and what has happened since its run, in the connection's snapshot.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    record = read_score_record(connection, reference)
    since = None if record.row is None or record.run is None else since_run(connection, record.run.watermark)
    return Explainable(record, since)


def explain(postgres: Postgres, graph: Graph, settings: Settings, reference: str) -> Explanation:
    """Explains the published score of a wallet, given as an address or `chain:address`.

    Raises:
        InvalidInput: no wallet is written like this.
        NotFound: the wallet was never seen.
        AmbiguousWallet: its address is known on several chains.
    """
    with postgres.transaction(snapshot=True) as connection:
        explainable = read_explainable(connection, reference)
    return explain_record(postgres, graph, settings, explainable)


def explain_record(
    postgres: Postgres, graph: Graph, settings: Settings, explainable: Explainable
) -> Explanation:
    """Explains a score that has been read: pages and reports show the same moment beside it.

    A graph that does not answer, or not in time, takes paths away and never the stored score: the status is
    then `incomplete`, with the reasons.
    """
    stored, before = explainable.record, explainable.since
    if stored.run is None or before is None:
        return Explanation(**dict(stored.score))
    answer = _ask_graph(graph, settings, stored.run, stored)
    # Read again: what the graph answered may be newer than the snapshot.
    with postgres.transaction() as connection:
        since = since_run(connection, stored.run.watermark)
    listed = listed_paths(stored, answer.found)
    reasons = [*answer.faults, *_moved_on(before, since, answer.state), *_disagreements(listed.attribution)]
    return Explanation(
        **dict(stored.score)
        | {
            "status": "incomplete" if reasons else "complete",
            "incomplete_reasons": list(dict.fromkeys(reasons)),
            "notes": [*stored.score.notes, *answer.notes, *_arrived_since(since)],
        },
        top_counterparties=listed.counterparties,
        top_contributing_wallets=listed.contributing_wallets,
        paths=listed.paths,
        not_listed=_not_listed(stored, listed),
        evidence_query=evidence_query(settings, answer.transfer_ids()),
        graph=GraphState(
            watermark=since.projected,
            batches_since_run=since.batches,
            transfers_since_run=since.transfers,
        ),
    )


@dataclass
class _Answer:
    """What the graph said; `faults` make the explanation incomplete, `notes` do not."""

    found: dict[Flow, Evidence] = field(default_factory=dict)
    state: State | None = None
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def transfer_ids(self) -> Iterator[int]:
        """Of all transfers on the paths."""
        for evidence_found in self.found.values():
            for path in evidence_found.paths:
                yield from (step.transfer_id for step in path.transfers)


def _ask_graph(graph: Graph, settings: Settings, run: Row[Any], stored: ScoreRecord) -> _Answer:
    """Both directions and the graph's state at once."""
    answer = _Answer()
    with ThreadPoolExecutor(3) as pool:
        state = pool.submit(read_state, graph)
        asked = {
            name: pool.submit(
                evidence,
                graph,
                stored.wallet.wallet_id,
                code,
                asset_totals=totals,
                watermark=run.watermark,
                hop_limit=run.hop_limit,
                threshold=settings.evidence_threshold,
                max_paths=settings.evidence_max_paths,
                timeout_seconds=settings.evidence_timeout_seconds,
            )
            for name, code in CODES.items()
            if (totals := _totals(stored.exposures, code))
        }
        try:
            answer.state = state.result()
            answer.faults += _foreign(answer.state, run)
            for name, paths in asked.items():
                answer.found[name] = paths.result()
                answer.faults += [FAULTS[why] for why in paths.result().incomplete if why in FAULTS]
                answer.notes += [NOTES[why].format(name) for why in paths.result().incomplete if why in NOTES]
        except (DependencyMissing, QueryTimeout) as exc:
            answer.faults.append(f"Paths are missing: {exc}")
    return answer


def _foreign(state: State | None, run: Row[Any]) -> list[str]:
    if state is None or state.record_id != run.record_id:
        return ["The graph is not this record's. Rebuild it with POST /reload-graph (`aml reload-graph`)."]
    if state.label_set_digest != run.label_set_digest:
        return ["The labels in the graph are not those of the run. Run scoring again."]
    return []


def _totals(exposures: Sequence[Row[Any]], direction: int) -> dict[int, int]:
    return {part.asset_id: int(part.total) for part in exposures if part.direction == direction}


def _moved_on(before: Row[Any], since: Row[Any], state: State | None) -> list[str]:
    """What since the run could have changed the paths that it saw."""
    reasons = []
    if before.pending:
        reasons.append(
            f"The graph still lacks {before.pending} of the batches the run has seen: it catches up."
        )
    if state is not None and (state.projected_batch or 0) < (before.projected or 0):
        reasons.append("The graph has lost batches that it had: it catches up, or rebuild it.")
    if since.restated:
        reasons.append(FAULTS[RESTATED])
    if since.retracted:
        reasons.append("Transfers of this record were taken back since this run. Run scoring again.")
    return reasons


def _arrived_since(since: Row[Any]) -> list[str]:
    if not since.transfers:
        return []
    arrived = "1 transfer has" if since.transfers == 1 else f"{since.transfers} transfers have"
    return [f"{arrived} arrived since this run; run scoring again to include them."]


def _disagreements(attribution: Attribution) -> list[str]:
    return [
        f"The listed {direction} paths to {category} at hop {hop} carry more than the run found:"
        " the graph and the record differ. `aml reconcile` tells where."
        for direction, category, hop in attribution.exceeded
    ]


def _not_listed(stored: ScoreRecord, listed: Listed) -> NotListedTotals:
    rest = listed.attribution.not_listed
    decided = stored.score.direction
    of_score = rest[decided] if decided in {"source", "destination"} else Stored(0.0, 0)
    return NotListedTotals(
        **dict(_shown(of_score)), source=_shown(rest["source"]), destination=_shown(rest["destination"])
    )


def _shown(rest: Stored) -> NotListed:
    return NotListed(share=rest.share, points=format_points(rest.points))
