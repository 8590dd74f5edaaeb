"""How well a ranking tells positives from the rest; ties count as every order of them on average."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

RESAMPLES = 500
FIRST = (10, 50, 100)


class Ranked(NamedTuple):
    """A wallet's value in a ranking, higher is worse, and whether it is positive in truth."""

    value: float
    positive: bool


class Measured(NamedTuple):
    """ROC AUC and average precision."""

    roc_auc: float
    average_precision: float


def measure(ranked: Sequence[Ranked]) -> Measured:
    """Both figures; 0 where there are only positives or none."""
    groups: dict[float, list[int]] = {}
    for value, positive in ranked:
        groups.setdefault(value, [0, 0])[positive] += 1
    positives = sum(group[1] for group in groups.values())
    negatives = len(ranked) - positives
    if not positives or not negatives:
        return Measured(0.0, 0.0)
    above = [0, 0]
    area = precision = 0.0
    for value in sorted(groups, reverse=True):
        others, hits = groups[value]
        area += others * (above[1] + hits / 2)
        if hits:
            precision += hits / positives * (above[1] + hits) / (above[0] + above[1] + others + hits)
        above = [above[0] + others, above[1] + hits]
    return Measured(area / (positives * negatives), precision)


def intervals(ranked: Sequence[Ranked], seed: int = 1) -> tuple[Measured, Measured]:
    """The 2.5 % and the 97.5 % point of both figures over resamples of the wallets."""
    chance = Random(seed)  # noqa: S311 - a resample, not a secret
    found = [
        measure(sample)
        for sample in ([chance.choice(ranked) for _ in ranked] for _ in range(RESAMPLES))
        if 0 < sum(one.positive for one in sample) < len(sample)
    ]
    if not found:
        return Measured(0.0, 0.0), Measured(0.0, 0.0)
    areas = sorted(one.roc_auc for one in found)
    precisions = sorted(one.average_precision for one in found)
    low, high = len(found) // 40, len(found) - 1 - len(found) // 40
    return Measured(areas[low], precisions[low]), Measured(areas[high], precisions[high])


def precision_in_first(ranked: Sequence[Ranked], count: int) -> float:
    """Which part of the first so many is positive; of ties at the end their average."""
    in_order = sorted(ranked, key=lambda one: -one.value)
    count = min(count, len(in_order))
    if not count:
        return 0.0
    last = in_order[count - 1].value
    before = [one for one in in_order if one.value > last]
    tied = [one for one in in_order if one.value == last]
    hits = sum(one.positive for one in before)
    part = (count - len(before)) / len(tied)
    return (hits + part * sum(one.positive for one in tied)) / count


def figures(values: Mapping[str, float], truth: Mapping[str, bool]) -> dict[str, float]:
    """All figures of one ranking; a wallet without a value ranks lowest."""
    ranked = [Ranked(values.get(wallet, float("-inf")), positive) for wallet, positive in truth.items()]
    whole, (low, high) = measure(ranked), intervals(ranked)
    found = {
        "roc_auc": whole.roc_auc,
        "roc_auc_low": low.roc_auc,
        "roc_auc_high": high.roc_auc,
        "average_precision": whole.average_precision,
        "average_precision_low": low.average_precision,
        "average_precision_high": high.average_precision,
    }
    found |= {f"precision_in_first_{count}": precision_in_first(ranked, count) for count in FIRST}
    return {name: round(value, 3) for name, value in found.items()}
