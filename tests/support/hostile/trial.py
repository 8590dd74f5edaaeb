"""A reader tried on a hostile file: in a process of its own, whose memory, time and last words are seen."""

import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any, Final

from app.errors import AmlError
from tests.support.hostile.content import BY_SUFFIX, MIB, packed
from tests.support.hostile.places import put
from tests.support.hostile.readers import READERS, Reader

MOST_MEMORY: Final = 300 * MIB
SECONDS_A_MIB: Final = 1.0
REFUSED_WITHIN: Final = 10.0
"""Of the processor, which other processes do not lengthen."""
WAITS_FOR_EVER: Final = 240.0
_ENDED: Final = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader did: `words` is its refusal, its trace, or nothing.

    Sizes are bytes, seconds those of the processor.
    """

    reader: str
    seed: int
    made: str
    size: int
    memory: int
    seconds: float
    words: str
    is_refused: bool

    @property
    def fault(self) -> str | None:
        """What is wrong with it."""
        limit = max(REFUSED_WITHIN, SECONDS_A_MIB * self.size / MIB)
        if self.words and not self.is_refused:
            return f"{self} ended with a trace"
        if self.memory > MOST_MEMORY:
            return f"{self} took {self.memory // MIB} MiB"
        return f"{self} took {self.seconds:.1f} s" if self.seconds > limit else None

    def __str__(self) -> str:
        """Which file, and what became of it."""
        return f"{self.reader}, seed {self.seed} ({self.made}, {self.size} bytes): {self.words[-600:]!r}"


def trials(names: Iterable[str], seeds: range, folder: Path) -> Iterator[Outcome]:
    """Each reader tried on the file of each seed."""
    for name in names:
        for seed in seeds:
            place = folder / "hostile"
            place.mkdir()
            try:
                yield _trial(name, seed, place)
            finally:
                shutil.rmtree(place)


def _trial(name: str, seed: int, folder: Path) -> Outcome:
    path, made = _make(READERS[name], Random(f"{name} {seed}"), folder)
    size = path.stat().st_size if path.is_file() else 0
    memory, seconds, said = _in_a_child(READERS[name], path)
    return Outcome(name, seed, made, size, memory, seconds, said["words"], said["is_refused"])


def _make(reader: Reader, random: Random, folder: Path) -> tuple[Path, str]:
    """Makes the file in a process of its own: what that takes does not count."""
    path = folder / f"file.{reader.suffix}"
    kind = random.random()
    makers = BY_SUFFIX[reader.suffix]
    maker = random.choice(makers)
    good = random.choice(reader.good)
    if kind < 0.1:
        put(random, path, good)
        return path, "a place"
    if kind < 0.2 and reader.suffix != "parquet":
        _beside(lambda: _pack(random, path, good))
        return next(folder.iterdir()), "packed"
    _beside(lambda: path.write_bytes(maker(random, good)))
    return path, maker.__name__


def _pack(random: Random, path: Path, good: bytes) -> None:
    suffix, body = packed(random, good)
    path.with_name(path.name + suffix).write_bytes(body)


def _beside(make: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            make()
        except BaseException:  # noqa: BLE001 - the fork must not go on with what its parent does
            traceback.print_exc()
            os._exit(1)
        os._exit(_ENDED)
    if os.waitpid(pid, 0)[1]:
        raise AssertionError("the hostile file was not made")


def _in_a_child(reader: Reader, path: Path) -> tuple[int, float, dict[str, Any]]:
    """Most memory, seconds of the processor, and what it said."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receive)
        _read_and_exit(reader, path, send)
    os.close(send)
    deadline = monotonic() + WAITS_FOR_EVER
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        sleep(0.002)
    with os.fdopen(receive) as said:
        text = said.read()
    words = json.loads(text) if text else {"words": f"died: status {status}", "is_refused": False}
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, words


def _read_and_exit(reader: Reader, path: Path, send: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4_096 * MIB, 4_096 * MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    words, is_refused = "", False
    try:
        reader.read(path)
    except AmlError as exc:
        words, is_refused = str(exc), True
        words.encode()  # a sentence that no terminal can write is none
        if not words.strip() or len(words) > 4_000 or "\0" in words:
            words, is_refused = f"no sentence: {words[:300]!r}", False
    except BaseException:  # noqa: BLE001 - whatever it is, it is told
        words = traceback.format_exc()[-1_500:]
    os.write(send, json.dumps({"words": words, "is_refused": is_refused}).encode()[:60_000])
    sys.stdout.flush()
    os._exit(_ENDED)
