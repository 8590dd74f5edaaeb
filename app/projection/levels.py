"""The published run on the graph's wallets, for people in Neo4j Browser: level, flags and caption.

No answer of the program reads them. They are of one run as a whole, or the state node says that they are not.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from app.projection.differences import Difference, PropertyDifference
from app.projection.state import LEVEL_LABELS
from app.stores.graph import Graph
from cypher import query

PAGE_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class WalletLevel:
    """What a wallet's node carries; `flags` None where there are none, `node_labels` by level."""

    wallet_id: int
    risk_level: str | None
    flags: list[str] | None
    caption: str
    node_labels: list[str]


def wallet_level(wallet_id: int, risk_level: str | None, flags: list[str], caption: str) -> WalletLevel:
    """What a wallet of this level and these flags carries."""
    label = LEVEL_LABELS.get(risk_level or "")
    return WalletLevel(wallet_id, risk_level, flags or None, caption, [] if label is None else [label])


def caption_of(name: str | None, address: str) -> str:
    """The name and the address in short, or that alone: as `cypher/write/wallets.cypher` begins with."""
    short = f"{address[:6]}…{address[-4:]}"
    return short if name is None else f"{name} ({short})"


def begin_levels(graph: Graph, record_id: str) -> None:
    """From now on the levels are of no one run."""
    graph.write([(query("levels/begin_write"), {"record_id": record_id})])


def write_levels(graph: Graph, record_id: str, levels: Sequence[WalletLevel]) -> None:
    """Writes one page."""
    rows = [asdict(level) for level in levels]
    graph.write([(query("levels/write"), {"record_id": record_id, "rows": rows})])


def write_captions(graph: Graph, record_id: str, captions: dict[int, str]) -> None:
    """Writes the captions of one page of wallets, by id."""
    rows = [{"wallet_id": wallet_id, "caption": caption} for wallet_id, caption in captions.items()]
    graph.write([(query("levels/write_captions"), {"record_id": record_id, "rows": rows})])


def confirm_levels(graph: Graph, record_id: str, run_id: int) -> None:
    """Every wallet carries what this run says."""
    graph.write([(query("levels/confirm_write"), {"record_id": record_id, "run_id": run_id})])


def page_differences(graph: Graph, expected: Sequence[WalletLevel]) -> list[Difference]:
    """What the wallets of one page carry otherwise; one that the graph lacks is no difference of these."""
    rows = graph.read(query("levels/read"), {"wallet_ids": [each.wallet_id for each in expected]})
    actual = {row["wallet_id"]: WalletLevel(**row) for row in rows}
    return [
        Difference("levels", each.wallet_id, each.caption, "changed", _properties(each, found))
        for each in expected
        if (found := actual.get(each.wallet_id)) is not None and found != each
    ]


def _properties(expected: WalletLevel, actual: WalletLevel) -> tuple[PropertyDifference, ...]:
    pairs = ((name, value, getattr(actual, name)) for name, value in asdict(expected).items())
    return tuple(PropertyDifference(name, str(was), str(now)) for name, was, now in pairs if was != now)
