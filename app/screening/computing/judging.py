"""Judges wallets, transfers and payments with a run's arithmetic, and gives rows like those it stores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from app.labels.columns import LabelColumns, label_columns
from app.labels.effective import EffectiveLabel
from app.ledger.cells import DESTINATION, DIRECTION_NAMES, SOURCE
from app.ledger.shares import DirectionShares, Exposures
from app.policy.conditions import LEVELS, Behaviour
from app.policy.policy import Policy
from app.runs.judgement.behaviour import behaviours_of
from app.runs.judgement.deciding import NO_TRANSFER, deciding_transfers
from app.runs.judgement.score import NOTHING_KNOWN, Scores, score_wallets
from app.runs.judgement.subjects import Subjects, subjects_of
from app.runs.results.accounts import Accounts
from app.runs.results.totals import BothTotals, Totals

NO_BEHAVIOUR: tuple[Behaviour, ...] = get_args(Behaviour)


def judge_wallets(
    policy: Policy,
    wallet_ids: Sequence[int],
    labels: Sequence[EffectiveLabel],
    exposures: Exposures,
    accounts: Accounts,
    *,
    known_assets: NDArray[np.int32],
    asset_rank: Mapping[int, int],
) -> dict[int, Any]:
    """The row of each of these wallets, rising, as a run would store it.

    `labels` are those of all wallets of the accounts; `exposures` and the totals of these wallets alone.
    """
    everybody = np.unique(np.concatenate([accounts.wallet_id, np.array(wallet_ids, np.int64)]))
    known_labels = [label for label in labels if label.wallet_id is not None]
    all_subjects = subjects_of(everybody, known_labels, policy)
    behaviours = behaviours_of(policy, all_subjects, accounts, exposures, known_assets)
    mine = np.searchsorted(everybody, np.array(wallet_ids, np.int64))
    subjects = Subjects(
        everybody[mine], all_subjects.own[mine], all_subjects.labelled[mine], all_subjects.weak_crime[mine]
    )
    scores = score_wallets(
        policy,
        subjects,
        exposures,
        accounts.totals,
        asset_rank=asset_rank,
        known_assets=known_assets,
        behaviours={name: met[mine] for name, met in behaviours.items()},
    )
    present = set(everybody.tolist())
    columns = label_columns([one for one in known_labels if one.wallet_id in present], policy)
    deciding = _deciding(policy, all_subjects, accounts, columns=columns, scores=scores, mine=mine)
    unpriced = accounts.totals.unpriced_of(subjects.wallet_id, known_assets)
    return {
        wallet_id: score_row(policy, scores, place, int(unpriced[place]), deciding[place])
        for place, wallet_id in enumerate(wallet_ids)
    }


def judge_money(
    policy: Policy, exposures: Exposures, totals: BothTotals, known_assets: NDArray[np.int32]
) -> list[Any]:
    """The rows of money alone, as of unlabelled wallets 0, 1, … that received or sent nothing else."""
    count = 1 + max(
        (int(ids.max()) for ids in (totals.source.wallet_id, totals.destination.wallet_id) if len(ids)),
        default=0,
    )
    subjects = subjects_of(np.arange(count, dtype=np.int64), [], policy)
    nothing = np.zeros(count, np.bool_)
    assets = np.union1d(totals.source.asset_id, totals.destination.asset_id).tolist()
    scores = score_wallets(
        policy,
        subjects,
        exposures,
        totals,
        asset_rank={asset: rank for rank, asset in enumerate(assets)},
        known_assets=known_assets,
        behaviours=dict.fromkeys(NO_BEHAVIOUR, nothing),
    )
    unpriced = totals.unpriced_of(subjects.wallet_id, known_assets)
    return [score_row(policy, scores, place, int(unpriced[place]), NO_TRANSFER) for place in range(count)]


def _deciding(
    policy: Policy,
    everybody: Subjects,
    accounts: Accounts,
    *,
    columns: LabelColumns,
    scores: Scores,
    mine: NDArray[np.int64],
) -> list[int]:
    """The transfer that shows best what decided each wallet's level; others' scores are not looked at."""
    count = len(everybody.wallet_id)
    spread: Any = SimpleNamespace(
        level=_spread(scores.level, mine, count),
        band=_spread(scores.band, mine, count),
        rules=np.zeros((count, scores.rules.shape[1]), np.bool_),
        direction=_spread(scores.direction, mine, count),
        main_category=_spread(scores.main_category, mine, count),
    )
    spread.rules[mine] = scores.rules
    best = deciding_transfers(policy, everybody, accounts, columns, spread)
    return [int(transfer_id) for transfer_id in best[mine]]


def _spread(values: NDArray[np.int64], mine: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    spread = np.full(count, -1, np.int64)
    spread[mine] = values
    return spread


def score_row(policy: Policy, scores: Scores, place: int, unpriced: int, transfer_id: int) -> Any:  # noqa: ANN401
    """One place of scores as a row of `risk_scores`."""
    met = [rule for rule, holds in zip(policy.rules, scores.rules[place].tolist(), strict=True) if holds]
    every = scores.contributions
    begin, end = np.searchsorted(every.wallet, [place, place + 1])
    score = int(scores.score[place])
    code = {
        name: int(getattr(scores, name)[place]) for name in ("direction", "level", "band", "main_category")
    }
    coverage = [None if np.isnan(one) else float(one) for one in scores.coverage[place]]
    return SimpleNamespace(
        wallet_id=int(scores.wallet_id[place]),
        score=None if score == NOTHING_KNOWN else score,
        direction=None if code["direction"] < 0 else DIRECTION_NAMES[code["direction"]],
        risk_level=None if code["level"] < 0 else LEVELS[code["level"]],
        band=None if code["band"] < 0 else LEVELS[code["band"]],
        main_category=None if code["main_category"] < 0 else list(policy.categories)[code["main_category"]],
        rules=[rule.name for rule in met],
        flags=sorted({rule.flag for rule in met if rule.flag is not None}),
        weighting="worst_asset" if scores.worst_asset[place] else "usd",
        unpriced_transfers=unpriced,
        usd_received=float(scores.usd[place, 0]),
        usd_sent=float(scores.usd[place, 1]),
        source_coverage=coverage[0],
        destination_coverage=coverage[1],
        reason_transfer_id=None if transfer_id == NO_TRANSFER else transfer_id,
        cells=every.code[begin:end].tolist(),
        shares=every.share[begin:end].tolist(),
        points=every.points[begin:end].tolist(),
    )


def exposure_rows(
    exposures: Exposures, totals: BothTotals, assets: Mapping[int, Any], wallet_ids: Iterable[int]
) -> dict[int, list[Any]]:
    """By wallet the rows as those of `exposures`, each with its asset's name and decimals."""
    rows: dict[int, list[Any]] = {}
    for direction, side in ((SOURCE, exposures.source), (DESTINATION, exposures.destination)):
        of_side = totals.of(direction)
        codes = exposures.layout.codes(direction)
        for place in _places(side, wallet_ids):
            wallet_id, asset_id = int(side.wallet_id[place]), int(side.asset_id[place])
            cells = side.shares.between(place, place + 1)
            rows.setdefault(wallet_id, []).append(
                SimpleNamespace(
                    wallet_id=wallet_id,
                    asset_id=asset_id,
                    direction=direction,
                    total=int(_text(of_side, "total", place)),
                    unobserved=int(_text(of_side, "unobserved", place)),
                    usd_value=float(of_side.usd_value[place]),
                    transfers=int(of_side.transfers[place]),
                    unpriced_transfers=int(of_side.unpriced_transfers[place]),
                    cells=codes[cells.cell].tolist(),
                    shares=cells.share.tolist(),
                    asset=assets[asset_id].asset,
                    decimals=assets[asset_id].decimals,
                )
            )
    for of_wallet in rows.values():
        of_wallet.sort(key=lambda row: (row.direction, row.asset, row.asset_id))
    return rows


def _places(side: DirectionShares, wallet_ids: Iterable[int]) -> Iterator[int]:
    for wallet_id in sorted(wallet_ids):
        begin, end = np.searchsorted(side.wallet_id, [wallet_id, wallet_id + 1])
        yield from range(int(begin), int(end))


def _text(totals: Totals, name: str, place: int) -> str:
    column = getattr(totals, name)
    return bytes(column.data[column.begin[place] : column.end[place]]).decode()
