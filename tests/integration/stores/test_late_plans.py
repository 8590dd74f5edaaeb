"""A page of the later flows of a pool is read by its index, from the place of the late transfer on."""

from sqlalchemy import text

from app.stores.postgres import Postgres
from bench.busy_pool import BUSY, FIRST_BLOCK, fill
from ingest.record.restatement import _BY_INDEX, _LATER
from tests.support.builders import transfer
from tests.support.plans.large_statistics import restore_large_statistics
from tests.support.plans.sql_plans import nodes, plan_of
from tests.support.record import write
from tests.support.run_story import ALICE, BOB


def test_a_page_of_a_pool_is_read_in_the_order_of_its_index(postgres: Postgres) -> None:
    """A sort of all that a pool has would come before the limit, for every page."""
    write(postgres, [transfer(1, ALICE, BOB, 5)])
    with postgres.transaction() as connection:
        restore_large_statistics(connection)
    plan = plan_of(postgres, _LATER.text, [_BY_INDEX.text])
    limits = [node for node in nodes(plan) if node["Node Type"] == "Limit"]
    assert len(limits) == 2  # one for each side
    for limit in limits:
        (ordered,) = limit["Plans"]
        assert ordered["Node Type"] == "Incremental Sort"
        assert [key.partition(".")[2] for key in ordered["Presorted Key"]] == ["seq"]
        (joined,) = ordered["Plans"]
        assert joined["Node Type"] == "Nested Loop"
        flows, transaction = joined["Plans"]
        assert (flows["Node Type"], flows["Relation Name"]) == ("Index Scan", "flows")
        assert "pool_id = " in flows["Index Cond"]
        assert "seq >= k.seq" in flows["Index Cond"]
        assert transaction["Index Name"] == "pk_transactions"


def test_a_page_of_a_long_pool_reads_no_more_than_it_returns(postgres: Postgres) -> None:
    """Where the statistics know nothing, as of a table that has grown since."""
    fill(postgres, 5_000)
    with postgres.transaction() as connection:
        connection.execute(_BY_INDEX)
        explained = connection.execute(
            text(f"EXPLAIN (ANALYZE, FORMAT json) {_LATER.text}"),
            {"pools": [BUSY], "seqs": [(FIRST_BLOCK + 3_000) << 32], "hashes": [""], "page_rows": 100},
        ).scalar_one()
    reads = [node for node in nodes(explained[0]["Plan"]) if node.get("Relation Name") == "flows"]
    assert len(reads) == 2
    for read in reads:
        # An incremental sort looks a little ahead.
        assert 100 <= read["Actual Rows"] <= 200
