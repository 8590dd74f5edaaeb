"""What a home folder promises, without starting anything in it."""

import json
import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from app.errors import AmlError, InUse, InvalidInput
from embedded.home import LOCK_NAME, Secrets, is_home, load_ports, load_secrets, open_home, read_secrets, wipe
from embedded.lock import holder, is_held
from embedded.ports import PINS
from embedded.urls import environment, running_urls, urls_of


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def generated(secrets: Secrets) -> dict[str, str]:
    """All but the token of before: there is one only where it was changed."""
    return {name: value for name, value in asdict(secrets).items() if name != "api_token_before"}


def test_a_home_is_private_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "a home"
    with open_home(path) as home:
        assert home.path == path
        assert mode_of(path) == 0o700
        assert holder(path / LOCK_NAME) == os.getpid()
        assert is_held(path / LOCK_NAME)
    assert not is_held(path / LOCK_NAME)


def test_a_second_holder_is_refused_with_the_first_ones_process_id(tmp_path: Path) -> None:
    with (
        open_home(tmp_path),
        pytest.raises(InUse, match=f"in use by process {os.getpid()}"),
        open_home(tmp_path),
    ):
        pass


def test_a_child_that_outlives_the_holder_keeps_the_home_held(tmp_path: Path) -> None:
    with open_home(tmp_path) as home:
        inherited = os.dup(home.lock_fd)  # what a spawned server has
    (tmp_path / LOCK_NAME).write_text("4194305 0")  # above the highest process id: its launcher is dead
    assert is_held(tmp_path / LOCK_NAME)
    assert running_urls(tmp_path) is None
    os.close(inherited)
    with open_home(tmp_path):
        assert holder(tmp_path / LOCK_NAME) == os.getpid()


def test_a_folder_with_other_files_does_not_become_a_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="holds other files"), open_home(tmp_path):
        pass
    assert not is_home(tmp_path)


def test_secrets_are_generated_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    assert load_secrets(tmp_path) == first
    assert mode_of(tmp_path / "secrets.json") == 0o600
    values = generated(first).values()
    assert len({*values}) == len(values) == 7
    assert min(map(len, values)) >= 24


def test_an_instance_of_before_keeps_its_secrets_and_is_given_those_that_it_lacks(tmp_path: Path) -> None:
    before = {"postgres": "p" * 24, "neo4j": "n" * 24, "api_token": "t" * 43}
    (tmp_path / "secrets.json").write_text(json.dumps(before))
    seen = read_secrets(tmp_path)
    assert seen is not None
    assert seen.kafka == "", "whoever only looks changes nothing: the servers of before may run"
    after = load_secrets(tmp_path)
    assert {name: asdict(after)[name] for name in before} == before
    assert all(generated(after).values())
    assert load_secrets(tmp_path) == read_secrets(tmp_path) == after


def test_secrets_lost_beside_their_data_are_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(AmlError, match=r"secrets\.json is gone"):
        load_secrets(tmp_path)


def test_damaged_secrets_are_told_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(AmlError, match="damaged"):
        load_secrets(tmp_path)


def test_wipe_takes_the_instance_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    path = tmp_path / "home"
    with open_home(path) as home:
        load_secrets(path)
        (home.folder("postgres") / "data").mkdir()
    (path / "thesis.txt").write_text("mine")
    wipe(path)
    assert [entry.name for entry in path.iterdir()] == ["thesis.txt"]


def test_wipe_removes_the_folder_when_nothing_else_is_in_it(tmp_path: Path) -> None:
    with open_home(tmp_path / "home"):
        pass
    wipe(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_wipe_refuses_a_running_home_and_a_folder_that_is_none(tmp_path: Path) -> None:
    with open_home(tmp_path / "home"), pytest.raises(InUse):
        wipe(tmp_path / "home")
    with pytest.raises(InvalidInput, match="nothing was deleted"):
        wipe(tmp_path)
    assert (tmp_path / "home").is_dir()


def test_a_held_home_tells_its_addresses_and_an_idle_one_does_not(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path)
    ports = {name: 20_000 + number for number, name in enumerate(PINS)}
    (tmp_path / "ports.json").write_text(json.dumps(ports))
    (tmp_path / LOCK_NAME).touch()
    assert running_urls(tmp_path) is None
    with open_home(tmp_path):
        urls = running_urls(tmp_path)
        assert urls == urls_of(ports, secrets)
    assert running_urls(tmp_path / "nowhere") is None


def test_the_environment_names_every_server_and_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path)
    urls = urls_of({name: 20_000 + number for number, name in enumerate(PINS)}, secrets)
    variables = environment(urls)
    assert (
        variables["AML_POSTGRES_URL"] == f"postgresql+psycopg2://aml:{secrets.postgres}@127.0.0.1:20000/aml"
    )
    assert variables["AML_NEO4J_PASSWORD"] == secrets.neo4j
    assert variables["AML_API_TOKEN"] == secrets.api_token
    assert all(isinstance(value, str) for value in variables.values())
    assert variables["AML_KAFKA_PRODUCER_PASSWORD"] == secrets.kafka_producer
    for secret in generated(secrets).values():
        assert secret not in repr(urls)
        assert secret not in repr(secrets)


def test_damaged_ports_are_told(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[")
    with pytest.raises(AmlError, match="damaged"):
        load_ports(tmp_path)
