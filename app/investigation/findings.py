"""Rows of the graph as findings: plain columns, and the transfers that are drawn."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from app.answers.base import Answer
from app.domain import transfer_index_of

DRAWN = "path"
"""The column that Neo4j Browser draws: a path, several, a wallet, or nothing."""


class PathStep(Answer):
    """One transfer of a finding."""

    chain: str
    transaction_hash: str
    transfer_index: int
    occurred_at: datetime
    sender: str
    sender_label: str | None = Field(description="What its label calls the sender.")
    receiver: str
    receiver_label: str | None = Field(description="What its label calls the receiver.")
    asset: str
    amount: str = Field(description="In base units.")
    decimals: int | None
    usd_value: str | None


class Finding(Answer):
    """One row of an answer: its values by column, and its transfers in their order."""

    values: dict[str, Any] = Field(
        description="By column, as the question returns them: texts, numbers, times, lists. USD is text."
    )
    transfers: list[PathStep]


def finding(row: Mapping[str, Any]) -> Finding:
    """A row of a question, with the driver's own objects in it."""
    values = {name: _plain(name, value) for name, value in row.items() if name != DRAWN}
    return Finding(values=values, transfers=list(_steps(row.get(DRAWN))))


def _steps(drawn: Any) -> Iterator[PathStep]:  # noqa: ANN401 - the driver's own path, a list of them, a node
    if isinstance(drawn, list):
        for each in drawn:
            yield from _steps(each)
        return
    steps = list(getattr(drawn, "relationships", ()))
    if len(steps) > 1 and steps[0].end_node == drawn.start_node:
        steps.reverse()  # it is drawn from where the money arrived
    for each in steps:
        usd_value = each.get("usd_value")
        yield PathStep(
            chain=each.start_node["chain"],
            transaction_hash=each["transaction_hash"],
            transfer_index=transfer_index_of(each["seq"]),
            occurred_at=each["occurred_at"].to_native(),
            sender=each.start_node["address"],
            sender_label=each.start_node.get("label"),
            receiver=each.end_node["address"],
            receiver_label=each.end_node.get("label"),
            asset=each["asset"],
            amount=each["amount_exact"],
            decimals=each.get("decimals"),
            usd_value=None if usd_value is None else f"{usd_value:.2f}",
        )


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - one column of any type
    if name == "usd_value" and value is not None:
        return f"{value:.2f}"
    return value.to_native() if hasattr(value, "to_native") else value
