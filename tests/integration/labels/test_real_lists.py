"""Whole public lists, imported into a record: nothing of them breaks, and again they change nothing."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from app.labels.effective import effective_labels, label_set_digest
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.store import ImportReport, LabelRow, import_labels
from app.stores.postgres import Postgres
from tests.support.builders import policy


def read(path: Path, file_format: LabelFormat) -> tuple[list[LabelRow], Counter[str]]:
    if not path.is_dir():
        pytest.skip(f"{path} is not there")
    skipped: Counter[str] = Counter()
    return list(read_labels(path, file_format, skipped=skipped)), skipped


def digest(postgres: Postgres) -> tuple[int, str]:
    with postgres.transaction() as connection:
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        labels = effective_labels(connection, as_of=now, rules=policy().label_rules)
        return len(labels), label_set_digest(labels)


def import_twice(postgres: Postgres, rows: list[LabelRow]) -> None:
    assert import_labels(postgres, rows, policy().categories) == ImportReport(len(rows), 0, 0)
    before = digest(postgres)
    for replace in (False, True):
        report = import_labels(postgres, rows[::-1], policy().categories, replace=replace)
        assert report == ImportReport(0, len(rows), 0)
    assert digest(postgres) == before
    assert before[0] == len({(row.chain, row.address) for row in rows})


def test_every_public_tagpack_can_be_imported(postgres: Postgres, shared: Path) -> None:
    rows, skipped = read(shared / "data" / "labels" / "tagpacks", LabelFormat.tagpack)
    assert len(rows) + skipped.total() == 39_754  # every tag of the 57 packs
    assert (len(rows), skipped["bad_address"], skipped["bad_checksum"]) == (39_646, 25, 4)
    assert Counter(row.category for row in rows) == {
        "ransomware": 14_635, None: 10_383, "scam": 8_711, "service": 2_438, "exchange": 1_620,
        "stolen_funds": 1_209, "mixer": 260, "gambling": 208, "terrorist_financing": 155, "sanctioned": 27,
    }  # fmt: skip
    import_twice(postgres, rows)


def test_the_whole_sanctions_list_can_be_imported(postgres: Postgres, shared: Path) -> None:
    rows, skipped = read(shared / "data" / "labels" / "ofac", LabelFormat.ofac)
    assert len(rows) == 643
    assert skipped == {"duplicate": 10, "bad_address": 1}  # a hash on the list of Monero
    assert {row.chain for row in rows if row.address.startswith("T")} == {"tron"}
    import_twice(postgres, rows)
