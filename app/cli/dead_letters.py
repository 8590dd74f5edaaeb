"""Commands about messages that were refused: list, show, replay."""

import base64
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    configure,
    counting,
    print_json,
    record,
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
    group = typer.Typer(help="Messages that broke the event contract.", no_args_is_help=True)
    group.command("list")(list_refused)
    group.command("show")(show)
    group.command("replay")(replay)
    app.add_typer(group, name="dead-letters")


def list_refused(
    home: HomeOption = DEFAULT_HOME,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List refused messages, the latest first, each with where it came from and why it was refused.

    Example: aml dead-letters list --reason bad_checksum
    """
    _check(reason)
    with record(configure(home)) as postgres:
        found = list_dead_letters(postgres, reason=reason, limit=limit)
    if as_json:
        print_json(found)
        return
    letters, refused = found.dead_letters, found.refused_by_reason
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
        counted = ", ".join(f"{count} {name}" for name, count in refused.items())
        stderr.print(f"By reason: {counted}.", highlight=False)


def show(
    origin: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` writes it.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show one refused message: its reason in full and its bytes, of which the record keeps 64 KiB.

    Example: aml dead-letters show transfers/0/17
    """
    with record(configure(home)) as postgres:
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
    """Send refused messages again as they were, once what refused them is mended; each is judged anew.

    Without an origin it sends those that have not been sent again yet. Example: aml dead-letters replay
    --reason conflict
    """
    _check(reason)
    if origin is not None and reason is not None:
        raise InvalidInput("Say which one: an origin, or --reason for all that were refused for it.")
    configured = configure(home)
    with record(configured) as postgres, counting("Sending again") as sent:
        done = (
            replay_all(configured, postgres, reason=reason, progress=sent)
            if origin is None
            else replay_one(configured, postgres, parse_origin(origin))
        )
    if as_json:
        print_json(asdict(done))
        return
    stderr.print(f"{done.replayed} sent again to {configured.transfers_topic}.", highlight=False)
    if done.truncated:
        stderr.print(f"{done.truncated} are too large to be accepted and were not sent.", highlight=False)


def _check(reason: str | None) -> None:
    if reason is not None and reason not in REASONS:
        raise InvalidInput(f"There is no reason {reason!r}: choose from {', '.join(REASONS)}.")


def _legible(payload: bytes | None) -> str | None:
    """Text as far as it is text; other bytes, and what a terminal would obey, escaped."""
    if payload is None:
        return None
    return payload.decode(errors="backslashreplace").translate(_CONTROLS)


_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)
}
