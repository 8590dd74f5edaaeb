"""The scores of some wallets now, by the paths of the graph: none of a run's rows is read for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from app.errors import DependencyMissing, NotReady, QueryTimeout, Unequal
from app.labels.effective import EffectiveLabel, effective_labels
from app.ledger.cells import RESIDUALS, CellLayout
from app.ledger.shares import DirectionShares
from app.policy.label_rules import LabelRules
from app.projection.state import read_state
from app.runs.engines.cypher import shares_by_paths
from app.runs.results.totals import Totals
from app.runs.stored_policy import knows_keys
from app.screening.accounts import WalletAccounts, read_wallet_accounts
from app.screening.base import Base
from app.screening.judging import exposure_rows, judge_wallets
from app.stores.graph import Graph
from app.stores.postgres import Postgres

POLL_SECONDS = 0.02
_AT_ONCE = 16
NO_PATHS = "Its paths could not be asked"
_BEHIND = "the graph does not have its newest transfers yet."
_UNLABELLED = "wallets that are new in the graph do not have their labels yet."


@dataclass(frozen=True)
class PathScore:
    """The row and exposures of one wallet, as a run would store them, and the last batch they have seen."""

    row: Any
    exposures: Sequence[Any]
    watermark: int


@dataclass(frozen=True)
class PathScores:
    """What was computed by wallet_id; of every other wallet why it was not."""

    scores: Mapping[int, PathScore]
    failed: Mapping[int, str]


def scores_by_paths(
    postgres: Postgres,
    graph: Graph,
    base: Base,
    wallet_ids: Sequence[int],
    own: Mapping[int, EffectiveLabel | None],
    *,
    not_before: int,
    seconds: float,
    seconds_in_all: float,
) -> PathScores:
    """Scores these wallets by paths within limits of time.

    Several are asked for at once; where that takes too long each is asked for by itself, so that a hub costs
    nobody else his answer.

    Args:
        postgres: the record.
        graph: the graph, which has the labels of the published run.
        base: the published run with its policy.
        wallet_ids: the wallets.
        own: the labels that they have now; of all others those of the run count.
        not_before: the graph must have this batch, so it is waited for.
        seconds: the limit of time of those that are asked for at once.
        seconds_in_all: that of all wallets.
    """
    end = monotonic() + seconds_in_all
    asked = sorted(set(wallet_ids))
    waiting = [asked[begin : begin + _AT_ONCE] for begin in range(0, len(asked), _AT_ONCE)]
    scores: dict[int, PathScore] = {}
    failed: dict[int, str] = {}
    while waiting:
        some = waiting.pop(0)
        mine = {one: own[one] for one in some if one in own}
        deadline = min(end, monotonic() + seconds)
        try:
            found = _within(postgres, graph, base, some, own=mine, not_before=not_before, deadline=deadline)
        except (QueryTimeout, Unequal) as exc:
            if len(some) > 1 and monotonic() < end:
                waiting += [[one] for one in some]
            else:
                failed |= dict.fromkeys(some, f"{NO_PATHS}: {exc}")
        except (DependencyMissing, NotReady) as exc:
            failed |= dict.fromkeys(some, f"{NO_PATHS}: {exc}")
        else:
            scores |= found.scores
            failed |= found.failed
    return PathScores(scores, failed)


def _within(
    postgres: Postgres,
    graph: Graph,
    base: Base,
    wallet_ids: list[int],
    *,
    own: Mapping[int, EffectiveLabel | None],
    not_before: int,
    deadline: float,
) -> PathScores:
    if monotonic() >= deadline:
        raise QueryTimeout("the limit of time was over before.")
    while True:
        watermark = wait_for_graph(postgres, graph, base.run, not_before, deadline)
        found = _attempt(postgres, graph, base, wallet_ids, own=own, watermark=watermark, deadline=deadline)
        if found is not None:
            return found


def wait_for_graph(
    postgres: Postgres, graph: Graph, run: Row[Any] | None, not_before: int, deadline: float
) -> int:
    """The last batch up to which the graph has all, once it has the one that is needed, and the labels.

    A wallet that came after the run gets its label of the run's set from the consumer's graph writer. Until
    then paths would walk through a listed wallet, so they are not asked.

    Raises:
        NotReady: the graph is not this record's, or has not the labels of the run.
        QueryTimeout: it does not have that batch, or those labels, at the deadline (monotonic seconds).
        DependencyMissing: it does not answer.
    """
    if run is None:
        raise NotReady("No scoring run has been published, so the graph has no labels.")
    while True:
        with postgres.transaction() as connection:
            projected = int(connection.execute(_PROJECTED).scalar_one())
        # Read after the batch: a wallet is noted as unlabelled before its batch counts as projected.
        state = read_state(graph)
        if state is None or state.record_id != run.record_id:
            raise NotReady("The graph is of another record, or is being rebuilt.")
        if state.label_set_digest != run.label_set_digest:
            raise NotReady("The labels in the graph are not those of the published run.")
        is_labelled = state.carries(run.label_set_digest, projected)
        if projected >= not_before and is_labelled:
            return projected
        if monotonic() >= deadline:
            raise QueryTimeout(_UNLABELLED if projected >= not_before else _BEHIND)
        sleep(POLL_SECONDS)


def _attempt(
    postgres: Postgres,
    graph: Graph,
    base: Base,
    wallet_ids: list[int],
    *,
    own: Mapping[int, EffectiveLabel | None],
    watermark: int,
    deadline: float,
) -> PathScores | None:
    """The scores at a batch; None where older transfers were changed while they were read."""
    policy, run = base.policy, base.run
    assert run is not None  # noqa: S101 - the graph has the labels of one
    with postgres.transaction(snapshot=True) as connection:
        accounts = read_wallet_accounts(connection, wallet_ids, policy, run, watermark)
        labels = _labels(connection, accounts, run, base.label_rules, own)
    asked = [wallet_id for wallet_id in wallet_ids if wallet_id not in accounts.busy]
    layout = CellLayout(tuple(run.columns[len(RESIDUALS) :]), run.hop_limit)
    known = base.known_assets(accounts.assets.values())
    exposures = shares_by_paths(
        graph,
        layout,
        firm_confidence=policy.firm_confidence,
        known_assets=frozenset(known.tolist()),
        watermark=watermark,
        wallet_ids=asked,
        progress=_silent,
        deadline=deadline,
        other_values=accounts.other_values,
    )
    with postgres.transaction() as connection:
        if connection.execute(_RESTATED, {"watermark": watermark}).scalar_one():
            if monotonic() >= deadline:
                raise QueryTimeout("older transfers were changed while they were read.")
            return None
    totals = accounts.accounts.totals
    if accounts.busy:
        mine = np.array(asked, np.int64)
        totals = totals._replace(
            source=_only(totals.source, mine), destination=_only(totals.destination, mine)
        )
    _check_owners(exposures.source, totals.source)
    _check_owners(exposures.destination, totals.destination)
    rank = {
        asset_id: place
        for place, asset_id in enumerate(sorted(accounts.assets, key=lambda one: _name(accounts.assets[one])))
    }
    rows = judge_wallets(
        policy,
        asked,
        labels,
        exposures,
        replace(accounts.accounts, totals=totals),
        known_assets=known,
        asset_rank=rank,
    )
    stored = exposure_rows(exposures, totals, accounts.assets, asked)
    return PathScores(
        {one: PathScore(rows[one], stored.get(one, []), watermark) for one in asked},
        dict.fromkeys(accounts.busy, f"{NO_PATHS}: it has too many transfers to be judged by itself."),
    )


def _labels(
    connection: Connection,
    accounts: WalletAccounts,
    run: Row[Any],
    rules: LabelRules,
    own: Mapping[int, EffectiveLabel | None],
) -> list[EffectiveLabel]:
    """The labels of all wallets of the accounts: those of the run, but of the screened ones those of now."""
    addresses = {address for _, address in accounts.addresses.values()}
    ids = {name: wallet_id for wallet_id, name in accounts.addresses.items()}
    labels = effective_labels(
        connection, as_of=run.as_of, rules=rules, addresses=addresses, keys_everywhere=knows_keys(run)
    )
    of_others = [
        replace(label, wallet_id=ids[label.chain, label.address])
        for label in labels
        if (label.chain, label.address) in ids and ids[label.chain, label.address] not in own
    ]
    return of_others + [replace(label, wallet_id=wallet_id) for wallet_id, label in own.items() if label]


def _only(totals: Totals, wallet_ids: Any) -> Totals:  # noqa: ANN401 - an array
    rows = np.flatnonzero(np.isin(totals.wallet_id, wallet_ids))
    return Totals(
        totals.wallet_id[rows],
        totals.asset_id[rows],
        totals.total.take(rows),
        totals.unobserved.take(rows),
        totals.usd_value[rows],
        totals.transfers[rows],
        totals.unpriced_transfers[rows],
    )


def _check_owners(side: DirectionShares, totals: Totals) -> None:
    if side.wallet_id.tolist() != totals.wallet_id.tolist() or (
        side.asset_id.tolist() != totals.asset_id.tolist()
    ):
        raise Unequal("the graph has other transfers of it than the record.")


def _name(asset: Row[Any]) -> tuple[bytes, bytes]:
    return asset.chain.encode(), asset.asset.encode()


def _silent(_step: str, _part: float) -> None:
    """A screening has no progress."""


_PROJECTED = text("""
    SELECT coalesce(
        (SELECT batch_id - 1 FROM batches WHERE projected_at IS NULL ORDER BY batch_id LIMIT 1),
        (SELECT batch_id FROM batches ORDER BY batch_id DESC LIMIT 1), 0)
""")
_RESTATED = text("""
    SELECT coalesce(bool_or(restated > 0 OR retracted > 0), false) FROM (
        SELECT restated, retracted FROM batches WHERE batch_id > :watermark ORDER BY batch_id LIMIT 10000
    ) AS newer
""")
