"""`aml backup` and `aml restore`: the record and the secrets of an instance, in a folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output.terminal import DEFAULT_HOME, HomeOption, JsonOption, print_json, stderr, stdout, writing
from app.errors import InvalidInput, NotFound
from app.operations.backup import (
    RECORD_FILE,
    Content,
    check_restored,
    read_manifest,
    write_backup,
)
from app.stores.limits import Work
from app.stores.postgres import Postgres
from embedded.dumps import dump, load
from embedded.home import is_home, open_home
from embedded.stack import Stack
from embedded.urls import running_urls

SECRETS_FILE = "secrets.json"

FolderArgument = Annotated[Path, typer.Argument(help="Folder of the backup.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (backup, restore):
        app.command(rich_help_panel="An instance")(command)


def backup(folder: FolderArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Write the record and the secrets into a new folder; a running instance goes on meanwhile.

    The graph follows from the record; Kafka is not part of it (docs/backup.md). It holds passwords.

    Example: aml backup /backups/2026-11-28
    """
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InvalidInput(f"{folder} is not empty: choose a new folder.")
    with ExitStack() as resources:
        url, has_secrets = resources.enter_context(_record_url(home))
        postgres = Postgres(url, Work.BULK)
        resources.callback(postgres.close)
        with writing(folder), stderr.status("Writing the record"):
            manifest = write_backup(postgres, folder, lambda file, name: dump(url, file, snapshot=name))
        (folder / RECORD_FILE).chmod(0o600)
        if has_secrets:
            with writing(folder):
                _copy_private(home / SECRETS_FILE, folder / SECRETS_FILE)
    if as_json:
        print_json(asdict(manifest))
    else:
        _print("Wrote", folder, manifest.content)


def restore(folder: FolderArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Make an instance of a backup, in a new folder; `aml up` starts it then, and fills its graph.

    Example: aml restore /backups/2026-11-28 --home ~/aml-restored
    """
    manifest = read_manifest(folder)
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise InvalidInput(f"{home} is not empty: restore into a new folder, and compare before you replace.")
    with open_home(home):  # the same token and passwords
        if (folder / SECRETS_FILE).exists():
            with writing(home):
                _copy_private(folder / SECRETS_FILE, home / SECRETS_FILE)
    with stderr.status("Restoring the record"), Stack(home, ("postgres",)) as stack:
        load(stack.urls.postgres, folder / RECORD_FILE)
        postgres = Postgres(stack.urls.postgres, Work.BULK)
        try:
            check_restored(postgres, manifest)
        finally:
            postgres.close()
    if as_json:
        print_json(asdict(manifest))
        return
    _print("Restored", home, manifest.content)
    stdout.print(f"Start it with `aml up --home {home}`: it fills its graph from the record.", soft_wrap=True)


@contextmanager
def _record_url(home: Path) -> Iterator[tuple[str, bool]]:
    """The address of the record, and whether it is the instance's own: it may run or be stopped.

    The record that the environment names has its secrets elsewhere.
    """
    if url := os.environ.get("AML_POSTGRES_URL"):
        yield url, False
    elif (urls := running_urls(home)) is not None:
        yield urls.postgres, True
    elif is_home(home):
        with stderr.status("Starting PostgreSQL"), Stack(home, ("postgres",)) as stack:
            yield stack.urls.postgres, True
    else:
        raise NotFound(f"There is no instance in {home}. Nothing was written.")


def _copy_private(source: Path, target: Path) -> None:
    target.touch(0o600)
    shutil.copyfile(source, target)


def _print(verb: str, where: Path, content: Content) -> None:
    stdout.print(
        f"{verb} {where}: record {content.record_id}, {content.transfers:,} transfers up to batch "
        f"{content.last_batch}, {content.wallets:,} wallets, {content.runs:,} scoring runs.",
        soft_wrap=True,
        highlight=False,
    )
