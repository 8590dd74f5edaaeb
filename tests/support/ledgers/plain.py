"""The ledger pass in plain Python: every part followed on its own, in exact fractions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from app.ledger.cells import CellLayout
from app.ledger.exposure import PassResult
from app.ledger.kernels import Flows, Pools


@dataclass(frozen=True)
class Move:
    """One transfer between two pools; `hops` is 0 where the money stays with its owner."""

    sender: int
    receiver: int
    amount: int
    usd: int = 0
    hops: int = 1


Name = tuple[int | str, int]
"""A cell: the place of a category, or "residual" or "beyond", and a hop."""
Parts = dict[Name, Fraction]
BEYOND: Name = ("beyond", 0)


def annotated(moves: Sequence[Move]) -> Flows:
    """The annotation of moves, in ledger order, from exact balances."""
    balance: defaultdict[int, int] = defaultdict(int)
    share, kept, unobserved = [], [], []
    for move in moves:
        before = balance[move.sender]
        covered = min(move.amount, before)
        share.append(float(Fraction(covered, before)) if before else 0.0)
        kept.append(float(Fraction(before - covered, before)) if before else 1.0)
        unobserved.append(float(move.amount - covered))
        balance[move.sender] -= covered
        balance[move.receiver] += move.amount
    return Flows(
        np.array([m.sender for m in moves], np.int32),
        np.array([m.receiver for m in moves], np.int32),
        np.array([m.amount for m in moves], np.float64),
        np.array(share),
        np.array(kept),
        np.array(unobserved),
        np.array([m.usd for m in moves], np.float64),
        np.array([m.hops for m in moves], np.int8),
        np.zeros(len(moves), np.int16),
        np.zeros(len(moves), np.int16),
    )


def pools_of(owners: Sequence[int], labels: Mapping[int, int], layout: CellLayout) -> Pools:
    """Pools by their owners, of whom some are labelled with a category, by its place."""
    own_cell = [layout.category(labels[owner], 0) if owner in labels else -1 for owner in owners]
    return Pools(np.array(owners, np.int32), np.array(own_cell, np.int16))


@cache
def names_of(layout: CellLayout) -> list[Name]:
    """What each cell of a row is."""
    names: dict[int, Name] = {0: BEYOND}
    for hop in range(layout.hop_limit + 1):
        names[layout.residual(hop)] = ("residual", hop)
        names |= {layout.category(c, hop): (c, hop) for c in range(len(layout.categories))}
    return [names[cell] for cell in range(layout.width)]


def exact_sources(
    moves: Sequence[Move], owners: Sequence[int], labels: Mapping[int, int], hop_limit: int
) -> list[Parts]:
    """Of each move, where its money came from: tracked lot by lot."""
    content: list[Parts] = [defaultdict(Fraction) for _ in owners]
    sources = []
    for move in moves:
        held = sum(content[move.sender].values(), Fraction(0))
        covered = min(Fraction(move.amount), held)
        taken: Parts = defaultdict(Fraction)
        for name, amount in list(content[move.sender].items()):
            leaves = amount * covered / held if held else Fraction(0)
            content[move.sender][name] -= leaves
            taken[name] += leaves
        taken["residual", 0] += move.amount - covered
        if owners[move.sender] in labels:
            taken = {(labels[owners[move.sender]], 0): Fraction(move.amount)}
        parts: Parts = defaultdict(Fraction)
        for (column, hop), amount in taken.items():
            is_beyond = column == "beyond" or hop + move.hops > hop_limit
            parts[BEYOND if is_beyond else (column, hop + move.hops)] += amount
        for name, amount in parts.items():
            content[move.receiver][name] += amount
        sources.append(parts)
    return sources


def exact_destinations(
    moves: Sequence[Move], owners: Sequence[int], labels: Mapping[int, int], hop_limit: int
) -> list[Parts]:
    """Of each move, where its money went: followed forward from that move alone."""
    return [_followed(moves, start, owners, labels, hop_limit) for start in range(len(moves))]


def _followed(
    moves: Sequence[Move], start: int, owners: Sequence[int], labels: Mapping[int, int], hop_limit: int
) -> Parts:
    ends: Parts = defaultdict(Fraction)
    balance = [Fraction(0)] * len(owners)
    marked: list[dict[int, Fraction]] = [defaultdict(Fraction) for _ in owners]  # by hop
    for number, move in enumerate(moves):
        held = balance[move.sender]
        covered = min(Fraction(move.amount), held)
        leaving = {h: a * covered / held if held else Fraction(0) for h, a in marked[move.sender].items()}
        for hop, amount in leaving.items():
            marked[move.sender][hop] -= amount
        balance[move.sender] -= covered
        balance[move.receiver] += move.amount
        arriving = {hop + move.hops: amount for hop, amount in leaving.items()}
        if number == start:
            arriving[move.hops] = arriving.get(move.hops, Fraction(0)) + move.amount
        for hop, amount in arriving.items():
            if owners[move.receiver] in labels:
                ends[labels[owners[move.receiver]], hop] += amount
            elif hop == hop_limit:
                ends[BEYOND] += amount
            else:
                marked[move.receiver][hop] += amount
    for of_pool in marked:
        for hop, amount in of_pool.items():
            ends["residual", hop] += amount
    return ends


def largest_difference(
    result: PassResult,
    *,
    own: Sequence[int],
    moves: Sequence[Move],
    parts: Sequence[Parts],
    owners: Sequence[int],
    layout: CellLayout,
) -> float:
    """How far a share of a pass is from the exact one; `own` is the pool each move's parts belong to."""
    by_pool: dict[int, Parts] = {}
    by_wallet: dict[int, Parts] = {}
    for pool, move, of_move in zip(own, moves, parts, strict=True):
        for rows, number, weight in (
            (by_pool, pool, move.amount * move.hops),
            (by_wallet, owners[pool], move.usd * move.hops),
        ):
            if weight:
                row = rows.setdefault(number, defaultdict(Fraction))
                for name, amount in of_move.items():
                    row[name] += amount * weight / move.amount
    names = names_of(layout)
    worst = 0.0
    for rows, numbers, shares in (
        (by_pool, result.pool, result.shares),
        (by_wallet, result.wallet, result.combined),
    ):
        assert numbers.tolist() == sorted(rows)
        for place, number in enumerate(numbers.tolist()):
            row = shares.between(place, place + 1)
            cells = row.cell.tolist()
            assert cells == sorted(set(cells))
            got = dict(zip((names[cell] for cell in cells), row.share.tolist(), strict=True))
            total = sum(rows[number].values())
            exact = {name: float(amount / total) for name, amount in rows[number].items() if amount}
            differences = (abs(got.get(n, 0.0) - exact.get(n, 0.0)) for n in got.keys() | exact.keys())
            worst = max(worst, *differences)
    return worst
