"""The policy file: what it must say, and that every refusal names the line."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from app.errors import InvalidPolicy
from app.policy.policy import POLICY_YAML, load_policy, parse_policy
from app.settings import PROJECT

FILE = PROJECT / "policy.yaml"
BODY = FILE.read_text()


def line_of(part: str, body: str = BODY) -> int:
    return body[: body.index(part)].count("\n") + 1


def test_the_shipped_policy_is_valid_and_known_by_its_bytes() -> None:
    policy = load_policy(FILE)
    assert policy.digest == sha256(FILE.read_bytes()).hexdigest()
    assert policy.body == BODY
    assert policy.layout.hop_limit == 4
    assert policy.layout.columns[3:] == tuple(policy.categories)


def test_points_for_a_share_of_one_are_exact_integers() -> None:
    policy = load_policy(FILE)
    assert policy.micro_points("sanctioned", 0) == 100_000_000
    assert policy.micro_points("mixer", 2) == 49_000_000
    assert policy.micro_points("service", 1) == 0
    fine = parse_policy(
        BODY.replace("severity: 70", "severity: 70.01").replace("0.7,", "0.7003,").encode(), "p"
    )
    assert fine.micro_points("mixer", 2) == 49_028_003


@pytest.mark.parametrize(
    ("score", "level"),
    [(0, "low"), (24_999_999, "low"), (25_000_000, "medium"), (50_000_000, "high"), (75_000_000, "severe")],
)
def test_a_score_on_a_bound_is_in_the_higher_band(score: int, level: str) -> None:
    assert load_policy(FILE).band(score) == level


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  mixer:", "  scam:", "'scam' stands here twice"),
        ("severity: 95", "severity: 95.123", "no more than 2 decimal places"),
        ("severity: 95", "severity: 101", "less than or equal to 100"),
        ("severity: 95", "severity: .nan", "not a plain decimal"),
        ("hop_limit: 4", "hop_limit: 7", "less than or equal to 6"),
        ("hop_limit: 4", "hop_limits: 4", "Extra inputs"),
        ("hop_weights: [1.0, 0.7", "hop_weights: [0.6, 0.7", "must not grow"),
        ("hop_weights: [1.0, 0.7, 0.5, 0.35, 0.25, 0.2]", "hop_weights: [1.0]", "each of the 4 hops"),
        ("hop_weights: [1.0, 0.7", "hop_weights: [1.0, 0.70001", "no more than 4 decimal places"),
        ("medium: 25", "medium: 60", "must rise"),
        ("  mint_burn:", "  burn:", "add mint_burn"),
        ("hop_at_most: 1}", "hop_at_mos: 1}", "Extra inputs"),
        ("level_at_least: severe", "level_at_least: dire", "'low', 'medium', 'high' or 'severe'"),
        ("name: direct_sanctioned", "name: poison_sanctioned", "two rules have one name"),
        ("categories: [stolen_funds,", "categories: [stolen_fund,", "mostly_illicit_source names categories"),
        ('version: "2026-11"', "version: &a x", "anchors and aliases"),
        ('version: "2026-11"', "version: *a", "anchors and aliases"),
        ('version: "2026-11"', "version: !!python/name:os.system x", "tags"),
        ("bands:", "bands: [", "Correct the YAML"),
        ("hop_limit: 4", "hop_limit: [[[[[[[[[[4]]]]]]]]]]", "nested more than"),
    ],
)
def test_a_broken_policy_is_refused_with_what_is_wrong(old: str, new: str, message: str) -> None:
    assert old in BODY
    with pytest.raises(InvalidPolicy, match=re.escape(message)) as refused:
        parse_policy(BODY.replace(old, new, 1).encode(), "policy.yaml")
    assert re.match(r"policy\.yaml:\d+: ", str(refused.value))


def test_a_refusal_names_the_line() -> None:
    broken = BODY.replace("severity: 95", "severity: high", 1)
    with pytest.raises(InvalidPolicy, match=rf"^p:{line_of('severity: high', broken)}: .*ransomware"):
        parse_policy(broken.encode(), "p")


def test_every_fault_has_its_own_line() -> None:
    broken = BODY.replace("severity: 95", "severity: -1", 1).replace("hop_limit: 4", "hop_limit: 0", 1)
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(broken.encode(), "p")
    lines = [int(line.split(":")[1]) for line in str(refused.value).splitlines()]
    assert lines == [line_of("hop_limit: 0", broken), line_of("severity: -1", broken)]


def test_what_is_no_short_utf8_mapping_is_refused(tmp_path: Path) -> None:
    for body, message in (
        (b"#" * (POLICY_YAML.max_bytes + 1), "larger than"),
        (b"a: \xff", "p:1: not UTF-8"),
        (b"- 1", "must be a mapping"),
        (b"", "must be a mapping"),
        (b"a: 1\n---\nb: 2", "p:"),
    ):
        with pytest.raises(InvalidPolicy, match=message):
            parse_policy(body, "p")
    with pytest.raises(InvalidPolicy, match="AML_POLICY_FILE"):
        load_policy(tmp_path / "nowhere.yaml")
