"""The reader of YAML: what values become, how much it takes, and that every refusal names its line."""

from decimal import Decimal

import pytest

from app.errors import InvalidInput
from app.plain_yaml import Lines, Mapping, YamlRules, read_yaml

TYPED = YamlRules(max_bytes=1_000, when_larger="Shorten it.", typed=True, several_documents=False)
WRITTEN = YamlRules(max_bytes=1_000, when_larger="Shorten it.", typed=False, several_documents=True)


def test_typed_scalars_are_exact_and_quoted_ones_are_text() -> None:
    body = b"{a: 1, b: 1.10, c: true, d: ~, e: '1', f: yes, g: 2026-01-01, h: -0.5, i: 'null', j: 1e3}"
    assert read_yaml(body, "f", TYPED) == {
        "a": 1, "b": Decimal("1.10"), "c": True, "d": None, "e": "1", "f": "yes", "g": "2026-01-01",
        "h": Decimal("-0.5"), "i": "null", "j": Decimal(1000),
    }  # fmt: skip


def test_scalars_as_written_are_text_or_nothing() -> None:
    body = b"{a: 1, b: 0x01, c: true, d: ~, e: '', f: , g: 2026-01-01, h: 'null'}"
    assert read_yaml(body, "f", WRITTEN) == {
        "a": "1", "b": "0x01", "c": "true", "d": None, "e": "", "f": None, "g": "2026-01-01", "h": "null",
    }  # fmt: skip


def test_lines_are_those_of_keys_items_and_mappings() -> None:
    lines: Lines = {}
    root = read_yaml(b"a:\n  - b: 1\n  - c:\n    - 2\n    - 3\nd: {e: 4,\n  f: 5}\n", "f", TYPED, lines=lines)
    assert lines == {
        ("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "c"): 3, ("a", 1, "c", 0): 4,
        ("a", 1, "c", 1): 5, ("d",): 6, ("d", "e"): 6, ("d", "f"): 7,
    }  # fmt: skip
    assert isinstance(root, Mapping)
    assert [item.line for item in root["a"]] == [2, 3]


def test_documents_after_the_first_are_refused_or_not_read() -> None:
    two = b"a: 1\n---\nb: [2"
    assert read_yaml(two, "f", WRITTEN) == {"a": "1"}
    with pytest.raises(InvalidInput, match=r"^f:2: a second document begins here"):
        read_yaml(two, "f", TYPED)
    assert read_yaml(b"# nothing\n", "f", TYPED) is None
    assert read_yaml("\ufeffa: 1".encode(), "f", TYPED) == {"a": 1}


@pytest.mark.parametrize("rules", [TYPED, WRITTEN])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"#" * 1_001, r"^f: larger than 1000 bytes\. Shorten it\.$"),
        (b"a: 1\nb: \xff", r"^f:2: not UTF-8 at byte 8\."),
        (b"a: 1\nb: [", r"^f:\d+: .*Correct the YAML\.$"),
        (b"a: 1\nb: &x 1", r"^f:2: tags, anchors and aliases"),
        (b"a: 1\nb: *x", r"^f:2: tags, anchors and aliases"),
        (b"a: 1\nb: !!str 1", r"^f:2: tags, anchors and aliases"),
        (b"a: 1\n'a': 2", r"^f:2: 'a' stands here twice"),
        (b"a: 1\n? [b]\n: 2", r"^f:2: a key must be a word"),
        (b"a:\n  " + b"[" * 8, r"^f:2: nested more than 8 deep"),
    ],
)
def test_a_refusal_names_the_line(rules: YamlRules, body: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_yaml(body, "f", rules)


def test_eight_levels_are_taken_and_reading_is_reported() -> None:
    reports: list[int] = []
    body = b"a: [[[[[[[x]]]]]]]\n" + b"".join(b"k%d: v\n" % n for n in range(90))
    root = read_yaml(body, "f", WRITTEN, report_read=reports.append)
    assert isinstance(root, Mapping)
    assert root["a"] == [[[[[[["x"]]]]]]]
    assert reports == sorted(reports)
    assert 0 == reports[0] <= reports[-1] <= len(body)
