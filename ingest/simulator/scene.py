"""The state of a simulation: one clock, one chain, balances, and the scripts that run on it."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any, TypeVar

from app.domain import Transfer
from ingest.contract.transfer_index import FIRST_INTERNAL_INDEX, NATIVE_INDEX, token_index
from ingest.simulator.form import USUAL, LaunderingForm
from ingest.simulator.story import LabelRow

T = TypeVar("T")

CHAIN = "ethereum"
BLOCK_SECONDS = 12
FIRST_BLOCK = 18_000_000
FIRST_TIME = datetime(2024, 3, 1, tzinfo=UTC)

Script = Iterator[int]
"""One course of events: makes its transfers, and yields the seconds until it continues."""


@dataclass(slots=True)
class Coin:
    """One asset, what each wallet is known to hold of it, and its price (cents a whole unit, or None)."""

    asset: str
    decimals: int
    cents: int | None
    held: dict[str, int] = field(default_factory=dict)
    scale: int = field(init=False)

    def __post_init__(self) -> None:
        self.scale = 10**self.decimals

    def units(self, whole: int, thousandths: int = 0) -> int:
        """Base units of an amount in whole units and thousandths."""
        return (whole * 1_000 + thousandths) * self.scale // 1_000


Movement = tuple[str, str, Coin, int]
"""Sender, receiver, coin, base units."""


class Scene:
    """Everything that changes while the story runs. All randomness is `below`: whole numbers by one seed.

    Addresses and hashes are made from the story's name: stories of different names share none of them.
    """

    def __init__(self, name: str, seed: int, days: int, form: LaunderingForm = USUAL) -> None:
        self._name = f"{name}{form.name}"
        self.form = form
        self.seconds = 0
        self.end_seconds = days * 86_400
        self.transfers: list[Transfer] = []
        self.labels: list[LabelRow] = []
        self.roles: dict[str, str] = {}
        self.patterns: list[dict[str, Any]] = []
        self.sent_beyond_received: dict[tuple[str, str], int] = {}
        self.eth = Coin("ETH", 18, 3_300_00)
        self.usd = Coin(self._address("stablecoin"), 6, 1_00)
        self.points = Coin(self._address("loyalty token"), 18, None)
        self._bits = Random(seed).getrandbits  # noqa: S311 - a story, not a secret
        self._queue: list[tuple[int, int, Script]] = []
        self._wallet_count = self._script_count = self._transaction_count = 0
        self._block, self._index, self._log = -1, 0, 0
        self._block_time = FIRST_TIME

    def below(self, limit: int) -> int:
        """A whole number 0 <= n < limit; the same on every machine and Python."""
        return self._bits(64) * limit >> 64

    def portion(self, units: int, low_percent: int, high_percent: int) -> int:
        """A random part of an amount, between two percentages."""
        return units * (low_percent * 100 + self.below((high_percent - low_percent) * 100 + 1)) // 10_000

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        """Some of the choices, each at most once, in random order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(count)]

    def wallet(self, role: str | None = None) -> str:
        """A new wallet; its role, when it has one, is part of the truth."""
        self._wallet_count += 1
        address = self._address(str(self._wallet_count))
        if role is not None:
            self.roles[address] = role
        return address

    def label(self, address: str, category: str, name: str) -> None:
        """Labels the wallet, as an attribution file would."""
        self.labels.append(LabelRow(CHAIN, address, category, name, "simulation", "100"))

    def start(self, after_seconds: int, script: Script) -> None:
        """Schedules a script."""
        self._script_count += 1
        heapq.heappush(self._queue, (self.seconds + after_seconds, self._script_count, script))

    def play(self) -> None:
        """Runs all scripts to their end, in the order of time; of two at one time the one started first."""
        while self._queue:
            self.seconds, order, script = heapq.heappop(self._queue)
            wait_seconds = next(script, None)
            if wait_seconds is not None:
                heapq.heappush(self._queue, (self.seconds + wait_seconds, order, script))

    def pay(self, sender: str, receiver: str, coin: Coin, units: int) -> str:
        """One transaction with one transfer; returns its hash."""
        return self.transact(((sender, receiver, coin, units),))

    def transact(self, movements: Iterable[Movement]) -> str:
        """One transaction, mined now; at most one movement of the native coin, and that one first."""
        self._next_place()
        self._transaction_count += 1
        movements = list(movements)
        transaction_hash = self._hash(movements)
        for sender, receiver, coin, units in movements:
            if coin is self.eth:
                transfer_index = NATIVE_INDEX
            else:
                self._log += 1 + self.below(2)
                transfer_index = token_index(self._log)
            self.transfers.append(
                Transfer(
                    CHAIN,
                    transaction_hash,
                    transfer_index,
                    FIRST_BLOCK + self._block,
                    self._index,
                    self._block_time,
                    sender,
                    receiver,
                    coin.asset,
                    units,
                    coin.decimals,
                    _usd_value(coin, units),
                )
            )
            if sender != receiver:
                self._move(sender, receiver, coin, units)
        return transaction_hash

    def _move(self, sender: str, receiver: str, coin: Coin, units: int) -> None:
        held = coin.held
        rest = held.get(sender, 0) - units
        if rest < 0:
            excess = self.sent_beyond_received
            excess[sender, coin.asset] = excess.get((sender, coin.asset), 0) - rest
        held[sender] = max(rest, 0)
        held[receiver] = held.get(receiver, 0) + units

    def _next_place(self) -> None:
        """Moves on to the next free place of the ledger, in the block of the clock or a later one."""
        block = self.seconds // BLOCK_SECONDS
        if block <= self._block and max(self._index, self._log) < FIRST_INTERNAL_INDEX // 2:
            self._index += 1 + self.below(4)
            return
        self._block = max(block, self._block + 1)
        self._block_time = FIRST_TIME + timedelta(seconds=self._block * BLOCK_SECONDS)
        self._index, self._log = self.below(30), self.below(60)

    def _address(self, name: str) -> str:
        return f"0x{sha256(f'{self._name}/wallet/{name}'.encode()).hexdigest()[:40]}"

    def _hash(self, movements: Sequence[Movement]) -> str:
        """Of what the transaction holds too: when this code changes, what it tells is not a conflict."""
        place = f"{self._block}/{self._index}"
        moved = [(sender, receiver, coin.asset, units) for sender, receiver, coin, units in movements]
        content = f"{self._name}/transaction/{self._transaction_count}/{place}/{moved}"
        return f"0x{sha256(content.encode()).hexdigest()}"


def _usd_value(coin: Coin, units: int) -> Decimal | None:
    if coin.cents is None:
        return None
    return Decimal(units * coin.cents // coin.scale).scaleb(-2)
