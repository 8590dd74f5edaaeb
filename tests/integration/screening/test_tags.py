"""Tags: one address, many users. A label of one of them counts for it alone; the pool stays the address's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.answers.screenings import Screening
from app.labels.readers.label_csv import read_csv
from app.labels.store import LabelRow, import_labels
from app.labels.writers.current import current_rows
from app.labels.writers.label_csv import write_csv
from app.labels.writers.tagpack import write_tagpacks
from app.projection.pending import project_all_pending
from app.record.transfers import tagged_transfers
from app.record.wallets import find_wallet
from app.screening.screen import Screener
from app.screening.subjects import TransferSubject, WalletSubject, WithdrawalSubject
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import policy, transfer
from tests.support.record import rows, score, write

EXCHANGE = "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh"
CUSTOMER = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
X_ADDRESS = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu"  # CUSTOMER with tag 1


@pytest.fixture
def screener(settings: Settings, postgres: Postgres, graph: Graph) -> Screener:
    return Screener(postgres, graph, settings)


def labels(postgres: Postgres, *tags: str | None, category: str = "sanctioned", at: str = EXCHANGE) -> None:
    import_labels(
        postgres,
        [
            LabelRow("ripple", at, category, f"user {tag}", "a list", 100, None, None, "test", tag)
            for tag in tags
        ],
        policy().categories,
    )


def wallet(screener: Screener, address: str = EXCHANGE, tag: str | None = None) -> Screening:
    (found,) = screener.screen([WalletSubject(type="wallet", address=address, tag=tag)])
    return found


def xrp(number: int, sender: str, receiver: str, **tags: str) -> object:
    sent = transfer(number, sender, receiver, 1_000_000, chain="ripple", asset="XRP", decimals=6)
    return replace(sent, transaction_hash=f"{number:064x}", **tags)


def test_a_label_of_a_tag_counts_for_that_tag_alone(screener: Screener, postgres: Postgres) -> None:
    labels(postgres, "1042", "7")
    plain, listed, other = (wallet(screener, tag=tag) for tag in (None, "1042", "9"))
    assert (plain.risk_level, listed.risk_level, other.risk_level) == (None, "severe", None)
    assert listed.wallets[0].tag == "1042"
    seen = {(one.tag, one.other_tag, one.effective) for one in listed.wallets[0].labels}
    assert seen == {("1042", False, True), ("7", True, False)}
    assert all(one.other_tag for one in (*plain.wallets[0].labels, *other.wallets[0].labels))
    assert any("single tags" in note for note in plain.notes)
    assert any("other tags than 9" in note for note in other.notes)
    assert listed.asked["tag"] == "1042"


def test_two_users_of_one_address_are_answered_in_one_call(screener: Screener, postgres: Postgres) -> None:
    labels(postgres, "1042")
    found = screener.screen(
        [WalletSubject(type="wallet", address=EXCHANGE, tag=tag) for tag in ("1042", "7", None)]
    )
    assert [one.risk_level for one in found] == ["severe", None, None]


def test_a_tag_in_the_address_is_read(screener: Screener, postgres: Postgres) -> None:
    labels(postgres, "1", at=CUSTOMER)
    for text in (X_ADDRESS, f"{CUSTOMER}?dt=1", f"xrp:{CUSTOMER}?dt=1", f"ripple:{X_ADDRESS}"):
        found = wallet(screener, text)
        assert (found.risk_level, found.wallets[0].wallet_score.wallet.address) == ("severe", CUSTOMER), text
    assert wallet(screener, CUSTOMER).risk_level is None


def test_the_pool_and_the_score_stay_the_address_s(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    sent = [
        xrp(1, CUSTOMER, EXCHANGE, receiver_tag="1042"),
        xrp(2, EXCHANGE, CUSTOMER, sender_tag="7", receiver_tag="1"),
    ]
    write(postgres, sent)
    before = rows(postgres, "SELECT count(*) FROM pools")
    assert before == [(2,)]
    labels(postgres, "1042")
    project_all_pending(postgres, graph)
    score(postgres, graph)
    plain = wallet(screener)
    assert plain.risk_level != "severe"
    assert [one.tag for one in plain.wallets[0].labels] == ["1042"]
    listed = wallet(screener, tag="1042")
    assert (listed.risk_level, listed.status) == ("severe", "complete")
    assert listed.wallets[0].wallet_score.label is not None
    assert screener.verify(listed.screening_id).equal
    assert screener.verify(plain.screening_id).equal
    assert wallet(screener, CUSTOMER).risk_level != "severe"


def test_a_deposit_from_a_labelled_tag_and_a_payment_to_one_are_severe(
    screener: Screener, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [xrp(1, CUSTOMER, EXCHANGE), xrp(2, EXCHANGE, CUSTOMER, sender_tag="1042")])
    write(postgres, [xrp(3, EXCHANGE, CUSTOMER, sender_tag="8")], offset=10)
    labels(postgres, "1042")
    project_all_pending(postgres, graph)
    score(postgres, graph)
    subjects = [
        TransferSubject(type="transfer", chain="ripple", transaction_hash=f"{number:064x}", transfer_index=0)
        for number in (2, 3)
    ]
    listed, other = screener.screen(subjects)
    assert listed.transfer is not None
    assert listed.transfer.sender_tag == "1042"
    assert (listed.risk_level, other.risk_level == listed.risk_level) == ("severe", False)
    paying = [
        WithdrawalSubject(
            type="withdrawal", destination=EXCHANGE, chain="ripple", asset="XRP", amount="5", tag=tag
        )
        for tag in ("1042", "8")
    ]
    listed, other = screener.screen(paying)
    assert (listed.risk_level, other.risk_level == "severe") == ("severe", False)


def test_transfers_are_found_by_their_tag(postgres: Postgres) -> None:
    tags = ["1042", "7", "1042", "1042"]
    write(postgres, [xrp(n, CUSTOMER, EXCHANGE, receiver_tag=tag) for n, tag in enumerate(tags, 1)])
    write(postgres, [xrp(9, EXCHANGE, CUSTOMER, sender_tag="1042", receiver_tag="3")], offset=10)
    write(postgres, [xrp(10, EXCHANGE, EXCHANGE, sender_tag="1042", receiver_tag="1042")], offset=20)
    with postgres.transaction() as connection:
        known = find_wallet(connection, EXCHANGE)
        found = tagged_transfers(connection, known, "1042", 3, None, with_total=True)
        rest = tagged_transfers(connection, known, "1042", 3, found.next)
        assert tagged_transfers(connection, known, "3", 3, None).transfers == []
    listed = [*found.transfers, *rest.transfers]
    assert [(int(one.transaction_hash, 16), one.way) for one in listed] == [
        (10, "in"), (9, "out"), (4, "in"), (3, "in"), (1, "in"),
    ]  # fmt: skip
    assert (found.total, rest.next) == (5, None)


def test_labels_of_tags_go_out_and_come_in_again(postgres: Postgres, tmp_path: Path) -> None:
    labels(postgres, "1042", None, "=cmd|' /C calc'!A0")
    with postgres.transaction() as connection:
        assert write_csv(current_rows(connection, None), tmp_path / "labels.csv") == 3
        assert write_tagpacks(current_rows(connection, None), tmp_path / "packs") == 1
    back = list(read_csv(tmp_path / "labels.csv"))
    report = import_labels(postgres, back, policy().categories)
    assert (report.added, report.unchanged, report.updated) == (0, 3, 0)
    (pack,) = (tmp_path / "packs").iterdir()
    assert json.dumps("user None") in pack.read_text()
