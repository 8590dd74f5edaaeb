"""The numbered questions on a real, expert-traced hack: their answers equal a plain search of its file."""

import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from app.domain import Transfer
from app.investigation.asking import answer, ask
from app.investigation.findings import Finding
from app.investigation.questions import question
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.hack import RESIDUALS, Hack
from tests.support.ledgers.investigating import Hashes, Ledger, hashes, longest_only, tell
from tests.support.ledgers.plain_answers import PlainRecord, categories_of
from tests.support.ledgers.question_checks import (
    check_categories,
    check_pairs,
    check_record,
    check_wallets,
)

Asked = Callable[..., list[Finding]]
LIMIT = 60.0  # seconds
MOST = 5_000  # rows
MIXER = "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b"
EXAMINED = 40  # wallets whose exposures are compared


def ways(found: list[Finding]) -> set[Hashes]:
    return {tuple(step.transaction_hash for step in finding.transfers) for finding in found}


def test_every_question_equals_a_plain_search(hack: Hack, postgres: Postgres, graph: Graph) -> None:
    transfers = hack.transfers()
    labels = list(hack.labels())
    tell(postgres, graph, transfers, labels)
    ledger = Ledger(transfers, {label.address for label in labels})
    hackers = hack.hackers()

    def asked(number: str, wallet: str, **given: Any) -> list[Finding]:  # noqa: ANN401
        about = {"chain": "ethereum", "wallet": wallet, "row_limit": MOST, **given}
        return ask(graph, question(number), about, timeout_seconds=LIMIT)

    _exposures(hack, asked)
    _shortest(ledger, asked, hackers)
    _neighbours(ledger, asked, hackers[0])
    _patterns(ledger, asked)

    day = max(ledger.moves, key=lambda t: t.occurred_at).occurred_at.date().isoformat()
    expected = {(t.transaction_hash,) for t in transfers if MIXER in {t.sender, t.receiver}}
    assert ways(asked("09", MIXER, since="2009-01-01T00:00:00Z")) == expected
    today = {t for t in transfers if t.occurred_at.date().isoformat() >= day}
    wallet = next(iter(today)).receiver
    assert ways(asked("09", wallet, since=f"{day}T00:00:00Z")) == {
        (t.transaction_hash,) for t in today if wallet in {t.sender, t.receiver}
    }


def test_the_way_of_every_thief_to_the_mixer_is_shown_or_said_to_be_left_out(
    hack: Hack, postgres: Postgres, graph: Graph
) -> None:
    transfers, labels = hack.transfers(), list(hack.labels())
    tell(postgres, graph, transfers, labels)
    record = PlainRecord(transfers, categories_of(labels))
    for hacker in hack.hackers():
        ways = {
            through: record.arrivals(hacker, MIXER, hop_limit=12, through=through)
            for through in (False, True)
        }
        about = {"chain": "ethereum", "wallet": hacker, "other": MIXER, "row_limit": 100}
        for number in ("03", "10"):
            found = answer(graph, question(number), about, timeout_seconds=LIMIT)
            assert found.left_out is not None
            assert found.findings or found.left_out.paths
            assert "through labelled wallets: " in found.summary
        assert len(found.findings) == len(ways[False])
        wider = ask(graph, question("10"), about | {"through_labels": True}, timeout_seconds=LIMIT)
        assert {way.transfers[-1].transaction_hash: way.values["hops"] for way in wider} == ways[True]
        assert all(way.values["wallets"].startswith(f"Hacker {hacker[:6]}…{hacker[-4:]} → ") for way in wider)


def test_every_new_question_equals_a_plain_search(hack: Hack, postgres: Postgres, graph: Graph) -> None:
    transfers, labels = hack.transfers(), list(hack.labels())
    tell(postgres, graph, transfers, labels)
    record = PlainRecord(transfers, categories_of(labels))
    ledger = Ledger(transfers, set(record.categories))
    met: dict[str, int] = defaultdict(int)

    def asked(number: str, wallet: str | None, **given: Any) -> list[Finding]:  # noqa: ANN401
        about = {"chain": "ethereum"} | ({} if wallet is None else {"wallet": wallet})
        return ask(graph, question(number), about | given, timeout_seconds=LIMIT)

    hackers = hack.hackers()
    busiest = sorted(record.sent, key=lambda wallet: -len(record.sent[wallet]))[:EXAMINED]
    check_pairs(asked, record, [(hacker, MIXER) for hacker in hackers], met)
    check_pairs(asked, record, itertools.combinations(hackers, 2), met)
    check_wallets(asked, record, {*hackers, MIXER, *busiest}, met)
    check_categories(asked, ledger, record, hackers, met)
    check_record(asked, record, met, least_usd=100)
    # Nobody in it collects from many and pays as many, and no two share an unlabelled deposit address.
    assert met.keys() >= {"10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"}
    assert {number for number, answers in met.items() if answers} >= {"10", "11", "14", "15", "17"}, met


