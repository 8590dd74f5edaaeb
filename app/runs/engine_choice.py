"""Which engine answers a run, and why: path queries where they are few, the ledger else."""

from typing import NamedTuple

from app.errors import AmlError, InvalidInput, QueryTimeout
from app.labels.columns import label_columns
from app.policy.policy import Policy
from app.runs.compute import Engine, EngineChoice
from app.runs.snapshot import Snapshot
from app.stores.graph import Graph

LOOKS_A_WALK = 20
"""Transfers a query looks at in the time of walking one path (docs/decisions/0023-engine-choice.md)."""


class CypherLimits(NamedTuple):
    """The limits of path queries; the settings' defaults are the same.

    `auto` does not use them beyond `max_walks` or, where it is set, beyond `max_transfers`, and gives them up
    after `auto_seconds`; where they were asked for by name, the run fails after `seconds`.
    """

    max_walks: int = 20_000
    max_transfers: int | None = None
    auto_seconds: float = 2.0
    seconds: float = 600.0


class Decision(NamedTuple):
    """The engine of a run, why it was taken, and how long path queries may take."""

    engine: Engine
    reason: str
    cypher_seconds: float


def decide(
    choice: EngineChoice, graph: Graph | None, snapshot: Snapshot, policy: Policy, limits: CypherLimits
) -> Decision:
    """Decides in the time that reading `limits.max_walks` transfers takes.

    Raises:
        InvalidInput: the choice is Cypher and there is no graph.
    """
    if choice == "cypher" and graph is None:
        raise InvalidInput("The cypher engine needs the graph. Set AML_NEO4J_URL, or use the ledger engine.")
    if choice != "auto":
        return Decision(choice, f"{choice} was asked for", limits.seconds)
    obstacle = _obstacle(graph, snapshot.transfers, limits)
    if obstacle is not None:
        return Decision("ledger", f"{obstacle}: ledger", 0.0)
    from app.runs.engines.walks import walks_of  # noqa: PLC0415 - loads a compiler

    walks, looked_at = walks_of(
        snapshot.connection,
        labelled_wallets=label_columns(snapshot.labels, policy).by_wallet,
        watermark=snapshot.watermark,
        hop_limit=policy.hop_limit,
    )
    cost = walks + looked_at / LOOKS_A_WALK
    few = cost <= limits.max_walks
    compared = f"at most {limits.max_walks:,}: cypher" if few else f"more than {limits.max_walks:,}: ledger"
    counted = f"{_count(walks, 'walk')}, with the transfers looked at {cost:,.0f}"
    return Decision("cypher" if few else "ledger", f"{counted}, {compared}", limits.auto_seconds)


def given_up(decision: Decision, error: AmlError) -> Decision:
    """The decision for the ledger after path queries have failed with this error."""
    timed_out = isinstance(error, QueryTimeout)
    cause = f"path queries took more than {decision.cypher_seconds:g} s" if timed_out else str(error)
    return Decision("ledger", f"{decision.reason}; then ledger: {cause}", 0.0)


def _obstacle(graph: Graph | None, transfers: int, limits: CypherLimits) -> str | None:
    """Why path queries are out of the question without counting; a transfer alone is a walk."""
    if graph is None:
        return "there is no graph"
    counted = _count(transfers, "transfer")
    if limits.max_transfers is not None and transfers > limits.max_transfers:
        return f"{counted}, more than {limits.max_transfers:,}"
    return f"{counted}, more than {limits.max_walks:,} walks" if transfers > limits.max_walks else None


def _count(number: float, noun: str) -> str:
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"
