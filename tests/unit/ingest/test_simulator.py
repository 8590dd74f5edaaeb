"""The simulated story: the same bytes by seed, valid, in ledger order, and its truth is true."""

import csv
import hashlib
from collections import Counter, defaultdict
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import orjson
import pytest

from app.domain import ZERO_ADDRESS, Transfer
from app.errors import InvalidInput
from ingest.contract.transfer import decode, encode
from ingest.contract.transfer_index import FIRST_INTERNAL_INDEX, NATIVE_INDEX
from ingest.simulator import Story, simulate, write_story

HOP_LIMIT = 4
PINNED = "a7c3c97a53c2785da081163e0adda513115ab590b6ebe08f3e2808b84eca0f53"
"""Of seed 5 below: changes only with the story itself, never with the machine."""


@cache
def story() -> Story:
    return simulate(1)


def flows(transfers: list[Transfer]) -> list[Transfer]:
    return [t for t in transfers if t.amount and t.sender != t.receiver]


def categories() -> dict[str, str]:
    return {ZERO_ADDRESS: "mint_burn"} | {row.address: row.category for row in story().labels}


def sources(transfers: list[Transfer], labels: dict[str, str]) -> dict[tuple[str, str], Counter]:
    """Amount received by (wallet, asset) and (category, hop): a plain pro-rata ledger, first to last."""
    pools, received = defaultdict(Counter), defaultdict(Counter)
    for t in flows(transfers):
        pool, arriving = pools[t.sender, t.asset], Counter()
        held = sum(pool.values())
        part = min(1.0, t.amount / held) if held else 0.0
        for (category, hop), amount in list(pool.items()):
            pool[category, hop] = amount * (1 - part)
            arriving[(category, hop + 1) if hop < HOP_LIMIT else ("beyond", HOP_LIMIT)] += amount * part
        if t.sender in labels:
            arriving = Counter({(labels[t.sender], 1): float(t.amount)})
        else:
            arriving["unobserved", 1] += max(t.amount - held, 0.0)
        pools[t.receiver, t.asset].update(arriving)
        received[t.receiver, t.asset].update(arriving)
    return received


def destinations(transfers: list[Transfer], labels: dict[str, str]) -> dict[tuple[str, str], Counter]:
    """Amount sent by (wallet, asset) and (category, hop): the same ledger, last to first."""
    held, parts = defaultdict(int), []
    for t in flows(transfers):
        before = held[t.sender, t.asset]
        parts.append(min(1.0, t.amount / before) if before else 0.0)
        held[t.sender, t.asset] = max(before - t.amount, 0)
        held[t.receiver, t.asset] += t.amount
    fate, sent = defaultdict(Counter), defaultdict(Counter)
    for t, part in reversed(list(zip(flows(transfers), parts, strict=True))):
        if t.receiver in labels:
            reached = Counter({(labels[t.receiver], 1): 1.0})
        else:
            later = fate[t.receiver, t.asset]
            reached = Counter({(c, hop + 1): share for (c, hop), share in later.items() if hop < HOP_LIMIT})
        own = fate[t.sender, t.asset]
        for cell in own.keys() | reached.keys():
            own[cell] = own[cell] * (1 - part) + reached[cell] * part
        for cell, share in reached.items():
            sent[t.sender, t.asset][cell] += t.amount * share
    return sent


def test_one_seed_is_one_story_to_the_byte() -> None:
    first = b"".join(encode(t) for t in simulate(5, wallets=300, transfers=1_500).transfers)
    again = b"".join(encode(t) for t in simulate(5, wallets=300, transfers=1_500).transfers)
    other = b"".join(encode(t) for t in simulate(6, wallets=300, transfers=1_500).transfers)
    assert first == again
    assert first != other
    assert hashlib.sha256(first).hexdigest() == PINNED


def test_different_stories_share_no_transaction_and_no_wallet_whatever_they_differ_in() -> None:
    stories = [
        simulate(seed, wallets=wallets, transfers=transfers)
        for seed, wallets, transfers in [(1, 400, 1_500), (1, 2_000, 6_000), (1, 400, 1_600), (2, 400, 1_500)]
    ]
    for first, second in combinations(stories, 2):
        assert not hashes(first) & hashes(second)
        assert addresses(first) & addresses(second) == {ZERO_ADDRESS}
        assert not {row.address for row in first.labels} & {row.address for row in second.labels}


