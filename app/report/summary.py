"""The first paragraph of a report, for who was not there: who, what, why, how much, when, how certain."""

from collections.abc import Iterator
from decimal import Decimal

from app.answers.explanation import Explanation
from app.answers.runs import Run
from app.answers.scores import RESIDUAL_NAMES
from app.runs.judgement.reasons import percent

_HALF = 0.5
_LEVELS = {
    "severe": "severe, the highest of five levels",
    "high": "high, the second of five levels",
    "medium": "medium, the third of five levels",
    "unrated": "unrated: too little is known of its money to call the risk low",
    "low": "low, the lowest of five levels",
}


def summary(explanation: Explanation, run: Run) -> list[str]:
    """Sentences that together are the paragraph."""
    return [sentence for sentence in _sentences(explanation, run) if sentence]


def _sentences(explanation: Explanation, run: Run) -> Iterator[str]:
    wallet, label = explanation.wallet, explanation.label
    name = label.name if label is not None else wallet.name
    source = label.source if label is not None else wallet.name_source
    who = f"The wallet {wallet.address} on {wallet.chain}"
    who += f", which {source} calls {name}," if name else ", which no label names,"
    if explanation.score is None or explanation.risk_level is None:
        yield f"{who} has no rating. {' '.join(explanation.incomplete_reasons)}"
        return
    yield (
        f"{who} is rated {_LEVELS[explanation.risk_level]}; its score is {_score(explanation.score)} of 100."
    )
    if explanation.main_reason is not None:
        yield f"Why: {explanation.main_reason}"
    flags = [flag.replace("_", " ") for flag in explanation.flags]
    if flags:
        stands = "stands the flag" if len(flags) == 1 else "stand the flags"
        yield f"Beside the level {stands} {', '.join(flags)}."
    yield (
        f"In known assets with a price it received {_usd(explanation.usd_received)} and sent "
        f"{_usd(explanation.usd_sent)}."
    )
    yield from _crime(explanation)
    yield _when(explanation)
    yield _certainty(explanation)
    yield (
        f"Scoring run {run.run_id} says so, of {run.as_of:%Y-%m-%d %H:%M} UTC, under policy "
        f"{run.policy_version}: it followed money over up to {run.hop_limit} transfers."
    )
    if explanation.freshness is not None and explanation.freshness.stale:
        yield "Since then something about this wallet changed: score again before you rely on it."


def _crime(explanation: Explanation) -> Iterator[str]:
    """The three largest sums that a category with points or a fired rule is about."""
    named = {part.category for part in (*explanation.contributions, *explanation.other_contributions)}
    amounts = [each for each in explanation.amounts if each.category in named]
    amounts.sort(key=lambda each: -Decimal(each.direct_usd) - Decimal(each.indirect_usd))
    for each in amounts[:3]:
        total = Decimal(each.direct_usd) + Decimal(each.indirect_usd)
        came = "came from" if each.direction == "source" else "went to"
        of = "it received" if each.direction == "source" else "it sent"
        way = (
            "all of it directly"
            if Decimal(each.indirect_usd) == 0
            else f"{each.direct_usd} USD of it directly"
        )
        if Decimal(each.direct_usd) == 0:
            way = "all of it through others"
        category = each.category.replace("_", " ")
        yield f"{_usd(f'{total:.2f}')}, {percent(each.share)} of what {of}, {came} {category}, {way}."


def _when(explanation: Explanation) -> str:
    moments = [step.occurred_at for path in explanation.paths for step in path.transfers]
    moments += [each.occurred_at for one in explanation.rule_evidence for each in one.transfers]
    if not moments:
        return ""
    first, last = min(moments), max(moments)
    if first.date() == last.date():
        return f"The transfers that show it are of {first:%Y-%m-%d}."
    return f"The transfers that show it are of {first:%Y-%m-%d} to {last:%Y-%m-%d}."


def _certainty(explanation: Explanation) -> str:
    parts = []
    if explanation.source_coverage is not None:
        parts.append(f"the origin of {percent(explanation.source_coverage)} of what it received is known")
    if explanation.destination_coverage is not None:
        parts.append(f"the end of {percent(explanation.destination_coverage)} of what it sent")
    confidence = [path.label_confidence for path in explanation.paths if path.label_confidence is not None]
    if confidence:
        low, high = min(confidence), max(confidence)
        span = str(low) if low == high else f"{low} to {high}"
        parts.append(f"the labels that its paths lead to have a confidence of {span} of 100")
    rest = max(explanation.residuals, key=lambda each: each.share, default=None)
    if rest is not None and rest.share > _HALF:
        parts.append(f"most of what is not known is {RESIDUAL_NAMES[rest.kind]}")
    if explanation.status == "incomplete":
        parts.append("paths are missing from this report, while the score is complete")
    return f"How certain: {'; '.join(parts)}." if parts else ""


def _usd(amount: str | None) -> str:
    return "nothing" if amount is None else f"{Decimal(amount):,.2f} USD"


def _score(points: str) -> str:
    return points[:-4]
