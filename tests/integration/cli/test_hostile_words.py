"""No word that a person may give to a command is a fault of the program: each ends well or in a sentence."""

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import app, wrong_word
from app.cli.output.terminal import stderr
from app.errors import AmlError
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.run_story import ALICE, tell_project_and_score

RUN_OTHERS = ("demo", "warm", "up", "down", "consume", "api", "bench", "compile-kernels", "restore", "backup")
"""These start or stop whole instances."""
WITHOUT_WAITING = {"produce": ["--no-wait"], "import transfers": ["--dry-run"]}
"""No consumer runs here that they could wait for."""
TEXTS = (
    "", " ", "[/]", "[bold red]x", "\x1b[2J", "\udcff", "\ud800", "\u202e", "\u0661", "\uff1d1+1", ":",
    "ethereum:", "9" * 5_000, "1e999", "NaN", "%s{}${x}'\";--", "../../etc", "a=b=c",
    "0001-01-01T00:00:00+14:00", "/0/0/0/0",
)  # fmt: skip
NAMES = (
    "missing/deep/file.csv", "\udcff.csv", "[/].json", "\x1b[2J.yaml", "x" * 300, "a b\u202e.txt", "folder",
    "broken.csv", "broken.json", "broken.yaml",
)  # fmt: skip
AT_ONCE = int(os.environ.get("AML_HOSTILE_WORDS", "4"))
"""Words in the place of one parameter; the next parameter has the next ones."""
ELSEWHERE = ("/dev/full", "/dev/null", "/proc/self/mem", "/proc/nothing/at/all")


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    """Every command with the words that call it."""
    children = getattr(command, "commands", {})
    if not children:
        yield words, command
    for name, child in children.items():
        yield from leaves(child, (*words, name))


COMMANDS = {
    " ".join(words): command for words, command in leaves(get_command(app)) if words[0] not in RUN_OTHERS
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    for suffix in ("csv", "json", "yaml"):
        (tmp_path / f"broken.{suffix}").write_bytes(b"[/]\xff\0\x1b[2J")
    return tmp_path


def hostile(parameter: Any, folder: Path) -> list[str]:  # noqa: ANN401
    """What a person may write there; nothing for numbers and switches, which typer checks itself."""
    if parameter.name == "home":
        return []
    if "Path" in parameter.bare_type():
        return [str(folder / name) for name in NAMES] + list(ELSEWHERE)
    return list(TEXTS) if "str" in parameter.bare_type() else []


def harmless(parameter: Any, folder: Path) -> str:  # noqa: ANN401
    """What stands there while another word is the hostile one."""
    kinds = {"Path": str(folder / "nothing.csv"), "str": ALICE}
    return kinds.get(parameter.bare_type(), "1")


_turns = count()


def some(words: Sequence[str]) -> list[str]:
    """AT_ONCE of the words, others at each call."""
    begin = next(_turns) * AT_ONCE
    return list(dict.fromkeys(words[(begin + n) % len(words)] for n in range(AT_ONCE))) if words else []


def lines(name: str, folder: Path) -> Iterator[list[str]]:
    """The command with each hostile word, in the place of each parameter."""
    command = COMMANDS[name]
    required = [each for each in command.params if each.required]
    for tried in command.params:
        for word in some(hostile(tried, folder)):
            options, arguments = [*name.split(), *WITHOUT_WAITING.get(name, ())], []
            for parameter in dict.fromkeys([*required, tried]):
                value = word if parameter is tried else harmless(parameter, folder)
                if parameter.param_type_name == "option":
                    options += [parameter.opts[0], value]
                else:
                    arguments.append(value)
            yield [*options, "--", *arguments]


@pytest.mark.usefixtures("commands")
def test_no_word_is_a_fault_of_the_program(folder: Path, postgres: Postgres, graph: Graph) -> None:
    tell_project_and_score(postgres, graph, "ledger")
    tried, faults = 0, []
    for name in COMMANDS:
        for line in lines(name, folder):
            tried += 1
            done = CliRunner().invoke(app, line)
            if isinstance(done.exception, AmlError):
                stderr.print(str(done.exception))  # as `main` does
            elif isinstance(done.exception, Exception) and wrong_word(done.exception) is not None:
                continue  # `main` makes it a sentence
            elif not isinstance(done.exception, SystemExit | None):
                faults.append((line, "".join(format_exception(done.exception)[-3:])))
    assert tried > AT_ONCE * 60
    assert faults == []
