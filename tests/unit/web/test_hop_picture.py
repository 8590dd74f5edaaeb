"""The hop picture: merged flows that add up, drawn as what they are, and safe whatever a label says."""

from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from math import fsum
from xml.etree import ElementTree as ET

import pytest

from app.answers.base import WalletName
from app.answers.explanation import EvidenceItem, Explanation, PathTransfer
from app.answers.runs import RunName
from app.answers.scores import ExposureItem, Flow, Residual
from app.domain import MICRO
from app.runs.score_answer import part_of
from app.web.drawing.hop_ends import hop_ends
from app.web.drawing.hop_picture import hop_picture
from app.web.drawing.hop_rows import MAX_STOPS_PER_COLUMN, HopRow, Stop, assets_of, hop_rows
from app.web.drawing.palette import palette
from tests.support.builders import policy

LOOKS = palette(policy())
WALLET = WalletName(chain="ethereum", address="0x" + "ee" * 20)
TOTAL = 10**24
RUN = RunName(
    run_id=1,
    policy_version="1",
    policy_digest="d",
    label_set_digest="l",
    watermark=1,
    engine="ledger",
    hop_limit=4,
    as_of=datetime(2026, 1, 1, tzinfo=UTC),
)
SVG = "{http://www.w3.org/2000/svg}"


def path(
    direction: Flow, wallets: list[str], share: float, category: str = "mixer", label: str = "A mixer"
) -> EvidenceItem:
    """A path through these wallets in the order of the money; its end away from the wallet is labelled."""
    amount = str(part_of(share, TOTAL))
    steps = [
        PathTransfer(
            transaction_hash=f"0x{sender}{receiver}",
            transfer_index=0,
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            sender=sender,
            receiver=receiver,
            asset="ETH",
            amount=amount,
            amount_carried=amount,
        )
        for sender, receiver in pairwise(wallets)
    ]
    return EvidenceItem(
        asset="ETH",
        decimals=18,
        direction=direction,
        share=share,
        weighted_share=share,
        points=f"{round(share * 70 * MICRO) / MICRO:.6f}",
        category=category,
        label=label,
        label_source="a list",
        label_confidence=90,
        hop=len(steps),
        amount_carried=amount,
        transfers=steps,
    )


def exposure(direction: Flow, category: str, hop: int, share: float) -> ExposureItem:
    return ExposureItem(
        asset="ETH",
        direction=direction,
        category=category,
        hop=hop,
        amount=str(part_of(share, TOTAL)),
        decimals=18,
        share=share,
        usd_value=None,
    )


def residual(direction: Flow, kind: str, hop: int | None, share: float) -> Residual:
    amount = str(part_of(share, TOTAL))
    return Residual.model_validate(
        {"asset": "ETH", "direction": direction, "kind": kind, "hop": hop, "amount": amount, "decimals": 18,
         "share": share}
    )  # fmt: skip


def explained(**parts: object) -> Explanation:
    about = {"wallet": WALLET, "score": "1.000000", "risk_level": "low", "status": "complete", "run": RUN}
    return Explanation.model_validate({**about, **parts})


ME = WALLET.address
STORY = explained(
    paths=[
        path("source", ["m1", "a", ME], 0.25),
        path("source", ["m1", "b", "a", ME], 0.125),
        path("source", ["m2", ME], 0.25, "sanctioned", "<script>alert(1)</script>"),
        path("destination", [ME, "c", "x"], 0.5, "exchange", "An exchange"),
    ],
    exposures=[
        exposure("source", "mixer", 2, 0.25),
        exposure("source", "mixer", 3, 0.1875),
        exposure("source", "sanctioned", 1, 0.25),
        exposure("destination", "exchange", 2, 0.5),
    ],
    residuals=[
        residual("source", "unobserved_origin", 1, 0.25),
        residual("source", "beyond_hop_limit", None, 0.0625),
        residual("destination", "still_held", 2, 0.5),
    ],
)


def touching(rows: list[HopRow], direction: Flow) -> list[HopRow]:
    return [row for row in rows if row.direction == direction and row.near is None]


def test_what_touches_the_wallet_is_all_it_received_and_all_it_sent() -> None:
    rows = hop_rows(STORY, "ETH")
    for direction in ("source", "destination"):
        whole = touching(rows, direction)
        assert fsum(row.share for row in whole) == pytest.approx(1, abs=1e-12)
        assert sum(row.amount for row in whole) == TOTAL


