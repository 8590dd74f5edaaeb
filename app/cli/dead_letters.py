"""Commands for refused messages: list, show, replay."""

import base64
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from app.cli.output.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    count_progress,
    load_settings,
    open_record,
    print_json,
    stderr,
    stdout,
)
from app.errors import InvalidInput
from app.record.dead_letters import list_dead_letters
from ingest.contract.reasons import REASONS
from ingest.kafka.replay import (
    find_dead_letter,
    parse_origin,
    replay_all,
    replay_one,
)

ReasonOption = Annotated[str | None, typer.Option(help="Only those refused for this reason.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(
        help="List, show and replay messages that broke the event contract.",
        epilog="Example: aml dead-letters list",
        no_args_is_help=True,
    )
    group.command("list")(list_refused)
    group.command("show")(show)
    group.command("replay")(replay)
    app.add_typer(group, name="dead-letters", rich_help_panel="Data")


def list_refused(
    home: HomeOption = DEFAULT_HOME,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List refused messages, latest first, each with its origin and its reason.

    Example: aml dead-letters list --reason bad_checksum
    """
    _check(reason)
    with open_record(load_settings(home)) as postgres:
        page = list_dead_letters(postgres, reason=reason, limit=limit)
    if as_json:
        print_json(page)
        return
    letters, refused = page.dead_letters, page.refused_by_reason
    table = Table("origin", "reason", "detail", "bytes", "recorded", "replayed")
    for letter in letters:
        replayed = f"{letter.replayed_at:%Y-%m-%d %H:%M:%S}" if letter.replayed_at else ""
        recorded = f"{letter.recorded_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            letter.origin, letter.reason, letter.detail, str(letter.payload_bytes), recorded, replayed
        )
    stdout.print(table)
    total = sum(refused.values()) if reason is None else refused.get(reason, 0)
    stderr.print(f"{len(letters)} of {total} refused messages are shown.", highlight=False)
    if reason is None and refused:
        counts = ", ".join(f"{count} {name}" for name, count in refused.items())
        stderr.print(f"By reason: {counts}.", highlight=False)


def show(
    origin: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` writes it.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show one refused message: its reason in full and its bytes, of which the record keeps 64 KiB.

    Example: aml dead-letters show transfers/0/17
    """
    with open_record(load_settings(home)) as postgres:
        letter = find_dead_letter(postgres, parse_origin(origin))
    facts = letter.facts().model_dump() | {"meaning": REASONS[letter.reason]}
    if as_json:
        payload = base64.b64encode(letter.payload).decode()
        print_json({**facts, "key": _legible(letter.key), "payload_base64": payload})
        return
    for name, value in facts.items():
        stdout.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    stdout.print(f"key: {_legible(letter.key)}", markup=False, highlight=False, soft_wrap=True)
    stdout.print(_legible(letter.payload), markup=False, highlight=False, soft_wrap=True)


def replay(
    origin: Annotated[str | None, typer.Argument(help="TOPIC/PARTITION/OFFSET; all if not given.")] = None,
    home: HomeOption = DEFAULT_HOME,
    reason: ReasonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send refused messages to Kafka again, unchanged, after their cause is fixed.

    Without an origin it sends all that were not sent again before.

    Example: aml dead-letters replay --reason conflict
    """
    _check(reason)
    if origin is not None and reason is not None:
        raise InvalidInput("An origin and --reason exclude each other: name one message or one reason.")
    settings = load_settings(home)
    with open_record(settings) as postgres, count_progress("sending again") as progress:
        result = (
            replay_all(settings, postgres, reason=reason, progress=progress)
            if origin is None
            else replay_one(settings, postgres, parse_origin(origin))
        )
    if as_json:
        print_json(asdict(result))
        return
    stderr.print(f"{result.replayed} sent again to {settings.transfers_topic}.", highlight=False)
    if result.truncated:
        stderr.print(f"{result.truncated} are too large to be accepted, and were not sent.", highlight=False)


def _check(reason: str | None) -> None:
    if reason is not None and reason not in REASONS:
        raise InvalidInput(f"There is no reason {reason!r}: choose from {', '.join(REASONS)}.")


def _legible(payload: bytes | None) -> str | None:
    """The payload as text; bytes that are no text, and control characters, are escaped."""
    if payload is None:
        return None
    return payload.decode(errors="backslashreplace").translate(_CONTROLS)


_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)
}
