"""Scores and explanations as tables and lines for a person."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.answers.assets import short
from app.answers.explanation import EvidenceItem, Explanation
from app.answers.scores import RESIDUAL_NAMES, Contribution, RankedWallet, TopScores
from app.answers.unrated import UNRATED_NAMES, UnratedWallets
from app.answers.values.amounts import rounded_units, two_digits

LEVEL_STYLES = {
    "severe": "bold red", "high": "red", "medium": "yellow", "unrated": "magenta", "low": "green",
}  # fmt: skip
MAX_PATHS = 5


def top_table(top: TopScores) -> Table:
    """The highest scores of a run, each with its main reason."""
    title = f"Top wallets of run {top.run.run_id} ({top.run.engine} engine)"
    return ranked_table(top.scores, title)


def ranked_table(scores: Sequence[RankedWallet], title: str) -> Table:
    """Wallets with their scores, levels and main reasons."""
    table = Table(title=title, title_justify="left")
    table.add_column("wallet", overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("level")
    table.add_column("flags")
    table.add_column("main reason")
    for each in scores:
        flags = ", ".join(each.flags)
        who = f"{each.wallet.name}\n{each.wallet.address}" if each.wallet.name else each.wallet.address
        table.add_row(
            Text(who), two_digits(each.score), _level(each.risk_level), flags, Text(each.main_reason)
        )
    return table


def unrated_sentence(unrated: UnratedWallets) -> str:
    """How much of a run is unrated, and why."""
    reasons = ", ".join(
        f"{each.wallets:,} {UNRATED_NAMES[each.kind]} ({each.share:.1%})"
        for each in unrated.reasons
        if each.wallets
    )
    return (
        f"{unrated.wallets:,} of {unrated.scored_wallets:,} wallets, with {unrated.share:.1%} of the money, "
        f"are unrated: {reasons}."
    )


def explanation_parts(explanation: Explanation) -> Iterator[RenderableType]:
    """One wallet: its score, the contributions that add up to it, the rest of its money, and the paths."""
    yield headline(explanation)
    if explanation.contributions:
        yield contributions_table(explanation)
    if explanation.residuals:
        yield _residuals_table(explanation)
    if explanation.rule_evidence:
        yield _direct_transfers(explanation)
    if explanation.paths:
        yield path_lines(explanation, MAX_PATHS)


def headline(explanation: Explanation) -> Text:
    """The wallet, its score, level and flags, the reason of each, and what is incomplete."""
    wallet = f"{explanation.wallet.chain}:{explanation.wallet.address}"
    if explanation.wallet.name is not None:
        wallet = f"{explanation.wallet.name}, says {explanation.wallet.name_source}: {wallet}"
    score = two_digits(explanation.score)
    text = Text.assemble(("Explained: ", "bold"), wallet, "\nscore ", (score, "bold"), ", level ")
    text.append(_level(explanation.risk_level))
    if explanation.run is not None:
        run = explanation.run
        text.append(f" (run {run.run_id}, policy {run.policy_version}, explanation {explanation.status})")
    if explanation.flags:
        text.append(f"\nflags: {', '.join(explanation.flags)}")
    for reason in explanation.reasons:
        text.append(f"\n{reason.outcome}: {reason.sentence}")
    for sentence in (*explanation.incomplete_reasons, *explanation.notes):
        text.append(f"\n  {sentence}", style="yellow")
    return text


def contributions_table(explanation: Explanation) -> Table:
    """A row a contribution, and their sum, which is the score."""
    table = Table(title="Contributions: share × severity × hop weight = points", title_justify="left")
    for column in ("direction", "category", "hop"):
        table.add_column(column)
    for column in ("share", "severity", "hop weight", "points"):
        table.add_column(column, justify="right")
    for contribution in explanation.contributions:
        table.add_row(*_cells(contribution))
    table.add_section()
    table.add_row("sum = score", "", "", "", "", "", Text(explanation.score or "", style="bold"))
    return table


def path_lines(explanation: Explanation, limit: int) -> Group:
    """The heaviest paths, first those of the direction that decided the score; a line each transfer."""
    paths = sorted(explanation.paths, key=lambda path: path.direction != explanation.direction)[:limit]
    number = f"{len(paths)} of {len(explanation.paths)}"
    title = f"Largest paths, {number}: transaction, time, sender → receiver, amount"
    parts: list[RenderableType] = [Text(title, style="italic")]
    for path in paths:
        points = f"{path.points} points"
        if path.direction != explanation.direction:
            points += " that the score does not count (the other direction decided it)"
        way = "came from" if path.direction == "source" else "went to"
        end = path.category if path.label is None else f"{path.category} ({path.label})"
        parts += (Text(f"  {points}: money that {way} {end}"), _transfers(path, explanation))
    return Group(*parts)


def _direct_transfers(explanation: Explanation) -> Table:
    table = Table(title="Direct transfers behind the rules", title_justify="left")
    for column in ("rule", "transaction", "time", "with", "USD"):
        table.add_column(column)
    for evidence in explanation.rule_evidence:
        for each in evidence.transfers[:MAX_PATHS]:
            table.add_row(
                evidence.rule,
                short(each.transaction_hash),
                f"{each.occurred_at:%Y-%m-%d %H:%M:%S}",
                Text(_name(explanation, each.counterparty)),
                each.usd_value or "no price",
            )
        more = len(evidence.transfers[MAX_PATHS:]) + evidence.other_transfers
        if more:
            table.add_row(evidence.rule, f"and {more:,} more", "", "", "")
    return table


def _name(explanation: Explanation, address: str) -> str:
    """The name of a wallet with its address in short, or the address alone."""
    name = next((each.name for each in explanation.names if each.address == address), None)
    return short(address) if name is None else f"{name} ({short(address)})"


def _asset(explanation: Explanation, asset: str) -> str:
    return next((each.title for each in explanation.asset_names if each.asset == asset), short(asset))


def _transfers(path: EvidenceItem, explanation: Explanation) -> Table:
    lines = Table.grid(padding=(0, 2))
    for _ in range(3):
        lines.add_column(no_wrap=True)
    asset = _asset(explanation, path.asset)
    for transfer in path.transfers:
        amount = f"{rounded_units(transfer.amount, path.decimals)} {asset}"
        if transfer.amount_carried != transfer.amount:
            amount += f", of which {rounded_units(transfer.amount_carried, path.decimals)} on this path"
        lines.add_row(
            f"    {short(transfer.transaction_hash)}",
            f"{transfer.occurred_at:%Y-%m-%d %H:%M:%S}",
            Text(f"{_name(explanation, transfer.sender)} → {_name(explanation, transfer.receiver)}"),
            amount,
        )
    return lines


def _cells(contribution: Contribution) -> tuple[str, ...]:
    return (
        contribution.direction,
        contribution.category,
        str(contribution.hop),
        f"{contribution.share:.9f}",
        f"{contribution.severity:g}",
        f"{contribution.hop_weight:g}"
        + ("" if contribution.counted == 1 else f" × {contribution.counted:g}"),
        contribution.points,
    )


def _residuals_table(explanation: Explanation) -> Table:
    table = Table(title="What no category explains", title_justify="left")
    for column in ("asset", "direction", "kind", "hop"):
        table.add_column(column)
    table.add_column("share", justify="right")
    for residual in explanation.residuals:
        hop = "" if residual.hop is None else str(residual.hop)
        name = RESIDUAL_NAMES[residual.kind]
        table.add_row(
            _asset(explanation, residual.asset), residual.direction, name, hop, f"{residual.share:.9f}"
        )
    return table


def _level(level: str | None) -> Text:
    return Text(level or "unknown", style=LEVEL_STYLES.get(level or "", "dim"))
