"""Raises a screening by rules that more money than the subject's alone fires."""

from collections.abc import Sequence
from typing import Any

from app.answers.scores import Reason
from app.answers.screenings import Screening
from app.domain import format_points, parse_points
from app.policy.conditions import LEVELS
from app.screening.wallets import level_rank

_MEDIUM = LEVELS.index("medium")


def raised(screening: Screening, judged: Any, reasons: Sequence[Reason]) -> Screening:  # noqa: ANN401 - a row
    """The screening with what the rules say of other money: the higher level counts, each rule stands once.

    Other money raises and never says low: what is not known of the subject stays so.
    """
    level = level_rank(judged.risk_level)
    is_raised = level >= _MEDIUM and level > level_rank(screening.risk_level)
    deciding = next((one for one in reasons if one.outcome == judged.risk_level), None) if is_raised else None
    told = {one.rule for one in screening.reasons} | {"score"}
    new = [
        one.model_copy(update={"decides": False})
        for one in reasons
        if one is not deciding and one.rule not in told
    ]
    updates: dict[str, Any] = {
        "flags": sorted({*screening.flags, *judged.flags}),
        "reasons": [*screening.reasons, *new],
    }
    if is_raised:
        updates["risk_level"] = judged.risk_level
    if deciding is not None:
        others = [one.model_copy(update={"decides": False}) for one in updates["reasons"]]
        first = deciding.model_copy(update={"decides": True})
        updates |= {"main_reason": deciding.sentence, "reasons": [first, *others]}
    if judged.score is not None and (is_raised or screening.score is not None):
        updates["score"] = format_points(max(judged.score, _points(screening)))
    return screening.model_copy(update=updates)


def _points(screening: Screening) -> int:
    return -1 if screening.score is None else parse_points(screening.score)
