"""The embedded servers and their jars, for real: starts, crashes, refusals, downloads."""

import hashlib
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg2
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import Neo4jError
from pydantic import SecretStr

from app.errors import DependencyMissing, InUse, InvalidInput
from app.settings import Settings
from app.stores.kafka import client_options
from embedded import jars
from embedded.home import wipe
from embedded.ports import draw, is_free
from embedded.stack import Stack
from embedded.urls import StackUrls, environment, running_urls
from ingest.kafka.topics import await_coordinator
from tests.support.paths import PROJECT

PARTITION = TopicPartition("kept", 0, 0)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("embedded") / "a home, with é") as stack:
        yield stack


@pytest.fixture
def driver(stack: Stack) -> Iterator[Driver]:
    with GraphDatabase.driver(stack.urls.neo4j, auth=(stack.urls.neo4j_user, stack.urls.neo4j_password)) as d:
        yield d


def query(urls: StackUrls, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(urls.postgres.replace("+psycopg2", ""))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def kafka_options(urls: StackUrls) -> dict[str, Any]:
    return client_options(settings_of_stack(urls), "admin")


def settings_of_stack(urls: StackUrls) -> Settings:
    """The settings of a process of this instance."""
    variables = environment(urls)
    return Settings.model_validate(
        {name.removeprefix("AML_").lower(): value for name, value in variables.items()}
    )


def produce(urls: StackUrls, count: int) -> None:
    admin = AdminClient(kafka_options(urls))
    for created in admin.create_topics([NewTopic(PARTITION.topic, 1, 1)]).values():
        created.result(30)
    producer = Producer({**kafka_options(urls), "acks": "all"})
    for _ in range(count):
        producer.produce(PARTITION.topic, value=b"x", partition=0)
    assert producer.flush(30) == 0


def messages(urls: StackUrls) -> int:
    consumer = Consumer({**kafka_options(urls), "group.id": "test", "enable.auto.commit": False})
    try:
        return int(consumer.get_watermark_offsets(PARTITION, timeout=30)[1])
    finally:
        consumer.close()


def test_every_server_answers_where_the_addresses_say(stack: Stack, driver: Driver) -> None:
    assert query(stack.urls, "SELECT current_user, current_database()") == [("aml", "aml")]
    assert AdminClient(kafka_options(stack.urls)).list_topics(timeout=10).brokers
    assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1
    assert httpx.get(stack.urls.browser, trust_env=False).status_code == httpx.codes.OK
    assert stack.times.keys() == stack.pids.keys() == {"postgres", "kafka", "neo4j"}
    assert running_urls(stack._path) == stack.urls
    assert environment(stack.urls)["AML_NEO4J_BROWSER_URL"] == stack.urls.browser


def test_a_new_kafka_knows_the_consumers_group_before_the_consumer_joins_it(stack: Stack) -> None:
    admin = AdminClient(kafka_options(stack.urls))
    assert "__consumer_offsets" not in admin.list_topics(timeout=30).topics
    everybody = {"kafka_username": "admin", "kafka_password": SecretStr(stack.urls.kafka_admin_password)}
    await_coordinator(settings_of_stack(stack.urls).model_copy(update=everybody))
    assert "__consumer_offsets" in admin.list_topics(timeout=30).topics
    (described,) = admin.describe_consumer_groups(["aml"]).values()
    assert described.exception() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_servers_of_root_run_as_one_user_that_nobody_else_is(stack: Stack) -> None:
    uids = {uid for pid in stack.pids.values() for uid in psutil.Process(pid).uids()}
    (uid,) = uids
    assert uid != 0
    with pytest.raises(KeyError):
        pwd.getpwuid(uid)
    owners = {path.lstat().st_uid for name in stack.pids for path in (stack.home / name).rglob("*")}
    assert owners == {uid}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_servers_of_root_read_what_root_reads_and_write_nothing_of_it(stack: Stack) -> None:
    for name in ("kafka", "neo4j"):
        status = Path(f"/proc/{stack.pids[name]}/status").read_text().splitlines()
        held = {line.split(":")[0]: int(line.split()[1], 16) for line in status if line.startswith("Cap")}
        assert held["CapEff"] == held["CapPrm"] == 1 << 2, name  # CAP_DAC_READ_SEARCH alone


def test_nothing_listens_outside_loopback(stack: Stack) -> None:
    for name, pid in stack.pids.items():
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        sockets = [one for process in family for one in process.net_connections(kind="inet") if one.laddr]
        assert sockets, name
        assert {one.laddr.ip.removeprefix("::ffff:") for one in sockets} == {"127.0.0.1"}, name


def test_a_wrong_password_is_refused_by_both_stores(stack: Stack) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host="127.0.0.1",
            port=stack.urls.postgres.rsplit(":", 1)[1].split("/")[0],
            user="aml",
            password="wrong",  # noqa: S106
            dbname="aml",
        )
    http = stack.urls.browser.replace("/browser/", "/db/neo4j/query/v2")
    for auth in (None, ("neo4j", "neo4j")):
        answer = httpx.post(http, json={"statement": "RETURN 1"}, auth=auth, trust_env=False)
        assert answer.status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1:{port}/"])
