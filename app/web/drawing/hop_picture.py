"""The hop picture as SVG: sources left, destinations right, one column for each hop, thickness is share.

Wallets on listed paths are in columns with flows between them. Money in smaller paths, or of no category,
has a lane of its own below: a straight band from its hop to the wallet that crosses no other flow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from app.answers.base import WalletName
from app.answers.names import Flow
from app.answers.scores import RESIDUAL_NAMES
from app.web.drawing.hop_layout import FULL, SLOT, TOP, Node, layout, thickness
from app.web.drawing.hop_rows import HopRow, Stop
from app.web.drawing.palette import Palette
from app.web.drawing.patterns import add_patterns
from app.web.drawing.svg import add_rectangle, add_text, add_title, new_svg
from app.web.numbers import percent, units, words

NODE, WALLET, MARGIN = 10.0, 14.0, 215.0
WIDE, NARROWEST_COLUMN, WIDEST_COLUMN = 1330.0, 100.0, 190.0
COLUMN_WITH_SHARES = 140.0
"""Least width of a column in which names are followed by their share."""
_LONGEST_NAME = 22
_SIDES: tuple[tuple[Flow, int], ...] = (("source", -1), ("destination", 1))


def hop_picture(
    rows: Sequence[HopRow], *, wallet: WalletName, asset: str, decimals: int | None, palette: Palette
) -> str:
    """Draws the flows of one asset around one wallet.

    `data-` attributes carry direction, hop, kind, category, share and amount of everything drawn.
    """
    sides = {direction: [row for row in rows if row.direction == direction] for direction, _ in _SIDES}
    columns = {name: max((row.far.hop for row in side), default=0) for name, side in sides.items()}
    layouts = {name: layout(side) for name, side in sides.items()}
    ends = [node.y + max(node.height, SLOT) for nodes in layouts.values() for node in nodes.values()]
    bottom = max(ends, default=TOP + FULL)
    available = (WIDE - 2 * MARGIN - WALLET) / max(sum(columns.values()), 1)
    column = min(max(available, NARROWEST_COLUMN), WIDEST_COLUMN)
    center = MARGIN + columns["source"] * column
    width = center + WALLET + columns["destination"] * column + MARGIN
    svg = new_svg(
        "hops",
        (width, bottom + 8),
        {
            "width": f"{width:.0f}",
            "height": f"{bottom + 8:.0f}",
            "role": "group",
            "aria-label": f"Where the {asset} of {wallet.address} came from and where it went."
            " The table below has the same rows.",
        },
    )
    add_patterns(svg)
    for direction, sign in _SIDES:
        drawing = _Side(svg, sign, center, column, wallet.chain, asset, decimals, palette, layouts[direction])
        drawing.draw_axis(columns[direction])
        drawing.draw_flows(sides[direction])
        drawing.draw_stops()
    block = SubElement(svg, "g", {"class": "self", "data-wallet": wallet.address})
    add_title(block, wallet.address)
    add_rectangle(block, (center, TOP, WALLET, bottom - TOP), {"rx": "3"})
    add_text(block, center + WALLET / 2, 14, "this wallet")
    return tostring(svg, encoding="unicode")


@dataclass(frozen=True, slots=True)
class _Side:
    """The drawing of one direction; `sign` is -1 left of the wallet and 1 right of it."""

    svg: Element
    sign: int
    center: float
    column: float
    chain: str
    asset: str
    decimals: int | None
    palette: Palette
    nodes: dict[Stop, Node]

    def draw_axis(self, columns: int) -> None:
        group = SubElement(self.svg, "g", {"class": "axis"})
        for hop in range(1, columns + 1):
            add_text(group, self._x(hop) + NODE / 2, 14, "1 hop" if hop == 1 else f"{hop} hops")

    def draw_flows(self, rows: Sequence[HopRow]) -> None:
        group = SubElement(self.svg, "g", {"class": "flows"})
        for row in sorted(rows, key=lambda row: (row.far.hop, self.nodes[row.far].y, -row.share)):
            self._flow(group, row)

    def draw_stops(self) -> None:
        group = SubElement(self.svg, "g", {"class": "stops"})
        for node in self.nodes.values():
            self._stop(group, node)

    def _flow(self, parent: Element, row: HopRow) -> None:
        far, thick = self.nodes[row.far], thickness(row)
        y1 = far.y + far.near_used
        far.near_used += thick
        if row.near is None:
            y2, x2 = y1, self.center if self.sign < 0 else self.center + WALLET
        else:
            near = self.nodes[row.near]
            y2 = near.y + near.far_used
            near.far_used += thick
            x2 = self._x(row.near.hop) + (NODE if self.sign > 0 else 0)
        x1 = self._x(row.far.hop) + (NODE if self.sign < 0 else 0)
        middle = (x1 + x2) / 2
        look = f"tier-{self.palette[row.category].tier}" if row.category in self.palette else "rest"
        path = SubElement(
            parent,
            "path",
            {
                "d": f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
                f"V{y2 + thick:.1f}C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f}"
                f" {x1:.1f} {y1 + thick:.1f}Z",
                "class": f"flow {look} {row.far.kind}",
                "data-direction": row.direction,
                "data-hop": str(row.far.hop),
                "data-kind": row.far.kind,
                "data-category": row.category or "",
                "data-share": repr(row.share),
                "data-amount": str(row.amount),
                "data-transfers": str(len(row.transfers)),
                "data-touches": "wallet" if row.near is None else "stop",
            },
        )
        merged = f" in {len(row.transfers)} transfers" if len(row.transfers) > 1 else ""
        what = words(row.category) if row.category else RESIDUAL_NAMES[row.far.kind]
        amount = f"{units(str(row.amount), self.decimals)} {self.asset}"
        add_title(path, f"{percent(row.share)}, {amount}{merged}: {what}")

    def _stop(self, parent: Element, node: Node) -> None:
        stop, x = node.stop, self._x(node.stop.hop)
        look = self.palette.get(stop.category or "")
        colour = "" if look is None else f" tier-{look.tier}"
        attributes = {"class": f"stop {stop.kind}{colour}", "data-kind": stop.kind, "data-hop": str(stop.hop)}
        group = SubElement(parent, "g", attributes)
        if stop.kind in {"wallet", "labelled"}:
            group.set("data-wallet", stop.name)
            group = SubElement(group, "a", {"href": f"/wallets/{quote(f'{self.chain}:{stop.name}')}"})
        add_title(group, _title(node))
        box = (x, node.y, NODE, node.height)
        add_rectangle(group, box, {"class": "block"})
        if look is not None and look.pattern != "solid":
            add_rectangle(group, box, {"fill": f"url(#pattern-{look.pattern})"})
        self._name(group, node)

    def _name(self, parent: Element, node: Node) -> None:
        """The name of a stop: on its outer side for an end, else on the inner side, over its flow."""
        x, look = self._x(node.stop.hop), self.palette.get(node.stop.category or "")
        leftwards = (self.sign < 0) == (node.stop.kind != "wallet")
        edge = x - 5 if leftwards else x + NODE + 5
        baseline = node.y + max(node.height, SLOT) / 2 + 4
        if look is not None:
            transform = f"translate({edge - 11 if leftwards else edge:.1f} {baseline - 10:.1f}) scale(.92)"
            SubElement(parent, "path", {"class": "shape", "d": look.shape, "transform": transform})
            edge += -15 if leftwards else 15
        anchor = "end" if leftwards else "start"
        text = add_text(parent, edge, baseline, _name(node.stop), text_anchor=anchor)
        if node.stop.kind != "wallet" or self.column >= COLUMN_WITH_SHARES:
            SubElement(text, "tspan", {"class": "share", "dx": "6"}).text = percent(node.share)

    def _x(self, hop: int) -> float:
        """Left edge of the blocks of a column."""
        if self.sign < 0:
            return self.center - hop * self.column
        return self.center + WALLET + hop * self.column - NODE


def _name(stop: Stop) -> str:
    if stop.kind == "wallet":
        return f"{stop.name[:6]}…{stop.name[-4:]}"
    if stop.kind == "labelled":
        name = stop.label or words(stop.category or "")
        return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    if stop.kind == "more":
        return f"more {words(stop.category)}" if stop.category else "more wallets"
    if stop.kind == "smaller_paths":
        return f"{words(stop.name)}, smaller"
    return RESIDUAL_NAMES[stop.kind]


def _title(node: Node) -> str:
    stop = node.stop
    category = words(stop.category) if stop.category else RESIDUAL_NAMES.get(stop.kind, "unlabelled wallet")
    name = f"{stop.label}, {stop.name}" if stop.label else stop.name
    distance = "1 transfer" if stop.hop == 1 else f"{stop.hop} transfers"
    return f"{name or _name(stop)}: {category}, {percent(node.share)}, {distance} away"
