"""Compiled kernels come with the installation: a process whose cache lacks them takes them from there.

numba caches in the folder that NUMBA_CACHE_DIR names, else beside the source, else in the user's home: in
the first of them that it may write to. The installation compiles beside the source. Whoever may not write
there, such as another user or a container with a read-only file system, gets copies; with no place to write
to at all, in a temporary folder.
"""

import pickle
import shutil
import tempfile
from atexit import register
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numba

F = TypeVar("F", bound=Callable[..., Any])

INSTALLED = Path(__file__).parent / "__pycache__"
"""Where the installation keeps compiled kernels."""

_kernels: dict[str, Any] = {}


def cached(compile_lazily: Callable[[F], F], function: F) -> F:
    """The kernel of a function: compiled in the installation, else at its first call."""
    try:
        kernel = compile_lazily(function)
    except RuntimeError:  # there is no folder that numba may write to
        folder = tempfile.mkdtemp(prefix="aml-kernels-")
        register(partial(shutil.rmtree, folder, ignore_errors=True))
        numba.config.CACHE_DIR = folder  # type: ignore[attr-defined]
        kernel = compile_lazily(function)
    _kernels[function.__name__] = kernel
    place = Path(_kernels[function.__name__].stats.cache_path)
    if place != INSTALLED:
        for index in INSTALLED.glob(f"*.{function.__name__}-{function.__code__.co_firstlineno}.*.nbi"):
            with suppress(OSError):  # then it is compiled
                _copy(index, place)
    return kernel


def statistics() -> dict[str, dict[str, int]]:
    """How often each kernel was taken from the cache, and how often compiled, in this process."""
    return {
        name: {
            "from_cache": sum(kernel.stats.cache_hits.values()),
            "compiled": sum(kernel.stats.cache_misses.values()),
        }
        for name, kernel in _kernels.items()
    }


def _copy(index: Path, folder: Path) -> None:
    """Copies the index of a kernel and its code, unless the folder has some of the same source."""
    if _source(folder / index.name) == _source(index):
        return
    for file in (*index.parent.glob(f"{index.stem}.*.nbc"), index):  # the index last: it names the others
        part = folder / f"{file.name}.{uuid4().hex}"
        shutil.copyfile(file, part)
        part.replace(folder / file.name)


def _source(index: Path) -> tuple[object, ...] | None:
    """Numba's version and its digest of the source, as an index begins; None where there is no index."""
    try:
        with index.open("rb") as file:
            return pickle.load(file), pickle.load(file)[0]  # noqa: S301 - numba reads the same file
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
