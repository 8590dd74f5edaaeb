"""The indices of a transaction's movements: no two kinds of movement share one."""

import pytest

from app.domain import MAX_INDEX
from app.errors import InvalidEvent
from ingest.contract.transfer_index import FEE_INDEX, NATIVE_INDEX, internal_index, token_index


def test_every_index_belongs_to_one_kind_of_movement() -> None:
    tokens = [token_index(log_index) for log_index in range(32_767)]
    internals = [internal_index(order) for order in range(32_767)]
    assert [NATIVE_INDEX, *tokens, *internals, FEE_INDEX] == list(range(MAX_INDEX + 1))


@pytest.mark.parametrize("number", [-1, 32_767, MAX_INDEX])
def test_a_movement_beyond_its_range_is_refused(number: int) -> None:
    for index in (token_index, internal_index):
        with pytest.raises(InvalidEvent, match=r"^transfer_index: ") as caught:
            index(number)
        assert caught.value.reason == "bad_place"
