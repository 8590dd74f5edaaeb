"""The tree stays easy to see: small folders, and no two folders that import each other."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.paths import PROJECT

MAX_FILES = 20
PACKAGES = ("app", "bench", "cypher", "embedded", "frontend", "ingest")
BUILT = {"__pycache__", "vendor", "node_modules", "pictures"}


def folders(*roots: str) -> list[Path]:
    """The folders below these roots, themselves too, without what is built."""
    return [
        folder
        for root in roots
        for folder in [PROJECT / root, *(PROJECT / root).rglob("*/")]
        if not BUILT & set(folder.relative_to(PROJECT).parts)
    ]


def modules() -> dict[str, Path]:
    """The product's modules by name."""
    files = (file for folder in folders(*PACKAGES) for file in folder.glob("*.py"))
    return {
        ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def imported(file: Path, known: dict[str, Path]) -> set[str]:
    """The product's modules that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in whole}
    return names & known.keys()


def folder_of(name: str, known: dict[str, Path]) -> str:
    return name if known[name].name == "__init__.py" else name.rpartition(".")[0]


@pytest.mark.parametrize("folder", folders("app", "ingest", "cypher", "tests"), ids=str)
def test_no_folder_has_too_many_files(folder: Path) -> None:
    files = [file for file in folder.iterdir() if file.is_file()]
    assert len(files) <= MAX_FILES, f"{folder} has {len(files)} files: are there two subjects in it?"


def test_no_two_folders_import_each_other() -> None:
    known = modules()
    below: dict[str, set[str]] = defaultdict(set)
    for name, file in known.items():
        folder = folder_of(name, known)
        below[folder] |= {folder_of(other, known) for other in imported(file, known)} - {folder}
    reached = {folder: set(others) for folder, others in below.items()}
    for middle in list(reached):  # Warshall's closure: what each folder reaches through others
        for others in reached.values():
            if middle in others:
                others.update(reached[middle])
    assert len(known) > 200
    assert sorted(folder for folder, others in reached.items() if folder in others) == []
