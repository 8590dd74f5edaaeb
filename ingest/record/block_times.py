"""Transfers whose time contradicts the order of blocks, which is that of the ledger: they are counted."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from app.domain import Transfer

_BLOCK = attrgetter("block_number")


def out_of_order(transfers: Iterable[Transfer]) -> int:
    """How many occurred before one of an earlier block of their chain among them."""
    by_chain: dict[str, list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        by_chain[transfer.chain].append(transfer)
    return sum(map(_of_chain, by_chain.values()))


def _of_chain(transfers: list[Transfer]) -> int:
    number, newest = 0, None
    for _, block in groupby(sorted(transfers, key=_BLOCK), _BLOCK):
        times: list[datetime] = [transfer.occurred_at for transfer in block]
        if newest is not None:
            number += sum(time < newest for time in times)
        newest = max(times) if newest is None else max(newest, *times)
    return number
