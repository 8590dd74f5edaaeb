"""Neo4j Community with Neo4j Browser, closed to everything but loopback."""

import hashlib
import secrets
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
from neo4j import Driver, GraphDatabase, Query
from neo4j.exceptions import Neo4jError

from embedded.home import Home, write_private
from embedded.java import Program, command_line, megabytes, properties
from embedded.java_user import java_user
from embedded.process import Command, DataDamaged
from embedded.server import Server, connect
from embedded.unsigned import unsigned_copy

_OPEN_PACKAGES = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_SIGNED_JARS = "eclipse-collections"
_HASH_ROUNDS = 1024
_ASIDE = "data.set-aside-"
_STATUS = (
    "SHOW DATABASE neo4j YIELD requestedStatus, currentStatus, statusMessage "
    "RETURN requestedStatus AS requested, currentStatus AS current, statusMessage AS message"
)


def neo4j_program(jars: Sequence[Path]) -> Program:
    """The server as a Java program."""
    return Program(
        name="neo4j",
        main="org.neo4j.server.Neo4jCommunity",
        class_path=tuple(unsigned_copy(jar) if jar.name.startswith(_SIGNED_JARS) else jar for jar in jars),
        flags=(
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPEN_PACKAGES),
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Djdk.nio.maxCachedBufferSize=1024",
            "-Dlog4j2.disable.jmx=true",
        ),
    )


def neo4j(
    home: Home,
    bolt_port: int,
    http_port: int,
    password: str,
    jars: Sequence[Path],
    *,
    api_port: int,
    record: bool,
) -> Server:
    """How to run Neo4j. `AML_NEO4J_HEAP` and `AML_NEO4J_PAGECACHE` set its memory, such as 2g.

    `api_port` is where its Browser fetches the guide and the style.

    Raises:
        InvalidInput: one of these is no size, or too small.
    """
    folder = home.folder("neo4j")
    conf = folder / "conf"
    for name in ("conf", "data", "data/dbms", "import", "logs", "plugins", "run"):
        if (folder / name).is_symlink():  # of whoever was the server's user: root follows none
            (folder / name).unlink()
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    auth_file = folder / "data" / "dbms" / "auth.ini"
    if not (folder / "data" / "databases").exists():
        write_private(auth_file, auth_ini(password, secrets.token_bytes(32)))
    heap = megabytes("AML_NEO4J_HEAP", "1g", at_least=256)
    page_cache = megabytes("AML_NEO4J_PAGECACHE", "256m", at_least=16)
    settings = _settings(bolt_port, http_port, heap, page_cache) | {
        "browser.post_connect_cmd": browser_commands(f"http://localhost:{api_port}/browser-guide")
    }
    write_private(conf / "neo4j.conf", properties(settings))
    arguments = [f"--home-dir={folder}", f"--config-dir={conf}", "--console-mode"]
    memory = ("-Xms256m", f"-Xmx{heap}m")
    argv = command_line(neo4j_program(jars), arguments, folder=folder, memory=memory, record=record)
    runs_as = java_user(home.path)
    runs_as.owns(folder)
    return Server(
        name="neo4j",
        command=Command(argv=argv, cwd=folder, user=runs_as.user, become=runs_as.become),
        ready=partial(_ready, bolt_port, http_port, password, auth_file),
    )


def browser_commands(guide: str) -> str:
    """What Neo4j Browser does at every login: answers alone, the product's style, its guide.

    Of this machine's names it trusts `localhost`. Where the API does not answer it says so and goes on.
    """
    return f"config autoComplete: false; style {guide}/wallets.grass; guide {guide}/investigation.html"


