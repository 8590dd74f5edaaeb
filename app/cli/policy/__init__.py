"""Commands for the policy that levels depend on: check a file, and see what it would change."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
    step_progress,
)
from app.operations.policy_trial import PolicyTrial, try_policy
from app.policy.policy import load_policy

PolicyFile = Annotated[Path, typer.Argument(help="The policy file.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    policy = typer.Typer(
        help="Check the policy file that scores depend on, or see what one would change.",
        epilog="Example: aml policy check policy.yaml",
        no_args_is_help=True,
    )
    policy.command("check")(check)
    policy.command("try")(trial)
    app.add_typer(policy, name="policy", rich_help_panel="Scores and reasons")


def check(file: PolicyFile = Path("policy.yaml"), as_json: JsonOption = False) -> None:
    """Check a policy file; each mistake is explained with its line.

    Example: aml policy check policy.yaml
    """
    policy = load_policy(file)
    answer = {
        "version": policy.version,
        "digest": policy.digest,
        "categories": len(policy.categories),
        "rules": len(policy.rules),
    }
    if as_json:
        print_json(answer)
    else:
        stderr.print(
            f"{file} is policy {policy.version} with {len(policy.categories)} categories, "
            f"{len(policy.rules)} rules and no mistakes. Its digest is {policy.digest}.",
            markup=False,
            soft_wrap=True,
        )


def trial(file: PolicyFile, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Say what a policy would change on the current data; nothing is stored and nothing published.

    Example: aml policy try stricter.yaml
    """
    policy = load_policy(file)
    with open_record(load_settings(home)) as postgres, step_progress("trying the policy") as progress:
        answer = try_policy(postgres, policy, progress)
    if as_json:
        print_json(answer)
        return
    stdout.print(
        f"Policy {answer.policy_version} on {answer.wallets:,} wallets, compared with run "
        f"{answer.published_run}: {answer.changed_levels:,} change their level, {answer.changed_scores:,} "
        "their score.",
        markup=False,
        soft_wrap=True,
    )
    stdout.print(_levels(answer))
    if answer.largest:
        stdout.print(_largest(answer))


def _levels(answer: PolicyTrial) -> Table:
    table = Table("level", title="Wallets by level", title_justify="left")
    for column in (f"run {answer.published_run}", f"policy {answer.policy_version}"):
        table.add_column(column, justify="right")
    for level in dict.fromkeys((*answer.levels_before, *answer.levels_after)):
        before, after = answer.levels_before.get(level, 0), answer.levels_after.get(level, 0)
        table.add_row(level, f"{before:,}", f"{after:,}")
    return table


def _largest(answer: PolicyTrial) -> Table:
    table = Table("wallet", "level", "score", "decided by", title="Largest changes", title_justify="left")
    for each in answer.largest:
        table.add_row(
            f"{each.wallet.chain}:{each.wallet.address}",
            f"{each.level_before} → {each.level_after}",
            f"{each.score_before or 'unknown'} → {each.score_after or 'unknown'}",
            each.decided_by,
        )
    return table
