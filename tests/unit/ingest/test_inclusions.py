"""Which inclusion lives, against a model that is written from the rule alone."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from app.domain import Retraction
from ingest.record.inclusions import Included, Inclusions, identity_of
from tests.support.histories.inclusion_model import Mined, Taken
from tests.support.histories.inclusion_model import live_transfers as live_of_words

START = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.integers(0, 4).map(lambda n: START + timedelta(seconds=n))
blocks = st.sampled_from([(10, "a"), (10, "b"), (11, "c"), (12, None), (10, None)])
mined = st.builds(
    lambda block, index, seen: Mined(index, block[0], block[1], seen),
    blocks,
    st.integers(0, 2),
    st.none() | moments,
)
named = st.builds(
    lambda block, index, seen, by_hash: Retraction(
        "ethereum", "0x1", "ETH", index, seen, None if block[1] and by_hash else block[0], block[1]
    ),
    blocks,
    st.none() | st.integers(0, 2),
    moments,
    st.booleans(),
)
by_number = st.builds(
    lambda number, seen: Retraction("ethereum", "0x1", "ETH", None, seen, number),
    st.sampled_from([10, 11, 12]),
    moments,
)
unnamed = st.builds(
    lambda index, seen: Retraction("ethereum", "0x1", "ETH", index, seen),
    st.none() | st.integers(0, 2),
    moments,
)
Word = Mined | Retraction


def live_transfers(words: list[Word]) -> set[tuple[int, int, str | None]]:
    """What lives by the model, of producers' words."""
    return live_of_words(Taken(word) if isinstance(word, Retraction) else word for word in words)


def folded(words: list[Word]) -> set[tuple[int, int, str | None]]:
    """What lives after these words, as (transfer_index, block_number, block_hash)."""
    group, ids = Inclusions(), dict[tuple[int, int, str | None], int]()
    for word in words:
        if isinstance(word, Retraction):
            group.retract(identity_of(word))
        elif word.name in ids:
            group.repeat(ids[word.name], word.observed_at)
        else:
            ids[word.name] = len(ids)
            group.add(
                Included(ids[word.name], word.index, word.block_number, word.block_hash, word.observed_at)
            )
    live = group.live()
    return {name for name, transfer_id in ids.items() if transfer_id in live}


@given(words=st.lists(mined | named | by_number, max_size=9))
def test_words_that_name_blocks_say_the_same_in_every_order(words: list[Word]) -> None:
    expected = live_transfers(words)
    assert folded(words) == expected
    assert folded(words[::-1]) == expected
    assert folded(sorted(words, key=str)) == expected
    assert folded([*words, *words]) == expected


@given(words=st.lists(mined | named | by_number | unnamed, max_size=12))
def test_words_without_a_block_say_what_the_model_says_in_order(words: list[Word]) -> None:
    assert folded(words) == live_transfers(words)


@given(words=st.lists(mined | named | unnamed, max_size=10), first=st.integers(0, 10))
def test_reading_the_end_of_the_topic_again_changes_nothing(words: list[Word], first: int) -> None:
    assert folded([*words, *words[first:]]) == folded(words)


def test_a_repeated_retraction_does_not_take_back_what_was_mined_again() -> None:
    first, again = Mined(0, 10, None, None), Mined(0, 20, None, None)
    gone = Retraction("ethereum", "0x1", "ETH", None, START)
    assert folded([first, gone, again, gone]) == {again.name}


def test_a_retraction_before_its_transfer_is_remembered() -> None:
    transfer = Mined(0, 10, "a", START)
    gone = Retraction("ethereum", "0x1", "ETH", None, START, 10, "a")
    for words in permutations([transfer, gone, transfer]):
        assert folded(list(words)) == set()
    seen_later = Mined(0, 10, "a", START + timedelta(seconds=1))
    for words in permutations([transfer, gone, seen_later]):
        assert folded(list(words)) == {transfer.name}


def test_an_inclusion_that_waits_takes_the_place_of_one_that_is_retracted() -> None:
    old, new = Mined(3, 10, "a", START), Mined(5, 11, "b", START + timedelta(seconds=1))
    gone = Retraction("ethereum", "0x1", "ETH", None, START + timedelta(seconds=2), 11, "b")
    assert folded([new, old]) == {new.name}
    assert folded([new, old, gone]) == {old.name}
