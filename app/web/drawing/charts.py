"""Small pictures of scores, as SVG: what a score is made of, and how it went over the runs."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from app.answers.comparisons import PastScore
from app.answers.scores import Contribution
from app.policy.policy import Bands
from app.web.drawing.palette import Palette
from app.web.numbers import words

BAR_WIDTH, BAR_HEIGHT = 1000, 22
CHART_WIDTH, CHART_HEIGHT, LEFT, FOOT = 560, 150, 34, 20


def contribution_bar(contributions: Sequence[Contribution], bands: Bands, looks: Palette) -> str:
    """The points of each contribution one after the other, from 0 to 100, with the levels' bounds."""
    svg = _svg("contributions", BAR_WIDTH, BAR_HEIGHT + 18, "The contributions, one after the other")
    _rectangle(svg, (0, 0, BAR_WIDTH, BAR_HEIGHT), {"class": "track"})
    begin = 0.0
    for part in contributions:
        width = float(part.points) * BAR_WIDTH / 100
        look = looks[part.category]
        place = {"class": f"part tier-{look.tier}", "data-points": part.points}
        block = _rectangle(svg, (begin, 0, width, BAR_HEIGHT), place)
        hops = "ownership" if not part.hop else f"{part.hop} hop" + ("s" if part.hop > 1 else "")
        SubElement(block, "title").text = f"{words(part.category)}, {hops}: {part.points} points"
        begin += width
    for name, least in (("medium", bands.medium), ("high", bands.high), ("severe", bands.severe)):
        x = float(least) * BAR_WIDTH / 100
        _line(svg, (x, 0, x, BAR_HEIGHT + 4), "bound")
        SubElement(svg, "text", {"x": f"{x + 3:.1f}", "y": f"{BAR_HEIGHT + 14}"}).text = f"{name} {least:f}"
    return tostring(svg, encoding="unicode")


def history_chart(scores: Sequence[PastScore], bands: Bands) -> str:
    """Scores by run, oldest left; a run that knew nothing of the wallet breaks the line."""
    svg = _svg("history", CHART_WIDTH, CHART_HEIGHT, "The score in each run; the table has the same numbers")
    high = CHART_HEIGHT - FOOT

    def y(score: float) -> float:
        return 8 + (high - 8) * (1 - score / 100)

    for bound in (0.0, float(bands.medium), float(bands.high), float(bands.severe), 100.0):
        _line(svg, (LEFT, y(bound), CHART_WIDTH, y(bound)), "grid")
        at = {"x": f"{LEFT - 6}", "y": f"{y(bound) + 4:.1f}", "text-anchor": "end"}
        SubElement(svg, "text", at).text = f"{bound:g}"
    past = list(reversed(scores))
    step = (CHART_WIDTH - LEFT - 24) / max(len(past) - 1, 1)
    segments: list[list[str]] = [[]]
    for place, run in enumerate(past):
        x = LEFT + 12 + place * step
        if len(past) <= 12 or place % (len(past) // 8) == 0:  # noqa: PLR2004 - what fits below the axis
            at = {"x": f"{x:.1f}", "y": f"{CHART_HEIGHT - 4}", "text-anchor": "middle"}
            SubElement(svg, "text", at).text = str(run.run_id)
        if run.score is None:
            segments.append([])
            continue
        segments[-1].append(f"{x:.1f},{y(float(run.score)):.1f}")
        at = {
            "class": f"point {run.risk_level}",
            "cx": f"{x:.1f}",
            "cy": f"{y(float(run.score)):.1f}",
            "r": "3.5",
        }
        point = SubElement(svg, "circle", at | {"data-run": str(run.run_id), "data-score": run.score})
        SubElement(point, "title").text = f"run {run.run_id}: {run.score}, {run.risk_level}"
    for points in segments:
        if len(points) > 1:
            svg.insert(
                len(svg) - len(past), Element("polyline", {"class": "line", "points": " ".join(points)})
            )
    return tostring(svg, encoding="unicode")


def _svg(name: str, width: int, height: int, label: str) -> Element:
    size = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": label}
    return Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": name} | size)


def _rectangle(parent: Element, place: tuple[float, float, float, float], more: dict[str, str]) -> Element:
    x, y, width, height = (f"{length:.3f}" for length in place)
    return SubElement(parent, "rect", {"x": x, "y": y, "width": width, "height": height} | more)


def _line(parent: Element, place: tuple[float, float, float, float], name: str) -> None:
    x1, y1, x2, y2 = (f"{length:.1f}" for length in place)
    SubElement(parent, "line", {"class": name, "x1": x1, "y1": y1, "x2": x2, "y2": y2})
