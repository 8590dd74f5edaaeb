"""Cuts established connections of other processes, as a firewall or a broken network does: with a reset.

Linux only, for processes that this one may trace: those of the same user, or all for root.
"""

import ctypes
import os
import socket
import struct
from contextlib import suppress
from typing import Final

import psutil

_PIDFD_GETFD: Final = 438
"""The number of the system call, on every architecture."""
_LIBC = ctypes.CDLL(None, use_errno=True)
_NO_ADDRESS: Final = struct.pack("H14x", socket.AF_UNSPEC)
"""Whoever connects to it is disconnected; the kernel then resets what was connected."""


def cut(port: int) -> int:
    """Resets all connections to a port of this machine but those of this process; answers how many."""
    return sum(
        _reset(each.pid, each.fd)
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_ESTABLISHED
        and each.laddr
        and each.laddr.port == port
        and each.pid not in {None, os.getpid()}
        and each.pid is not None
    )


def _reset(pid: int, descriptor: int) -> bool:
    with suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            copy = _LIBC.syscall(_PIDFD_GETFD, process, descriptor, 0)
            if copy < 0:
                return False
            try:
                return bool(_LIBC.connect(copy, _NO_ADDRESS, len(_NO_ADDRESS)) == 0)
            finally:
                os.close(copy)
        finally:
            os.close(process)
    return False
