"""What a figure was measured on: printed with every benchmark."""

import os
import platform
from typing import Any

import psutil


def machine() -> dict[str, Any]:
    """Cores, memory, load and versions of this machine, now."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1_minute": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
