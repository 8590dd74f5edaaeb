"""Ahead-of-time caches of the Java servers: recorded once on a machine, they make later starts faster."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import jars
from embedded.cache import cache_dir
from embedded.home import is_home, wipe
from embedded.java import cache_file
from embedded.kafka import kafka_program
from embedded.neo4j import neo4j_program
from embedded.process import StartFailed


def caches() -> list[Path]:
    """Paths of this machine's caches, whether or not they exist yet."""
    sets = jars.ensure(["neo4j", "kafka"])
    return [cache_file(neo4j_program(sets["neo4j"])), cache_file(kafka_program(sets["kafka"]))]


@contextmanager
def training_home() -> Iterator[Path]:
    """A home for one recording `Stack` that does typical work inside the block; its caches are kept.

    Raises:
        StartFailed: the Java runtime wrote no cache.
    """
    home = Path(tempfile.mkdtemp(prefix="training-", dir=cache_dir()))
    try:
        yield home
        for cache in caches():
            _keep(home, cache)
    finally:
        if is_home(home):
            wipe(home)


def _keep(home: Path, cache: Path) -> None:
    """Moves a complete recording to where the next start looks; a rename on one disk, so it is atomic."""
    recording = next(home.glob(f"*/{cache.name}"), None)
    if recording is None:
        raise StartFailed(
            f"The Java runtime wrote no {cache.name}: later starts are slower, nothing else changes."
        )
    cache.parent.mkdir(parents=True, exist_ok=True)
    recording.replace(cache)
