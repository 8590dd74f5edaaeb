"""The parameters of questions: what each means, its type, its default, and the least and most it may be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from app.answers.names import QuestionParameterKind
from app.chains.addresses import KNOWN_CHAINS
from app.errors import InvalidInput

MAX_TEXT: Final = 200
MAX_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; without a default it must be given. A time may be null, which is no bound."""

    name: str
    kind: QuestionParameterKind
    meaning: str
    default: Any = None
    least: float | None = None
    most: float | None = None
    is_required: bool = False


def _parameters(*parameters: Parameter) -> dict[str, Parameter]:
    return {each.name: each for each in parameters}


PARAMETERS: Final = _parameters(
    Parameter("chain", "text", "the chain of the wallets", is_required=True),
    Parameter("wallet", "text", "the address that the question is about", is_required=True),
    Parameter("other", "text", "the address of the other wallet", is_required=True),
    Parameter("category", "text", "the category of the wallets where paths end", is_required=True),
    Parameter("transaction_hash", "text", "the hash of the transaction", is_required=True),
    Parameter("words", "words", "words of the name, or their beginnings", is_required=True),
    Parameter("hop_limit", "integer", "the most transfers of a path", 6, 1, 6),
    Parameter(
        "least_share",
        "number",
        "the least part, of all the wallet moved of the asset, that a path carries",
        0.001,
        0,
        1,
    ),
    Parameter("least_rest", "number", "the least part of a sum that is passed on", 0.7, 0.01, 1),
    Parameter("least_usd", "number", "the least value of each transfer in USD", 0, 0, 1e15),
    Parameter("within_hours", "integer", "the most hours between two transfers", 24, 1, 8_760),
    Parameter("within_minutes", "integer", "the most minutes between two transfers", 60, 1, 525_600),
    Parameter("least_wallets", "integer", "the least number of wallets on each side", 5, 2, 10_000),
    Parameter("max_transfers", "integer", "wallets with more transfers are left out", 1_000, 1, 1_000_000),
    Parameter("same_asset", "switch", "whether all transfers of a path move the same asset", default=True),
    Parameter(
        "through_labels", "switch", "whether paths go on through labelled wallets or end there", default=False
    ),
    Parameter("since", "time", "transfers from this moment on; null: from the first one"),
    Parameter("until", "time", "transfers before this moment; null: to the last one"),
    Parameter("watermark", "integer", "the last batch of a scoring run", 2**62, 0, 2**62),
    Parameter("row_limit", "integer", "the most rows", 50, 1, MAX_ROWS),
)
"""Every parameter, in the order in which they are shown."""

OF_QUESTIONS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "01": {"hop_limit": {"default": 4}},
    "02": {"hop_limit": {"default": 4}},
    "03": {"hop_limit": {"most": 12}, "row_limit": {"default": 10}},
    "08": {"least_rest": {"default": 0.9}},
    "10": {"hop_limit": {"default": 12, "most": 12}, "row_limit": {"default": 10}},
    "11": {"hop_limit": {"default": 3, "most": 12}, "least_usd": {"default": 1_000}},
    "13": {"within_hours": {"meaning": "the hours within which both happen"}},
    "14": {"hop_limit": {"default": 12, "most": 12}},
    "16": {"least_rest": {"default": 0.95}, "max_transfers": {"default": 1_000}},
    "17": {"hop_limit": {"most": 12}},
    "18": {"least_usd": {"default": 1_000}, "max_transfers": {"default": 200}},
    "19": {"hop_limit": {"most": 8}, "least_rest": {"default": 0.9}, "least_usd": {"default": 1_000},
           "max_transfers": {"default": 200}},
    "20": {"within_hours": {"meaning": "the hours within which both happen"},
           "max_transfers": {"default": 10_000}},
}  # fmt: skip
"""What differs in a question."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SWITCHES: Final = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


def parameters_of(number: str, names: frozenset[str]) -> dict[str, Parameter]:
    """The parameters of a question, by name, in the order in which they are shown."""
    changes = OF_QUESTIONS.get(number, {})
    return {
        name: replace(parameter, **changes.get(name, {}))
        for name, parameter in PARAMETERS.items()
        if name in names
    }


def typed(number: str, parameter: Parameter, value: Any) -> Any:  # noqa: ANN401 - JSON, or text of a form
    """The value in the parameter's type; text is read as the type says.

    Raises:
        InvalidInput: it is of another type, or less or more than the question can do.
    """
    read = {
        "integer": _integer,
        "number": _number,
        "switch": _switch,
        "time": _time,
        "text": _text,
        "words": _words,
    }
    found = read[parameter.kind](value)
    if found is _WRONG:
        raise _wrong(number, parameter)
    if parameter.kind in ("integer", "number"):
        least, most = parameter.least, parameter.most
        if (least is not None and found < least) or (most is not None and found > most):
            raise _wrong(number, parameter)
    if parameter.name == "chain" and found not in KNOWN_CHAINS:
        raise InvalidInput(f"{found!a} is no chain that is known.", name="parameters.chain")
    return found


def _wrong(number: str, parameter: Parameter) -> InvalidInput:
    message = f"{parameter.name} of question {number} must be {_form(parameter)}."
    return InvalidInput(message, name=f"parameters.{parameter.name}")


_WRONG: Final = object()


def _form(parameter: Parameter) -> str:
    if parameter.kind == "switch":
        return "true or false"
    if parameter.kind == "time":
        return "a day (2026-01-05), a time with its offset (2026-01-05T12:00:11Z), or null"
    if parameter.kind in ("text", "words"):
        return f"text of 1 to {MAX_TEXT} characters"
    whole = "a whole number" if parameter.kind == "integer" else "a number"
    return f"{whole} from {parameter.least:.15g} to {parameter.most:.15g}"


def _integer(value: object) -> Any:  # noqa: ANN401 - or what says that it is wrong
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,19}\s*", value, re.ASCII):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else _WRONG


def _number(value: object) -> Any:  # noqa: ANN401 - likewise
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _WRONG
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and isfinite(value) else _WRONG  # type: ignore[arg-type]


def _switch(value: object) -> Any:  # noqa: ANN401 - likewise
    if isinstance(value, str):
        return _SWITCHES.get(value.strip().lower(), _WRONG)
    return value if isinstance(value, bool) else _WRONG


def _time(value: object) -> Any:  # noqa: ANN401 - likewise
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "null")):
        return None
    if not isinstance(value, str):
        return _WRONG
    text = value.strip().upper()
    try:
        moment = datetime.fromisoformat(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
        if moment.tzinfo is None:
            return _WRONG
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return _WRONG


def _text(value: object) -> Any:  # noqa: ANN401 - likewise
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= MAX_TEXT and text.isprintable() else _WRONG


def _words(value: object) -> Any:  # noqa: ANN401 - likewise
    """What Lucene reads as the beginnings of words, all of which must be there; none of its signs counts."""
    text = _text(value)
    terms = re.findall(r"[^\s+\-&|!(){}\[\]^\"~*?:\\/]+", text) if isinstance(text, str) else []
    return " AND ".join(f"{term.lower()}*" for term in terms) or _WRONG
