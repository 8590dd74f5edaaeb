"""What the questions must answer, by plain search over a list of transfers, without a graph."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain import Transfer

HOUR = 3_600


@dataclass(frozen=True)
class Reached:
    """The first arrival at a wallet: its place in the ledger, and the fewest transfers that give it."""

    seq: int
    hops: int


class PlainRecord:
    """Transfers that move something between two wallets, in ledger order, and the category of each wallet."""

    def __init__(self, transfers: Iterable[Transfer], categories: Mapping[str, str]) -> None:
        self.categories = categories
        self.moves = sorted(
            (t for t in transfers if t.amount and t.sender != t.receiver), key=lambda t: t.seq
        )
        self.sent: dict[str, list[Transfer]] = defaultdict(list)
        self.received: dict[str, list[Transfer]] = defaultdict(list)
        for t in self.moves:
            self.sent[t.sender].append(t)
            self.received[t.receiver].append(t)

    def levels(
        self, origin: str, *, hop_limit: int, least_usd: float, through: bool, end: str | None = None
    ) -> Iterator[tuple[int, list[Transfer]]]:
        """For each number of hops, every transfer that can be the last of so many in time order."""
        worth = [t for t in self.moves if float(t.usd_value or 0) >= least_usd]
        level = [t for t in worth if t.sender == origin]
        for hop in range(1, hop_limit + 1):
            yield hop, level
            earliest: dict[tuple[str, str], int] = {}
            for t in level:
                if t.receiver != end and (through or t.receiver not in self.categories):
                    key = t.receiver, t.asset
                    earliest[key] = min(earliest.get(key, t.seq), t.seq)
            level = [t for t in worth if earliest.get((t.sender, t.asset), t.seq) < t.seq]

    def arrivals(self, origin: str, target: str, *, hop_limit: int, through: bool) -> dict[str, int]:
        """10: the transfers to the target that follow from the origin's, each with the fewest hops."""
        found: dict[str, int] = {}
        for hop, level in self.levels(origin, hop_limit=hop_limit, least_usd=0, through=through, end=target):
            for t in level:
                if t.receiver == target:
                    found.setdefault(t.transaction_hash, hop)
        return found

    def reached(self, origin: str, *, hop_limit: int, least_usd: float) -> dict[tuple[str, str], Reached]:
        """11: the first arrival at each wallet, by asset."""
        found: dict[tuple[str, str], Reached] = {}
        for hop, level in self.levels(origin, hop_limit=hop_limit, least_usd=least_usd, through=False):
            for t in level:
                key = t.receiver, t.asset
                if t.receiver != origin and (key not in found or t.seq < found[key].seq):
                    found[key] = Reached(t.seq, hop)
        return found

    def counterparties(self, wallet: str) -> set[str]:
        """Who paid it and whom it paid."""
        return {t.receiver for t in self.sent[wallet]} | {t.sender for t in self.received[wallet]}

    def common(self, wallet: str, other: str) -> dict[str, tuple[int, int, int, int]]:
        """12: transfers from the one and to it, from the other and to it, of each common counterparty."""
        both = (self.counterparties(wallet) & self.counterparties(other)) - {wallet, other}
        return {
            n: (
                sum(t.receiver == n for t in self.sent[wallet]),
                sum(t.sender == n for t in self.received[wallet]),
                sum(t.receiver == n for t in self.sent[other]),
                sum(t.sender == n for t in self.received[other]),
            )
            for n in both
        }

    def fans(self, wallet: str, *, hours: int, wallets: int) -> set[tuple[int, int, int]]:
        """13: of each day the window with most receivers, as its begin in seconds, senders and receivers."""
        step = hours * HOUR // 4
        times = [int(t.occurred_at.timestamp()) for t in (*self.sent[wallet], *self.received[wallet])]
        begins = {(time // step - back) * step for time in times for back in range(4)}
        best: dict[int, tuple[int, int, int]] = {}
        for begin in begins:
            first: dict[str, int] = {}
            for t in self.received[wallet]:
                if begin <= int(t.occurred_at.timestamp()) < begin + 4 * step:
                    first.setdefault(t.sender, t.seq)
            if len(first) < wallets:
                continue
            gathered = sorted(first.values())[wallets - 1]
            paid = {
                t.receiver
                for t in self.sent[wallet]
                if begin <= int(t.occurred_at.timestamp()) < begin + 4 * step and t.seq > gathered
            }
            if len(paid) >= wallets:
                day = begin // 86_400
                found = (len(paid), len(first), -begin)
                best[day] = max(best.get(day, found), found)
        return {(-begin, senders, receivers) for receivers, senders, begin in best.values()}

    def first_funding(self, wallet: str, *, hop_limit: int, through: bool) -> list[str]:
        """14: the hashes of the first funding, of its sender's, and so on, in the order of time."""
        found: list[str] = []
        before = float("inf")
        while len(found) < hop_limit and self.received[wallet]:
            first = self.received[wallet][0]
            if first.seq >= before or (found and not through and wallet in self.categories):
                break
            found.insert(0, first.transaction_hash)
            before, wallet = first.seq, first.sender
        return found

    def flows(self, wallet: str) -> dict[tuple[str, str, str], tuple[int, int, int]]:
        """15: wallets, transfers and amount in base units, by way, category and asset."""
        found: dict[tuple[str, str, str], list[Transfer]] = defaultdict(list)
        for way, moves in (("in", self.received[wallet]), ("out", self.sent[wallet])):
            for t in moves:
                party = t.sender if way == "in" else t.receiver
                found[way, self.categories.get(party, "no label"), t.asset].append(t)
        return {
            key: (
                len({t.sender if key[0] == "in" else t.receiver for t in moves}),
                len(moves),
                sum(t.amount for t in moves),
            )
            for key, moves in found.items()
        }

    def service_of(self, wallet: str, least_rest: float) -> str | None:
        """The one labelled wallet to which an unlabelled one forwards nearly all of every asset."""
        served = {t.receiver for t in self.sent[wallet]}
        if wallet in self.categories or len(served) != 1 or not served <= self.categories.keys():
            return None
        amounts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for t in self.received[wallet]:
            amounts[t.asset][0] += t.amount
        for t in self.sent[wallet]:
            amounts[t.asset][1] += t.amount
        forwards = all(got and sent >= least_rest * got for got, sent in amounts.values())
        return served.pop() if forwards else None

    def shared_deposits(self, wallet: str, least_rest: float) -> set[tuple[str, str]]:
        """16: deposit addresses with the others that pay them."""
        addresses = {wallet, *(t.receiver for t in self.sent[wallet])}
        return {
            (address, t.sender)
            for address in addresses
            if self.service_of(address, least_rest) is not None
            for t in self.received[address]
            if t.sender != wallet
        }

    def chains(
        self,
        goes_on: Callable[[Transfer, Transfer], bool],
        *,
        most: int,
        max_transfers: int,
        starts: Sequence[Transfer],
    ) -> Iterator[list[Transfer]]:
        """Every chain from these transfers whose wallets in the middle have no label and few transfers."""
        stack = [[t] for t in starts]
        while stack:
            chain = stack.pop()
            yield chain
            middle = chain[-1].receiver
            if len(chain) < most and self.is_link(middle, max_transfers):
                later = (t for t in self.sent[middle] if t.seq > chain[-1].seq and t.asset == chain[-1].asset)
                stack += [[*chain, t] for t in later if goes_on(chain[-1], t)]

    def is_link(self, wallet: str, max_transfers: int) -> bool:
        """Whether a chain may go through this wallet."""
        return wallet not in self.categories and len(self.sent[wallet]) <= max_transfers

    def round_trips(self, *, hop_limit: int, hours: int, rest: float, usd: float) -> set[tuple[str, ...]]:
        """19: chains of nearly equal sums that end where they began, and never pass there before."""

        def equal(before: Transfer, after: Transfer) -> bool:
            wait = after.occurred_at.timestamp() - before.occurred_at.timestamp()
            return rest * float(before.amount) <= float(after.amount) <= float(before.amount) / rest and (
                wait <= hours * HOUR
            )

        starts = [t for t in self.moves if float(t.usd_value or 0) >= usd and t.sender not in self.categories]
        return {
            tuple(t.transaction_hash for t in chain)
            for chain in self.chains(equal, most=hop_limit, max_transfers=200, starts=starts)
            if [t.receiver for t in chain].index(chain[-1].receiver) == len(chain) - 1
            and chain[-1].receiver == chain[0].sender
            and len(chain) > 1
        }

    def peel_chains(self, *, hours: int, rest: float, usd: float) -> set[tuple[str, ...]]:
        """18: chains of three or more that are part of no longer one."""

        def peels(before: Transfer, after: Transfer) -> bool:
            wait = after.occurred_at.timestamp() - before.occurred_at.timestamp()
            return rest * float(before.amount) <= float(after.amount) < float(before.amount) and (
                wait <= hours * HOUR
            )

        starts = [
            t
            for t in self.moves
            if float(t.usd_value or 0) >= usd
            and not (
                self.is_link(t.sender, 200)
                and any(
                    peels(e, t) and e.asset == t.asset and e.seq < t.seq and float(e.usd_value or 0) >= usd
                    for e in self.received[t.sender]
                )
            )
        ]
        found = {
            tuple(t.transaction_hash for t in chain)
            for chain in self.chains(peels, most=20, max_transfers=200, starts=starts)
            if len(chain) > 2
        }
        return found - {chain[:length] for chain in found for length in range(1, len(chain))}


def categories_of(labels: Iterable[Any]) -> dict[str, str]:
    """The category of each labelled wallet."""
    return {label.address: label.category for label in labels if label.category}
