"""Other people's lists: each entry is a label, or is named with its line; none vanishes."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidInput
from app.labels.formulas import guarded, unguarded
from app.labels.readers.currencies import BY_FORM, chains_of
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.lists import ListOptions
from app.labels.readers.unusable import Unusable
from app.labels.store import LabelRow
from app.labels.writers.current import ExportedLabel
from app.labels.writers.label_csv import write_csv
from app.labels.writers.tagpack import write_tagpacks

ETH, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20
BTC, SEGWIT = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh"
TRON, TRON2 = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TZ53RkfpZKtGJpbrb16YjycT3i8t7HNp11"
BNB = "bnb136ns6lfw4zs5hg4n85vdthaad7hq5m4gtkgf23"
ETHEREUM = ListOptions(chain="ethereum")


def read(path: Path, options: ListOptions | None = None) -> tuple[list[LabelRow], Unusable]:
    unusable = Unusable()
    rows = list(read_labels(path, LabelFormat.auto, skipped=unusable, options=options))
    assert sum(unusable.values()) == len(unusable.entries)
    return rows, unusable


def wallets(rows: Sequence[LabelRow]) -> list[tuple[str, str]]:
    return [(row.chain, row.address) for row in rows]


def lines(unusable: Unusable) -> list[tuple[str, str]]:
    return [(entry.reason, entry.origin.rpartition("/")[2]) for entry in unusable.entries]


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


ENHANCED = f"""<?xml version="1.0"?>
<sanctionsData xmlns="https://www.treasury.gov/ofac/ENHANCED_XML"><entities><entity id="1">
 <names><name id="1"><isPrimary>false</isPrimary><translations><translation>
  <formattedFullName>NICKNAME</formattedFullName></translation></translations></name>
 <name id="2"><isPrimary>true</isPrimary><translations><translation>
  <formattedFullName>EXAMPLE, Ivan</formattedFullName></translation></translations></name></names>
 <features>
 <feature id="1"><type featureTypeId="8">Birthdate</type><value>1970</value></feature>
 <feature id="2"><type featureTypeId="344">Digital Currency Address - XBT</type><value>{BTC}</value></feature>
 <feature id="3"><type featureTypeId="9">Digital Currency Address</type><value>{TRON}</value></feature>
 <feature id="4"><type featureTypeId="9">digital currency address \u2013 bitcoin</type><value>{SEGWIT}</value></feature>
 <feature id="5"><type featureTypeId="9">Digital Currency Address - NEWCOIN</type><value>{ETH}</value></feature>
 <feature id="6"><type featureTypeId="9">Digital Currency Address - BNB</type><value>{BNB}</value></feature>
 <feature id="7"><type featureTypeId="9">Digital Currency Address - NEWCOIN</type><value>nonsense</value></feature>
 </features></entity></entities></sanctionsData>
"""  # noqa: E501 - XML


def test_the_enhanced_form_with_dashes_tickers_and_none(tmp_path: Path) -> None:
    rows, unusable = read(text(tmp_path / "SDN_ENHANCED.XML", ENHANCED))
    assert wallets(rows) == [
        ("bitcoin", BTC), ("tron", TRON), ("bitcoin", SEGWIT), ("ethereum", ETH), ("binance_beacon", BNB),
    ]  # fmt: skip
    assert {row.name for row in rows} == {"EXAMPLE, Ivan"}
    assert lines(unusable) == [("unknown_currency:NEWCOIN", "SDN_ENHANCED.XML:14")]
    assert unusable.entries[0].text == "NEWCOIN nonsense"


@pytest.mark.parametrize(("suffix", "delimiter"), [("CSV", ","), ("del", "@"), ("PIP", "|"), ("txt", None)])
def test_ofacs_delimited_files(tmp_path: Path, suffix: str, delimiter: str | None) -> None:
    remarks = (
        f"DOB 1970; Digital Currency Address - XBT {BTC}; alt. Digital Currency Address \u2014 USDT {TRON};"
        f" Digital Currency Address - ETH 0x12{'f' * 30}; Digital Currency Address {ETH}."
    )
    cells = ["1", "EXAMPLE, Ivan", "individual", *["-0-"] * 8, remarks]
    row = f"EXAMPLE, Ivan. {remarks}\n"
    if delimiter is not None:
        row = delimiter.join(f'"{cell}"' for cell in cells) + "\n"
    rows, unusable = read(text(tmp_path / f"Sdn.{suffix}", f"\n{row}"))
    assert wallets(rows) == [("bitcoin", BTC), ("tron", TRON), ("ethereum", ETH)]
    assert {row.name for row in rows} == {"EXAMPLE, Ivan" if delimiter else "OFAC SDN"}
    assert lines(unusable) == [("bad_address", f"Sdn.{suffix}:2")]


UNITED_KINGDOM = f"""<?xml version="1.0" encoding="utf-8"?>
<Designations><Designation><UniqueID>GHR0001</UniqueID>
<Names><Name><Name6>OTHER NAME</Name6><NameType>Alias</NameType></Name>
<Name><Name1>Example</Name1><Name6>LIMITED</Name6><NameType>Primary Name</NameType></Name></Names>
<OtherInformation>Associated with:

