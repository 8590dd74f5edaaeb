"""The stages of a pass: one shuffle a hop, each wallet's steps in one task, and the shares at the end."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.ledger.cells import SOURCE
from app.ledger.hop_scan import scans_of
from app.spark.tasks import RESULT, STEP, Pass, Slowest, collect, first_messages, scan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STEPS_A_TASK = 400_000
"""About how many steps one task scans; a wallet is never divided."""
_GIVING = """
    giver AS owner, place, giver_pool AS pool, false AS is_labelled, true AS gives, taker AS other,
    taker_pool AS other_pool, taker_cell >= 0 AS other_is_labelled, amount, send_share, kept, unobserved, usd,
    CAST(array() AS array<smallint>) AS cells, CAST(array() AS array<double>) AS parts
"""


def shares_by_hops(
    transfers: "DataFrame", of: Pass, tasks: int, slowest: Callable[[Slowest], None]
) -> "DataFrame":
    """The shares of every pool and wallet, when somebody asks for them: one job of `stages_of` stages.

    Args:
        transfers: of the files that `app.spark.transfer_files` writes.
        of: the pass.
        tasks: how many tasks a stage has.
        slowest: is told of wallets that one batch does not hold.
    """
    ends = transfers.selectExpr(*_ends(of.direction))
    giving = ends.where("giver_cell < 0").selectExpr(*_columns(_GIVING))
    known = ends.where("giver_cell >= 0").mapInArrow(first_messages(of), STEP)  # a label's money: it stays so
    unknown = ends.where("giver_cell < 0").mapInArrow(first_messages(of), STEP)
    for _ in range(scans_of(of.layout)):
        steps = giving.union(known.where("NOT is_labelled")).union(unknown.where("NOT is_labelled"))
        unknown = _by_wallet(steps, tasks).mapInArrow(scan(of, slowest), STEP)
    return _by_wallet(known.union(unknown), tasks).mapInArrow(collect(of, slowest), RESULT)


def stages_of(of: Pass) -> int:
    """How many stages the job of a pass has."""
    return scans_of(of.layout) + 2


def _by_wallet(steps: "DataFrame", tasks: int) -> "DataFrame":
    return steps.repartition(tasks, "owner").sortWithinPartitions("owner", "place")


def _ends(direction: int) -> list[str]:
    giver, taker = ("sender", "receiver") if direction == SOURCE else ("receiver", "sender")
    place = "place" if direction == SOURCE else "-place AS place"
    ends = [
        f"{end}{column} AS {name}{column}"
        for end, name in ((giver, "giver"), (taker, "taker"))
        for column in ("", "_pool", "_cell")
    ]
    return [place, *ends, "amount", "send_share", "kept", "unobserved", "usd"]


def _columns(text: str) -> list[str]:
    """The columns of a select list; commas inside parentheses belong to a column."""
    columns, depth, current = [], 0, ""
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and not depth:
            columns.append(current.strip())
            current = ""
        else:
            current += char
    return [*columns, current.strip()]
