"""The numbered questions of investigators to the graph, each a file in `cypher/investigate`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import InvalidInput, NotFound
from app.investigation.parameters import Parameter, parameters_of, typed
from cypher import Query, names, query

FOLDER = "investigate"
"""Questions about the whole record, or about what is no wallet."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, with its number (`01`) and its name (`source_paths`)."""

    number: str
    name: str
    query: Query

    @property
    def is_of_wallet(self) -> bool:
        """Whether it is about a wallet."""
        return "wallet" in self.query.params

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ")

    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name."""
        return parameters_of(self.number, self.query.params)

    def defaults(self) -> dict[str, Any]:
        """The default values of its parameters; those that must be given have none."""
        return {name: each.default for name, each in self.parameters().items() if not each.is_required}


def questions() -> list[Question]:
    """All questions, by number."""
    found = [_question(name) for name in names() if name.startswith(f"{FOLDER}/")]
    return sorted(found, key=lambda each: each.number)


def question(number_or_name: str) -> Question:
    """The question of a number, with or without its leading zero, or of a name.

    Raises:
        NotFound: there is no such question.
    """
    wanted = number_or_name.strip().lower().replace("-", "_").replace(" ", "_")
    named = (each for each in questions() if wanted.zfill(2) == each.number or wanted == each.name)
    if (found := next(named, None)) is None:
        known = "GET /v1/questions lists them (`aml investigate`)."
        raise NotFound(f"There is no question {number_or_name[:40]}. {known}")
    return found


def complete(about: Question, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all parameters of a question, typed, in a fixed order.

    Raises:
        InvalidInput: one is missing or wrong, or the question has none of that name.
    """
    parameters = about.parameters()
    if unknown := sorted(values.keys() - parameters.keys()):
        known = ", ".join(parameters)
        message = f"Question {about.number} has no parameter {unknown[0]}: it has {known}."
        raise InvalidInput(message, name=f"parameters.{unknown[0]}")
    given = about.defaults() | dict(values)
    if missing := sorted(parameters.keys() - given.keys()):
        meaning = parameters[missing[0]].meaning
        message = f"Question {about.number} also needs {missing[0]}: {meaning}."
        raise InvalidInput(message, name=missing[0] if missing[0] == "other" else f"parameters.{missing[0]}")
    return {name: typed(about.number, parameter, given[name]) for name, parameter in parameters.items()}


def _question(name: str) -> Question:
    number, _, words = name.rpartition("/")[2].partition("_")
    return Question(number, words, query(name))
