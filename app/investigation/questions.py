"""The numbered questions of investigators to the graph, each a file in `cypher/investigate`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain import transfer_index_of
from app.errors import InvalidInput, NotFound
from app.stores.graph import Graph
from cypher import Query, names, query

FOLDER = "investigate"
_DEFAULTS: dict[str, Any] = {
    "hop_limit": 4,
    "least_share": 0.001,
    "least_rest": 0.7,
    "within_hours": 24,
    "within_minutes": 60,
    "row_limit": 50,
    "since": "2009-01-01T00:00:00Z",
    "until": "2101-01-01T00:00:00Z",
    "watermark": 2**62,
}
_OWN_DEFAULTS: dict[str, dict[str, Any]] = {
    "03": {"row_limit": 5, "hop_limit": 6},
    "06": {"hop_limit": 6},
    "08": {"least_rest": 0.9},
}
MEANINGS = {
    "chain": "the chain of the wallets",
    "wallet": "the address that the question is about",
    "other": "the address the money may have reached",
    "hop_limit": "the most transfers of a path (6 at most)",
    "least_share": "the least part, of all the wallet moved of the asset, that a path carries",
    "least_rest": "the least part of a sum that each transfer passes on",
    "within_hours": "the most hours between two transfers",
    "within_minutes": "the most minutes between two transfers",
    "row_limit": "the most rows",
    "since": "transfers from this moment on",
    "until": "transfers before this moment",
    "watermark": "the last batch of a scoring run",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question, with its number (`01`) and its name (`source paths`)."""

    number: str
    name: str
    query: Query

    def defaults(self) -> dict[str, Any]:
        """The default values of its parameters; wallets have none."""
        values = _DEFAULTS | _OWN_DEFAULTS.get(self.number, {})
        if self.number == "09":
            values["since"] = f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z"
        return {name: values[name] for name in _in_order(self.query.params) if name in values}


@dataclass(frozen=True, slots=True)
class PathStep:
    """One transfer of the path of a row."""

    transaction_hash: str
    transfer_index: int
    occurred_at: datetime
    sender: str
    receiver: str
    asset: str
    amount: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of an answer: its plain columns by name, and the transfers of its path in their order."""

    columns: dict[str, Any]
    transfers: list[PathStep]


def questions() -> list[Question]:
    """All questions, by number."""
    return [_question(name) for name in names() if name.startswith(f"{FOLDER}/")]


def question(number: str) -> Question:
    """The question of a number, with or without its leading zero.

    Raises:
        NotFound: there is no such question.
    """
    numbered = next((each for each in questions() if each.number == number.zfill(2)), None)
    if numbered is None:
        raise NotFound(f"There is no question {number}. `aml investigate` lists them.")
    return numbered


def ask(graph: Graph, about: Question, values: Mapping[str, Any], *, timeout_seconds: float) -> list[Finding]:
    """The rows that answer a question; parameters without a value have their defaults.

    Raises:
        InvalidInput: a parameter is missing, or the question has none of that name.
        QueryTimeout: the query reached its time limit.
        DependencyMissing: the graph does not answer.
    """
    parameters = complete(about, values)
    rows = graph.read_graph(about.query, parameters, timeout_seconds=timeout_seconds)
    return [_finding(row) for row in rows]


def complete(about: Question, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all parameters of a question, in a fixed order.

    Raises:
        InvalidInput: one is missing, or the question has none of that name.
    """
    if unknown := sorted(values.keys() - about.query.params):
        known = ", ".join(_in_order(about.query.params))
        raise InvalidInput(f"Question {about.number} has no parameter {unknown[0]}: it has {known}.")
    parameters = about.defaults() | dict(values)
    if missing := sorted(about.query.params - parameters.keys()):
        raise InvalidInput(f"Question {about.number} also needs {missing[0]}: {MEANINGS[missing[0]]}.")
    return {name: parameters[name] for name in _in_order(about.query.params)}


def _in_order(params: frozenset[str]) -> list[str]:
    return [name for name in MEANINGS if name in params]


def _question(name: str) -> Question:
    number, _, words = name.removeprefix(f"{FOLDER}/").partition("_")
    return Question(number, words.replace("_", " "), query(name))


def _finding(row: Mapping[str, Any]) -> Finding:
    path = row["path"]
    columns = {name: _plain(value) for name, value in row.items() if name != "path"}
    return Finding(columns, list(_steps(path)))


def _steps(path: Any) -> Iterator[PathStep]:  # noqa: ANN401 - the driver's own path
    for each in path.relationships:
        yield PathStep(
            transaction_hash=each["transaction_hash"],
            transfer_index=transfer_index_of(each["seq"]),
            occurred_at=each["occurred_at"].to_native(),
            sender=each.start_node["address"],
            receiver=each.end_node["address"],
            asset=each["asset"],
            amount=each["amount_exact"],
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - one column of any type
    return value.to_native() if hasattr(value, "to_native") else value
