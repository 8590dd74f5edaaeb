"""Python's cycle collector, for processes that run long."""

import gc


def collect_rarely(allocations: int) -> None:
    """Looks for cycles once in so many new containers, and never among the objects that exist now.

    A process that has imported everything has a quarter of a million of them: to look through them all takes
    0.1 to 0.3 seconds, in which nothing else is done.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(allocations, 10, 10)
