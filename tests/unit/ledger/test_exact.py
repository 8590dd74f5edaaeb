"""The exact answers that engines are compared with are whole themselves."""

import pytest

from app.ledger.cells import DESTINATION, SOURCE
from tests.support.ledgers.exact import exact_content
from tests.support.ledgers.moves import random_ledger


@pytest.mark.parametrize("direction", [SOURCE, DESTINATION])
def test_the_exact_parts_of_every_transfer_sum_to_the_whole(direction: int) -> None:
    ledgers = [random_ledger(number) for number in range(1, 40)]
    wholes = [sum(cells.values()) for ledger in ledgers for _, cells in exact_content(ledger, direction, 3)]
    assert len(wholes) > 500
    assert set(wholes) == {1}
