"""PostgreSQL: its own data folder in the home, TCP on loopback only, password over SCRAM."""

import os
import shutil
import signal
from functools import partial
from pathlib import Path

import psycopg2

from app.errors import InvalidInput
from embedded.home import Home
from embedded.os_user import OsUser, postgres_binaries, server_user
from embedded.process import Command
from embedded.server import Server, Setup, connect

_CWD = Path("/proc/self/cwd")
_SETTINGS = {
    "unix_socket_directories": "",  # socket paths have a length limit that a home may exceed
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "min_dynamic_shared_memory": "64MB",  # containers give /dev/shm too little for parallel queries
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def postgres(home: Home, port: int, password: str, *, durable: bool = True) -> Server:
    """How to run PostgreSQL; `durable=False` is for tests, whose data may be lost with the machine.

    Raises:
        DependencyMissing: its wheel is absent, or the user PostgreSQL needs cannot run it.
        InvalidInput: `AML_POSTGRES_OS_USER` or the folder cannot be used.
    """
    user = server_user()
    binaries = postgres_binaries(user)
    folder = home.folder("postgres")
    _change_owner(folder, user)
    data = folder / "data"
    settings = _SETTINGS | ({} if durable else _NOT_DURABLE)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Server(
        name="postgres",
        command=Command(
            argv=(
                str(binaries / "postgres"),
                *("-D", _path_for_server(data, user), "-h", "127.0.0.1", "-p", str(port)),
                *options,
            ),
            cwd=data,
            user=user,
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients
        ),
        ready=partial(_ready, port, password),
        setup=None if data.exists() else _initdb(folder, binaries, user, password, durable=durable),
    )


def _initdb(folder: Path, binaries: Path, user: OsUser | None, password: str, *, durable: bool) -> Setup:
    """Creates the data under another name first: an interrupted setup never looks complete."""
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _change_owner(fresh, user)
    password_file = folder / "initial-password"
    password_file.unlink(missing_ok=True)
    password_file.touch(0o600)
    password_file.write_text(password)
    _change_owner(password_file, user)

    def finish() -> None:
        password_file.unlink()
        fresh.rename(folder / "data")

    argv = (
        str(binaries / "initdb"),
        f"--pgdata={_path_for_server(fresh, user)}",
        "--username=aml",
        "--auth=scram-sha-256",
        f"--pwfile=../{password_file.name}",
        "--encoding=UTF8",
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # sorts alike everywhere
        *(() if durable else ("--no-sync",)),
    )
    return Setup(Command(argv, cwd=fresh, user=user), finish)


def _path_for_server(data: Path, user: OsUser | None) -> str:
    """A path another user can follow even below folders closed to it, such as root's own home.

    The process starts inside `data`, and `/proc/self/cwd` leads there without passing the folders above.
    """
    return str(_CWD) if user and _CWD.exists() else str(data)


def _change_owner(path: Path, user: OsUser | None) -> None:
    if user:
        try:
            os.chown(path, user.uid, user.gid)
        except OSError as exc:
            raise InvalidInput(
                f"PostgreSQL refuses to run as root, and {path} cannot be given to {user.name} ({exc}): "
                "start as an ordinary user."
            ) from exc


def _ready(port: int, password: str) -> None:
    """Raise until the database `aml` is there; created here, so that an interrupted start is completed."""
    connect(port)
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="aml", password=password, dbname="postgres", connect_timeout=3
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = 'aml'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE aml")
    finally:
        connection.close()
