"""Labels from the OFAC SDN list: address lists and both XML forms, written here after the public schema."""

from collections import Counter
from pathlib import Path

import psutil
import pytest

from app.errors import InvalidInput
from app.labels.readers.label_file import LabelFormat, read_labels
from app.labels.readers.sanctions_xml import read_sanctions_xml
from app.labels.store import LabelRow

ETH = "0x" + "ab" * 20
BTC = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"

SDN = f"""<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>01/02/2026</Publish_Date></publshInformation>
  <sdnEntry>
    <uid>1</uid><firstName>Ivan</firstName><lastName>EXAMPLE</lastName><sdnType>Individual</sdnType>
    <idList>
      <id><uid>2</uid><idType>Passport</idType><idNumber>123</idNumber></id>
      <id><uid>3</uid><idType>Digital Currency Address - XBT</idType>
        <idNumber> {BTC} </idNumber></id>
      <id><uid>4</uid><idType>Digital Currency Address - XMR</idType><idNumber>4Abc</idNumber></id>
    </idList>
  </sdnEntry>
  <sdnEntry>
    <uid>5</uid><lastName>SMITH &amp; SONS</lastName><sdnType>Entity</sdnType>
    <idList><id><uid>6</uid><idType>Digital Currency Address - ETH</idType>
      <idNumber>{ETH}</idNumber></id></idList>
  </sdnEntry>
  <sdnEntry><uid>7</uid><lastName>NO ADDRESSES</lastName></sdnEntry>
</sdnList>
"""

ADVANCED = f"""<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="http://www.un.org/sanctions/1.0">
  <ReferenceValueSets><FeatureTypeValues>
    <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType>
    <FeatureType ID="344" FeatureTypeGroupID="1">Digital Currency Address - XBT</FeatureType>
    <FeatureType ID="345" FeatureTypeGroupID="1">Digital Currency Address - ETH</FeatureType>
  </FeatureTypeValues></ReferenceValueSets>
  <Locations><Location ID="1"/></Locations>
  <DistinctParties>
    <DistinctParty FixedRef="1"><Profile ID="1" PartySubTypeID="4">
      <Identity ID="1" FixedRef="1" Primary="true" False="false">
        <Alias AliasTypeID="1400" Primary="false"><DocumentedName><DocumentedNamePart>
          <NamePartValue NamePartGroupID="3">NICKNAME</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
        <Alias AliasTypeID="1403" Primary="true"><DocumentedName>
          <DocumentedNamePart><NamePartValue NamePartGroupID="1">EXAMPLE</NamePartValue></DocumentedNamePart>
          <DocumentedNamePart><NamePartValue NamePartGroupID="2">Ivan</NamePartValue></DocumentedNamePart>
        </DocumentedName></Alias>
      </Identity>
      <Feature ID="1" FeatureTypeID="8"><FeatureVersion><VersionDetail>1970</VersionDetail></FeatureVersion></Feature>
      <Feature ID="2" FeatureTypeID="344"><FeatureVersion>
        <VersionDetail DetailTypeID="1432">{BTC}</VersionDetail></FeatureVersion></Feature>
    </Profile></DistinctParty>
    <DistinctParty FixedRef="2"><Profile ID="2" PartySubTypeID="3">
      <Identity ID="2" Primary="true"><Alias Primary="true"><DocumentedName><DocumentedNamePart>
        <NamePartValue>SMITH &amp; SONS</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>
      <Feature ID="3" FeatureTypeID="345"><FeatureVersion><VersionDetail>{ETH}</VersionDetail></FeatureVersion></Feature>
    </Profile></DistinctParty>
  </DistinctParties>
  <SanctionsEntries><SanctionsEntry ID="1" ProfileID="1"/></SanctionsEntries>
</Sanctions>
"""  # noqa: E501 - XML


def read(path: Path) -> tuple[list[LabelRow], Counter[str]]:
    skipped: Counter[str] = Counter()
    return list(read_labels(path, LabelFormat.ofac, skipped=skipped)), skipped


