"""Servers that root starts run as another user: which one, and binaries that PostgreSQL's can reach.

That user is a number of the instance's own, which no account and no other service has: whoever shares a user
with a server may write its files.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from app.errors import DependencyMissing, InvalidInput
from embedded.cache import cache_dir
from embedded.extra import postgres_install

_USER_VARIABLE = "AML_POSTGRES_OS_USER"
_UNSHARED: Final = (range(1_879_048_192, 2_147_483_647), range(60_578, 60_706))
"""User ids that systemd's table leaves unused: a wide range, and one for a container that maps few ids."""


class _PopenOptions(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True)
class OsUser:
    """Who a process runs as: an account of this machine, or a user id without a name."""

    name: str
    uid: int
    gid: int
    is_account: bool


def popen_options(user: OsUser | None) -> _PopenOptions:
    """Options of `subprocess.Popen` for this user; None keeps the current one."""
    if user is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def server_user(home: Path) -> OsUser | None:
    """The user that the servers of a home run as: None (the current one), or for root a number of their own.

    It is the user id, which no account has, that owns a folder of the home, or a new one.

    Raises:
        InvalidInput: no id is free.
    """
    if os.geteuid() != 0:
        return None
    owners = (folder.stat().st_uid for folder in sorted(home.iterdir()) if folder.is_dir())
    uid = next((owner for owner in owners if any(owner in ids for ids in _UNSHARED)), None) or _new_uid()
    return OsUser(f"the user id {uid}", uid, uid, is_account=False)


def postgres_user(home: Path) -> OsUser | None:
    """The user PostgreSQL runs as: for root `AML_POSTGRES_OS_USER`, or else that of all servers.

    Raises:
        InvalidInput: there is no such user, or it is root, or no id is free.
    """
    name = os.environ.get(_USER_VARIABLE)
    return account(name) if name and os.geteuid() == 0 else server_user(home)


def account(name: str) -> OsUser:
    """An account of this machine.

    Raises:
        InvalidInput: there is none of that name, or it is root.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError as exc:
        raise InvalidInput(f"There is no user {name}: set {_USER_VARIABLE} to an ordinary account.") from exc
    if entry.pw_uid == 0:
        raise InvalidInput(f"PostgreSQL refuses to run as root: set {_USER_VARIABLE} to an ordinary account.")
    return OsUser(name, entry.pw_uid, entry.pw_gid, is_account=True)


def give(folder: Path, user: OsUser) -> None:
    """Gives the user a folder and all in it: the folder last, so that its owner says whether all are given.

    A name is changed and never what a link leads to, nor a file that has another name elsewhere.

    Raises:
        InvalidInput: the system refuses it.
    """
    try:
        for _, folders, files, descriptor in os.fwalk(folder):
            for name in (*folders, *files):
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if found.st_uid != user.uid and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
                    os.chown(name, user.uid, user.gid, dir_fd=descriptor, follow_symlinks=False)
        os.chown(folder, user.uid, user.gid)
    except OSError as exc:
        raise InvalidInput(
            f"The servers do not run as root, and {folder} cannot be given to {user.name} ({exc}): "
            "start as an ordinary user."
        ) from exc


def _new_uid() -> int:
    """A user id that this process may give away, and that no account has."""
    for ids in _UNSHARED:
        if not _is_mapped(ids):
            continue
        for _ in range(1_000):
            uid = ids[secrets.randbelow(len(ids))]
            try:
                pwd.getpwuid(uid)
            except KeyError:
                return uid
    raise InvalidInput(
        f"PostgreSQL refuses to run as root, and no user id is free for it: set {_USER_VARIABLE} to an "
        "ordinary account."
    )


def _is_mapped(ids: range) -> bool:
    """Whether this process's user namespace has these ids; where none can be told it has all."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True
    spans = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    return any(first <= ids.start and ids.stop <= first + count for first, count in spans)


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
