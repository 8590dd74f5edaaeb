"""The events of the campaign of alerts: the same for each seed, with causes of every kind among them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from app.domain import Transfer
from bench.stores import address

WATCHED: Final = tuple(range(1, 41))
OTHERS: Final = tuple(range(101, 161))
SANCTIONED: Final = tuple(range(1_001, 1_006))
THIEVES: Final = tuple(range(2_001, 2_009))
"""Nobody knows of them at first: their labels come one by one."""
NEVER_MOVED: Final = 9_001
"""Listed from the start, and in no transfer."""
LABEL_EVERY: Final = 150
"""After so many events one more thief gets a label, and then one more sanctioned wallet."""
_COINS: Final = (("ethereum", "ETH"), ("bsc", "BNB"), ("arbitrum", "ETH"), ("avalanche", "AVAX"))
_START = datetime(2026, 1, 1, tzinfo=UTC)
_LARGE, _FROM_SANCTIONED, _FROM_THIEF, _ON = 0.01, 0.02, 0.05, 0.3


def event(seed: int, number: int) -> Transfer:
    """The transfer of this number, from 0."""
    chance = Random(seed * 1_000_003 + number)  # noqa: S311 - a workload
    sender, receiver, usd = _way(chance)
    chain, asset = _COINS[number % len(_COINS)]
    return Transfer(
        chain=chain,
        transaction_hash=f"0x{chance.getrandbits(256):064x}",
        transfer_index=0,
        block_number=number + 1,
        transaction_index=0,
        occurred_at=_START + timedelta(seconds=number),
        sender=address(sender),
        receiver=address(receiver),
        asset=asset,
        amount=usd * 10**15,
        decimals=18,
        usd_value=Decimal(usd),
    )


def _way(chance: Random) -> tuple[int, int, int]:
    kind = chance.random()
    watched, other = chance.choice(WATCHED), chance.choice(OTHERS)
    if kind < _LARGE:
        return other, watched, chance.randrange(100_000, 300_000)
    if kind < _FROM_SANCTIONED:
        pair = (chance.choice(SANCTIONED), watched)
        return (*(pair if chance.random() < 0.5 else pair[::-1]), chance.randrange(5, 500))  # noqa: PLR2004
    if kind < _FROM_THIEF:
        return chance.choice(THIEVES), other, chance.randrange(1_000, 50_000)
    if kind < _ON:
        return other, watched, chance.randrange(5, 20_000)
    return chance.choice((watched, other)), chance.choice(OTHERS), chance.randrange(5, 2_000)


def labels_after(number: int) -> list[dict[str, Any]]:
    """The labels that are imported before the event of this number, as the API takes them."""
    known = [_label(NEVER_MOVED, "sanctioned"), _label(SANCTIONED[0], "sanctioned")]
    if number == 0:
        return known
    place, rest = divmod(number, LABEL_EVERY)
    more = [(one, "stolen_funds") for one in THIEVES] + [(one, "sanctioned") for one in SANCTIONED[1:]]
    more = [more[n // 2 + (n % 2) * len(THIEVES)] for n in range(2 * len(SANCTIONED[1:]))]
    return [_label(*more[place - 1])] if rest == 0 and place <= len(more) else []


def _label(wallet: int, category: str) -> dict[str, Any]:
    return {
        "chain": "ethereum",
        "address": address(wallet),
        "category": category,
        "name": f"Wallet {wallet}",
        "source": "campaign",
        "confidence": 100,
    }
