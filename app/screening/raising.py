"""Raises a screening by rules that more money than the subject's alone fires."""

from collections.abc import Sequence
from typing import Any

from app.answers.scores import Reason
from app.answers.screenings import Screening
from app.domain import format_points, parse_points
from app.screening.wallets import level_rank


def raised(screening: Screening, judged: Any, reasons: Sequence[Reason]) -> Screening:  # noqa: ANN401
    """The screening with rules of its own; the higher level counts. Unrated money alone says nothing."""
    updates: dict[str, Any] = {
        "flags": sorted({*screening.flags, *judged.flags}),
        "reasons": [*screening.reasons, *reasons],
    }
    is_raised = level_rank(judged.risk_level) > level_rank(screening.risk_level)
    if is_raised and judged.risk_level != "unrated":
        deciding = next((one for one in reasons if one.outcome == judged.risk_level), None)
        updates["risk_level"] = judged.risk_level
        if deciding is not None:
            first = deciding.model_copy(update={"decides": True})
            rest = [
                one.model_copy(update={"decides": False}) for one in updates["reasons"] if one != deciding
            ]
            updates |= {"main_reason": deciding.sentence, "reasons": [first, *rest]}
    if judged.score is not None and judged.score > _points(screening):
        updates["score"] = format_points(judged.score)
    return screening.model_copy(update=updates)


def _points(screening: Screening) -> int:
    return -1 if screening.score is None else parse_points(screening.score)
