"""The scores of some wallets now, by paths of the graph: all of them, or those since the published run."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row, text

from app.errors import DependencyMissing, NotReady, QueryTimeout, Unequal
from app.labels.effective import EffectiveLabel, effective_labels
from app.ledger.cells import DESTINATION, SOURCE
from app.ledger.shares import DirectionShares
from app.policy.label_rules import LabelRules
from app.runs.engines.cypher import shares_by_paths
from app.runs.results.totals import Totals
from app.runs.stored_policy import knows_keys
from app.screening.computing.accounts import (
    OwnTransfers,
    WalletAccounts,
    read_own_transfers,
    read_wallet_accounts,
)
from app.screening.computing.base import Base
from app.screening.computing.judging import exposure_rows, judge_wallets
from app.screening.computing.since_run import RunRows, exposures_since_run, later_of, unchanged_until
from app.screening.computing.transfer_paths import layout_of_run
from app.screening.computing.transfer_shares import TransferShares, ask_shares
from app.screening.computing.waiting import NO_PATHS, is_there, projected_batch
from app.stores.graph import Graph
from app.stores.in_time import in_thread
from app.stores.postgres import Postgres

_AT_ONCE = 16
_LATER_AT_ONCE = 48


@dataclass(frozen=True)
class PathScore:
    """The row and exposures of one wallet, as a run would store them, and the last batch they have seen.

    `since_run` where they are the run's, with the paths of what came after it.
    """

    row: Any
    exposures: Sequence[Any]
    watermark: int
    since_run: bool


@dataclass(frozen=True)
class PathScores:
    """What was computed by wallet_id; of every other wallet why it was not.

    Of those that are `changed` the run's rows cannot be used: all their paths must be asked.
    """

    scores: Mapping[int, PathScore]
    failed: Mapping[int, str]
    changed: frozenset[int] = frozenset()


def scores_by_paths(
    postgres: Postgres,
    graph: Graph,
    base: Base,
    wallet_ids: Sequence[int],
    own: Mapping[int, EffectiveLabel | None],
    *,
    of_run: Mapping[int, RunRows],
    changed_in: Mapping[int, int],
    seconds: float,
    seconds_in_all: float,
) -> PathScores:
    """Scores these wallets by paths within limits of time.

    Several are asked for at once; where that takes too long each is asked for by itself, so that a hub costs
    nobody else his answer. Wallets whose paths must all be asked come last.

    Args:
        postgres: the record.
        graph: the graph, which has the labels of the published run.
        base: the published run with its policy.
        wallet_ids: the wallets.
        own: the labels that they have now; of all others those of the run count.
        of_run: what the run stored of wallets whose later transfers alone are to be followed.
        changed_in: the last batch that changed each wallet. The graph must have it, so it is waited for;
            those that changed last come last.
        seconds: the limit of time of those that are asked for at once.
        seconds_in_all: that of all wallets.
    """
    end = monotonic() + seconds_in_all
    asked = sorted(set(wallet_ids), key=lambda one: (changed_in[one], one))
    later = [one for one in asked if one in of_run]
    whole = [one for one in asked if one not in of_run]
    waiting = [(some, True) for some in _groups(later, _LATER_AT_ONCE)]
    waiting += [(some, False) for some in _groups(whole, _AT_ONCE)]
    scores: dict[int, PathScore] = {}
    failed: dict[int, str] = {}
    while waiting:
        some, since_run = waiting.pop(0)
        not_before = max(changed_in[one] for one in some)
        mine = {one: own[one] for one in some if one in own}
        rows = {one: of_run[one] for one in some} if since_run else None
        begin = monotonic()
        # A group that takes long leaves half of the time to the others.
        deadline = min(begin + seconds, end if not waiting else begin + max(0.0, end - begin) / 2)
        try:
            found = _within(
                postgres,
                graph,
                base,
                sorted(some),
                own=mine,
                of_run=rows,
                not_before=not_before,
                deadline=deadline,
            )
        except (QueryTimeout, Unequal) as exc:
            if len(some) > 1 and monotonic() < end:
                waiting += [([one], since_run) for one in some]
            else:
                failed |= dict.fromkeys(some, f"{NO_PATHS}: {exc}")
        except (DependencyMissing, NotReady) as exc:
            failed |= dict.fromkeys(some, f"{NO_PATHS}: {exc}")
        else:
            scores |= found.scores
            failed |= found.failed
            waiting += [(changed, False) for changed in _groups(sorted(found.changed), _AT_ONCE)]
    return PathScores(scores, failed)


def _groups(wallet_ids: list[int], size: int) -> list[list[int]]:
    return [wallet_ids[begin : begin + size] for begin in range(0, len(wallet_ids), size)]


def _within(
    postgres: Postgres,
    graph: Graph,
    base: Base,
    wallet_ids: list[int],
    *,
    own: Mapping[int, EffectiveLabel | None],
    of_run: Mapping[int, RunRows] | None,
    not_before: int,
    deadline: float,
) -> PathScores:
    if monotonic() >= deadline:
        raise QueryTimeout("the limit of time was over before.")
    if base.run is None:
        raise NotReady("No scoring run has been published, so the graph has no labels.")
    run = base.run
    while True:
        with postgres.transaction(snapshot=True) as connection:
            watermark = projected_batch(connection)
            # Meanwhile this thread reads the record.
            there = in_thread(partial(is_there, graph, run, watermark, not_before, deadline))
            if watermark >= not_before:
                mine = read_own_transfers(connection, wallet_ids, run, watermark)
                later = None
                if of_run is not None:
                    later = _follow(
                        graph, base, mine, of_run, there=there, watermark=watermark, deadline=deadline
                    )
                accounts = read_wallet_accounts(connection, mine, base.policy, run)
                labels = _labels(connection, accounts, run, base.label_rules, own)
        if not there.result():
            continue
        found = _attempt(
            graph,
            base,
            wallet_ids,
            accounts,
            labels,
            later=later,
            watermark=watermark,
            deadline=deadline,
        )
        with postgres.transaction() as connection:
            if not connection.execute(_RESTATED, {"watermark": watermark}).scalar_one():
                return found
        if monotonic() >= deadline:
            raise QueryTimeout("older transfers were changed while they were read.")


@dataclass(frozen=True)
class _Later:
    """The transfers since the run of wallets that are unchanged until then, while they are followed."""

    of_run: Mapping[int, RunRows]
    """What the run stored of these wallets."""
    shares: Mapping[int, Future[TransferShares]]
    """By direction."""


def _follow(
    graph: Graph,
    base: Base,
    mine: OwnTransfers,
    of_run: Mapping[int, RunRows],
    *,
    there: Future[bool],
    watermark: int,
    deadline: float,
) -> _Later:
    """Begins to follow them as soon as the graph is `there`."""
    run = base.run
    assert run is not None  # noqa: S101 - the caller looked
    transfers = mine.rows.values()
    whole = {one: rows for one, rows in of_run.items() if one not in mine.busy}
    unchanged = unchanged_until(whole, run.watermark, transfers)

    def shares(direction: int) -> TransferShares:
        later = {row.transfer_id for _, row in later_of(direction, unchanged, transfers, run.watermark)}
        if not later or not there.result():
            return {}
        return ask_shares(
            graph,
            base.policy,
            layout_of_run(run),
            direction,
            sorted(later),
            watermark=watermark,
            deadline=deadline,
        )

    return _Later(
        {one: of_run[one] for one in sorted(unchanged)},
        {one: in_thread(partial(shares, one)) for one in (SOURCE, DESTINATION)},
    )


def _attempt(
    graph: Graph,
    base: Base,
    wallet_ids: list[int],
    accounts: WalletAccounts,
    labels: Sequence[EffectiveLabel],
    *,
    later: _Later | None,
    watermark: int,
    deadline: float,
) -> PathScores:
    """The scores at a batch, if no older transfers are changed while they are read."""
    policy, run = base.policy, base.run
    assert run is not None  # noqa: S101 - the graph has the labels of one
    asked = [wallet_id for wallet_id in wallet_ids if wallet_id not in accounts.busy]
    layout = layout_of_run(run)
    known = base.known_assets(accounts.assets.values())
    changed: frozenset[int] = frozenset()
    if later is None:
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
    else:
        changed = frozenset(asked) - later.of_run.keys()
        asked = list(later.of_run)
        accounts = accounts.only(asked)
        exposures = exposures_since_run(
            layout,
            later.of_run,
            accounts,
            watermark=run.watermark,
            known_assets=known,
            follow=lambda direction, _transfer_ids: later.shares[direction].result(),
        )
    totals = accounts.only(asked).accounts.totals
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
        {one: PathScore(rows[one], stored.get(one, []), watermark, later is not None) for one in asked},
        dict.fromkeys(accounts.busy, f"{NO_PATHS}: it has too many transfers to be judged by itself."),
        changed,
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


def _check_owners(side: DirectionShares, totals: Totals) -> None:
    if side.wallet_id.tolist() != totals.wallet_id.tolist() or (
        side.asset_id.tolist() != totals.asset_id.tolist()
    ):
        raise Unequal("the graph has other transfers of it than the record.")


def _name(asset: Row[Any]) -> tuple[bytes, bytes]:
    return asset.chain.encode(), asset.asset.encode()


def _silent(_step: str, _part: float) -> None:
    """A screening has no progress."""


_RESTATED = text("""
    SELECT coalesce(bool_or(restated > 0 OR retracted > 0), false) FROM (
        SELECT restated, retracted FROM batches WHERE batch_id > :watermark ORDER BY batch_id LIMIT 10000
    ) AS newer
""")