{TRON}; {TRON2}.
{TRON2[:-1]}2 and https://example.com/a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5</OtherInformation></Designation></Designations>
"""
CYRILLIC = TRON2.replace("T", "\u0422", 1)
EUROPEAN_UNION = f"""<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export"><sanctionEntity designationDate="2025-02-24">
<nameAlias wholeName="Weak name" strong="false"/><nameAlias wholeName="Examplex" strong="true">
<remark>Known addresses:
ETH: {ETH}
BSC: {OTHER}
BTC: {BTC}
{TRON[:20]}
{TRON[20:]}</remark></nameAlias><address><remark>{CYRILLIC}</remark></address></sanctionEntity></export>
"""


def test_the_lists_of_the_united_kingdom_and_the_european_union(tmp_path: Path) -> None:
    rows, unusable = read(text(tmp_path / "uk.xml", UNITED_KINGDOM))
    assert [(row.origin.rpartition(":")[2], *wallets([row])[0]) for row in rows] == [
        ("7", "tron", TRON), ("7", "tron", TRON2),
    ]  # fmt: skip
    assert {(row.name, row.source, row.category) for row in rows} == {
        ("Example LIMITED", "UK Sanctions List", "sanctioned")
    }
    assert lines(unusable) == [("bad_address", "uk.xml:8")]
    rows, unusable = read(text(tmp_path / "eu.xml", EUROPEAN_UNION))
    assert wallets(rows) == [
        ("ethereum", ETH), ("bsc", OTHER), ("bitcoin", BTC), ("tron", TRON), ("tron", TRON2),
    ]  # fmt: skip
    assert {(row.name, row.source) for row in rows} == {("Examplex", "EU FSF")}
    assert not unusable


ORDERS = (
    "Id,Name en,Order Number,Order Date,Validity Date,Is Canceled,Assets,Articles\n"
    f'1,ASO 06/26,06/26,2026-02-16,2028-02-16,False,"Id: 5\nName: {TRON}\n\n-------------\nId: 6\n'
    f'Name: 35561732\n\n-------------\nId: 7\nName: {ETH}, {CYRILLIC}\n",\n'
    f'2,FO 01/20,01/20,2020-01-01,2021-01-01,True,"Id: 8\nName: {BTC}\n",\n'
)


def test_seizure_orders_name_wallets_users_and_what_is_neither(tmp_path: Path) -> None:
    rows, unusable = read(text(tmp_path / "orders.csv", ORDERS))
    assert wallets(rows) == [("tron", TRON), ("ethereum", ETH), ("tron", TRON2)]
    assert {(row.name, row.source, row.category, row.valid_to) for row in rows} == {
        ("ASO 06/26 (2026-02-16 to 2028-02-16)", "Israel NBCTF", "terrorist_financing", None)
    }
    assert [row.origin.rpartition(":")[2] for row in rows] == ["3", "11", "11"]
    assert lines(unusable) == [("exchange_user", "orders.csv:7"), ("cancelled", "orders.csv:13")]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.json", json.dumps([ETH, OTHER]), [(ETH, "a"), (OTHER, "a")]),
        ("a.json", json.dumps([{"address": ETH, "comment": "Fake"}, {"address": OTHER, "comment": ""}]),
         [(ETH, "Fake"), (OTHER, "a")]),
        ("a.json", json.dumps({"evil.test": [ETH, OTHER]}), [(ETH, "evil.test"), (OTHER, "evil.test")]),
        ("a.json", json.dumps({ETH: "Thief", OTHER: {"name": "Other"}}), [(ETH, "Thief"), (OTHER, "Other")]),
        ("a.csv", f"address,name\n{ETH},Thief\n{OTHER},\n", [(ETH, "Thief"), (OTHER, "a")]),
        ("a.csv", f"Name;Address\nThief;{ETH}\n", [(ETH, "Thief")]),
        ("a.csv", f"banned_address,wallet_tag,data_source\n{ETH},Fake_1,x\n", [(ETH, "Fake_1")]),
        ("a.txt", f"# a list\n{ETH}\n\n{OTHER} # second\n", [(ETH, "a"), (OTHER, "a")]),
    ],
)  # fmt: skip
def test_plain_lists_of_any_form(
    tmp_path: Path, name: str, content: str, found: list[tuple[str, str]]
) -> None:
    path = text(tmp_path / name, content)
    rows, unusable = read(path, ETHEREUM)
    assert [(row.address, row.name) for row in rows] == found
    assert not unusable
    with pytest.raises(InvalidInput, match="Say it with --chain"):
        read(path)


def test_options_and_columns_say_what_a_list_does_not(tmp_path: Path) -> None:
    path = text(
        tmp_path / "frozen.csv", f"when,who,why,net\n2026,{TRON},frozen,TRC-20\n2026,{ETH},,ETH\n2026,,x,\n"
    )
    columns = {"address": "who", "name": "why", "chain": "net"}
    options = ListOptions(category="scam", source="Issuer", name="Frozen", confidence=80, columns=columns)
    rows, unusable = read(path, options)
    assert [(*wallets([row])[0], row.category, row.name, row.source, row.confidence) for row in rows] == [
        ("tron", TRON, "scam", "frozen", "Issuer", 80), ("ethereum", ETH, "scam", "Frozen", "Issuer", 80),
    ]  # fmt: skip
    assert lines(unusable) == [("no_address", "frozen.csv:4")]
    with pytest.raises(InvalidInput, match="colour is none of these"):
        read(path, ListOptions(columns={"colour": "why"}))


@pytest.mark.parametrize(
    ("currency", "chains"),
    [
        ("bep-20", ("bsc",)), ("USDT (TRC-20)", BY_FORM), ("usdt (trc20)", ("tron",)),
        (" Bitcoin ", ("bitcoin",)),
        ("Ethereum Classic", ("ethereum_classic",)), ("ETH Classic", ()), ("L-BTC", ()), ("", ()), ("()", ()),
    ],
)  # fmt: skip
def test_a_currency_is_known_in_several_spellings(currency: str, chains: tuple[str, ...]) -> None:
    assert chains_of(currency) == chains


def test_an_address_in_two_spellings_is_one_label(tmp_path: Path) -> None:
    mixed = "0xF193a9aFb00715AaCF7ca9Ebffafe02C77517C2E"
    path = text(tmp_path / "a.json", json.dumps([mixed, mixed.lower(), mixed.replace("F193", "f193")]))
    rows, unusable = read(path, ETHEREUM)
    assert [row.address for row in rows] == [mixed.lower()]
    assert lines(unusable) == [("duplicate", "a.json: item 2"), ("bad_checksum", "a.json: item 3")]


def test_a_list_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    text(tmp_path / "a.json", "[")
    text(tmp_path / "b.xml", "<html/>")
    text(
        tmp_path / "c.csv",
        f"chain,address,category,name,source,confidence\nethereum,{ETH},mixer,A,test,900\n",
    )
    text(tmp_path / "d" / "sanctioned_addresses_eth.TXT", f"{ETH}\n")
    text(tmp_path / "README.txt", "These are lists of addresses.\n")
    text(tmp_path / "pack.yaml", "title: [")
    rows, unusable = read(tmp_path)
    assert wallets(rows) == [("ethereum", ETH)]
    assert [sentence.split("/")[-1].split(":")[0] for sentence in unusable.unreadable] == [
        "a.json", "b.xml is no SDN list, nor the UK's or the EU's", "c.csv", "pack.yaml",
    ]  # fmt: skip
    assert lines(unusable) == [("not_a_list", "README.txt")]


HEADER = "title: Hack\nconfidence: forensic\nabuse: scam\ncurrency: ETH\nlabel: Hacker\n"


def test_packs_share_headers_anchors_and_actors_of_their_folder(tmp_path: Path) -> None:
    text(tmp_path / "header.yaml", HEADER)
    text(tmp_path / "2021" / "header.yaml", HEADER.replace("Hack\n", "Nearer\n"))
    text(tmp_path / "2021" / "a" / "pack.yaml", f"header: !include header.yaml\ntags: [{{address: {ETH}}}]\n")
    text(tmp_path / "pack.yaml", f"header: !include header.yaml\nlabel: Mine\ntags: [{{address: {OTHER}}}]\n")
    text(
        tmp_path / "shop.yaml",
        "title: Shops\nbase: &base {currency: BTC, actor: shop_actor}\n"
        f"tags:\n- {{<<: *base, address: {BTC}}}\n"
        f"- {{<<: *base, address: {SEGWIT}, concepts: [gambling], label: B}}\n",
    )
    text(tmp_path / "actors.yaml", "actors:\n- {id: shop_actor, label: The shop, categories: [exchange]}\n")
    rows, unusable = read(tmp_path)
    assert {(row.address, row.source, row.name, row.category, row.confidence) for row in rows} == {
        (ETH, "Nearer", "Hacker", "scam", 50), (OTHER, "Hack", "Mine", "scam", 50),
        (BTC, "Shops", "The shop", "exchange", 5), (SEGWIT, "Shops", "B", "gambling", 5),
    }  # fmt: skip
    assert set(unusable) == {"not_a_tagpack"}


def test_a_header_outside_the_folder_is_not_read_and_merges_are_bounded(tmp_path: Path) -> None:
    text(tmp_path / "secret.yaml", HEADER)
    folder = tmp_path / "packs"
    pack = text(folder / "pack.yaml", f"header: !include secret.yaml\ntags: [{{address: {ETH}}}]\n")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    text(folder / "linked.yaml", f"header: !include link.yaml\ntags: [{{address: {ETH}}}]\n")
    many = ", ".join(f"k{number}: v" for number in range(2_000))
    merges = "\n".join("- {<<: *many}" for _ in range(600))
    text(folder / "bomb.yaml", f"a: &many {{{many}}}\ntags:\n{merges}\n")
    rows, unusable = read(folder)
    assert rows == []
    told = " ".join(unusable.unreadable)
    assert told.count("is in none of its folders") == 2
    assert "merges no mappings, or over" in told
    with pytest.raises(InvalidInput, match="is in none of its folders"):
        read(pack)


def test_tags_that_graphsense_answers_are_labels(tmp_path: Path) -> None:
    tag: dict[str, Any] = {
        "identifier": BTC, "label": "Shop", "confidence": "forensic", "confidence_level": 50,
        "network": "BTC", "tag_subject": "address", "tag_type": "actor", "concepts": ["exchange"],
        "tagpack_title": "Packed",
    }  # fmt: skip
    tags = [tag, {**tag, "tag_type": "mention"}, {**tag, "tag_subject": "tx"}, {**tag, "identifier": "Abc"}]
    rows, unusable = read(text(tmp_path / "tags.json", json.dumps(tags)))
    assert [(row.address, row.name, row.source, row.category, row.confidence) for row in rows] == [
        (BTC, "Shop", "Packed", "exchange", 50)
    ]
    assert lines(unusable) == [
        ("mention", "tags.json: item 2"), ("no_address", "tags.json: item 3"),
        ("bad_address", "tags.json: item 4"),
    ]  # fmt: skip


NAMES = (
    '=HYPERLINK("http://evil.example","x")', "+1", "-2", "@SUM(A1)", "'=1", "''=1", "'quoted'", '"a", b; c',
    "<script>alert(1)</script>", "#set page(width: 1pt) $x$ *bold* `raw`", "\u202eevil\u202c \u05d0\u05d1",
    "\uff1d1+1", "*x &y !include z", "- a: b", "{{7*7}}", "null", "1e5", "O'Neill\\n", "# no comment",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_guarded_name_is_no_formula_and_comes_back(name: str) -> None:
    assert unguarded(guarded(name)) == name
    assert not guarded(name).replace("\uff1d", "=").lstrip().startswith(("=", "+", "-", "@"))


def exported() -> list[ExportedLabel]:
    return [
        ExportedLabel(
            "ethereum", f"0x{number:040x}", "mixer", name, "A source", 50, "2020-01-01T00:00:00+00:00", ""
        )
        for number, name in enumerate(NAMES)
    ]


def test_labels_written_as_csv_are_read_as_the_same(tmp_path: Path) -> None:
    assert write_csv(exported(), tmp_path / "out.csv") == len(NAMES)
    rows, _ = read(tmp_path / "out.csv")
    assert [row.name for row in rows] == list(NAMES)
    assert {row.valid_from.isoformat() for row in rows if row.valid_from} == {"2020-01-01T00:00:00+00:00"}
    with (tmp_path / "out.csv").open() as file:
        assert not [
            cell for line in csv.reader(file) for cell in line if cell.startswith(("=", "+", "-", "@"))
        ]


def test_labels_written_as_tagpacks_are_read_with_the_same_names(tmp_path: Path) -> None:
    other = ExportedLabel("bitcoin", BTC, "darknet_market", "Hydra", "B: source/2", 100, "", "")
    assert write_tagpacks([*exported(), other], tmp_path / "packs") == len(NAMES) + 1
    rows, _ = read(tmp_path / "packs")
    # Control marks that turn the direction are blanks in a name that is read from a pack.
    assert [row.name for row in rows if row.source == "A source" and row.name.isascii()] == [
        name for name in NAMES if name.isascii()
    ]
    (market,) = [row for row in rows if row.source == "B: source/2"]
    assert (market.chain, market.category, market.confidence) == ("bitcoin", "darknet_market", 100)
    assert {row.category for row in rows if row is not market} == {"mixer"}
    with pytest.raises(InvalidInput, match="is not empty"):
        write_tagpacks(exported(), tmp_path / "packs")
