"""Why an explanation is incomplete, or needs a note, in sentences."""

from typing import Any

from sqlalchemy import Row

from app.answers.names import Flow
from app.explain.attribution import Attribution
from app.explain.evidence import EMPTIED, RESTATED, ROW_LIMIT, TIME_LIMIT, Evidence
from app.projection.state import State

_FAULTS = {
    TIME_LIMIT: "The path query reached its time limit, so paths are missing."
    " AML_EVIDENCE_TIMEOUT_SECONDS sets the limit.",
    EMPTIED: "The graph is being emptied or reloaded, so paths are missing. Ask again when that has ended.",
    RESTATED: "Late transfers have restated older ones since this run. Run scoring again.",
}
_NOTES = {
    ROW_LIMIT: "There are more {} paths than are listed: their sum is in `not_listed`."
    " AML_EVIDENCE_MAX_PATHS sets how many are listed.",
}


def faults_of(evidence: Evidence) -> list[str]:
    """The faults of the paths of one direction."""
    return [_FAULTS[limit] for limit in evidence.incomplete if limit in _FAULTS]


def notes_of(evidence: Evidence, direction: Flow) -> list[str]:
    """The notes on the paths of one direction."""
    return [_NOTES[limit].format(direction) for limit in evidence.incomplete if limit in _NOTES]


def mismatches(state: State | None, run: Row[Any]) -> list[str]:
    """The faults of a graph that is of another record or has other labels than the run."""
    if state is None or state.record_id != run.record_id:
        return ["The graph is of another record. Rebuild it with POST /reload-graph (`aml reload-graph`)."]
    if not state.carries(run.label_set_digest, run.watermark):
        return ["The labels in the graph are not those of the run. Run scoring again."]
    return []


def changes(before: Row[Any], since: Row[Any], state: State | None) -> list[str]:
    """The changes since the run that may have changed its paths."""
    reasons = []
    if before.pending:
        reasons.append(f"The graph still lacks {before.pending} of the batches of the run: it catches up.")
    if state is not None and (state.projected_batch or 0) < (before.projected or 0):
        reasons.append("The graph has lost batches that it had. It catches up, else rebuild it.")
    if since.restated:
        reasons.append(_FAULTS[RESTATED])
    if since.retracted:
        reasons.append("Transfers of this record were retracted since this run. Run scoring again.")
    return reasons


def arrived_since(since: Row[Any]) -> list[str]:
    """The note on transfers that arrived since the run."""
    if not since.transfers:
        return []
    arrived = "1 transfer has" if since.transfers == 1 else f"{since.transfers} transfers have"
    return [f"{arrived} arrived since this run; run scoring again to include them."]


def disagreements(attribution: Attribution) -> list[str]:
    """The faults of paths that carry more than the run stored."""
    return [
        f"The listed {direction} paths to {category} at hop {hop} carry more than the run stored:"
        " the graph and the record differ. `aml reconcile` shows where."
        for direction, category, hop in attribution.exceeded
    ]
