"""The stack as a user runs it: healthy, closed, explaining a score, and losing nothing."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.containers.stack import Stack
from tests.support.demo_output import assert_explained

STRANGER = """
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "kafka:9092", "message.timeout.ms": 5000, "log_level": 0})
producer.produce("transfers", b"{", on_delivery=lambda error, _: print(error and error.name()))
producer.flush(20)
"""
SERVERS = ("postgres", "neo4j", "kafka", "consumer", "api")


@pytest.fixture(scope="module")
def told(stack: Stack) -> str:
    """What the demo prints on the running stack."""
    return stack.execute("api", "aml", "demo", "--attach").stdout


def test_everything_runs_and_is_healthy(stack: Stack) -> None:
    assert stack.health() == dict.fromkeys(SERVERS, "healthy")
    assert json.loads(stack.execute("api", "aml", "status", "--json").stdout)["ready"]["ready"] is True


def test_every_published_port_is_on_loopback(stack: Stack) -> None:
    for name, each in stack.running().items():
        for bindings in each["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or []} <= {"127.0.0.1"}, name


@pytest.mark.parametrize("service", SERVERS)
def test_no_process_is_root_or_may_become_it(stack: Stack, service: str) -> None:
    status = stack.execute(service, "cat", "/proc/1/status").stdout
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in facts["Uid"].split()
    assert {int(facts[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert facts["NoNewPrivs"] == "1"
    host = stack.running()[service]["HostConfig"]
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"]


def test_an_unchanged_build_recreates_nothing(stack: Stack) -> None:
    before = {name: each["Id"] for name, each in stack.running().items()}
    stack.compose("up", "--detach", "--build", "--wait")
    assert {name: each["Id"] for name, each in stack.running().items()} == before


def test_no_container_has_a_volume_without_a_name(stack: Stack) -> None:
    for service, each in stack.running().items():
        volumes = {mount["Name"] for mount in each["Mounts"] if mount["Type"] == "volume"}
        assert volumes <= stack.left()["volumes"], service


@pytest.mark.parametrize("service", ["api", "consumer"])
def test_ours_is_an_ordinary_user_on_a_read_only_disk_without_tools(stack: Stack, service: str) -> None:
    assert stack.execute(service, "id", "-u").stdout.strip() == "10001"
    for path in ("/app/a", "/opt/venv/a", "/etc/a", "/secrets/aml/a"):
        refused = stack.execute(service, "touch", path, check=False)
        assert refused.returncode
        assert re.search("Read-only file system|Permission denied", refused.stderr)
    for tool in ("apt", "dpkg", "perl", "pip", "gcc", "make", "node", "curl", "ruff", "pytest"):
        found = stack.execute(service, "sh", "-c", f"command -v {tool}", check=False)
        assert not found.stdout, tool
    assert stack.running()[service]["HostConfig"]["ReadonlyRootfs"] is True


def test_the_status_names_places_that_are_there(stack: Stack) -> None:
    status = stack.execute("api", "aml", "status").stdout
    assert f"http://127.0.0.1:{stack.port('api', 8000)}" in status
    for path in re.findall(r"(?<![\w:/.])/[\w./-]+", status):
        stack.execute("api", "ls", path)


def test_nobody_is_let_in_without_the_generated_secrets(stack: Stack) -> None:
    ask = "import urllib.request as u; u.urlopen('http://api:8000/scores/top')"
    assert "401" in stack.execute("consumer", "python", "-c", ask, check=False).stderr
    token = stack.execute("api", "cat", "/secrets/aml/aml_api_token").stdout
    assert len(token) >= 32
    for each in stack.running().values():
        assert token not in json.dumps(each), "it can be read by whoever inspects the container"
    assert stack.execute("postgres", "ls", "/secrets").stdout.split() == ["postgres"]
    for service in ("api", "consumer"):
        for folder in ("admin", "kafka", "postgres", "neo4j"):
            assert stack.execute(service, "ls", f"/secrets/{folder}").stdout == ""


def test_kafka_takes_nothing_from_who_has_no_password_and_shows_none(stack: Stack) -> None:
    assert stack.execute("consumer", "python", "-c", STRANGER).stdout.strip() == "_MSG_TIMED_OUT"
    password = stack.execute("api", "cat", "/secrets/aml/aml_kafka_producer_password").stdout
    assert len(password) >= 24
    for each in stack.running().values():
        assert password not in json.dumps(each)
    assert password not in stack.compose("logs", "kafka").stdout


def test_a_producer_on_the_host_needs_only_the_file_that_is_printed_for_it(stack: Stack) -> None:
    printed = stack.execute("api", "aml", "env", "--producer", "librdkafka").stdout.splitlines()
    options: dict[str, Any] = dict(line.split("=", 1) for line in printed if not line.startswith("#"))
    assert options["bootstrap.servers"].endswith(f":{stack.port('kafka', 19092)}")
    outcomes: list[object] = []
    producer = Producer(options)
    producer.produce("transfers", b"{", on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(30)
    assert outcomes == [None]


def test_the_role_of_the_application_is_no_superuser_and_owns_the_record(stack: Stack) -> None:
    ask = (
        "SELECT rolname FROM pg_roles WHERE rolsuper"
        " UNION ALL SELECT DISTINCT relowner::regrole::name FROM pg_class WHERE oid >= 16384"
    )
    told = stack.execute("postgres", "psql", "-U", "aml_admin", "-d", "aml", "-At", "-c", ask)
    assert told.stdout.split() == ["aml_admin", "aml"]


def test_a_changed_token_takes_effect_at_the_next_start_and_the_old_one_ends(stack: Stack) -> None:
    old, new = stack.execute("api", "cat", "/secrets/aml/aml_api_token").stdout, f"token-{uuid4().hex}"
    assert (stack.answer_to(old), stack.answer_to(new)) == (200, 401)
    stack.compose("up", "--detach", "--wait", AML_API_TOKEN=new)
    assert (stack.answer_to(old), stack.answer_to(new)) == (401, 200)
    assert stack.health() == dict.fromkeys(SERVERS, "healthy")
    stack.compose("up", "--detach", "--wait")
    assert (stack.answer_to(old), stack.answer_to(new)) == (401, 200), "it is kept without the variable too"


def test_the_demo_explains_a_score_that_adds_up(told: str) -> None:
    assert_explained(told)


@pytest.mark.usefixtures("told")
def test_a_story_goes_through_a_file_too(stack: Stack) -> None:
    before = stack.digests()
    stack.compose("--profile", "story", "up", "--detach", "producer", "labels")
    stack.compose("--profile", "story", "wait", "producer", "labels")
    stack.execute("api", "aml", "simulate", "--out", "/data/another.jsonl", "--seed", "2")
    produced = stack.execute("api", "aml", "produce", "/data/another.jsonl", "--json")
    assert json.loads(produced.stdout)["delivered"] == 6_000
    assert stack.digests() != before


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("service", SERVERS)
def test_a_restart_of_any_service_loses_nothing(stack: Stack, service: str) -> None:
    stack.await_arrival()
    before = stack.digests()
    stack.compose("restart", service)
    stack.compose("up", "--detach", "--wait")
    stack.await_arrival()
    assert stack.digests() == before
    assert before[0] == before[1]


@pytest.mark.usefixtures("told")
def test_down_and_up_keep_everything(stack: Stack) -> None:
    stack.await_arrival()
    before, token = stack.digests(), stack.execute("api", "cat", "/secrets/aml/aml_api_token").stdout
    top = stack.execute("api", "aml", "top", "--json").stdout
    logged = stack.execute("neo4j", "head", "-1", "/logs/debug.log").stdout
    stack.compose("down")
    stack.compose("up", "--detach", "--wait")
    stack.await_arrival()
    assert stack.digests() == before
    assert stack.execute("api", "cat", "/secrets/aml/aml_api_token").stdout == token
    assert stack.execute("api", "aml", "top", "--json").stdout == top
    assert logged
    assert stack.execute("neo4j", "head", "-1", "/logs/debug.log").stdout == logged
