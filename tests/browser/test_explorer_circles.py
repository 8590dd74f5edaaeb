"""The explorer where money goes round in circles: captions of edges that come and go side by side."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from app.stores.graph import Graph
from tests.browser.explorer_page import WIDE, explore, grow, window
from tests.browser.geometry import measured
from tests.browser.site import Site, explorer_site
from tests.support.builders import address, transfer
from tests.support.servers.choice import Servers
from tests.support.servers.databases import Databases

_ROUND = ((1, 2), (2, 3), (3, 4), (4, 2), (2, 4), (4, 1), (3, 2), (5, 2), (2, 5), (4, 3), (1, 4))
_MONEY = 1_000_000


@pytest.fixture(scope="module")
def told(servers: Servers, databases: Databases, session_graph: Graph) -> Iterator[Site]:
    """Five wallets that pay one another, both ways and across."""
    transfers = [
        transfer(number, sender, receiver, _MONEY - number)
        for number, (sender, receiver) in enumerate(_ROUND, 1)
    ]
    with explorer_site(servers, databases, session_graph, transfers) as found:
        yield found


@pytest.mark.parametrize("number", range(1, 6))
def test_no_caption_lies_on_another(told: Site, chromium: Browser, number: int) -> None:
    with window(chromium, WIDE) as page:
        explore(page, f"{told.url}/explore/{address(number)}")
        grow(page, 5)
        grow(page, 5, "in")
        found = measured(page)
        assert (found["off"], found["hidden"], found["overlapping"]) == (0, [], [])