def _exposures(hack: Hack, asked: Asked) -> None:
    """01 and 02: the paths' shares sum to the exposures that were computed with 80 digits."""
    expected: dict[tuple[str, str], dict[tuple[str, int], float]] = defaultdict(dict)
    for (address, direction, category, hop), share in hack.expected_shares().items():
        if category not in RESIDUALS:
            expected[address, direction][category, int(hop)] = share
    for direction, number in (("source", "01"), ("destination", "02")):
        wallets = sorted(address for address, its in expected if its == direction)
        compared = 0
        for wallet in wallets[:EXAMINED]:
            found = asked(number, wallet, least_share=1e-7)
            shares: dict[tuple[str, int], float] = defaultdict(float)
            for finding in found:
                shares[finding.values["category"], finding.values["hops"]] += finding.values["share"]
            if len(found) == MOST:
                continue
            compared += 1
            for cell, share in expected[wallet, direction].items():
                # What is below the least share is left out, path by path.
                assert shares[cell] == pytest.approx(share, abs=1e-3), (wallet, direction, cell)
                assert shares[cell] <= share + 1e-9
        assert compared >= EXAMINED // 2, direction


def _shortest(ledger: Ledger, asked: Asked, hackers: list[str]) -> None:
    """03: the hackers' money reaches the mixer over as few transfers as a search finds, four at least."""
    fewest = {}
    for hacker in hackers:
        reached = [
            len(chain)
            for chain in ledger.chains(hacker, lambda _before, _after, same: same, most=5)
            if chain[-1].receiver == MIXER
        ]
        found = asked("03", hacker, other=MIXER, least_share=0, hop_limit=5)
        assert [finding.values["hops"] for finding in found[:1]] == sorted(reached)[:1], hacker
        assert len(found) == len(reached), hacker
        fewest[hacker] = min(reached, default=99)
    assert min(fewest.values()) == 4


def _neighbours(ledger: Ledger, asked: Asked, hacker: str) -> None:
    """04 and 05: five wallets paid the mixer in fourteen transfers; whom a hacker paid, and how much."""
    paid_in = asked("04", MIXER)
    assert len(paid_in) == 5
    assert sum(finding.values["transfers"] for finding in paid_in) == 14
    amounts: dict[str, int] = defaultdict(int)
    for t in ledger.moves:
        if t.sender == hacker:
            amounts[t.receiver] += t.amount
    found = {f.transfers[0].receiver: f.values["units"] for f in asked("05", hacker)}
    assert found == pytest.approx({wallet: amount / 10**18 for wallet, amount in amounts.items()}, abs=1e-7)


def _patterns(ledger: Ledger, asked: Asked) -> None:
    """06, 07 and 08 for every wallet that a search finds something for, and some that it does not."""
    found_any: dict[str, int] = defaultdict(int)
    wallets = sorted({t.sender for t in ledger.moves})
    for wallet in wallets:
        cycles = {
            hashes(chain)
            for chain in ledger.chains(wallet, lambda _b, _a, same: same, most=4)
            if [place for place, t in enumerate(chain) if t.receiver == wallet] == [len(chain) - 1] != [0]
        }
        peels = longest_only(
            hashes(chain) for chain in ledger.chains(wallet, _peels, most=8) if len(chain) >= 3
        )
        crossings = longest_only(
            hashes(chain) for chain in ledger.chains(wallet, _crosses, most=8) if len(chain) >= 2
        )
        for number, expected, given in (
            ("06", cycles, {"least_share": 0, "hop_limit": 4}),
            ("07", peels, {}),
            ("08", crossings, {}),
        ):
            if expected and len(expected) < MOST:
                assert ways(asked(number, wallet, **given)) == expected, (number, wallet)
                found_any[number] += 1
    assert found_any.keys() == {"06", "07", "08"}, found_any


def _peels(before: Transfer, after: Transfer, _same_pool: bool) -> bool:  # noqa: FBT001 - a predicate
    hours = (after.occurred_at - before.occurred_at).total_seconds() / 3600
    return 0.7 * float(before.amount) <= float(after.amount) < float(before.amount) and hours <= 24


def _crosses(before: Transfer, after: Transfer, _same_pool: bool) -> bool:  # noqa: FBT001 - a predicate
    minutes = (after.occurred_at - before.occurred_at).total_seconds() / 60
    return 0.9 * float(before.amount) <= float(after.amount) <= float(before.amount) and minutes <= 60
