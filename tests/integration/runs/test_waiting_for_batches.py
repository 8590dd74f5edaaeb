"""A run that begins while a batch restates a long pool waits for the batch, longer than for other locks."""

from threading import Timer

from app.stores.locks import Lock, acquire_shared
from app.stores.postgres import Postgres
from tests.support.record import score
from tests.support.run_story import tell_story


def test_a_run_waits_for_a_long_batch(postgres: Postgres) -> None:
    tell_story(postgres)
    hurried = Postgres(postgres.url.render_as_string(hide_password=False), lock_timeout_seconds=1)
    batch = postgres.transaction()
    acquire_shared(batch.__enter__(), Lock.INGEST)
    timer = Timer(3, batch.__exit__, (None, None, None))
    timer.start()
    try:
        assert score(hurried) == 1
    finally:
        timer.join()
        hurried.close()
