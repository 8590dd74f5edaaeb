"""The user that the Java servers run as when root starts them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from embedded.become import can_read_all, reading_all
from embedded.extra import java_home
from embedded.os_user import OsUser, give, server_user

_OTHERS_MAY_RUN = 0o001


class JavaUser(NamedTuple):
    """Who a Java server runs as (None: the current user), and what its process does to become that."""

    user: OsUser | None
    become: Callable[[], None] | None

    def owns(self, folder: Path) -> None:
        """Gives the server its folder, with all that was written into it."""
        if self.user is not None:
            give(folder, self.user)


def java_user(home: Path) -> JavaUser:
    """For root the user of all servers of the home, where it can be given what it needs to read.

    Where that is not so, as in a container without the capability, it stays the current user.

    Raises:
        InvalidInput: no user id is free.
    """
    user = server_user(home)
    java = java_home() / "bin" / "java"
    if user is None or not can_read_all() or not java.stat().st_mode & _OTHERS_MAY_RUN:
        return JavaUser(None, None)
    return JavaUser(user, reading_all(user))
