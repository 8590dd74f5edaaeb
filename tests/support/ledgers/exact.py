"""What the money of a small ledger is made of and what becomes of it, in fractions: the exact answer."""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from app.ledger.cells import DESTINATION, SOURCE
from tests.support.ledgers.moves import Ledger, Move

RESIDUAL = {SOURCE: "unobserved_origin", DESTINATION: "still_held"}
BEYOND = ("beyond_hop_limit", 0)

Cells = dict[tuple[str, int], Fraction]
"""By category or residual, and hop."""
Key = tuple[int, int | None]
"""Wallet and asset; no asset: all of them, weighted by their value."""


def exact_shares(ledger: Ledger, direction: int, hop_limit: int) -> dict[Key, Cells]:
    """Shares by wallet and asset, and by wallet and None for the combined row."""
    amounts: defaultdict[Key, Cells] = defaultdict(lambda: defaultdict(Fraction))
    for move, cells in exact_content(ledger, direction, hop_limit):
        wallet = move.receiver if direction == SOURCE else move.sender
        for cell, part in cells.items():
            amounts[wallet, move.asset_id][cell] += part * move.amount
            if move.usd_value:
                amounts[wallet, None][cell] += part * Fraction(move.usd_value)
    wholes = {key: sum(cells.values(), Fraction(0)) for key, cells in amounts.items()}
    return {
        key: {cell: amount / wholes[key] for cell, amount in cells.items()} for key, cells in amounts.items()
    }


def exact_content(ledger: Ledger, direction: int, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    """For each flowing move where its amount came from or goes to: fractions of the amount, by cell."""
    return (_exact_sources if direction == SOURCE else _exact_destinations)(ledger, hop_limit)


def _further(cells: Cells, part: Fraction, hop_limit: int) -> Cells:
    moved: Cells = defaultdict(Fraction)
    for (column, hop), amount in cells.items():
        beyond = column == BEYOND[0] or hop == hop_limit
        moved[BEYOND if beyond else (column, hop + 1)] += amount * part
    return moved


def _exact_sources(ledger: Ledger, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    pools: defaultdict[tuple[int, int], Cells] = defaultdict(dict)
    for move in ledger.flowing():
        sender = pools[move.sender, move.asset_id]
        held = sum(sender.values(), Fraction(0))
        part = min(Fraction(1), move.amount / held) if held else Fraction(0)
        cells = _further(sender, part, hop_limit)
        cells["unobserved_origin", 1] += max(move.amount - held, Fraction(0))
        for cell, amount in sender.items():
            sender[cell] = amount * (1 - part)
        if move.sender in ledger.labels:
            cells = {(ledger.column(move.sender, move), 1): Fraction(move.amount)}
        receiver = pools[move.receiver, move.asset_id]
        for cell, amount in cells.items():
            receiver[cell] = receiver.get(cell, Fraction(0)) + amount
        yield move, {cell: amount / move.amount for cell, amount in cells.items()}


def _exact_destinations(ledger: Ledger, hop_limit: int) -> Iterator[tuple[Move, Cells]]:
    balances: defaultdict[tuple[int, int], int] = defaultdict(int)
    left: dict[int, Fraction] = {}
    for move in ledger.flowing():
        sender, receiver = (move.sender, move.asset_id), (move.receiver, move.asset_id)
        covered = min(move.amount, balances[sender])
        left[move.transfer_id] = Fraction(covered, balances[sender]) if covered else Fraction(0)
        balances[sender] -= covered
        balances[receiver] += move.amount
    fates: defaultdict[tuple[int, int], Cells] = defaultdict(lambda: {("still_held", 0): Fraction(1)})
    for move in reversed(ledger.flowing()):
        if move.receiver in ledger.labels:
            cells = {(ledger.column(move.receiver, move), 1): Fraction(1)}
        else:
            cells = _further(fates[move.receiver, move.asset_id], Fraction(1), hop_limit)
            cells[BEYOND] = cells.get(BEYOND, Fraction(0)) + cells.pop(("still_held", hop_limit), Fraction(0))
        part = left[move.transfer_id]
        fate = {cell: amount * (1 - part) for cell, amount in fates[move.sender, move.asset_id].items()}
        for cell, amount in cells.items():
            fate[cell] = fate.get(cell, Fraction(0)) + amount * part
        fates[move.sender, move.asset_id] = fate
        yield move, cells
