"""The guide for Neo4j Browser: the questions with their parameters, as HTML and as AsciiDoc."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.investigation.browser import parameters_text
from app.investigation.questions import Question, questions
from app.policy.policy import Policy
from app.projection.labels import node_labels
from app.projection.state import LEVEL_LABELS

SEVERE, HIGH, MEDIUM = 75, 50, 25
_RINGS = {SEVERE: "#7A1712", HIGH: "#A34E05", MEDIUM: "#A8801A", 0: "#2F5E86"}
"""The ring of a wallet by the least severity of its category."""
_LEVEL_COLOURS = {
    "unrated": ("#B9A5D6", "#1A1D21"),
    "medium": ("#F2C037", "#1A1D21"),
    "high": ("#E8710A", "#1A1D21"),
    "severe": ("#B3261E", "#FFFFFF"),
}
"""Fill and text colour of a wallet by its level; grey is low, or not scored."""

_EXAMPLES = {"other": "0x…", "category": "mixer", "transaction_hash": "0x…", "words": "tornado*"}
"""What stands where a person writes the wallet, the category, the hash or the words."""


def guide(policy: Policy, *, chain: str, wallet: str, style_address: str, form: str) -> str:
    """The guide for one wallet, or for a placeholder, in one of its formats, `html` and `adoc`.

    Neo4j Browser up to 5 reads HTML, its successors read AsciiDoc.
    """
    examples = _EXAMPLES | {"chain": chain, "wallet": wallet}
    entries = [_entry(each, examples) for each in questions()]
    return (
        _templates()
        .get_template(f"investigation.{form}.j2")
        .render(
            questions=entries,
            wallet=wallet,
            style_address=style_address,
            node_labels=sorted(name for category in policy.categories for name in node_labels(category)),
        )
    )


def style(policy: Policy) -> str:
    """The style of wallets and transfers in Neo4j Browser (GraSS): warmer colours are more severe.

    The fill is the level by the published run, the ring the severity of the label's category. A category
    has a fill too, which levels replace: a label without one gets colours that Neo4j Browser makes up.
    """
    rings = [
        (name, next(ring for least, ring in _RINGS.items() if entry.severity.own >= least))
        for category, entry in policy.categories.items()
        for name in node_labels(category)
    ]
    levels = [(name, *_LEVEL_COLOURS[level]) for level, name in LEVEL_LABELS.items()]
    return _templates().get_template("wallets.grass.j2").render(rings=rings, levels=levels)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("app.investigation", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _entry(each: Question, examples: dict[str, str]) -> dict[str, Any]:
    parameters = {name: value for name, value in examples.items() if name in each.query.params}
    parameters |= each.defaults()
    wider = parameters | {"through_labels": True} if "through_labels" in parameters else None
    return {
        "number": each.number,
        "name": each.title,
        "question": each.query.purpose,
        "parameters": parameters_text(parameters),
        "wider_parameters": None if wider is None else parameters_text(wider),
        "text": each.query.text,
        "meanings": [(name, one.meaning) for name, one in each.parameters().items()],
    }
