"""Lists: recorded with each import, fetched from their addresses, refused when they shrink, delisted."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlalchemy import text

from app.errors import DependencyMissing, InvalidInput
from app.labels.download import downloaded
from app.labels.effective import effective_labels
from app.labels.lists import recorded_lists
from app.operations.lists import UpdatedList, update_lists
from app.policy.policy import load_policy
from app.runs.queries import completed_run
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.builders import address, transfer
from tests.support.record import ask, change, rows, score, write
from tests.support.serving import served

NAME = "sanctioned_addresses_ETH.txt"
LISTED = [address(number) for number in range(1, 31)]


@contextmanager
def list_server(files: dict[str, bytes]) -> Iterator[str]:
    """Serves the files, which may change meanwhile; `/moved` leads to the first, `/away` elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(("/moved", "/away")):
                self.send_response(302)
                self.send_header(
                    "Location", "http://lists.example/x" if self.path.startswith("/away") else f"/{NAME}"
                )
                self.end_headers()
                return
            body = files.get(self.path[1:])
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def listing(addresses: list[str]) -> bytes:
    return "".join(f"{each}\n" for each in addresses).encode()


def update(
    postgres: Postgres, settings: Settings, *paths: str, allow_shrink: bool = False
) -> list[UpdatedList]:
    asked = settings.model_copy(update={"list_urls": " ".join(paths)})
    return update_lists(postgres, asked, allow_shrink=allow_shrink)


def test_a_list_is_fetched_named_and_delisted(settings: Settings, postgres: Postgres) -> None:
    files = {NAME: listing(LISTED)}
    with list_server(files) as url:
        (first,) = update(postgres, settings, f"{url}/{NAME}")
        assert first.report is not None
        assert (first.labels, first.report.added, first.error) == (30, 30, None)
        (again,) = update(postgres, settings, f"{url}/{NAME}")
        assert again.report is not None
        assert (again.report.unchanged, again.report.delisted) == (30, 0)
        files[NAME] = listing(LISTED[3:])
        (later,) = update(postgres, settings, f"{url}/{NAME}")
        assert later.report is not None
        assert (later.report.delisted, later.report.removed) == (3, 0)
        files[NAME] = listing(LISTED[:20])
        (cut,) = update(postgres, settings, f"{url}/{NAME}")
        assert cut.error is not None
        assert "10 of 27 labels" in cut.error
    with postgres.transaction() as connection:
        (known,) = recorded_lists(connection, 7).lists
        now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        labels = effective_labels(connection, as_of=now, rules=load_policy(settings.policy_file).label_rules)
    assert (known.entries, known.digest) == (27, sha256(listing(LISTED[3:])).hexdigest())
    assert known.origin.endswith(NAME)
    assert known.recorded_at == known.checked_at
    assert {label.address for label in labels if label.ended} == set(LISTED[:3])
    assert ask(postgres, "SELECT count(*) FROM label_lists") == 2


def test_who_is_listed_again_is_listed_without_an_end(settings: Settings, postgres: Postgres) -> None:
    files = {NAME: listing(LISTED)}
    with list_server(files) as url:
        for addresses in (LISTED, LISTED[1:], LISTED):
            files[NAME] = listing(addresses)
            update(postgres, settings, f"{url}/{NAME}")
    current = "SELECT valid_to FROM labels WHERE address = :address AND removed_at IS NULL"
    assert rows(postgres, current, address=LISTED[0]) == [(None,)]
    assert ask(postgres, "SELECT count(*) FROM labels WHERE address = :address", address=LISTED[0]) == 3


def test_lists_that_cannot_be_read_stop_no_other(settings: Settings, postgres: Postgres) -> None:
    with list_server({NAME: listing(LISTED), "empty.txt": b""}) as url:
        paths = ("nothing.txt", "empty.txt", f"away/{NAME}", f"moved/{NAME}", NAME)
        updated = update(
            postgres, settings, "http://lists.example/x.txt", *(f"{url}/{each}" for each in paths)
        )
    assert [each.error is None for each in updated] == [False, False, False, False, True, True]
    assert "https" in (updated[0].error or "")
    assert "https" in (updated[3].error or ""), "a redirect does not lead around it"


def test_a_list_has_a_largest_size_and_time() -> None:
    with list_server({NAME: b"x" * 5_000_000}) as url:
        with pytest.raises(InvalidInput, match="larger than"), downloaded(f"{url}/{NAME}", max_bytes=1 << 20):
            pass
        with pytest.raises(DependencyMissing, match="too long"), downloaded(f"{url}/{NAME}", seconds=0):
            pass


def test_no_list_is_configured(settings: Settings, postgres: Postgres) -> None:
    with pytest.raises(InvalidInput, match="AML_LIST_URLS"):
        update_lists(postgres, settings)


def test_answers_name_lists_and_warn_of_old_ones(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    write(postgres, [transfer(1, LISTED[0], LISTED[1], 5)])
    with list_server({NAME: listing(LISTED)}) as url:
        update(postgres, settings, f"{url}/{NAME}")
    run_id = score(postgres)
    with served(settings, postgres, graph) as client:
        for path in (f"/scores/{LISTED[1]}", f"/scores/explain/{LISTED[1]}"):
            (named,) = client.get(path).raise_for_status().json()["run"]["lists"]
            assert (named["entries"], named["digest"]) == (30, sha256(listing(LISTED)).hexdigest())
        assert client.get("/v1/runs").json()["runs"][0]["lists"] == [named]
        assert client.get("/ready").json()["stale_lists"] == []
        change(postgres, "UPDATE label_lists SET checked_at = checked_at - interval '8 days'")
        (old,) = client.get("/v1/labels/lists").raise_for_status().json()["lists"]
        assert old["stale"]
        assert client.get("/ready").json()["stale_lists"] == [old["source"]]
    with postgres.transaction() as connection:
        run = completed_run(connection, run_id)
        assert not recorded_lists(connection, 0).lists[0].stale
    assert run.lists[0]["entries"] == 30
