"""How ports are chosen; whether one is free is a function here, so no socket is opened."""

from itertools import count

import pytest

from app.errors import InUse, InvalidInput
from embedded.ports import PINS, choose, draw, pinned_ports


def test_free_ports_of_the_last_run_are_kept() -> None:
    remembered = {name: 25_000 + number for number, name in enumerate(PINS)}
    assert choose(remembered, {}, is_free=lambda _: True, draw=draw) == remembered


def test_a_remembered_port_that_is_taken_is_replaced_and_the_others_stay() -> None:
    remembered = {name: 25_000 + number for number, name in enumerate(PINS)}
    taken = remembered["kafka"]
    ports = choose(remembered, {}, is_free=lambda port: port != taken, draw=lambda: 30_000)
    assert ports == remembered | {"kafka": 30_000}


def test_ports_are_all_different_even_if_the_draw_repeats_itself() -> None:
    numbers = count(40_000)
    ports = choose({}, {}, is_free=lambda _: True, draw=lambda: next(numbers) // 2)
    assert len(set(ports.values())) == len(PINS) == len(ports)


def test_a_pinned_port_wins_over_the_remembered_and_over_another_servers_memory() -> None:
    ports = choose(
        {"postgres": 5000, "kafka": 6000}, {"kafka": 5000}, is_free=lambda _: True, draw=count(7000).__next__
    )
    assert ports["kafka"] == 5000
    assert ports["postgres"] == 7000


def test_a_pinned_port_that_is_taken_is_told_in_one_sentence() -> None:
    with pytest.raises(
        InUse, match=r"^Port 7687 is in use: choose another with AML_NEO4J_BOLT_PORT, [^.]*\.$"
    ):
        choose({}, {"neo4j_bolt": 7687}, is_free=lambda port: port != 7687, draw=draw)


def test_one_port_pinned_twice_is_refused() -> None:
    with pytest.raises(InUse, match="Port 7000 is in use"):
        choose({}, {"kafka": 7000, "api": 7000}, is_free=lambda _: True, draw=draw)


def test_pins_are_read_from_the_environment() -> None:
    assert pinned_ports({"AML_KAFKA_PORT": "9092", "AML_API_PORT": "", "PATH": "1"}) == {"kafka": 9092}


@pytest.mark.parametrize("text", ["0", "65536", "-1", "nine", "٣"])
def test_a_pin_that_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="AML_KAFKA_PORT"):
        pinned_ports({"AML_KAFKA_PORT": text})
