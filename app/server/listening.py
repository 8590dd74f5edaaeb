"""The server, with a queue in which a burst of connections finds room."""

import os
import socket
from typing import Final

import uvicorn

ACCEPTED_AT_ONCE: Final = 128
"""Connections that asyncio accepts in one step."""
QUEUE: Final = 1_536
"""Connections that wait in the kernel to be accepted, 0.3 ms each in a flood; who finds no room asks again
after a second."""


class Server(uvicorn.Server):
    """uvicorn with a longer queue: asyncio has one number for it and for what it accepts in one step."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        for listening in (each for server in self.servers for each in server.sockets):
            with socket.socket(fileno=os.dup(listening.fileno())) as same:
                same.listen(QUEUE)
