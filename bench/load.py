"""How much of this machine the measured processes got: processor seconds beside wall seconds."""

import os
from dataclasses import dataclass
from time import perf_counter

from bench.processes import cpu_seconds


@dataclass(frozen=True)
class Moment:
    """Clocks at one moment; `server_cpu` is of a server and of everything it has started."""

    wall: float
    server_cpu: float
    load_1_minute: float


def now(server_pid: int) -> Moment:
    """The clocks now."""
    (seconds,) = cpu_seconds({"server": server_pid}).values()
    return Moment(perf_counter(), seconds, os.getloadavg()[0])
