"""Simulated stories, told in many forms or frozen in files, and the bars that their judgement must reach."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain import Transfer
from app.errors import NotFound
from app.labels.readers.label_csv import read_csv
from app.labels.store import LabelRow
from bench.skill.case import RAISED, Case, Judged, label
from ingest.files.event_lines import read_events
from ingest.simulator.form import LaunderingForm
from ingest.simulator.simulate import simulate

FORMS = (
    LaunderingForm(),
    LaunderingForm(peel_length=3, mules=3, delay_percent=5),
    LaunderingForm(peel_length=15, mules=30, delay_percent=10_000, clean_percent=30),
    LaunderingForm(peel_length=30, mules=60, delay_percent=20_000, clean_percent=60),
    LaunderingForm(peel_length=8, mules=12, delay_percent=1_000, clean_percent=95),
)
"""From minutes to weeks between two steps, from none to 95 % clean money."""
WALLETS, TRANSFERS = 2_000, 20_000
FLOOR_USD, FLOOR_SHARE, HALF = 10.0, 0.01, 0.5
LAUNDERERS = ("laundering", "cash_out")


@dataclass(frozen=True)
class Told:
    """A story: its transfers, and who is who."""

    name: str
    transfers: Sequence[Transfer]
    labels: Sequence[LabelRow]
    truth: Mapping[str, Any]

    def case(self) -> Case:
        """Launderers among everybody without a label."""
        launderers = {wallet for role in LAUNDERERS for wallet in self.truth["roles"].get(role, [])}
        labelled = {one.address for one in self.labels}
        seen = {address for one in self.transfers for address in (one.sender, one.receiver)}
        truth = {wallet: wallet in launderers for wallet in sorted(seen - labelled)}
        return Case(self.name, self.labels, truth)

    def of_pattern(self, kind: str, role: str) -> set[str]:
        """The wallets of a role in every pattern of a kind."""
        return {
            wallet
            for pattern in self.truth["shapes"]
            if pattern["kind"] == kind
            for wallet in pattern["wallets"].get(role, [])
        }


def tell(seed: int, form: LaunderingForm, wallets: int = WALLETS, transfers: int = TRANSFERS) -> Told:
    """A story of the product's simulator."""
    story = simulate(seed, wallets=wallets, transfers=transfers, form=form)
    labels = [label(one.address, one.category, one.name) for one in story.labels]
    name = (
        f"story, seed {seed}, peel {form.peel_length}, mules {form.mules}, delay {form.delay_percent} %, "
        f"clean {form.clean_percent} %"
    )
    return Told(name, story.transfers, labels, story.truth)


def frozen(folder: Path) -> Iterator[Told]:
    """The stories of a folder: `NAME.jsonl` (or .gz) with `NAME.labels.csv` and `NAME.truth.json`.

    Raises:
        NotFound: there is none.
    """
    files = sorted(folder.glob("*.truth.json"))
    if not files:
        raise NotFound(f"{folder} has no story: no file named like NAME.truth.json.")
    for file in files:
        name = file.name.removesuffix(".truth.json")
        events = next(iter(sorted(folder.glob(f"{name}.jsonl*"))), folder / f"{name}.jsonl")
        transfers = [each for each in read_events(events) if isinstance(each, Transfer)]
        labels = list(read_csv(folder / f"{name}.labels.csv"))
        yield Told(f"frozen {name}", transfers, labels, json.loads(file.read_text()))


def bars(told: Told, judged: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """Each bar of a story: how many wallets it is about, how many reach it, and how many must."""
    labelled = {one.address for one in told.labels}
    own = {wallet: each for wallet, each in judged.items() if wallet not in labelled}
    roles = told.truth["roles"]
    laundering = {wallet for role in LAUNDERERS for wallet in roles.get(role, [])}
    launderers = [own[wallet] for wallet in sorted(laundering & own.keys())]
    # Launderers far down a chain have none within the hop limit either: they have a bar of their own.
    clean = [each for wallet, each in own.items() if wallet not in laundering and _is_clean(each)]
    payers = [judged[wallet] for wallet in told.of_pattern("sanctions", "payers") if wallet in judged]
    # Some had nothing left when it was their turn: their transfer moved nothing.
    scams = {one.address for one in told.labels if one.category == "scam"}
    paid = {one.sender for one in told.transfers if one.amount and one.receiver in scams}
    victims = [judged[wallet] for wallet in sorted(told.of_pattern("scam", "victims") & paid)]
    hot = [judged[wallet] for wallet in roles.get("exchange_hot", []) if wallet in judged]
    found = (
        ("with next to no illicit money: not raised", 0.995, [each.level not in RAISED for each in clean]),
        ("with next to no illicit money: rated", 0.95, [each.level != "unrated" for each in clean]),
        (
            "laundering and cash-out: raised, or unrated where it is so",
            0.95,
            [each.level in RAISED or _is_unknown(each) for each in launderers],
        ),
        (
            "paid a sanctioned wallet: raised, and flagged",
            1.0,
            [each.level in RAISED and "sanctions_contact" in each.flags for each in payers],
        ),
        ("victims: flagged so", 1.0, ["possible_victim" in each.flags for each in victims]),
        (
            "exchange hot wallets: rated by their own category",
            1.0,
            [each.level == "low" and each.main_category in {"exchange", None} for each in hot],
        ),
    )
    return [
        {
            "data": told.name,
            "bar": name,
            "wallets": len(reached),
            "reached": sum(reached),
            "share": round(sum(reached) / len(reached), 4) if reached else 1.0,
            "at_least": least,
            "ok": sum(reached) >= least * len(reached),
        }
        for name, least, reached in found
    ]


def _is_clean(each: Judged) -> bool:
    """Less than 10 USD and 1 % of illicit money either way, none sent directly to a sanctioned wallet."""
    return (
        not each.sent_to_sanctioned
        and max(each.crime_usd) < FLOOR_USD
        and max(each.crime_share) < FLOOR_SHARE
    )


def _is_unknown(each: Judged) -> bool:
    """Unrated where at least half of its money is beyond the limit or was not seen."""
    covered = each.source_coverage if each.source_coverage is not None else each.destination_coverage
    return each.level == "unrated" and (covered is None or covered <= HALF)
