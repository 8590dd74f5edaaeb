"""Scores and explanations as tables for a person."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.answers.explanation import EvidenceItem, Explanation
from app.answers.scores import Contribution, TopScores
from app.domain import decimal_units

LEVEL_STYLES = {"severe": "bold red", "high": "red", "medium": "yellow", "low": "green"}
LISTED_PATHS = 5


def top_table(found: TopScores) -> Table:
    """The highest scores, each with its main reason."""
    table = Table(
        title=f"Top wallets of run {found.run.run_id} ({found.run.engine} engine)", title_justify="left"
    )
    table.add_column("wallet", overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("level")
    table.add_column("main reason")
    for each in found.scores:
        table.add_row(each.wallet.address, each.score, _level(each.risk_level), each.main_reason)
    return table


def explanation_tables(found: Explanation) -> Iterator[RenderableType]:
    """One wallet: its score, the contributions that add up to it, the rest of its money, and the paths."""
    wallet = f"{found.wallet.chain}:{found.wallet.address}"
    headline = Text.assemble(
        ("Explained: ", "bold"), wallet, "\nscore ", (found.score or "unknown", "bold"), "  level "
    )
    headline.append(_level(found.risk_level))
    if found.run is not None:
        headline.append(f"  (run {found.run.run_id}, policy {found.run.policy_version}, {found.status})")
    if found.rules:
        headline.append(f"\nlevel by score alone {found.band}, raised by {', '.join(found.rules)}")
    yield headline
    for sentence in (*found.incomplete_reasons, *found.notes):
        yield Text(f"  {sentence}", style="yellow")
    if found.contributions:
        yield _contributions(found)
    if found.residuals:
        yield _residuals(found)
    if found.paths:
        yield _paths(found.paths)


def _contributions(found: Explanation) -> Table:
    table = Table(title="Contributions: share × severity × hop weight = points", title_justify="left")
    for column in ("direction", "category", "hop"):
        table.add_column(column)
    for column in ("share", "severity", "hop weight", "points"):
        table.add_column(column, justify="right")
    for part in found.contributions:
        table.add_row(*_cells(part))
    table.add_section()
    table.add_row("", "", "", "", "", "sum", Text(found.score or "", style="bold"))
    return table


def _cells(part: Contribution) -> tuple[str, ...]:
    return (
        part.direction,
        part.category,
        str(part.hop),
        f"{part.share:.9f}",
        f"{part.severity:g}",
        f"{part.hop_weight:g}",
        part.points,
    )


def _residuals(found: Explanation) -> Table:
    table = Table(title="What no category explains", title_justify="left")
    for column in ("asset", "direction", "kind", "hop"):
        table.add_column(column)
    table.add_column("share", justify="right")
    for rest in found.residuals:
        hop = "" if rest.hop is None else str(rest.hop)
        table.add_row(rest.asset, rest.direction, rest.kind, hop, f"{rest.share:.9f}")
    return table


def _paths(paths: list[EvidenceItem]) -> Group:
    shown = paths[:LISTED_PATHS]
    tables: list[RenderableType] = [
        Text(f"Paths, the {len(shown)} heaviest of {len(paths)} listed", style="italic")
    ]
    for path in shown:
        title = f"{path.direction}: {path.category} ({path.label}), {path.points} points"
        table = Table(title=title, title_justify="left")
        for column in ("transaction", "when", "sender", "receiver"):
            table.add_column(column)
        for column in (f"amount of {path.asset}", "carried"):
            table.add_column(column, justify="right")
        for step in path.transfers:
            table.add_row(
                short(step.transaction_hash),
                f"{step.occurred_at:%Y-%m-%d %H:%M:%S}",
                short(step.sender),
                short(step.receiver),
                decimal_units(step.amount, path.decimals),
                decimal_units(step.amount_carried, path.decimals),
            )
        tables.append(table)
    return Group(*tables)


def _level(level: str | None) -> Text:
    return Text(level or "unknown", style=LEVEL_STYLES.get(level or "", "dim"))


def short(name: str) -> str:
    """A hash or an address as its beginning and end."""
    return name if len(name) <= 16 else f"{name[:8]}…{name[-6:]}"  # noqa: PLR2004 - what fits a column