def test_queries_cannot_read_files_or_addresses(stack: Stack, driver: Driver, address: str) -> None:
    url = address.format(port=httpx.URL(stack.urls.browser).port)
    with pytest.raises(Neo4jError) as refused:
        driver.execute_query("LOAD CSV FROM $url AS line RETURN line", url=url)
    assert any(word in str(refused.value) for word in ("disabled", "blocked", "allow_csv_import"))


def test_a_second_start_on_the_same_home_is_refused_and_harms_nobody(stack: Stack) -> None:
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}"), Stack(stack._path):
        pass
    with pytest.raises(InUse):
        wipe(stack._path)
    assert stack.dead() == []


def test_killed_servers_lose_nothing_and_come_back_on_their_ports(stack: Stack, driver: Driver) -> None:
    query(stack.urls, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    driver.execute_query("UNWIND range(1, 1000) AS n CREATE (:Kept {n: n})")
    produce(stack.urls, 1000)
    before = stack.pids
    for name in before:
        stack.kill(name)
        assert stack._children[name].ended(10)
        assert stack.dead() == [name]
        stack.restart(name)
        assert stack.dead() == []
    assert not set(before.values()) & set(stack.pids.values())
    assert query(stack.urls, "SELECT count(*) FROM kept") == [(1000,)]
    assert driver.execute_query("MATCH (k:Kept) RETURN count(k) AS n").records[0]["n"] == 1000
    assert messages(stack.urls) == 1000


LAUNCHER = """
import sys
from pathlib import Path
from typing import Any
from embedded.stack import Stack
with Stack(Path(sys.argv[1]), services=("postgres", "kafka")) as stack:
    print(*stack.pids.values(), flush=True)
    sys.stdin.read()
"""


def test_servers_of_a_killed_launcher_end_and_the_next_start_waits_for_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    argv = [sys.executable, "-c", LAUNCHER, str(home)]
    with subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout
        first = [psutil.Process(int(pid)) for pid in launcher.stdout.readline().split()]
        urls = running_urls(home)
        assert urls
        query(urls, "CREATE TABLE kept AS SELECT generate_series(1, 10) AS n")
        produce(urls, 10)
        launcher.send_signal(signal.SIGKILL)
        launcher.wait()
    with Stack(home, services=("postgres", "kafka")) as stack:
        assert not [process for process in first if process.is_running()]
        assert stack.urls == urls
        assert query(stack.urls, "SELECT count(*) FROM kept") == [(10,)]
        assert messages(stack.urls) == 10
    assert running_urls(home) is None
    wipe(home)
    assert not home.exists()


def test_kafka_starts_when_its_identity_begins_with_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.kafka.uuid.uuid4", lambda: UUID(bytes=b"\xf8" * 16))
    with Stack(tmp_path, services=("kafka",)):
        assert "cluster.id=-Pj4" in (tmp_path / "kafka" / "data" / "meta.properties").read_text()


def test_a_server_that_ends_while_starting_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Stack(tmp_path, services=("postgres",), durable=False):
        pass
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DependencyMissing, match=r"(?s)postgres stopped while starting .*initialized by"):
        Stack(tmp_path, services=("postgres",)).__enter__()
    assert running_urls(tmp_path) is None


