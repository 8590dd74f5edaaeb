"""`aml api --reload` starts the API again for whatever it has read: sources, queries, the policy."""

import os
from pathlib import Path

import pytest
import uvicorn

from app.server.reloading import FOLDERS, SourceReload
from app.settings import PROJECT


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with one file of each kind, and a policy beside it."""
    folder = tmp_path / "sources"
    (folder / "state").mkdir(parents=True)
    for name in ("a.py", "state/counts.cypher", "page.html", "notes.txt", "../policy.yaml"):
        (folder / name).write_text("before")
    return folder


def reloader(sources: Path) -> SourceReload:
    config = uvicorn.Config("nothing:app", reload=True, reload_dirs=[str(sources)], reload_delay=0.0)
    made = SourceReload(config, target=lambda _sockets: None, sockets=[])
    made.policy_file = sources.parent / "policy.yaml"
    assert made.should_restart() is None
    return made


@pytest.mark.parametrize("name", ["a.py", "state/counts.cypher", "page.html", "../policy.yaml"])
def test_a_change_of_what_the_api_reads_starts_it_again(sources: Path, name: str) -> None:
    made = reloader(sources)
    assert made.should_restart() is None
    changed = sources / name
    os.utime(changed, (changed.stat().st_atime, changed.stat().st_mtime + 1))
    assert made.should_restart() == [changed.resolve()]


def test_a_change_of_something_else_does_not(sources: Path) -> None:
    made = reloader(sources)
    other = sources / "notes.txt"
    os.utime(other, (other.stat().st_atime, other.stat().st_mtime + 1))
    assert made.should_restart() is None


def test_the_queries_and_the_policy_of_the_project_are_watched() -> None:
    config = uvicorn.Config(
        "nothing:app", reload=True, reload_dirs=[str(PROJECT / folder) for folder in FOLDERS]
    )
    made = SourceReload(config, target=lambda _sockets: None, sockets=[])
    made.policy_file = PROJECT / "policy.yaml"
    watched = set(made.iter_py_files())
    assert {*(PROJECT / "cypher").rglob("*.cypher"), PROJECT / "policy.yaml"} <= watched
    assert {*(PROJECT / "app").rglob("*.py")} <= watched
