"""Texts of other people are shown as they are: nothing in them is markup, and none moves the terminal."""

from io import StringIO

import pytest
from rich.table import Table
from rich.text import Text

from app.cli import print_error
from app.cli.output.terminal import PlainConsole, legible
from app.errors import InvalidInput

HOSTILE = [
    "[/]",
    "[bold red]mixer",
    "[link=http://x]y[/link]",
    "a\x1b[2Jb",
    "\x9b31m",
    "a\u202eb",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_no_markup(text: str) -> None:
    out = StringIO()
    console = PlainConsole(file=out, width=80)
    table = Table()
    table.add_column(text)
    table.add_row(text)
    console.print(text)
    console.print(table)
    console.print(Text(text))  # put together by the code, with styles
    console.print(Text.assemble(("x", "bold"), text))
    shown = out.getvalue()
    assert shown.count(legible(text)) == 5
    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_an_error_shows_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(InvalidInput("[/] and [bold red]mixer in a\x1b]0;title\x07.yaml"))
    shown = capsys.readouterr().err
    assert "[/] and [bold red]mixer in a\ufffd]0;title\ufffd.yaml" in shown
