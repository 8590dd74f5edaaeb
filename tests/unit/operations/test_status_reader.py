"""Many who ask for the status at once cost two readings at most, and each gets one begun after it asked."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

from app.operations.status import StatusReader
from app.operations.status_answer import STATUS, IngestionStatus


def test_those_who_ask_while_one_is_read_share_the_next() -> None:
    began: list[float] = []
    go_on = Event()

    def read() -> IngestionStatus:
        began.append(monotonic())
        assert go_on.wait(60)
        return STATUS.model_copy(update={"lag": len(began)})

    reader = StatusReader(read)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(reader.read)
        while not began:
            pass
        others = [pool.submit(reader.read) for _ in range(20)]
        go_on.set()
        assert first.result(60).lag == 1
        assert {other.result(60).lag for other in others} <= {2, 3}
    assert len(began) <= 3
    assert reader.read().lag == len(began)  # nobody is answered with what was read before
