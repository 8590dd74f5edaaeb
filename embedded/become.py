"""How a child of root becomes a user that no account is, and still reads what only root may.

Java and the jars are often in folders that root alone may enter. Whoever runs as a number of its own may
enter them with one capability, which lets it read files and change none (`CAP_DAC_READ_SEARCH`).
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from embedded.os_user import OsUser

_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_READ_SEARCH: Final = 2
_SETPCAP, _SYS_ADMIN = 8, 21
_CAPABILITIES: Final = "CapEff:"
_PR_SET_SECUREBITS, _NO_SETUID_FIXUP = 28, 1 << 2
_PR_CAP_AMBIENT, _RAISE = 47, 2
_VERSION_3: Final = 0x2008_0522
_CLONE_NEWNS: Final = 0x0002_0000
_MS_BIND, _MS_PRIVATE_BELOW = 0x1000, 0x4000 | 0x40000
_ACCOUNTS: Final = "/etc/passwd"


def can_read_all() -> bool:
    """Whether this process may give a child that capability: root may, in most containers it may not."""
    return _has(_READ_SEARCH) and _has(_SETPCAP)


def reading_all(user: OsUser) -> Callable[[], None]:
    """What a child does to become the user, and to read what root reads."""

    def become() -> None:
        # Else access(2), which Java asks before it reads, would count as that of a user without capabilities.
        _call("prctl", _PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)
        _become(user)
        kept = 1 << _READ_SEARCH
        header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
        _call("capset", header, sets)
        _call("prctl", _PR_CAP_AMBIENT, _RAISE, _READ_SEARCH, 0, 0)

    return become


def named(user: OsUser, accounts: Path) -> Callable[[], None] | None:
    """What a child does to become a user who has a name, for itself alone; None where the system forbids it.

    `accounts` is written, and stands in the child's view in the place of the machine's file of accounts.
    """
    if not _has(_SYS_ADMIN):
        return None
    accounts.write_text(f"aml:x:{user.uid}:{user.gid}::/:/bin/false\n")
    accounts.chmod(0o644)
    source = str(accounts).encode()

    def become() -> None:
        _call("unshare", _CLONE_NEWNS)
        _call("mount", b"none", b"/", None, _MS_PRIVATE_BELOW, None)
        _call("mount", source, _ACCOUNTS.encode(), None, _MS_BIND, None)
        _become(user)

    question = [sys.executable, "-Ic", "import os, pwd; pwd.getpwuid(os.getuid())"]
    try:
        subprocess.run(question, cwd="/", check=True, capture_output=True, preexec_fn=become)
    except (OSError, subprocess.SubprocessError):
        return None
    return become


def _become(user: OsUser) -> None:
    os.setgroups([])
    os.setgid(user.gid)
    os.setuid(user.uid)


def _call(name: str, *arguments: object) -> None:
    if getattr(_LIBC, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name} was refused")


def _has(capability: int) -> bool:
    if _LIBC is None or os.geteuid() != 0:
        return False
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next((int(line.split()[1], 16) for line in lines if line.startswith(_CAPABILITIES)), 0)
    return bool(held >> capability & 1)
