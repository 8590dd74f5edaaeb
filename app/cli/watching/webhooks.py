"""Commands for webhooks: add, list, remove, rotate, test; deliveries and their replay."""

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from app.alerts.webhooks import endpoints, messages
from app.answers.webhooks import Delivery, NewWebhook
from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    legible,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
)
from app.stores.postgres import now

EndpointArgument = Annotated[
    UUID, typer.Argument(help="The id of the endpoint, as `aml webhooks list` says.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    webhooks = typer.Typer(
        help="Tell other servers of alerts by signed calls.",
        epilog="Example: aml webhooks add https://desk.example/aml",
        no_args_is_help=True,
    )
    for name, command in (
        ("add", add),
        ("list", list_),
        ("remove", remove),
        ("rotate", rotate),
        ("test", send_test),
        ("deliveries", deliveries),
        ("replay", replay),
    ):
        webhooks.command(name)(command)
    app.add_typer(webhooks, name="webhooks", rich_help_panel="Watching")


def add(
    url: Annotated[str, typer.Argument(help="Where calls go: https://host/path.")],
    home: HomeOption = DEFAULT_HOME,
    description: Annotated[str, typer.Option(help="What it is, for people.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Add an endpoint; its secret is shown this once.

    Example: aml webhooks add https://desk.example/aml --description "Our desk"
    """
    settings = load_settings(home)
    with open_record(settings) as postgres, postgres.transaction() as connection:
        added = endpoints.add_endpoint(connection, url, description, settings.webhook_hosts)
    _show_secret(added, as_json=as_json)


def list_(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the endpoints.

    Example: aml webhooks list
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        answer = endpoints.endpoints(connection)
    if as_json:
        print_json(answer)
        return
    table = Table("id", "url", "description", "called")
    for each in answer.webhooks:
        cells = (str(each.endpoint_id), each.url, each.description, "yes" if each.enabled else "no: gone")
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in cells))
    stdout.print(table)


def remove(
    endpoint_id: EndpointArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Remove an endpoint with its deliveries.

    Example: aml webhooks remove 8f14e45f-ceea-467f-8fee-d2b0f6a4d2b1
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        endpoints.remove_endpoint(connection, endpoint_id)
    if as_json:
        print_json({"removed": 1})
    else:
        stderr.print("Removed.")


def rotate(
    endpoint_id: EndpointArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Give an endpoint a new secret; for a day calls are signed with the one before too.

    Example: aml webhooks rotate 8f14e45f-ceea-467f-8fee-d2b0f6a4d2b1
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        rotated = endpoints.rotate_secret(connection, endpoint_id)
    _show_secret(rotated, as_json=as_json)


def send_test(
    endpoint_id: EndpointArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Send a test message to an endpoint.

    Example: aml webhooks test 8f14e45f-ceea-467f-8fee-d2b0f6a4d2b1
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        delivery = messages.send_test(connection, endpoint_id, now(connection))
    if as_json:
        print_json(delivery)
    else:
        stderr.print(f"The worker sends {delivery.message_id}: see `aml webhooks deliveries {endpoint_id}`.")


def deliveries(
    endpoint_id: EndpointArgument,
    home: HomeOption = DEFAULT_HOME,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many deliveries.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the messages to an endpoint, newest first, with what was answered.

    Example: aml webhooks deliveries 8f14e45f-ceea-467f-8fee-d2b0f6a4d2b1
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction(snapshot=True) as connection:
        answer = messages.deliveries(connection, endpoint_id, limit, None)
    if as_json:
        print_json(answer)
        return
    table = Table("delivery", "event", "about", "state", "attempts", "last answer", "next")
    for each in answer.deliveries:
        table.add_row(*(Text(legible(cell), overflow="fold") for cell in _cells(each)))
    stdout.print(table)


def replay(
    delivery_id: Annotated[int, typer.Argument(min=1, help="The number of the delivery.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Send a message again now, under the same id.

    Example: aml webhooks replay 7
    """
    with open_record(load_settings(home)) as postgres, postgres.transaction() as connection:
        delivery = messages.send_again(connection, delivery_id)
    if as_json:
        print_json(delivery)
    else:
        stderr.print(f"The worker sends {delivery.message_id} again.")


def _cells(delivery: Delivery) -> tuple[str, ...]:
    last = delivery.attempts[-1] if delivery.attempts else None
    following = delivery.next_attempt_at if delivery.status == "pending" else None
    return (
        str(delivery.delivery_id),
        delivery.event_type,
        delivery.subject,
        delivery.status,
        str(len(delivery.attempts)),
        "" if last is None else last.error or f"{last.status_code}",
        "" if following is None else f"{following:%Y-%m-%d %H:%M:%S}",
    )


def _show_secret(endpoint: NewWebhook, *, as_json: bool) -> None:
    if as_json:
        print_json(endpoint)
        return
    stdout.print(f"endpoint {endpoint.endpoint_id}\nsecret   {endpoint.secret}", soft_wrap=True)
    stderr.print("Keep the secret: it is shown this once.")
