"""Labels from TagPacks: inheritance, what its words mean, what is skipped, what is refused."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import InvalidInput
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.tagpack_terms import TERMS, category_of
from app.labels.store import LabelRow
from app.policy.policy import load_policy
from app.settings import PROJECT

ETH = "0x" + "ab" * 20
BTC = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
HEADER = "title: A pack\ncreator: me\ncurrency: ETH\nconfidence: ownership\nlabel: A thing\n"

Read = Callable[[str], tuple[list[LabelRow], Counter[str]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reader(content: str) -> tuple[list[LabelRow], Counter[str]]:
        file = tmp_path / "pack.yaml"
        file.write_text(content, encoding="utf-8")
        skipped: Counter[str] = Counter()
        return list(read_labels(file, LabelFormat.tagpack, skipped=skipped)), skipped

    return reader


def test_a_tag_inherits_the_header_and_overrides_it(read: Read, tmp_path: Path) -> None:
    upper = ETH.upper().replace("X", "x")
    tags = f"tags:\n- address: {upper}\n- {{address: {BTC}, currency: BTC, label: Mine}}\n"
    # The header may also come after the tags.
    rows, skipped = read(f"{HEADER}{tags}abuse: ransomware\n")
    place = f"{tmp_path}/pack.yaml"
    assert rows == [
        LabelRow("ethereum", ETH, "ransomware", "A thing", "A pack", 100, None, None, f"{place}:7"),
        LabelRow("bitcoin", BTC, "ransomware", "Mine", "A pack", 100, None, None, f"{place}:8"),
    ]
    assert not skipped


def test_scalars_are_taken_as_they_are_written(read: Read) -> None:
    rows, _ = read(f"title: 2024\ncurrency: ETH\ntags: [{{address: {ETH}, label: 0x10}}, {{label: ~}}]")
    assert [(row.address, row.name, row.source) for row in rows] == [(ETH, "0x10", "2024")]


def test_lastmod_is_no_validity_and_no_confidence_is_the_lowest(read: Read) -> None:
    (row,), _ = read(f"title: t\ncurrency: ETH\nlabel: l\nlastmod: 2020-01-01\ntags: [{{address: {ETH}}}]")
    assert (row.valid_from, row.valid_to, row.confidence, row.category) == (None, None, 5, None)


@pytest.mark.parametrize(
    ("terms", "category"),
    [
        ({"user", "sanction"}, "sanctioned"),
        ({"service", "pyramid_scheme"}, "scam"),
        ({"exchange", "service_hack"}, "stolen_funds"),
        ({"victim", "service_hack"}, None),
        ({"defi", "gambling"}, "gambling"),
        ({"market"}, None),
        ({"market", "dark_web", "service"}, "darknet_market"),
        ({"market", "dark_web", "terrorism"}, "terrorist_financing"),
        ({"dark_web"}, None),
        ({"black_list", "user"}, None),
        (set(), None),
    ],
)
def test_terms_become_the_worst_category_they_have(terms: set[str], category: str | None) -> None:
    assert category_of(terms) == category


def test_every_category_of_the_mapping_is_in_the_policy_and_worst_first() -> None:
    severities = load_policy(PROJECT / "policy.yaml").severities
    found = [severities[category] for category in TERMS]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("address: 0x12", "bad_address"),
        (f"address: {TRON}", "bad_address"),
        ("address: '0xAb00000000000000000000000000000000000000'", "bad_checksum"),
        (f"address: {ETH}, currency: XMR", "bad_address"),
        (f"address: {ETH}, currency: MIOTA", "unknown_currency:MIOTA"),
        (f"address: {ETH}, network: moon", "unknown_currency:moon"),
        (f"address: {ETH}, currency: ''", "unknown_currency:"),
        (f"address: {ETH}, label: ''", "no_label"),
        (f"address: {ETH}, tag_type: mention", "mention"),
        ("tx_hash: 0x12", "no_address"),
    ],
)
def test_a_tag_that_cannot_be_used_is_skipped_and_counted(read: Read, tag: str, reason: str) -> None:
    rows, skipped = read(f"{HEADER}tags:\n- {{{tag}}}\n- {{address: {ETH}}}\n")
    assert ([row.address for row in rows], skipped) == ([ETH], Counter({reason: 1}))


@pytest.mark.parametrize(
    ("tag", "chain"),
    [
        (f"address: {ETH}, currency: USDT", "ethereum"),
        (f"address: {TRON}, currency: USDT", "tron"),
        (f"address: {BTC}, currency: USDT", "bitcoin"),
        (f"address: {ETH}, currency: USDT, network: MATIC", "polygon"),
        (f"address: {ETH}, currency: BEP20", "bsc"),
        (f"address: {ETH}, network: arbitrum", "arbitrum"),
    ],
)
def test_a_currency_tells_the_chain_a_token_by_the_form_of_the_address(
    read: Read, tag: str, chain: str
) -> None:
    rows, _ = read(f"{HEADER}tags: [{{{tag}}}]")
    assert [row.chain for row in rows] == [chain]


def test_of_the_same_label_twice_the_more_confident_one_counts(read: Read) -> None:
    rows, skipped = read(
        f"{HEADER}tags: [{{address: {ETH}, confidence: web_crawl}}, {{address: {ETH}}},"
        f" {{address: {ETH}, confidence: heuristic}}]"
    )
    assert ([row.confidence for row in rows], skipped["duplicate"]) == ([100], 2)


def test_names_become_one_line_of_bounded_length_that_a_terminal_shows_as_it_is(read: Read) -> None:
    rows, _ = read(
        f'{HEADER}tags: [{{address: {ETH}, label: "a\\n b\\e[31m\\u202e"}},'
        f" {{address: {ETH}, label: {'é' * 400}}}]"
    )
    assert rows[0].name == "a b [31m"
    assert len(rows[1].name.encode()) <= 500
    assert rows[1].name.endswith("é…")


def test_half_of_a_surrogate_pair_is_no_character(read: Read) -> None:
    with pytest.raises(InvalidInput, match=r":\d+: .*invalid Unicode character"):
        read(f'{HEADER}tags: [{{address: {ETH}, label: "\\ud800"}}]')


def test_a_folder_is_read_deeper_too_and_other_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "pack.yml").write_text(f"{HEADER}tags: [{{address: {ETH}}}]")
    (tmp_path / "pack.yaml").write_text(f"{HEADER}tags: [{{address: {BTC}, currency: BTC}}]")
    (tmp_path / "actors.yaml").write_text("actors: []")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "README.md").write_text("{")
    skipped: Counter[str] = Counter()
    told: list[tuple[int, int]] = []
    rows = list(
        read_labels(
            tmp_path,
            LabelFormat.tagpack,
            skipped=skipped,
            progress=lambda done, of: told.append((done, of)),
        )
    )
    assert {row.address for row in rows} == {ETH, BTC}
    assert skipped == Counter(not_a_tagpack=2)
    assert told == sorted(told)
    assert all(done <= of for done, of in told)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("actors: []", "pack.yaml holds no TagPack"),
        ("- 1", "pack.yaml holds no TagPack"),
        ("", "pack.yaml holds no TagPack"),
        (f"{HEADER}tags: [1]", "pack.yaml:1: `tags` must be a list of mappings"),
        ("title: [", "pack.yaml:2: did not find expected"),
        ("a: 1\nb: !!python/object 1\ntags: []", "pack.yaml:2: tags, anchors and aliases"),
        ("a: 1\nb: 2\nheader: !include h.yaml\ntags: []", "pack.yaml: the included 'h.yaml' is in none"),
        ("header: !include ../h.yaml\ntags: []", "pack.yaml: the included '../h.yaml' is no file within"),
        ("header: !include /etc/passwd\ntags: []", "pack.yaml: the included '/etc/passwd' is no file within"),
        ("a: 1\nb: *x\ntags: []", "pack.yaml:2: the anchor of this alias stands nowhere before it"),
        ("a: &x [*x]\ntags: []", "pack.yaml:1: the anchor of this alias stands nowhere before it"),
        ("a: 1\n<<: 2\ntags: []", "pack.yaml:2: merges no mappings"),
        ("a: 1\na: 2", "pack.yaml:2: 'a' stands here twice"),
        ("? [1]\n: 2", "pack.yaml:1: a key must be a word"),
        ("a: " + "[" * 40, "pack.yaml:1: nested more than 8"),
        ("a: " + "[" * 100_000, "pack.yaml:1: exceeded maximum nesting depth"),
        ("a: \x07", "pack.yaml:1: "),
    ],
)
def test_a_damaged_pack_is_refused_with_its_file_and_line(read: Read, content: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(content)
    assert message in str(refused.value)


def test_a_pack_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pack.yaml"
    file.write_bytes(b"title: \xff")
    with pytest.raises(InvalidInput, match="not UTF-8 at byte 7"):
        list(read_labels(file, LabelFormat.tagpack, skipped=Counter()))
    with file.open("wb") as out:
        out.truncate(33 * 1024 * 1024)
    with pytest.raises(InvalidInput, match="larger than"):
        list(read_labels(file, LabelFormat.tagpack, skipped=Counter()))