def hashes(made: Story) -> set[str]:
    return {t.transaction_hash for t in made.transfers}


def addresses(made: Story) -> set[str]:
    return {address for t in made.transfers for address in (t.sender, t.receiver)}


@pytest.mark.parametrize(("wallets", "transfers"), [(300, 1_500), (2_000, 6_000), (3_000, 41_000)])
def test_sizes_are_those_asked_for(wallets: int, transfers: int) -> None:
    made = simulate(2, wallets=wallets, transfers=transfers)
    seen = {address for t in made.transfers for address in (t.sender, t.receiver)}
    assert len(made.transfers) == transfers
    assert 0.8 * wallets < len(seen) <= 1.02 * wallets


def test_without_a_number_of_transfers_there_are_three_a_wallet() -> None:
    assert len(simulate(2, wallets=600, transfers=None).transfers) == 1_800


def test_too_small_a_story_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 300 wallets"):
        simulate(1, wallets=10, transfers=100)


def test_transfers_are_in_ledger_order_at_places_of_their_own_and_pass_the_contract() -> None:
    transfers = story().transfers
    places = [t.seq for t in transfers]
    assert places == sorted(set(places))
    assert all(decode(encode(t), t.message_key.encode()) == t for t in transfers)
    assert all(a.occurred_at <= b.occurred_at for a, b in pairwise(transfers))
    assert all((t.transfer_index == NATIVE_INDEX) == (t.asset == "ETH") for t in transfers)
    assert max(t.transfer_index for t in transfers) < FIRST_INTERNAL_INDEX
    assert len({(t.transaction_hash, t.transfer_index) for t in transfers}) == len(transfers)


def test_the_story_holds_what_real_ledgers_hold() -> None:
    transfers = story().transfers
    a_transaction = Counter(t.transaction_hash for t in transfers)
    assert {t.usd_value is None for t in transfers} == {True, False}
    assert len({t.asset for t in transfers}) == 3
    assert {t.decimals for t in transfers} == {6, 18}
    assert max(a_transaction.values()) >= 3
    assert any(t.amount == 0 for t in transfers)
    assert any(t.sender == t.receiver and t.amount for t in transfers)
    assert any(t.sender == ZERO_ADDRESS for t in transfers)
    assert {row.category for row in story().labels} == {
        "exchange", "mixer", "gambling", "service", "scam", "stolen_funds", "sanctioned"
    }  # fmt: skip


def test_some_pools_are_emptied_over_and_over() -> None:
    held, emptied = defaultdict(int), Counter()
    for t in flows(story().transfers):
        before = held[t.sender, t.asset]
        emptied[t.sender, t.asset] += 0 < before <= t.amount
        held[t.sender, t.asset] = max(before - t.amount, 0)
        held[t.receiver, t.asset] += t.amount
    assert max(emptied.values()) > 20
    assert all(emptied[w, "ETH"] >= 7 for w in story().truth["roles"]["shuttle"])


def test_an_unlabelled_wallet_is_among_the_busiest() -> None:
    degree = Counter(a for t in flows(story().transfers) for a in (t.sender, t.receiver))
    busiest = [wallet for wallet, _ in degree.most_common(6)]
    assert story().truth["unlabelled_busy"][0] in busiest
    assert not set(story().truth["unlabelled_busy"]) & {row.address for row in story().labels}


def test_what_was_sent_beyond_what_was_received_is_told() -> None:
    held, unseen = defaultdict(int), Counter()
    for t in flows(story().transfers):
        rest = held[t.sender, t.asset] - t.amount
        unseen[t.sender, t.asset] += max(-rest, 0)
        held[t.sender, t.asset] = max(rest, 0)
        held[t.receiver, t.asset] += t.amount
    told = {(r["wallet"], r["asset"]): int(r["amount"]) for r in story().truth["sent_beyond_received"]}
    assert told == {pool: amount for pool, amount in unseen.items() if amount}
    labelled = {row.address for row in story().labels} | {ZERO_ADDRESS}
    assert any(wallet not in labelled for wallet, _ in told)


