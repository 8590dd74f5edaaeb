"""The policy file: what it must say, and that every refusal names the line."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from app.errors import InvalidPolicy
from app.ledger.cells import DESTINATION, OWNERSHIP, SOURCE
from app.policy.columns import ExposureColumn, column_of
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
    assert policy.layout.hop_limit == 6
    assert policy.layout.columns[3:] == tuple(policy.categories)


def test_points_for_a_share_of_one_are_exact_integers() -> None:
    policy = load_policy(FILE)
    assert policy.micro_points("sanctioned", 0, OWNERSHIP) == 100_000_000
    assert policy.micro_points("mixer", 2, SOURCE) == 49_000_000
    assert policy.micro_points("mixer", 2, DESTINATION) == 35_000_000
    assert policy.micro_points("service", 1, SOURCE) == 0
    assert policy.micro_points("sanctioned@before", 1, SOURCE) == 50_000_000
    assert policy.micro_points("sanctioned@while", 1, SOURCE) == 100_000_000
    assert policy.micro_points("sanctioned@after", 2, DESTINATION) == 17_500_000
    assert policy.micro_points("stolen_funds@weak", 1, SOURCE) == 0
    fine = parse_policy(
        BODY.replace("source: 70,", "source: 70.01,").replace("0.7,", "0.7003,").encode(), "p"
    )
    assert fine.micro_points("mixer", 2, SOURCE) == 49_028_003


def test_only_columns_that_some_label_needs_are_added_in_the_order_of_time() -> None:
    policy = load_policy(FILE)
    listed = [ExposureColumn("sanctioned", period) for period in ("after", "before", "while")]
    weak = ExposureColumn("scam"), ExposureColumn("scam", firm=False)
    columns = policy.layout_with([*listed, *weak]).columns
    assert columns[: len(policy.layout.columns)] == policy.layout.columns
    added = ["sanctioned@before", "sanctioned@while", "sanctioned@after", "scam@weak"]
    assert list(columns[len(policy.layout.columns) :]) == added
    assert [column_of(name).name for name in columns] == list(columns)
    assert column_of("scam@weak") == ExposureColumn("scam", firm=False)


@pytest.mark.parametrize(
    ("chain", "asset", "is_registered"),
    [
        ("ethereum", "ETH", True),
        ("ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7", True),
        ("ethereum", "0x" + "e1" * 20, False),
        ("polygon", "0xdac17f958d2ee523a2206206994597c13d831ec7", False),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", True),
        ("tron", "TRX", True),
    ],
)
def test_native_assets_and_named_contracts_are_registered(
    chain: str,
    asset: str,
    is_registered: bool,  # noqa: FBT001
) -> None:
    assert load_policy(FILE).is_registered(chain, asset) is is_registered


def test_a_policy_of_the_first_version_is_refused_with_the_way_to_turn_it() -> None:
    first = b'version: "2026-11"\nhop_limit: 4\ncategories:\n  mixer:\n    severity: 70\n'
    with pytest.raises(InvalidPolicy, match=r"(?s)^p:1: .*first version.*`policy: 2`.*aml policy check p"):
        parse_policy(first, "p")


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
        ("own: 95", "own: 95.123", "no more than 2 decimal places"),
        ("own: 95", "own: 101", "less than or equal to 100"),
        ("own: 95", "own: .nan", "not a plain decimal"),
        ("hop_limit: 6", "hop_limit: 7", "less than or equal to 6"),
        ("hop_limit: 6", "hop_limits: 6", "Extra inputs"),
        ("hop_weights: [1.0, 0.7", "hop_weights: [0.6, 0.7", "must not grow"),
        ("hop_weights: [1.0, 0.7, 0.5, 0.35, 0.25, 0.2]", "hop_weights: [1.0]", "each of the 6 hops"),
        ("hop_weights: [1.0, 0.7", "hop_weights: [1.0, 0.70001", "no more than 4 decimal places"),
        ("medium: 25", "medium: 60", "must rise"),
        ("  mint_burn:", "  burn:", "add mint_burn"),
        ("hop_at_most: 1\n", "hop_at_mos: 1\n", "Extra inputs"),
        ("level_at_least: severe", "level_at_least: dire", "'medium', 'high' or 'severe'"),
        ("name: mule\n", "name: from_crime\n", "two rules have one name"),
        (
            "categories: [darknet_market,",
            "categories: [darknet_markt,",
            "rule paid_market_or_mixer names categories",
        ),
        ("categories: [ransomware, stolen_funds,", "categories: [ransomwar,", "victim names categories"),
        ("    assets: known\n", "    usd_at_least: 1\n      assets: known\n", "other money has no value"),
        ("when: {behaviour: mule}", "when: {behaviour: mool}", "'mule', 'paid_mule'"),
        ("when: {behaviour: mule}", "when: {direction: any}", "either categories or a behaviour"),
        (
            "    flag: weak_label\n",
            "    flag: weak_label\n    level_at_least: high\n",
            "either level_at_least or flag",
        ),
        (
            "      assets: any\n    flag: sanctions_contact",
            "      assets: any\n    level_at_least: high",
            "set flags alone",
        ),
        ("kind: crime", "kind: criminal", "'crime' or 'service'"),
        ("policy: 2", "policy: 3", "Input should be 2"),
        ('"0xdac17f', '"0xdac17', "is no 0x address"),
        ("usd: 10,", "usd: 10001,", "less than or equal to 10000"),
        ('version: "2026-12"', "version: &a x", "anchors and aliases"),
        ('version: "2026-12"', "version: *a", "anchors and aliases"),
        ('version: "2026-12"', "version: !!python/name:os.system x", "tags"),
        ("bands:", "bands: [", "Correct the YAML"),
        ("hop_limit: 6", "hop_limit: [[[[[[[[[[6]]]]]]]]]]", "nested more than"),
    ],
)
def test_a_broken_policy_is_refused_with_what_is_wrong(old: str, new: str, message: str) -> None:
    assert old in BODY
    with pytest.raises(InvalidPolicy, match=re.escape(message)) as refused:
        parse_policy(BODY.replace(old, new, 1).encode(), "policy.yaml")
    assert re.match(r"policy\.yaml:\d+: ", str(refused.value))


def test_a_refusal_names_the_line() -> None:
    broken = BODY.replace("own: 95", "own: high", 1)
    with pytest.raises(InvalidPolicy, match=rf"^p:{line_of('own: high', broken)}: .*ransomware"):
        parse_policy(broken.encode(), "p")


def test_every_fault_has_its_own_line() -> None:
    broken = BODY.replace("own: 95", "own: -1", 1).replace("hop_limit: 6", "hop_limit: 0", 1)
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(broken.encode(), "p")
    lines = [int(line.split(":")[1]) for line in str(refused.value).splitlines()]
    assert lines == [line_of("hop_limit: 0", broken), line_of("own: -1", broken)]


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
