"""Cases that must be judged right: each its level, its flags and its main reason, in both engines."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.domain import Transfer
from app.explain.direct_transfers import rule_evidence
from app.operations.policy_trial import try_policy
from app.projection.pending import project_all_pending
from app.runs.board.filters import ScoreFilter
from app.runs.board.listing import top_scores
from app.runs.compute import EngineChoice
from app.runs.score_record import read_score_record
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, policy, transfer
from tests.support.commands import aml, aml_json
from tests.support.record import ignore, label, rows, score, write

ETH, USDT = "ETH", "0xdac17f958d2ee523a2206206994597c13d831ec7"
TOKEN = "0x" + "e1" * 20
START = datetime(2023, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class World:
    """What one case is made of; every case has wallets of its own, 1,000 numbers apart."""

    first: int
    transfers: list[Transfer] = field(default_factory=list)
    labels: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    wallets: int = 0
    moment: datetime = START

    def wallet(self, category: str | None = None, **changes: Any) -> str:  # noqa: ANN401 - fields of a label
        """A new wallet, labelled where a category is named."""
        self.wallets += 1
        one = address(self.first + self.wallets)
        if category is not None:
            self.label(one, category, **changes)
        return one

    def label(self, wallet: str, category: str, **changes: Any) -> None:  # noqa: ANN401 - likewise
        """One more label of a wallet."""
        self.labels.append((wallet, category, {"name": f"A {category}", "confidence": 100} | changes))

    def pay(
        self,
        sender: str,
        receiver: str,
        usd: float | None,
        *,
        asset: str = ETH,
        after: timedelta = HOUR,
        amount: int | None = None,
    ) -> None:
        """A payment, an hour after the one before; 10^15 base units a dollar."""
        self.moment += after
        made = transfer(
            len(self.transfers) + 1,
            sender,
            receiver,
            amount or round(Decimal(str(usd or 1)) * 10**15),
            asset=asset,
            usd_value=None if usd is None else Decimal(str(usd)),
        )
        self.transfers.append(replace(made, occurred_at=self.moment))


@dataclass(frozen=True)
class Verdict:
    """What a wallet must be: one of the levels, with these flags, without those, and a reason with a text."""

    wallet: str
    levels: tuple[str, ...]
    flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    reason: str = ""


LOW, MEDIUM, HIGH = ("low",), ("medium", "high", "severe"), ("high", "severe")


def dusted(world: World) -> Iterator[Verdict]:
    exchange, listed, rich = world.wallet("exchange"), world.wallet("sanctioned"), world.wallet()
    world.pay(exchange, rich, 50_000)
    world.pay(listed, rich, 0.01)
    yield Verdict(rich, LOW, ("sanctions_contact",))


def sends_a_cent(world: World) -> Iterator[Verdict]:
    exchange, listed, sender = world.wallet("exchange"), world.wallet("sanctioned"), world.wallet()
    world.pay(exchange, sender, 2_000)
    world.pay(sender, listed, 0.01)
    reason = "sent money directly to a sanctioned wallet"
    yield Verdict(sender, ("medium",), ("sanctions_contact",), ("possible_victim",), reason)


def structured(world: World) -> Iterator[Verdict]:
    listed, one = world.wallet("sanctioned"), world.wallet()
    many = [world.wallet() for _ in range(30)]
    for number in range(300):
        world.pay(listed, one, 9)
        world.pay(listed, many[number % 30], 9)
    yield Verdict(one, HIGH, ("sanctions_contact",), reason="2,700.00 USD")
    for wallet in many[::10]:
        yield Verdict(wallet, HIGH, ("sanctions_contact",), reason="90.00 USD")


def spammed(world: World) -> Iterator[Verdict]:
    exchange, scammer, rich, poor = (
        world.wallet("exchange"),
        world.wallet("scam"),
        world.wallet(),
        world.wallet(),
    )
    world.pay(exchange, rich, 1_000_000)
    for wallet in (rich, poor):
        world.pay(scammer, wallet, None, asset=TOKEN)
    yield Verdict(rich, LOW, ("unregistered_asset",))
    yield Verdict(poor, ("unrated",), ("unregistered_asset",))


def unpriced(world: World) -> Iterator[Verdict]:
    listed, wallet = world.wallet("sanctioned"), world.wallet()
    world.pay(listed, wallet, None)
    yield Verdict(wallet, HIGH, ("sanctions_contact", "unpriced"), reason="sanctioned")


def cheated(world: World) -> Iterator[Verdict]:
    exchange, scammer, victim = world.wallet("exchange"), world.wallet("scam"), world.wallet()
    world.pay(exchange, victim, 20_000)
    world.pay(victim, scammer, 20_000)
    yield Verdict(victim, LOW, ("possible_victim",))


def collects(world: World) -> Iterator[Verdict]:
    exchange, scammer, mule = world.wallet("exchange"), world.wallet("scam"), world.wallet()
    payers = [world.wallet() for _ in range(20)]
    for payer in payers:
        world.pay(exchange, payer, 5_000)
    for payer in payers:
        world.pay(payer, mule, 1_000, after=timedelta(minutes=30))
        if payer in payers[9::10]:
            world.pay(mule, scammer, 9_500)
    yield Verdict(mule, MEDIUM, (), ("possible_victim",), "collected from many")
    for payer in payers:
        yield Verdict(payer, LOW, ("possible_victim_indirect",))


def borrows(world: World) -> Iterator[Verdict]:
    scammer, victim = world.wallet("scam"), world.wallet()
    friends = [world.wallet() for _ in range(2)]
    exchanges = [world.wallet("exchange") for _ in range(3)]
    for friend in friends:
        world.pay(exchanges[0], friend, 4_000)
    for payer in (*friends, *exchanges):
        world.pay(payer, victim, 3_000)
    world.pay(victim, scammer, 15_000)
    yield Verdict(victim, LOW, ("possible_victim",))
    for friend in friends:
        yield Verdict(friend, LOW, (), ("possible_victim_indirect",))


def pays_ransom(world: World) -> Iterator[Verdict]:
    exchange, group, payer = world.wallet("exchange"), world.wallet("sanctioned"), world.wallet()
    world.pay(exchange, payer, 80_000)
    world.pay(payer, group, 75_000)
    yield Verdict(payer, MEDIUM, ("sanctions_contact",), ("possible_victim",), "sanctioned")


def hacked(world: World) -> Iterator[Verdict]:
    exchange, bridge, thief = world.wallet("exchange"), world.wallet("service"), world.wallet("stolen_funds")
    world.pay(exchange, bridge, 1_000_000)
    world.pay(bridge, thief, 600_000)
    yield Verdict(bridge, LOW, ("possible_victim",))


def hot_wallet(world: World) -> Iterator[Verdict]:
    hot, listed, user = world.wallet("exchange"), world.wallet("sanctioned"), world.wallet()
    world.pay(user, hot, 10_000)
    world.pay(listed, hot, 50_000)
    yield Verdict(hot, LOW, ("sanctions_contact",), reason="labelled exchange")


def sanctioned_exchange(world: World) -> Iterator[Verdict]:
    wallet, user = world.wallet("exchange"), world.wallet()
    world.label(wallet, "sanctioned", source="registry", name="A listed exchange")
    world.pay(user, wallet, 100)
    yield Verdict(wallet, ("severe",), reason="labelled sanctioned")


def weakly_protected(world: World) -> Iterator[Verdict]:
    thief, own = world.wallet("stolen_funds"), world.wallet("service", confidence=5)
    onward = world.wallet()
    world.pay(thief, own, 100_000)
    world.pay(own, onward, 50_000)
    for wallet in (own, onward):
        yield Verdict(wallet, HIGH, reason="stolen_funds")


def large_sum(world: World) -> Iterator[Verdict]:
    exchange, gang, wallet = world.wallet("exchange"), world.wallet("ransomware"), world.wallet()
    world.pay(exchange, wallet, 98_000_000)
    world.pay(gang, wallet, 2_000_000)
    yield Verdict(wallet, HIGH, reason="2,000,000.00 USD")


def two_hops(world: World) -> Iterator[Verdict]:
    exchange, listed, middle, wallet = (world.wallet(c) for c in ("exchange", "sanctioned", None, None))
    world.pay(listed, middle, 40_000)
    world.pay(middle, wallet, 40_000)
    world.pay(exchange, wallet, 9_960_000)
    yield Verdict(wallet, MEDIUM, ("sanctions_indirect",), reason="40,000.00 USD")


def five_hops(world: World) -> Iterator[Verdict]:
    chain = [world.wallet("ransomware"), *(world.wallet() for _ in range(5))]
    for sender, receiver in pairwise(chain):
        world.pay(sender, receiver, 1_000_000)
    yield Verdict(chain[-1], MEDIUM, reason="1,000,000.00 USD")


def unknown(world: World) -> Iterator[Verdict]:
    chain = [world.wallet("exchange"), *(world.wallet() for _ in range(8))]
    for sender, receiver in pairwise(chain):
        world.pay(sender, receiver, 500)
    yield Verdict(chain[-1], ("unrated",), reason="known origin")
    yield Verdict(chain[6], LOW)


def tip(world: World) -> Iterator[Verdict]:
    wallet, alone, user = world.wallet("exchange", source="registry"), world.wallet(), world.wallet()
    for one in (wallet, alone):
        world.label(one, "ransomware", source="a tip", confidence=1)
        world.pay(user, one, 100)
    yield Verdict(wallet, LOW, ("weak_label",), reason="labelled exchange")
    yield Verdict(alone, ("medium",), ("weak_label",), reason="weak label")


def from_a_tip(world: World) -> Iterator[Verdict]:
    accused, wallet = world.wallet("ransomware", source="a tip", confidence=49), world.wallet()
    world.pay(accused, wallet, 5_000)
    yield Verdict(wallet, ("medium",), ("weak_label",), reason="weak label")


def listing(world: World) -> Iterator[Verdict]:
    mixer = world.wallet(
        "sanctioned",
        valid_from=datetime(2022, 8, 8, tzinfo=UTC),
        valid_to=datetime(2025, 3, 21, tzinfo=UTC),
    )
    later = world.wallet("sanctioned", valid_from=datetime(2023, 1, 1, tzinfo=UTC))
    before, during, after = world.wallet(), world.wallet(), world.wallet()
    for wallet, payer, moment in ((before, later, 2019), (during, mixer, 2023), (after, mixer, 2025)):
        world.moment = datetime(moment, 11, 1, tzinfo=UTC)
        world.pay(payer, wallet, 500)
    for wallet, levels in ((before, ("medium", "high")), (during, HIGH), (after, ("medium",))):
        yield Verdict(wallet, levels, ("sanctions_contact",), reason="sanctioned" if wallet == during else "")


CASES = (
    dusted, sends_a_cent, structured, spammed, unpriced, cheated, collects, borrows, pays_ransom, hacked,
    hot_wallet, sanctioned_exchange, weakly_protected, large_sum, two_hops, five_hops, unknown, tip,
    from_a_tip, listing,
)  # fmt: skip


def verdicts(postgres: Postgres) -> list[tuple[str, Verdict]]:
    """Every case written into one record, and what must come of it."""
    wanted, transfers = [], []
    for number, case in enumerate(CASES, start=1):
        world = World(number * 1_000)
        wanted += [(case.__name__, verdict) for verdict in case(world)]
        for wallet, category, changes in world.labels:
            label(postgres, wallet, category, **changes)
        transfers += world.transfers
    in_order = [
        replace(one, block_number=block, transaction_hash=f"0x{block:064x}")
        for block, one in enumerate(transfers, start=1)
    ]
    write(postgres, in_order)
    return wanted


@pytest.mark.parametrize("engine", ["ledger", "cypher"])
def test_every_probe_has_its_level_its_flags_and_its_reason(
    postgres: Postgres, graph: Graph, engine: EngineChoice
) -> None:
    wanted = verdicts(postgres)
    project_all_pending(postgres, graph)
    score(postgres, graph, engine)
    wrong = []
    with postgres.transaction(snapshot=True) as connection:
        for name, verdict in wanted:
            got = read_score_record(connection, verdict.wallet).score
            flags = set(got.flags)
            if (
                got.risk_level not in verdict.levels
                or not flags >= set(verdict.flags)
                or flags & set(verdict.without)
                or verdict.reason not in (got.main_reason or "")
            ):
                wrong.append((name, got.risk_level, sorted(flags), got.main_reason, verdict))
    assert wrong == []


def test_facts_are_found_with_their_transfers_at_any_amount(postgres: Postgres) -> None:
    wanted = verdicts(postgres)
    score(postgres)
    by_case = {name: verdict.wallet for name, verdict in reversed(wanted)}
    flagged = {verdict.wallet for _, verdict in wanted if "sanctions_contact" in verdict.flags}
    with postgres.transaction(snapshot=True) as connection:
        listed = top_scores(connection, 1_000, None, only=ScoreFilter(flag="sanctions_contact")).scores
        assert flagged <= {each.wallet.address for each in listed}
        assert all("sanctions_contact" in each.flags for each in listed)
        (contact,) = rule_evidence(connection, read_score_record(connection, by_case["dusted"]))
        many = rule_evidence(connection, read_score_record(connection, by_case["structured"]))
        listing_answer = read_score_record(connection, by_case["listing"]).score
    assert [
        (each.direction, each.category, each.listed, each.direct_usd, each.indirect_usd)
        for each in listing_answer.amounts
    ] == [("source", "sanctioned", "before", "500.00", "0.00")]
    assert (contact.rule, contact.direction, contact.other_transfers) == ("sanctions_contact", "source", 0)
    (transfer_of_a_cent,) = contact.transfers
    assert (transfer_of_a_cent.usd_value, transfer_of_a_cent.label) == ("0.01", "A sanctioned")
    assert {(len(each.transfers), each.other_transfers, each.other_usd) for each in many} == {
        (20, 280, "2520.00")
    }


def test_a_policy_is_tried_on_the_data_and_nothing_is_stored(postgres: Postgres) -> None:
    wanted = verdicts(postgres)
    run_id = score(postgres)
    same = try_policy(postgres, policy(), ignore)
    assert (same.published_run, same.changed_levels, same.changed_scores, same.largest) == (run_id, 0, 0, [])
    rule = "    when: {behaviour: mule}\n    "
    lenient = policy((f"{rule}level_at_least: medium", f"{rule}flag: mule"))
    tried = try_policy(postgres, lenient, ignore)
    (mule,) = [verdict.wallet for name, verdict in wanted if name == "collects" and verdict.levels == MEDIUM]
    assert [(each.wallet.address, each.level_before, each.level_after) for each in tried.largest] == [
        (mule, "medium", "low")
    ]
    assert tried.changes == {"medium -> low": 1}
    assert sum(tried.levels_after.values()) == sum(tried.levels_before.values()) == tried.wallets
    assert rows(postgres, "SELECT count(*), max(run_id) FROM scoring_runs") == [(1, run_id)]


@pytest.mark.usefixtures("commands")
def test_the_commands_write_levels_and_say_what_a_policy_changes(postgres: Postgres, tmp_path: Path) -> None:
    wanted = verdicts(postgres)
    score(postgres)
    written = tmp_path / "scores.csv"
    assert aml_json("export", "scores", str(written))["rows"] == len(written.read_text().splitlines()) - 1
    lines = {row["address"]: row for row in csv.DictReader(written.read_text().splitlines())}
    for name, verdict in wanted:
        assert lines[verdict.wallet]["level"] in verdict.levels, name
        assert set(verdict.flags) <= set(lines[verdict.wallet]["flags"].split()), name
    stricter = tmp_path / "stricter.yaml"
    rule = "    when: {behaviour: mule}\n    level_at_least: "
    stricter.write_text(policy().body.replace(f"{rule}medium", f"{rule}severe"))
    assert aml_json("policy", "try", str(stricter))["changes"] == {"medium -> severe": 1}
    assert "change their level" in aml("policy", "try", str(stricter))
    assert aml_json("policy", "check", str(stricter))["digest"] != policy().digest
