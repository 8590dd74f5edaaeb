"""The counts that ingestion keeps are those of the rows, whatever came and however often."""

from threading import Event

from sqlalchemy import text

from app.record.counts import read_counts
from app.stores.postgres import Postgres
from ingest.consumer.batch_writer import BatchWriter
from ingest.consumer.recorded_offsets import RecordedOffsets
from tests.support.histories.random_history import history
from tests.support.histories.written_again import write_again

_ROWS = text("""
    SELECT 'wallets' AS name, count(*) AS value FROM wallets
    UNION ALL SELECT 'restated', sum(restated) FROM batches
    UNION ALL SELECT 'retracted', sum(retracted) FROM batches
    UNION ALL SELECT 'refused.' || reason, count(*) FROM dead_letters GROUP BY reason
""")


def test_counts_are_those_of_the_rows(postgres: Postgres) -> None:
    batches = list(history(7, 1_500))
    for batch in batches:
        write_again(postgres, batch)
    again = BatchWriter(postgres, Event(), RecordedOffsets(postgres, "t"), 1_000)
    assert again.write(batches[-1]) == []  # as after a crash behind the commit
    write_again(postgres, batches[-1])
    with postgres.transaction() as connection:
        rows = {row.name: int(row.value) for row in connection.execute(_ROWS)}
        assert read_counts(connection) == rows
    assert {"wallets", "restated", "retracted", "refused.conflict"} <= rows.keys()
    assert all(rows.values())
