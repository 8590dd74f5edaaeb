"""Command lines for the Java of the wheel: flags, class path, ahead-of-time cache."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import InvalidInput
from embedded.cache import cache_dir
from embedded.extra import java_home
from embedded.home import write_private

_COMMON = (
    "-XX:+UseSerialGC",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
)


@dataclass(frozen=True)
class Program:
    """A Java program: all that an ahead-of-time cache depends on."""

    name: str
    main: str
    class_path: tuple[Path, ...]
    flags: tuple[str, ...]

    def all_flags(self) -> tuple[str, ...]:
        """Flags without memory sizes. `AML_FAST_START=0` gives the slower start and faster long run."""
        fast = ("-XX:TieredStopAtLevel=1",) if os.environ.get("AML_FAST_START", "1") != "0" else ()
        return (*_COMMON, *fast, *self.flags)


def cache_file(program: Program) -> Path:
    """Where the program's ahead-of-time cache is kept; its name changes with all that it depends on."""
    home = java_home()
    stamp = (home / "lib" / "modules").stat()
    inputs = [
        [str(jar) for jar in program.class_path],
        program.all_flags(),
        [str(home), (home / "release").read_text(), stamp.st_size, stamp.st_mtime_ns],
    ]
    key = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]
    return cache_dir() / "aot" / f"{program.name}-{key}.aot"


def command_line(
    program: Program,
    arguments: Iterable[str],
    *,
    folder: Path,
    memory: tuple[str, ...] = (),
    main: str | None = None,
    record: bool = False,
) -> tuple[str, ...]:
    """The full command; `folder` gets its argument file, temporary files and, with `record`, the new cache.

    A cache that does not fit is ignored by the runtime, which then only starts slower.
    """
    # Native libraries are unpacked here: /tmp may be shared, or forbid running them.
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700, parents=True)
    argument_file = folder / "java.args"  # a class path may be longer than a command line allows
    class_path = os.pathsep.join(str(jar) for jar in program.class_path)
    write_private(argument_file, f"-cp\n{_quoted(class_path)}\n")
    cache = cache_file(program)
    if record:
        aot: tuple[str, ...] = (f"-XX:AOTCacheOutput={folder / cache.name}",)
    elif cache.exists():
        aot = (f"-XX:AOTCache={cache}", "-Xlog:disable", "-Xlog:all=error:stderr")
    else:
        aot = ()
    return (
        str(java_home() / "bin" / "java"),
        *program.all_flags(),
        *memory,
        *aot,
        f"-Djava.io.tmpdir={temporary}",
        f"-Djna.tmpdir={temporary}",
        f"@{argument_file}",
        main or program.main,
        *arguments,
    )


def megabytes(variable: str, default: str, *, at_least: int) -> int:
    """A memory size from the environment, in MB.

    Raises:
        InvalidInput: it is not like 512m or 2g, or is too small.
    """
    text = os.environ.get(variable, default)
    match = re.fullmatch(r"([1-9][0-9]{0,6})([mg])", text.lower())
    size = int(match[1]) * (1024 if match[2] == "g" else 1) if match else 0
    if size < at_least:
        raise InvalidInput(f"{variable}={text} is not a size like 512m or 2g of at least {at_least}m.")
    return size


def properties(settings: Mapping[str, object]) -> str:
    """Settings as lines of a Java properties file, which both servers read."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
