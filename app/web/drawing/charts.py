"""Small drawings of scores, as SVG: the contributions of one, and its history over the runs."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from app.answers.comparisons import PastScore
from app.answers.scores import Contribution
from app.policy.policy import Bands
from app.web.drawing.palette import Palette
from app.web.drawing.svg import add_rectangle, add_text, add_title, new_svg
from app.web.numbers import words

BAR_WIDTH, BAR_HEIGHT = 1000, 22
CHART_WIDTH, CHART_HEIGHT, LEFT, FOOT = 560, 150, 34, 20


def contribution_bar(contributions: Sequence[Contribution], bands: Bands, looks: Palette) -> str:
    """The points of each contribution one after the other, from 0 to 100, with the bounds of the levels."""
    svg = _chart("contributions", (BAR_WIDTH, BAR_HEIGHT + 18), "The contributions, one after the other")
    add_rectangle(svg, (0, 0, BAR_WIDTH, BAR_HEIGHT), {"class": "track"})
    begin = 0.0
    for part in contributions:
        width = float(part.points) * BAR_WIDTH / 100
        look = looks[part.category]
        attributes = {"class": f"part tier-{look.tier}", "data-points": part.points}
        block = add_rectangle(svg, (begin, 0, width, BAR_HEIGHT), attributes)
        hops = "ownership" if not part.hop else f"{part.hop} hop" + ("s" if part.hop > 1 else "")
        add_title(block, f"{words(part.category)}, {hops}: {part.points} points")
        begin += width
    for name, least in (("medium", bands.medium), ("high", bands.high), ("severe", bands.severe)):
        x = float(least) * BAR_WIDTH / 100
        _line(svg, (x, 0, x, BAR_HEIGHT + 4), "bound")
        add_text(svg, x + 3, BAR_HEIGHT + 14, f"{name} {least:f}")
    return tostring(svg, encoding="unicode")


def history_chart(scores: Sequence[PastScore], bands: Bands) -> str:
    """Scores by run, oldest left; a run without a score of the wallet breaks the line."""
    label = "The score in each run; the table has the same numbers"
    svg = _chart("history", (CHART_WIDTH, CHART_HEIGHT), label)
    high = CHART_HEIGHT - FOOT

    def y(score: float) -> float:
        return 8 + (high - 8) * (1 - score / 100)

    for bound in (0.0, float(bands.medium), float(bands.high), float(bands.severe), 100.0):
        _line(svg, (LEFT, y(bound), CHART_WIDTH, y(bound)), "grid")
        add_text(svg, LEFT - 6, y(bound) + 4, f"{bound:g}", text_anchor="end")
    past = list(reversed(scores))
    step = (CHART_WIDTH - LEFT - 24) / max(len(past) - 1, 1)
    segments: list[list[str]] = [[]]
    for number, run in enumerate(past):
        x = LEFT + 12 + number * step
        if len(past) <= 12 or number % (len(past) // 8) == 0:  # noqa: PLR2004 - what fits below the axis
            add_text(svg, x, CHART_HEIGHT - 4, str(run.run_id), text_anchor="middle")
        if run.score is None:
            segments.append([])
            continue
        segments[-1].append(f"{x:.1f},{y(float(run.score)):.1f}")
        attributes = {
            "class": f"point {run.risk_level}",
            "cx": f"{x:.1f}",
            "cy": f"{y(float(run.score)):.1f}",
            "r": "3.5",
        }
        point = SubElement(svg, "circle", attributes | {"data-run": str(run.run_id), "data-score": run.score})
        add_title(point, f"run {run.run_id}: {run.score}, {run.risk_level}")
    for points in segments:
        if len(points) > 1:
            svg.insert(
                len(svg) - len(past), Element("polyline", {"class": "line", "points": " ".join(points)})
            )
    return tostring(svg, encoding="unicode")


def _chart(name: str, size: tuple[float, float], label: str) -> Element:
    return new_svg(name, size, {"role": "img", "aria-label": label})


def _line(parent: Element, ends: tuple[float, float, float, float], name: str) -> None:
    x1, y1, x2, y2 = (f"{length:.1f}" for length in ends)
    SubElement(parent, "line", {"class": name, "x1": x1, "y1": y1, "x2": x2, "y2": y2})