def auth_ini(password: str, salt: bytes) -> str:
    """The initial password as the file that Neo4j reads at first: the default one is never valid."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(_HASH_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return f"neo4j:SHA-256,{digest.hex()},{salt.hex()},{_HASH_ROUNDS}:\n"


def _settings(bolt_port: int, http_port: int, heap: int, page_cache: int) -> dict[str, object]:
    """Sizes in MB. The defaults of a class-path start broadcast, answer any origin and have no limits."""
    bolt, http = f"127.0.0.1:{bolt_port}", f"127.0.0.1:{http_port}"
    return {
        "server.default_listen_address": "127.0.0.1",
        "server.default_advertised_address": "127.0.0.1",
        "server.bolt.listen_address": bolt,
        "server.bolt.advertised_address": bolt,
        "server.http.listen_address": http,
        "server.http.advertised_address": http,
        "server.https.enabled": "false",
        "server.http.x_forward.enabled": "false",
        "dbms.security.http_access_control_allow_origin": f"http://{http}",
        "dbms.security.auth_enabled": "true",
        "dbms.security.auth_minimum_password_length": 12,
        # A random password needs no lock, and a lock is one that any stranger can close on the product.
        "dbms.security.auth_max_failed_attempts": 0,
        "client.allow_telemetry": "false",
        "dbms.fleet_manager.enabled": "false",
        "server.fleet_discovery.enabled": "false",
        "dbms.routing.enabled": "false",
        "server.memory.pagecache.size": f"{page_cache}m",
        "db.memory.transaction.max": f"{heap // 2}m",
        "dbms.memory.transaction.total.max": f"{heap * 3 // 4}m",
        "db.transaction.timeout": "60s",
        # Clients are told to expect a sign of life: so they notice a server that hangs, also in a long query.
        "server.bolt.connection_keep_alive": "5s",
        "server.bolt.connection_keep_alive_probes": 2,
        "server.bolt.connection_keep_alive_streaming_scheduling_interval": "1s",
        "db.transaction.monitor.check.interval": "200ms",  # how much later than its limit a query ends
        "db.lock.acquisition.timeout": "15s",
        "db.query.default_language": "CYPHER_25",
        "server.directories.import": "import",
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
        "db.logs.query.enabled": "INFO",
        "db.logs.query.threshold": "500ms",
        "db.logs.query.parameter_logging_enabled": "false",
        "db.tx_log.preallocate": "false",
        "db.tx_log.rotation.size": "32m",
        "db.tx_log.rotation.retention_policy": "1 days 256M",
        # Internal: without it a stop takes 10 s of silence. Check at every version bump.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
    }


def set_aside(home: Path) -> Path | None:
    """Renames the data of the server, which does not run; returns where it is. A copy of before is deleted.

    The graph is made from the record, so nothing is lost with it. The next start makes new data.
    """
    folder = home / "neo4j"
    if not (folder / "data").exists():
        return None
    for earlier in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(earlier)
    aside = folder / f"{_ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    (folder / "data").rename(aside)
    return aside


def _raise_if_damaged(driver: Driver, exc: Neo4jError) -> None:
    with driver.session(database="system") as session:
        status = session.run(Query(_STATUS, timeout=3)).single()
    if status and status["requested"] == "online" and status["current"] != "online" and status["message"]:
        raise DataDamaged(f"Neo4j cannot open its database ({status['message']})") from exc


def _ready(bolt_port: int, http_port: int, password: str, auth_file: Path) -> None:
    connect(bolt_port)
    address = f"bolt://127.0.0.1:{bolt_port}"
    with GraphDatabase.driver(address, auth=("neo4j", password), connection_timeout=3) as driver:
        try:
            # Beginning a transaction asks nothing: it succeeds in a database that did not start.
            with driver.session(database="neo4j") as session:
                session.run(Query("MATCH (node) RETURN node LIMIT 1", timeout=3)).consume()
        except Neo4jError as exc:
            _raise_if_damaged(driver, exc)
            raise
    httpx.get(f"http://127.0.0.1:{http_port}/browser/", trust_env=False, timeout=3).raise_for_status()
    auth_file.unlink(missing_ok=True)  # Neo4j has read it: the password's hash stays in one place
