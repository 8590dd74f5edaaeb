"""What docker-compose.yml promises, as far as it can be seen without an engine."""

import json
import re
from typing import Any

import pytest

from app.cli.setup.secrets import KAFKA_SERVER, secret_files
from app.settings import PROJECT, Settings
from embedded.home import Secrets
from embedded.kafka import _settings as kafka_settings
from embedded.neo4j import _settings as neo4j_settings
from tests.support.compose import COMPOSE, compose, filled, service

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name for name, each in SERVICES.items() if each["image"].startswith("aml-risk:")}
ONCE = {"secrets", "migrate", "topics", "simulator", "labels", "producer", "tests"}
VOLUMES = {
    "postgres": {"/var/lib/postgresql"},
    "neo4j": {"/data", "/logs"},
    "apache/kafka": {"/var/lib/kafka/data", "/etc/kafka/secrets", "/mnt/shared/config"},
    "prom/prometheus": {"/prometheus"},
    "grafana/grafana": {"/var/lib/grafana"},
}
"""What each server's image declares as a volume, or keeps its data in."""
NOT_SETTINGS = {"AML_SECRETS_DIR"}
NO_SECRETS = {"POSTGRES_HOST_AUTH_METHOD", "KAFKA_AUTHORIZER_CLASS_NAME"}


def test_all_that_the_readme_names_is_there() -> None:
    default = {name for name, each in SERVICES.items() if "profiles" not in each}
    assert default == {
        "secrets",
        "postgres",
        "neo4j",
        "kafka",
        "migrate",
        "topics",
        "consumer",
        "worker",
        "api",
    }
    assert {profile for each in SERVICES.values() for profile in each.get("profiles", [])} == {
        "observability",
        "story",
        "tests",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_pinned(name: str) -> None:
    each = SERVICES[name]
    assert each["mem_limit"]
    image = filled(each["image"])
    assert re.search(r":[a-z0-9][\w.-]*(@sha256:[0-9a-f]{64})?$", image)
    assert ":latest" not in image
    assert name in ONCE or each.get("restart") == "unless-stopped" or "tests" in each["profiles"]
    assert "healthcheck" in each or name == "api"


def test_a_tag_has_one_builder_and_is_never_pulled() -> None:
    """Two that build one tag at the same time fail on the containerd store, and never agree on the other."""
    for tag in {SERVICES[name]["image"] for name in OURS}:
        users = [each for each in SERVICES.values() if each["image"] == tag]
        assert sum("build" in each for each in users) == 1, tag
        assert {each.get("pull_policy") for each in users} == {"never"}, tag
    assert {name for name in OURS if "build" in SERVICES[name]} == {"secrets", "tests"}
    for name in OURS - {"secrets", "tests"}:
        assert "secrets" in _started_before(name), "whoever starts it alone has the image built"


def test_who_reads_the_token_when_it_starts_is_started_again_when_it_changes() -> None:
    restarting = {"condition": "service_completed_successfully", "restart": True}
    assert {"api", "consumer", "worker"} == OURS - ONCE
    for name in OURS - ONCE:
        assert SERVICES[name]["depends_on"].get("secrets") == restarting


def _started_before(name: str) -> set[str]:
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(_started_before(each) for each in direct))


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_on_loopback_and_a_variable(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z0-9_]+_PORT:-\d+\}:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_may_do_what_it_need_not(name: str) -> None:
    each = SERVICES[name]
    assert each["cap_drop"] == ["ALL"]
    assert "cap_add" not in each
    assert each["security_opt"] == ["no-new-privileges:true"]
    assert 64 <= each["pids_limit"] <= 4096
    if name in OURS:
        assert each["read_only"] is (name != "tests")
    # These images begin as root, and would need capabilities to become their own user.
    users = {"postgres": "postgres", "neo4j": "neo4j"}
    assert each.get("user") == users.get(filled(each["image"]).partition(":")[0])


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_says_is_kept_within_bounds(name: str) -> None:
    assert SERVICES[name]["logging"] == {
        "driver": "local",
        "options": {"max-size": "10m", "max-file": "3"},
    }


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS))
def test_no_image_makes_a_volume_without_a_name(name: str) -> None:
    """Those are left behind by every `down`, and what was in them is lost."""
    each = SERVICES[name]
    mounted = {volume.split(":")[1] for volume in each.get("volumes", [])}
    mounted |= {mount.split(":")[0] for mount in each.get("tmpfs", [])}
    assert VOLUMES[filled(each["image"]).partition(":")[0]] <= mounted


def test_the_logs_of_neo4j_are_kept() -> None:
    assert "neo4j-logs:/logs" in SERVICES["neo4j"]["volumes"]


def test_whoever_is_told_to_delete_everything_deletes_every_profiles_too() -> None:
    """Containers of a profile that is not named stay, and with them every volume that they mount."""
    files = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("app/cli/*.py")]
    for file in [*files, PROJECT / "Makefile", PROJECT / ".github" / "workflows" / "ci.yml"]:
        for line in file.read_text().splitlines():
            if "down --volumes" in line:
                assert '--profile "*" down --volumes' in line, file


