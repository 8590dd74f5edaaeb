"""Commands that change the API's token of a home: the one before counts until it is forgotten."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe

import typer

from app.cli.output.terminal import DEFAULT_HOME, HomeOption, stderr
from app.errors import NotFound
from embedded.home import Secrets, is_home, load_secrets, open_home, save_secrets


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    tokens = typer.Typer(
        help="Change the API's token: the one before counts until it is forgotten.",
        epilog="Example: aml token rotate",
        no_args_is_help=True,
    )
    tokens.command()(rotate)
    tokens.command()(forget)
    app.add_typer(tokens, name="token", rich_help_panel="An instance")


def rotate(home: HomeOption = DEFAULT_HOME) -> None:
    """Make a new token of a home that does not run; the token before counts too from its next start on.

    To run it: aml down, aml token rotate, aml up --detach.

    Example: aml token rotate
    """
    _change(home, lambda kept: replace(kept, api_token=token_urlsafe(32), api_token_before=kept.api_token))
    stderr.print(
        f"The new token is `api_token` of {home / 'secrets.json'}. The one before counts too: end it with"
        " `aml token forget` when every client has the new one.",
        soft_wrap=True,
    )


def forget(home: HomeOption = DEFAULT_HOME) -> None:
    """End the token before; it counts no longer from the next start on.

    Example: aml token forget
    """
    _change(home, lambda kept: replace(kept, api_token_before=""))
    stderr.print("The token before counts no longer.")


def _change(home: Path, changed: Callable[[Secrets], Secrets]) -> None:
    """Writes the secrets of a home that nobody runs.

    Raises:
        NotFound: nothing was ever started there.
        InUse: it runs.
    """
    path = home.expanduser().resolve()
    if not is_home(path):
        raise NotFound(f"Nothing was started in {path}: `aml up` makes a token.")
    with open_home(path):
        save_secrets(path, changed(load_secrets(path)))