def xml(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "sdn.xml"
    file.write_text(content)
    return file


def said(rows: list[LabelRow]) -> list[tuple[str, str, str]]:
    return [(row.chain, row.address, row.name) for row in rows]


def test_a_folder_of_address_lists_is_the_sanctioned_wallets_of_each_currency(tmp_path: Path) -> None:
    (tmp_path / "sanctioned_addresses_XBT.txt").write_text(f"{BTC}\n\n not-an-address\n")
    (tmp_path / "sanctioned_addresses_ETH.txt").write_text(f"{ETH.upper().replace('X', 'x')}\n")
    (tmp_path / "sanctioned_addresses_ARB.txt").write_text(ETH)
    (tmp_path / "sanctioned_addresses_USDT.txt").write_text(f"{ETH}\n{TRON}\n{BTC}\n")
    (tmp_path / "sanctioned_addresses_XMR.txt").write_text("4Abc\n")
    (tmp_path / "LICENSE").write_text("not a list")
    rows, skipped = read(tmp_path)
    assert {(row.chain, row.address) for row in rows} == {
        ("bitcoin", BTC), ("ethereum", ETH), ("arbitrum", ETH), ("tron", TRON),
    }  # fmt: skip
    assert len(rows) == 4
    assert skipped == Counter({"bad_address": 2, "duplicate": 2})
    expected = ("sanctioned", "OFAC SDN", "OFAC SDN", 100, None, None)
    for row in rows:
        assert expected == (
            row.category, row.name, row.source, row.confidence, row.valid_from, row.valid_to
        )  # fmt: skip
    assert rows[0].origin.endswith("sanctioned_addresses_ARB.txt:1")


def test_an_address_on_the_list_of_another_chain_is_placed_by_its_form(tmp_path: Path) -> None:
    file = tmp_path / "sanctioned_addresses_XBT.txt"
    file.write_text(f"{TRON}\n")
    assert said(read(file)[0]) == [("tron", TRON, "OFAC SDN")]


def test_the_plain_xml_names_the_entry(tmp_path: Path) -> None:
    rows, skipped = read(xml(tmp_path, SDN))
    assert said(rows) == [("bitcoin", BTC, "EXAMPLE, Ivan"), ("ethereum", ETH, "SMITH & SONS")]
    assert skipped == Counter({"bad_address": 1})
    assert rows[0].origin == f"{tmp_path}/sdn.xml:8"


def test_the_advanced_xml_says_the_same(tmp_path: Path) -> None:
    advanced, _ = read(xml(tmp_path, ADVANCED))
    plain, _ = read(xml(tmp_path, SDN))
    assert {row.identity for row in advanced} == {row.identity for row in plain}


def test_a_list_without_a_namespace_is_read_too(tmp_path: Path) -> None:
    bare = SDN.replace(
        ' xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"', ""
    )
    assert len(read(xml(tmp_path, bare))[0]) == 2


def test_entries_are_freed_as_they_are_read(tmp_path: Path) -> None:
    first = SDN.index("  <sdnEntry>")
    entries = SDN[first:].removesuffix("</sdnList>\n") * 10_000
    file = xml(tmp_path, f"{SDN[:first]}{entries}</sdnList>")
    process = psutil.Process()
    before = process.memory_info().rss
    found = read_sanctions_xml(file, lambda _: None)
    for _ in range(29_999):
        next(found)
    # The tree of the whole file takes more than 60 MB, and all but one entry are read now.
    assert process.memory_info().rss - before < 20_000_000
    assert len(list(found)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '<!DOCTYPE sdnList [<!ENTITY a SYSTEM "file:///etc/hostname">]><sdnList>&a;</sdnList>',
            "document type",
        ),
        ('<!DOCTYPE sdnList SYSTEM "http://127.0.0.1:1/x.dtd"><sdnList/>', "document type"),
        ("<html/>", "sdn.xml is no SDN list"),
        ("<sdnList>\n<sdnEntry></sdnList>", "sdn.xml:2: not well-formed"),
        ("", "not well-formed"),
        ("<sdnList>" + "<a>" * 10_000, "not well-formed"),
        (f"<sdnList><a>{'x' * 11_000_000}</a></sdnList>", "not well-formed"),
    ],
)
def test_xml_that_is_damaged_or_hostile_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(xml(tmp_path, content))
    assert message in str(refused.value)


def test_a_file_or_folder_that_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no sanctioned_addresses"):
        read(tmp_path)
    (tmp_path / "list.txt").write_text(BTC)
    with pytest.raises(InvalidInput, match=r"list\.txt must be XML, or be named"):
        read(tmp_path / "list.txt")