def test_no_secret_is_written_down() -> None:
    for each in SERVICES.values():
        for key, value in each.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|AUTH|JAAS", key) and key not in NO_SECRETS:
                assert re.fullmatch(r"/secrets/\w+/\w+|\$\{\w+:-\}|none|12", str(value)), key
    trusting = {name for name, each in SERVICES.items() if "POSTGRES_HOST_AUTH_METHOD" in str(each)}
    trusting |= {name for name, each in SERVICES.items() if each.get("environment", {}).get("NEO4J_AUTH")}
    for name in trusting:
        assert SERVICES[name]["networks"] == ["tests"]
        assert "ports" not in SERVICES[name]
    assert compose()["networks"]["tests"]["internal"] is True


@pytest.mark.parametrize("name", sorted(OURS - {"tests"}))
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    ours = {key for key in SERVICES[name]["environment"] if key.startswith("AML_")}
    assert ours - NOT_SETTINGS <= {f"AML_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(OURS - {"secrets", "tests"}))
def test_a_person_is_told_where_the_host_reaches_the_pages(name: str) -> None:
    (published,) = SERVICES["api"]["ports"]
    address = published.removesuffix(":8000")
    assert SERVICES[name]["environment"]["AML_PAGES_URL"] == f"http://{address}"


def test_what_the_example_explains_is_what_can_be_set() -> None:
    example = (PROJECT / ".env.example").read_text()
    written = COMPOSE.read_text()
    explained = set(re.findall(r"^# ([A-Z0-9_]+)=", example, re.MULTILINE)) - {"COMPOSE_FILE"}
    used = set(re.findall(r"\$\{([A-Z0-9_]+):-", written))
    assert explained == used - {"AML_REVISION"}
    for name, value in re.findall(r"^# ([A-Z0-9_]+)=(.+)$", example, re.MULTILINE):
        assert (
            name == "COMPOSE_FILE" or f"${{{name}:-{value}}}" in (PROJECT / "docker-compose.yml").read_text()
        )


@pytest.mark.parametrize(
    ("name", "jar"), [("kafka", "org/apache/kafka/kafka-server/"), ("neo4j", "org/neo4j/neo4j-kernel/")]
)
def test_a_container_and_an_embedded_server_have_one_version(name: str, jar: str) -> None:
    jars = json.loads((PROJECT / "embedded" / "jars.lock.json").read_text())[name]
    (version,) = (each["path"].split("/")[-2] for each in jars if each["path"].startswith(jar))
    assert service(name).image.partition(":")[2].partition("@")[0] == version


def test_neo4j_is_as_closed_and_as_bounded_as_the_embedded_one() -> None:
    given = {
        re.sub(r"__|_", lambda found: "_" if found[0] == "__" else ".", key.removeprefix("NEO4J_")): value
        for key, value in service("neo4j-test").environment.items()
        if re.match(r"NEO4J_[a-z]", key)
    }
    elsewhere = r".*address|dbms\.security\.auth_enabled|.*allow_origin|server\.directories\.import"
    for key, value in neo4j_settings(1, 2, heap=1024, page_cache=256).items():
        if not re.fullmatch(elsewhere, key):
            assert given[key] == str(value), key


def test_kafka_is_as_the_embedded_one() -> None:
    given = {
        key.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for key, value in service("kafka").environment.items()
    }
    elsewhere = {"listeners", "advertised.listeners", "log.dirs", "controller.quorum.voters"}
    listeners = given.pop("listener.security.protocol.map").split(",")
    embedded = kafka_settings(1, 2, "data")
    assert {*str(embedded.pop("listener.security.protocol.map")).split(",")} <= {*listeners}
    for key, value in embedded.items():
        if key not in elsewhere:
            assert given[key] == str(value), key


def test_every_listener_of_kafka_asks_for_a_password_that_stands_in_its_file_alone() -> None:
    environment = service("kafka").environment
    protocols = dict(
        each.split(":") for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    names = {each.partition("://")[0] for each in environment["KAFKA_LISTENERS"].split(",")}
    assert protocols == dict.fromkeys(names, "SASL_PLAINTEXT")
    secrets = Secrets(*"abcdefg")
    files = secret_files(secrets)
    kept = files[KAFKA_SERVER]
    assert {f"listener.name.{name.lower()}.plain.sasl.jaas.config" for name in names} == {
        line.partition("=")[0] for line in kept.splitlines()
    }
    assert not any("jaas" in key.lower() for key in environment)
    for name, each in SERVICES.items():
        folders = {volume.split(":")[0] for volume in each.get("volumes", [])}
        assert ("secrets-kafka" in folders) == (name in {"secrets", "kafka"}), name
        assert ("secrets-admin" in folders) == (name in {"secrets", "migrate", "topics"}), name


def test_the_health_check_of_kafka_signs_in_and_no_password_is_in_a_command() -> None:
    (_, command) = SERVICES["kafka"]["healthcheck"]["test"]
    (_, _, file) = command.partition("--command-config ")
    folder, _, name = file.split()[0].rpartition("/")
    assert f"secrets-kafka:{folder}:ro,nocopy" in SERVICES["kafka"]["volumes"]
    assert f"kafka/{name}" in secret_files(Secrets(*"abcdefg"))
