"""What servers need once before the product works on them: a role, tables, topics, permissions, kernels."""

import typer

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    load_settings,
    open_record,
    print_json,
    stderr,
)
from app.stores.migrate import migrate as migrate_record
from embedded.roles import ensure_roles
from ingest.kafka.topics import ensure_topics

PANEL = "Containers and documents"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(rich_help_panel=PANEL)(migrate)
    app.command(rich_help_panel=PANEL)(topics)
    app.command(rich_help_panel=PANEL)(compile_kernels)


def migrate(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the record's tables up to date; nothing happens when they are.

    With AML_POSTGRES_ADMIN_URL, a superuser's, the role and the database of AML_POSTGRES_URL are made before.

    Example: aml migrate
    """
    settings = load_settings(home)
    if settings.postgres_admin_url is not None:
        admin_url, url = settings.postgres_admin_url, settings.postgres_url
        ensure_roles(admin_url.get_secret_value(), url.get_secret_value())
    with open_record(settings) as postgres:
        migrate_record(postgres)


def topics(home: HomeOption = DEFAULT_HOME) -> None:
    """Create the topics of transfers and of refused messages if they are not there, and give permissions.

    Permissions are given where AML_KAFKA_ADMIN_USERNAME is set: to the users of AML_KAFKA_USERNAME and
    AML_KAFKA_PRODUCER_USERNAME.

    Example: aml topics
    """
    ensure_topics(load_settings(home))


def compile_kernels(as_json: JsonOption = False) -> None:
    """Compile the ledger engine's code once, so that no scoring run has to wait for it.

    Example: aml compile-kernels
    """
    from app.runs.engines.compile import compile_kernels as compile_all  # noqa: PLC0415 - loads a compiler

    kernels = compile_all()
    if as_json:
        print_json(kernels)
        return
    compiled = sum(kernel["compiled"] > 0 for kernel in kernels.values())
    stderr.print(f"{compiled} of {len(kernels)} kernels were compiled; the others were there already.")