def test_every_shape_is_told_with_wallets_and_transactions_that_exist() -> None:
    transfers = story().transfers
    wallets = {a for t in transfers for a in (t.sender, t.receiver)}
    hashes = {t.transaction_hash for t in transfers}
    shapes = story().truth["shapes"]
    assert {shape["kind"] for shape in shapes} == {
        "scam", "theft", "sanctions", "mixing", "peel_chain", "fan_out_fan_in", "cycle", "rapid_pass_through"
    }  # fmt: skip
    for shape in shapes:
        assert {w for group in shape["wallets"].values() for w in group} <= wallets
        assert shape["transaction_hashes"]
        assert set(shape["transaction_hashes"]) <= hashes


def test_every_expected_exposure_is_in_the_ledger() -> None:
    labels = categories()
    amounts = {
        "source": sources(story().transfers, labels),
        "destination": destinations(story().transfers, labels),
    }
    totals = {"source": Counter(), "destination": Counter()}
    for t in flows(story().transfers):
        totals["source"][t.receiver, t.asset] += t.amount
        totals["destination"][t.sender, t.asset] += t.amount
    checked = 0
    for shape in story().truth["shapes"]:
        for e in shape["expected"]:
            pool, cell = (e["wallet"], e["asset"]), (e["category"], e["hop"])
            share = amounts[e["direction"]][pool][cell] / totals[e["direction"]][pool]
            assert share > 1e-4, (shape["kind"], e)
            assert e["share"] is None or share == pytest.approx(e["share"], abs=1e-9), (shape["kind"], e)
            assert e["relation"] == ("direct" if e["hop"] == 1 else "indirect")
            checked += 1
    assert checked > 100


def test_ordinary_wallets_are_mostly_clean_and_launderers_are_not() -> None:
    labels = categories()
    grave = {"scam", "stolen_funds", "sanctioned", "mixer"}
    totals = Counter()
    for t in flows(story().transfers):
        totals[t.receiver, t.asset] += t.amount
    worst = Counter()
    for (wallet, asset), cells in sources(story().transfers, labels).items():
        tainted = sum(amount for (category, _), amount in cells.items() if category in grave)
        worst[wallet] = max(worst[wallet], tainted / totals[wallet, asset])
    named = {wallet for wallets in story().truth["roles"].values() for wallet in wallets}
    ordinary = [share for wallet, share in worst.items() if wallet not in named]
    assert sum(share < 0.05 for share in ordinary) > 0.95 * len(ordinary)
    laundering = [worst[wallet] for wallet in story().truth["laundering_wallets"]]
    # The far end of a peel chain is beyond the hop limit: not clean, but nothing is traced to it.
    assert sum(share > 0.5 for share in laundering) > 0.75 * len(laundering)


def test_paths_of_four_hops_stay_countable() -> None:
    labels = categories()
    held, epoch, sends, deposits = defaultdict(int), Counter(), [], []
    for t in flows(story().transfers):
        sender, receiver = (t.sender, t.asset), (t.receiver, t.asset)
        sends.append((sender, epoch[sender]))
        epoch[sender] += 0 < held[sender] <= t.amount
        held[sender] = max(held[sender] - t.amount, 0)
        deposits.append((receiver, epoch[receiver]))
        held[receiver] += t.amount
    walks = [1] * len(sends)
    total = len(walks)
    for _ in range(HOP_LIMIT - 1):
        arrived, longer = Counter(), []
        for send, deposit, count in zip(sends, deposits, walks, strict=True):
            longer.append(0 if send[0][0] in labels else arrived[send])
            arrived[deposit] += count
        walks = longer
        total += sum(walks)
    assert len(sends) < total < 1_000_000


def test_the_three_files_say_what_the_story_says(tmp_path: Path) -> None:
    events, labels, truth = write_story(story(), tmp_path / "new" / "story.jsonl")
    assert [path.name for path in (events, labels, truth)] == [
        "story.jsonl", "story.labels.csv", "story.truth.json"
    ]  # fmt: skip
    assert [decode(line) for line in events.read_bytes().splitlines()] == story().transfers
    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["address"] for row in rows] == [row.address for row in story().labels]
    assert list(rows[0]) == ["chain", "address", "category", "name", "source", "confidence"]
    assert orjson.loads(truth.read_bytes()) == story().truth


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_story(story(), tmp_path / "file" / "story.jsonl")
