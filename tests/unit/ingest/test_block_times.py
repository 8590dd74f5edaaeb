"""Which transfers contradict the order of blocks by their time."""

from dataclasses import replace
from datetime import timedelta

from ingest.record.block_times import out_of_order
from tests.support.builders import transfer


def test_a_time_before_that_of_an_earlier_block_of_the_chain_is_counted() -> None:
    in_order = [transfer(number, 1, 2, 5) for number in range(10)]
    assert out_of_order(reversed(in_order)) == 0
    back = timedelta(seconds=3)
    late = [replace(t, occurred_at=t.occurred_at - back) if t.block_number == 7 else t for t in in_order]
    assert out_of_order(late) == 1  # 7 is now at the time of 4, before 5 and 6
    other = [replace(t, chain="bitcoin") if t.block_number in {5, 6} else t for t in late]
    assert out_of_order(other) == 0
    ahead = [replace(t, occurred_at=t.occurred_at + back) if t.block_number == 2 else t for t in in_order]
    assert out_of_order(ahead) == 2  # 3 and 4 occur before 2, and 5 when it does


def test_transfers_of_one_block_have_no_order() -> None:
    first, second = transfer(1, 1, 2, 5), transfer(2, 1, 2, 5)
    assert out_of_order([replace(second, block_number=1), first]) == 0
    assert out_of_order([]) == 0
