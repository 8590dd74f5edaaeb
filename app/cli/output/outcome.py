"""How a command that sends messages waits for the consumer, and says what became of them."""

import time
from collections.abc import Callable, Mapping, Sequence

from app.cli.output.terminal import stderr
from app.errors import NotReady
from app.record.outcome import Counts, OffsetRange, Outcome, outcome
from app.stores.postgres import Postgres

POLL_SECONDS = 0.2


def await_outcome(
    postgres: Postgres,
    topic: str,
    before: Mapping[int, Counts],
    ranges: Sequence[OffsetRange],
    *,
    silence_seconds: float,
    progress: Callable[[int], None],
) -> Outcome:
    """What became of the messages when all are consumed, or when nothing has been for so many seconds."""
    seen, since = -1, time.monotonic()
    while True:
        with postgres.transaction(snapshot=True) as connection:
            became = outcome(connection, topic, before, ranges)
        progress(became.consumed)
        if not became.waiting:
            return became
        if became.consumed + became.others != seen:
            seen, since = became.consumed + became.others, time.monotonic()
        elif time.monotonic() - since > silence_seconds:
            return became
        time.sleep(POLL_SECONDS)  # another process's progress has no condition to wait on


def print_outcome(sent: int, became: Outcome) -> None:
    """The counts as one sentence, and what to look at next."""
    counts = [
        _count(became.stored, "stored"),
        _count(became.duplicates, "duplicate", "duplicates"),
        _count(became.retractions, "retraction", "retractions"),
    ]
    refused = ", ".join(f"{count} {reason}" for reason, count in became.dead_letters.items())
    dead = _count(sum(became.dead_letters.values()), "dead letter", "dead letters")
    counts.append(f"{dead} ({refused})" if refused else dead)
    _say(f"{sent} sent: {', '.join(counts)}.")
    if became.others:
        _say(
            f"Meanwhile {became.others} messages of other producers were consumed: stored, duplicates and"
            " retractions count them too, dead letters do not."
        )
    if refused:
        _say("`aml dead-letters list` shows each refused message and why.")


def require_consumed(became: Outcome, silence_seconds: float) -> None:
    """Ends the command with an error while messages wait in Kafka.

    Raises:
        NotReady: some are not consumed.
    """
    if became.waiting:
        raise NotReady(
            f"{became.waiting} of {became.waiting + became.consumed} messages wait in Kafka: the consumer has"
            f" consumed nothing for {silence_seconds:g} seconds. `aml status` says whether it runs; what was"
            " sent is consumed once it does. With --no-wait nothing is waited for."
        )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 or many is None else many}"


def _say(sentence: str) -> None:
    stderr.print(sentence, highlight=False, markup=False)
