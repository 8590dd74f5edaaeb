"""Compares answers of questions 10 to 20 with plain search, for any record."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from app.investigation.findings import Finding
from tests.support.ledgers.investigating import Ledger, hashes
from tests.support.ledgers.plain_answers import PlainRecord

Asked = Callable[..., list[Finding]]
"""Number, wallet or None, other parameters."""
EVERY = 5_000  # rows
Met = dict[str, int]
"""How many answers were not empty, by question."""


def ways(found: list[Finding]) -> set[tuple[str, ...]]:
    """The transfers of each row."""
    return {tuple(step.transaction_hash for step in each.transfers) for each in found}


def check_pairs(asked: Asked, record: PlainRecord, pairs: Iterable[tuple[str, str]], met: Met) -> None:
    """10 and 12."""
    for wallet, other in pairs:
        for through in (False, True):
            expected = record.arrivals(wallet, other, hop_limit=12, through=through)
            found = asked("10", wallet, other=other, through_labels=through, row_limit=EVERY)
            arrived = {each.transfers[-1].transaction_hash: each.values["hops"] for each in found}
            assert arrived == expected, (wallet, other, through)
            for each in found:
                _is_path(each, wallet, other)
                labelled = [s.sender for s in each.transfers[1:] if s.sender in record.categories]
                assert len(labelled) == len(each.values["through"])
                assert through or not labelled
            met["10"] += bool(expected)
        common = {
            _party(each, wallet, other): tuple(
                each.values[name] for name in ("from_wallet", "to_wallet", "from_other", "to_other")
            )
            for each in asked("12", wallet, other=other, row_limit=EVERY)
        }
        assert common == record.common(wallet, other), (wallet, other)
        met["12"] += bool(common)


def check_wallets(asked: Asked, record: PlainRecord, wallets: Iterable[str], met: Met) -> None:
    """11, 13, 14, 15 and 16."""
    for wallet in wallets:
        reached = {
            (each.transfers[-1].receiver, each.transfers[-1].asset): each.values["hops"]
            for each in asked("11", wallet, hop_limit=4, least_usd=30, row_limit=EVERY)
        }
        expected = record.reached(wallet, hop_limit=4, least_usd=30)
        assert reached == {key: each.hops for key, each in expected.items()}, wallet
        met["11"] += bool(reached)

        fans = {
            (int(c["begins"].timestamp()), c["senders"], c["receivers"])
            for c in (each.values for each in asked("13", wallet, least_wallets=3, row_limit=EVERY))
        }
        assert fans == record.fans(wallet, hours=24, wallets=3), wallet
        met["13"] += bool(fans)

        for through in (False, True):
            funding = asked("14", wallet, through_labels=through)
            chain = record.first_funding(wallet, hop_limit=12, through=through)
            assert ways(funding) == ({tuple(chain)} if chain else set()), wallet
            met["14"] += len(chain) > 1

        flows = {
            (c["way"], c["category"], c["asset"]): (c["wallets"], c["transfers"], c["units"])
            for c in (each.values for each in asked("15", wallet, row_limit=EVERY))
        }
        assert flows == {
            key: (parties, transfers, pytest.approx(round(amount / 10**18, 8), abs=1e-8))
            for key, (parties, transfers, amount) in record.flows(wallet).items()
        }, wallet
        met["15"] += bool(flows)

        shared = set()
        for each in asked("16", wallet, row_limit=EVERY):
            paid = {step.receiver for step in each.transfers if step.receiver not in record.categories}
            address = next(a for a in paid | {wallet} if each.values["deposit_address"].endswith(a[-4:]))
            others = {step.sender for step in each.transfers} - {wallet, address}
            shared |= {(address, other) for other in others}
        assert shared == record.shared_deposits(wallet, 0.95), wallet
        met["16"] += bool(shared)


def check_categories(
    asked: Asked, ledger: Ledger, record: PlainRecord, wallets: Iterable[str], met: Met
) -> None:
    """17, by the pools of the ledger: everything that reached a wallet of the category."""
    for wallet in wallets:
        expected: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for chain in ledger.chains(wallet, lambda _before, _after, same: same, most=5):
            if category := record.categories.get(chain[-1].receiver):
                expected[category].add(hashes(chain))
        for category in set(record.categories.values()):
            found = asked("17", wallet, category=category, least_share=0, hop_limit=5, row_limit=EVERY)
            assert ways(found) == expected[category], (wallet, category)
            met["17"] += bool(found)


def check_record(asked: Asked, record: PlainRecord, met: Met, *, least_usd: float) -> None:
    """18, 19 and 20."""
    given: dict[str, Any] = {"row_limit": EVERY, "least_usd": least_usd}
    peels = ways(asked("18", None, **given))
    assert peels == record.peel_chains(hours=24, rest=0.7, usd=least_usd)
    met["18"] += bool(peels)
    trips = ways(asked("19", None, **given))
    assert trips == record.round_trips(hop_limit=6, hours=24, rest=0.9, usd=least_usd)
    met["19"] += bool(trips)
    fans = defaultdict(set)
    for each in asked("20", None, row_limit=EVERY, least_wallets=3):
        c = each.values
        fans[c["wallet"][-4:]].add((int(c["begins"].timestamp()), c["senders"], c["receivers"]))
    expected = defaultdict(set)
    for wallet in record.sent.keys() - record.categories.keys():
        if windows := record.fans(wallet, hours=24, wallets=3):
            expected[wallet[-4:]] |= windows
    assert fans == expected
    met["20"] += bool(fans)


def _is_path(each: Finding, wallet: str, other: str) -> None:
    steps = each.transfers
    assert (steps[0].sender, steps[-1].receiver) == (wallet, other)
    for before, after in itertools.pairwise(steps):
        assert before.receiver == after.sender
        assert before.occurred_at <= after.occurred_at
        assert before.asset == after.asset


def _party(each: Finding, wallet: str, other: str) -> str:
    (party,) = {end for s in each.transfers for end in (s.sender, s.receiver)} - {wallet, other}
    return party