def test_paths_through_one_wallet_merge_and_what_enters_a_stop_leaves_it() -> None:
    rows = hop_rows(STORY, "ETH")
    near_a = [row for row in touching(rows, "source") if row.far == Stop("wallet", 1, "a")]
    assert [(row.share, len(row.transfers)) for row in near_a] == [(0.375, 1)]
    into: defaultdict[Stop, float] = defaultdict(float)
    out: defaultdict[Stop, float] = defaultdict(float)
    for row in rows:
        out[row.far] += row.share
        if row.near is not None:
            into[row.near] += row.share
    assert into
    for stop, share in into.items():
        assert share == pytest.approx(out[stop], abs=1e-12)


def test_smaller_paths_are_what_the_run_stored_less_what_is_listed() -> None:
    (smaller,) = [row for row in hop_rows(STORY, "ETH") if row.far.kind == "smaller_paths"]
    assert (smaller.far.hop, smaller.category, smaller.share) == (3, "mixer", 0.0625)
    assert smaller.amount == TOTAL // 16


def test_many_wallets_of_one_column_become_one_stop_and_nothing_is_lost() -> None:
    paths = [path("source", [f"m{n}", ME], 0.04) for n in range(25)]
    rows = hop_rows(explained(paths=paths, exposures=[exposure("source", "mixer", 1, 1.0)]), "ETH")
    assert len({row.far for row in rows}) == MAX_STOPS_PER_COLUMN
    (rest,) = [row for row in rows if row.far.kind == "more"]
    assert len(rest.transfers) == 25 - (MAX_STOPS_PER_COLUMN - 1)
    assert fsum(row.share for row in rows) == pytest.approx(1, abs=1e-12)


def draw(explanation: Explanation) -> ET.Element:
    rows = hop_rows(explanation, "ETH")
    return ET.fromstring(  # noqa: S314 - our own drawing
        hop_picture(rows, wallet=WALLET, asset="ETH", decimals=18, palette=LOOKS)
    )


def test_the_drawing_shows_every_row_with_its_numbers() -> None:
    drawn = {
        (flow.get("data-direction"), flow.get("data-hop"), flow.get("data-kind"), flow.get("data-share"))
        for flow in draw(STORY).iter(f"{SVG}path")
        if flow.get("data-share")
    }
    rows = hop_rows(STORY, "ETH")
    assert drawn == {(row.direction, str(row.far.hop), row.far.kind, repr(row.share)) for row in rows}


def test_sources_stand_left_destinations_right_a_column_a_hop() -> None:
    svg = draw(STORY)
    (middle,) = [
        float(r.get("x", ""))
        for g in svg.iter(f"{SVG}g")
        if g.get("class") == "self"
        for r in g.iter(f"{SVG}rect")
    ]
    columns: defaultdict[int, set[float]] = defaultdict(set)
    for group in svg.iter(f"{SVG}g"):
        if "stop" in (group.get("class") or "").split():
            (x,) = {float(block.get("x", "")) for block in group.iter(f"{SVG}rect")}
            columns[int(group.get("data-hop", "")) * (-1 if x < middle else 1)].add(x)
    assert {hop: len(places) for hop, places in columns.items()} == dict.fromkeys([-5, -3, -2, -1, 1, 2], 1)
    places = [min(columns[hop]) for hop in sorted(columns)]
    assert places == sorted(places)


def test_categories_of_one_colour_differ_in_shape_and_pattern() -> None:
    looks = list(LOOKS.values())
    assert len({look.shape for look in looks}) == len(looks)
    assert len({(look.tier, look.pattern) for look in looks}) == len(looks)
    assert LOOKS["sanctioned"].tier > LOOKS["mixer"].tier > LOOKS["exchange"].tier


def test_a_label_cannot_write_into_the_page() -> None:
    rows = hop_rows(STORY, "ETH")
    assert "<script" not in hop_picture(rows, wallet=WALLET, asset="ETH", decimals=18, palette=LOOKS)


def test_a_wallet_without_money_has_an_empty_picture() -> None:
    assert assets_of(explained()) == []
    assert hop_rows(explained(), "ETH") == []
    assert draw(explained()).tag == f"{SVG}svg"


@pytest.mark.parametrize("direction", ["source", "destination"])
def test_the_ends_as_bars_add_up_to_all_of_it_largest_first(direction: Flow) -> None:
    ends = hop_ends(hop_rows(STORY, "ETH"), direction)
    shares = [end.share for end in ends]
    assert fsum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert {end.name for end in ends if end.address} >= (
        {"A mixer"} if direction == "source" else {"An exchange"}
    )
