"""Targets, hosts, weights of codings and values of bodies, as texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.asgi.bodies import values_of
from app.api.asgi.compression import takes_gzip
from app.api.targets import host_name, slashes, with_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=40,
)


def commas(value: Any) -> int:  # noqa: ANN401 - any JSON
    """How many commas separate the fields and items of a value: one fewer than each object or list has."""
    if isinstance(value, dict):
        return max(len(value) - 1, 0) + sum(map(commas, value.values()))
    if isinstance(value, list):
        return max(len(value) - 1, 0) + sum(map(commas, value))
    return 0


@given(JSON)
def test_values_are_counted_outside_of_texts(value: object) -> None:
    for is_ascii in (True, False):
        assert values_of(json.dumps(value, ensure_ascii=is_ascii).encode()) == commas(value)


@given(st.binary(max_size=300) | st.text(alphabet='",\\{}[]x', max_size=300).map(str.encode))
def test_any_bytes_are_counted(body: bytes) -> None:
    assert 0 <= values_of(body) <= body.count(b",")


@given(st.text(max_size=40))
def test_a_host_is_a_name_of_letters_digits_and_marks(host: str) -> None:
    name = host_name(host)
    assert name is None or set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("LOCALHOST:8000", "localhost"), ("[::1]:1", "::1"), ("127.0.0.1", "127.0.0.1"), ("a@b", None),
        ("a:99999", None), ("a:", None), ("", None), ("a b", None), ("[::1", None), ("a\n", None),
        ("a:\u0661", None),
    ],
)  # fmt: skip
def test_a_host_is_one_name_and_one_port(host: str, name: str | None) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/a%2fb", "/v1/a%2Fb"), (b"/v1%2Fversion", "/v1%2Fversion"), (b"/a%20b", "/a b"),
        (b"http://h/v1/a", "/v1/a"), (b"HTTPS://h", "/"), (b"http://h/a%2Fb", "/a%2Fb"), (b"*", "*"),
    ],
)  # fmt: skip
def test_a_target_has_one_path(target: bytes, path: str) -> None:
    decoded = target.decode().replace("%20", " ").replace("%2f", "/").replace("%2F", "/")
    scope = {"raw_path": target, "path": decoded, "headers": [(b"host", b"header")]}
    read = with_path(scope)
    assert read["path"] == path
    assert read["headers"] == [(b"host", b"h" if target[:1] in b"hH" else b"header")]
    assert slashes(read["path"]).count("%2F") == 0


@pytest.mark.parametrize(
    "header", ["gzip", "*", "x-gzip", "br, gzip;q=0.5", "gzip ; q=1.0", "GZIP", "*;q=0.1"]
)
def test_gzip_is_taken(header: str) -> None:
    assert takes_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "br",
        "notgzip",
        "gzip;q=0",
        "gzip;q=0.000",
        "*;q=0",
        "gzip;q=0, *",
        "gzip;q=2",
        "identity, gzip;q=0.5",
    ],
)
def test_gzip_is_not_taken(header: str) -> None:
    assert not takes_gzip(header)
