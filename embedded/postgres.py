"""PostgreSQL: its own data folder in the home, TCP on loopback only, password over SCRAM.

Its superuser makes the application's role and database, and nothing runs as it.
"""

import os
import shutil
import signal
from pathlib import Path

from sqlalchemy import make_url

from embedded.become import named
from embedded.home import Home, write_private
from embedded.os_user import OsUser, account, give, postgres_binaries, postgres_user
from embedded.process import Command
from embedded.roles import ask, ensure_roles
from embedded.server import Server, Setup, connect
from embedded.urls import ADMIN_ROLE, StackUrls

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
_ACCESS = """\
# Written by `aml` at each start: over TCP on loopback, with a password.
host all all 127.0.0.1/32 scram-sha-256
"""
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def postgres(home: Home, port: int, urls: StackUrls, *, durable: bool = True) -> Server:
    """How to run PostgreSQL; `durable=False` is for tests, whose data may be lost with the machine.

    Raises:
        DependencyMissing: its wheel is absent, or the user PostgreSQL needs cannot run it.
        InvalidInput: `AML_POSTGRES_OS_USER` or the folder cannot be used.
    """
    folder = home.folder("postgres")
    user = postgres_user(home.path)
    binaries = postgres_binaries(user)
    data = folder / "data"
    if data.exists():
        write_private(data / "pg_hba.conf", _ACCESS)
        if user:
            give(folder, user)
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
        ready=_Question(port, urls),
        setup=None if data.exists() else _initdb(folder, binaries, user, urls, durable=durable),
    )


def _initdb(folder: Path, binaries: Path, user: OsUser | None, urls: StackUrls, *, durable: bool) -> Setup:
    """Creates the data under another name first: an interrupted setup never looks complete.

    `initdb` runs only as a user with a name: the server's gets one that only `initdb` sees, or where the
    system forbids that, an account makes the data.
    """
    accounts = folder / "accounts"
    become = named(user, accounts) if user and not user.is_account else None
    maker = user and (user if user.is_account or become else account("nobody"))
    if maker:  # it passes to its files and makes no others; nobody else gets into the home
        os.chown(folder, 0, 0)
        folder.chmod(0o711)
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file = folder / "initial-password"
    write_private(password_file, make_url(urls.postgres_admin).password or "")
    if maker:
        give(fresh, maker)
        give(password_file, maker)

    def finish() -> None:
        password_file.unlink()
        accounts.unlink(missing_ok=True)
        write_private(fresh / "pg_hba.conf", _ACCESS)
        folder.chmod(0o700)
        if user:
            give(folder, user)
        fresh.rename(folder / "data")

    argv = (
        str(binaries / "initdb"),
        f"--pgdata={_path_for_server(fresh, user)}",
        f"--username={ADMIN_ROLE}",
        "--auth=scram-sha-256",
        f"--pwfile=../{password_file.name}",
        "--encoding=UTF8",
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # sorts alike everywhere
        *(() if durable else ("--no-sync",)),
    )
    return Setup(Command(argv, cwd=fresh, user=maker, become=become), finish)


def _path_for_server(data: Path, user: OsUser | None) -> str:
    """A path another user can follow even below folders closed to it, such as root's own home.

    The process starts inside `data`, and `/proc/self/cwd` leads there without passing the folders above.
    """
    return str(_CWD) if user and _CWD.exists() else str(data)


class _Question:
    """Raises unless the server answers the application, whose role and database the first answer makes.

    So an interrupted start is completed, and a check that is repeated costs one connection.
    """

    def __init__(self, port: int, urls: StackUrls) -> None:
        self._port = port
        self._urls = urls
        self._has_roles = False

    def __call__(self) -> None:
        connect(self._port)
        if not self._has_roles:
            ensure_roles(self._urls.postgres_admin, self._urls.postgres)
            self._has_roles = True
        ask(self._urls.postgres)
