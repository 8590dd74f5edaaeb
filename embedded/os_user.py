"""PostgreSQL refuses to run as root: the user it runs as then, and binaries that user can reach."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from app.errors import DependencyMissing, InvalidInput
from embedded.cache import cache_dir
from embedded.extra import postgres_install

_USER_VARIABLE = "AML_POSTGRES_OS_USER"


class _PopenOptions(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True)
class OsUser:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def popen_options(user: OsUser | None) -> _PopenOptions:
    """Options of `subprocess.Popen` for this user; None keeps the current one."""
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def server_user() -> OsUser | None:
    """The user PostgreSQL runs as: None (the current one), or for root `AML_POSTGRES_OS_USER`, else `nobody`.

    Raises:
        InvalidInput: there is no such user, or it is root.
    """
    if os.geteuid() != 0:
        return None
    name = os.environ.get(_USER_VARIABLE, "nobody")
    try:
        entry = pwd.getpwnam(name)
    except KeyError as exc:
        raise InvalidInput(f"There is no user {name}: set {_USER_VARIABLE} to an ordinary account.") from exc
    if entry.pw_uid == 0:
        raise InvalidInput(f"PostgreSQL refuses to run as root: set {_USER_VARIABLE} to an ordinary account.")
    return OsUser(name, entry.pw_uid, entry.pw_gid)


def postgres_binaries(user: OsUser | None) -> Path:
    """The folder of `initdb` and `postgres`: the wheel's, or a copy where the user cannot reach the wheel.

    Raises:
        DependencyMissing: the wheel is absent, or the user can reach no copy of it.
    """
    install = postgres_install()
    if user is None or _can_run(install / "bin", user):
        return install / "bin"
    for base in (cache_dir(), Path("/var/cache/aml")):
        try:
            copy = _copy(install, base, user)
        except OSError:
            continue
        if copy and _can_run(copy, user):
            return copy
    raise DependencyMissing(
        f"PostgreSQL refuses to run as root, and the user {user.name} cannot run {install}: start as an "
        f"ordinary user, or set AML_CACHE_DIR to a folder that {user.name} may enter."
    )


def _can_run(folder: Path, user: OsUser) -> bool:
    return _succeeds([str(folder / "postgres"), "--version"], user)


def _succeeds(argv: list[str], user: OsUser) -> bool:
    try:
        completed = subprocess.run(argv, cwd="/", check=False, capture_output=True, **popen_options(user))
    except PermissionError:
        return False
    except OSError as exc:
        raise DependencyMissing(
            f"PostgreSQL refuses to run as root, and becoming {user.name} failed ({exc}): "
            "start as an ordinary user."
        ) from exc
    return completed.returncode == 0


def _copy(install: Path, base: Path, user: OsUser) -> Path | None:
    """Copy what the server needs, readable by all, to a folder that only root can write; None if unusable."""
    if not base.exists():
        base.mkdir(parents=True)
        base.chmod(0o755)
    owner = base.stat()
    enter = ["/bin/sh", "-c", 'cd "$1"', "sh", str(base)]
    if owner.st_uid != 0 or owner.st_mode & 0o022 or not _succeeds(enter, user):
        return None
    stamp = (install / "bin" / "postgres").stat()
    key = hashlib.sha256(f"{install} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()[:16]
    final = base / f"postgres-{key}"
    binaries = final / install.parent.name / install.name / "bin"
    if binaries.is_dir():
        return binaries
    fresh = base / f"{final.name}.{os.getpid()}.new"
    root = fresh / install.parent.name / install.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(install / part, root / part, symlinks=True)
    libraries = install.parent.with_name(f"{install.parent.name}.libs")  # found relative to the binaries
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        fresh.rename(final)
    except OSError:  # another process was faster
        shutil.rmtree(fresh)
    return binaries