def test_a_pinned_port_is_used_and_refused_while_somebody_else_has_it(tmp_path: Path) -> None:
    port = next(port for port in iter(draw, None) if is_free(port))
    with Stack(tmp_path / "one", services=("postgres",), ports={"postgres": port}, durable=False) as stack:
        assert f":{port}/" in stack.urls.postgres
        second = Stack(tmp_path / "two", services=("postgres",), ports={"postgres": port})
        with pytest.raises(InUse, match=f"Port {port} is in use"):
            second.__enter__()


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="redis"):
        Stack(tmp_path, services=("redis",))


FILES = {"org/a/big.jar": os.urandom(3_000_000), "org/a/small.jar": b"small"}


class Mirror(BaseHTTPRequestHandler):
    """A repository that records ranges and honours them unless told otherwise.

    It may send wrong bytes, stop half way, or first fail for the big file as often as `failures` says: with
    a status, or with None by ending the connection after half of the file.
    """

    corrupt = False
    ignores_ranges = False
    failures: list[int | None]
    hold_at: int | None = None
    held: threading.Event
    ranges: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        """Answer one request."""
        path, wanted = self.path.removeprefix("/repo/"), self.headers.get("Range")
        type(self).ranges.append((path, wanted))
        if path not in FILES:
            self.send_error(404)
            return
        failure = self.failures.pop() if self.failures and path == "org/a/big.jar" else 0
        if failure:
            self.send_error(failure)
            return
        resumed = wanted is not None and not self.ignores_ranges
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and resumed else 0
        body = FILES[path][start:] if not self.corrupt else bytes(len(FILES[path]) - start)
        self.send_response(206 if resumed else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if failure is None:
            self.wfile.write(body[: len(body) // 2])
            return
        if self.hold_at is not None and path == "org/a/big.jar":
            self.wfile.write(body[: self.hold_at])
            self.wfile.flush()
            self.held.set()
            self.connection.recv(1)  # returns when the client is gone
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Mirror]]:
    class Fresh(Mirror):
        held = threading.Event()

    Fresh.ranges, Fresh.failures = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AML_MAVEN_URL", f"http://127.0.0.1:{server.server_port}/repo")
        monkeypatch.setenv("AML_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        rows = [
            {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for path, body in FILES.items()
        ]
        (tmp_path / "lock.json").write_text(json.dumps({"set": rows}))
        yield Fresh
        server.shutdown()


@pytest.fixture
def ensure(mirror: type[Mirror], tmp_path: Path) -> Callable[..., list[Path]]:
    del mirror
    return lambda **options: jars.ensure(["set"], lock=tmp_path / "lock.json", **options)["set"]


def test_jars_are_fetched_once_and_in_the_locks_order(
    mirror: type[Mirror], ensure: Callable[..., list[Path]]
) -> None:
    paths = ensure()
    assert [path.read_bytes() for path in paths] == list(FILES.values())
    assert ensure() == paths
    assert sorted(mirror.ranges) == [(path, None) for path in sorted(FILES)]


def test_a_damaged_jar_is_found_by_verify_and_fetched_again(ensure: Callable[..., list[Path]]) -> None:
    big = ensure()[0]
    body = bytearray(big.read_bytes())
    body[100] ^= 1
    big.write_bytes(body)
    assert ensure()[0].read_bytes() == body
    assert ensure(verify=True)[0].read_bytes() == FILES["org/a/big.jar"]


def test_other_bytes_than_the_locked_ones_are_never_kept(
    mirror: type[Mirror], ensure: Callable[..., list[Path]], tmp_path: Path
) -> None:
    mirror.corrupt = True
    with pytest.raises(DependencyMissing, match=r"SHA-256 is not the one in jars\.lock\.json"):
        ensure()
    assert not list((tmp_path / "cache").rglob("*.jar"))


def test_a_mirror_that_fails_for_a_moment_is_asked_again(
    mirror: type[Mirror], ensure: Callable[..., list[Path]]
) -> None:
    mirror.failures = [503, 429]
    assert [path.read_bytes() for path in ensure()] == list(FILES.values())
    assert len(mirror.ranges) == len(FILES) + 2


@pytest.mark.parametrize("ignores_ranges", [False, True])
def test_a_broken_connection_is_continued_where_the_mirror_allows_it(
    mirror: type[Mirror], ensure: Callable[..., list[Path]], *, ignores_ranges: bool
) -> None:
    mirror.failures, mirror.ignores_ranges = [None], ignores_ranges
    assert [path.read_bytes() for path in ensure()] == list(FILES.values())
    assert [asked for _, asked in mirror.ranges if asked] != []
    assert len(mirror.ranges) == len(FILES) + 1


def test_an_address_of_a_mirror_that_is_none_is_refused(
    ensure: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_MAVEN_URL", "mirror.example")
    with pytest.raises(InvalidInput, match=r"AML_MAVEN_URL=mirror\.example is no address"):
        ensure()


def test_a_jar_the_mirror_lacks_is_told_at_once(mirror: type[Mirror], tmp_path: Path) -> None:
    row = {"path": "org/a/none.jar", "size": 1, "sha256": "0" * 64}
    (tmp_path / "lock.json").write_text(json.dumps({"set": [row]}))
    with pytest.raises(DependencyMissing, match="the server answered 404"):
        jars.ensure(["set"], lock=tmp_path / "lock.json")
    assert len(mirror.ranges) == 1


def test_no_network_is_told_in_words(
    ensure: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = next(port for port in iter(draw, None) if is_free(port))
    monkeypatch.setenv("AML_MAVEN_URL", f"http://127.0.0.1:{nobody}/repo")
    with pytest.raises(DependencyMissing, match=r"Check the network.*what has arrived is kept\."):
        ensure()


FETCHER = """
import sys
from pathlib import Path
from typing import Any
from embedded import jars
jars.ensure(["set"], lock=Path(sys.argv[1]))
"""


def test_a_fetch_that_was_killed_goes_on_where_it_was(
    mirror: type[Mirror], ensure: Callable[..., list[Path]], tmp_path: Path
) -> None:
    mirror.hold_at = 2_000_000
    argv = [sys.executable, "-c", FETCHER, str(tmp_path / "lock.json")]
    with subprocess.Popen(argv, cwd=PROJECT, stderr=subprocess.DEVNULL) as fetcher:
        assert mirror.held.wait(30)
        part = next((tmp_path / "cache").rglob("big.jar.part"))
        while part.stat().st_size < 1_000_000:
            assert fetcher.poll() is None
        fetcher.kill()
    mirror.hold_at = None
    assert ensure()[0].read_bytes() == FILES["org/a/big.jar"]
    resumed = [asked for path, asked in mirror.ranges if path == "org/a/big.jar"][-1]
    assert resumed
    assert int(resumed.removeprefix("bytes=").rstrip("-")) >= 1_000_000


def test_two_processes_at_once_fetch_each_jar_once(
    mirror: type[Mirror], ensure: Callable[..., list[Path]], tmp_path: Path
) -> None:
    argv = [sys.executable, "-c", FETCHER, str(tmp_path / "lock.json")]
    both = [subprocess.Popen(argv, cwd=PROJECT, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert sorted(mirror.ranges) == [(path, None) for path in sorted(FILES)]
    assert ensure(verify=True)
