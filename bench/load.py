"""How much of this machine the measured processes got: processor seconds beside wall seconds."""

import os
from dataclasses import dataclass
from time import perf_counter

import psutil


@dataclass(frozen=True)
class Moment:
    """Clocks at one moment; `server_cpu` is of a server and of everything it has started."""

    wall: float
    server_cpu: float
    load_1_minute: float


def now(server_pid: int) -> Moment:
    """The clocks now. A server's processes that end meanwhile count, as its waited-for children."""
    server = psutil.Process(server_pid)
    times = [server.cpu_times()]
    seconds = times[0].user + times[0].system + times[0].children_user + times[0].children_system
    for child in server.children():
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:  # it ended this moment: its parent has waited for it
            continue
        seconds += own.user + own.system
    return Moment(perf_counter(), seconds, os.getloadavg()[0])
