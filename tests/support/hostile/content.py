"""The content of hostile files, by their kind: deep, wide, long, bent, damaged, in a foreign encoding."""

import gzip
import io
import json
from collections.abc import Callable
from random import Random
from typing import Final

import pyarrow as pa
import zstandard
from pyarrow import parquet

MIB: Final = 2**20
ENCODINGS: Final = ("utf-16", "utf-32", "utf-16-le", "latin-1", "cp037", "utf-7", "utf-8-sig", "shift_jis")
ODD: Final = (
    "\0", "\ud800", "\ufeff", "\u202e", "\x1b[2J", "\u2028", "\x85", "＝1+1", "=cmd|'/c'!A1", "[/]", "%s%n",
    "\U0010ffff", "1e999999999", "1" * 5_000, "-0", "NaN", "Infinity", "0x", "\\UFFFFFFFF", "9999-99-99",
    "0001-01-01T00:00:00+14:00", "1E+999999999", "1_000", "٣", "", " ", "null", "2" * 70_000,
)  # fmt: skip

Maker = Callable[[Random, bytes], bytes]


def size(random: Random, most: int) -> int:
    """A number from 1 to this, small and large ones as often."""
    return int(most ** random.random())


def noise(random: Random, _: bytes) -> bytes:
    """Random bytes."""
    return random.randbytes(size(random, 4 * MIB))


def one_byte(random: Random, _: bytes) -> bytes:
    """The same byte again and again."""
    return bytes([random.choice(b'\0 \n,;"[{<-:&*!#\t\xff')]) * size(random, 24 * MIB)


def cut_off(random: Random, good: bytes) -> bytes:
    """A good file that ends somewhere."""
    return good[: random.randrange(len(good) + 1)]


def bent(random: Random, good: bytes) -> bytes:
    """A good file with some bytes changed, taken out or put in."""
    body = bytearray(good)
    for _ in range(size(random, 50)):
        at = random.randrange(len(body) + 1)
        body[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
    return bytes(body)


def odd_words(random: Random, good: bytes) -> bytes:
    """A good file in which words are others, which something may take for a number, a command or an end."""
    text = good.decode("utf-8", "surrogateescape")
    for _ in range(size(random, 20)):
        at = random.randrange(len(text) + 1)
        end = next((i for i in range(at, len(text)) if text[i] in ',"\n:<> '), len(text))
        text = text[:at] + random.choice(ODD) + text[end:]
    return text.encode("utf-8", "surrogatepass" if random.random() < 0.5 else "replace")


def foreign(random: Random, good: bytes) -> bytes:
    """A good file in another encoding, or with the mark of one."""
    text = good.decode("utf-8", "replace")
    if random.random() < 0.2:
        return random.choice((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"+/v8-")) + good
    return text.encode(random.choice(ENCODINGS), "replace")


def repeated(random: Random, good: bytes) -> bytes:
    """A good file again and again, so that its beginning stands in its middle."""
    return good * max(1, size(random, 24 * MIB) // max(len(good), 1))


def one_line_of_it(random: Random, good: bytes) -> bytes:
    """One line of a good file again and again."""
    line = random.choice(good.splitlines(keepends=True) or [b"\n"])
    return good[: len(good) // 2] + line * max(1, size(random, 24 * MIB) // len(line))


def deep_json(random: Random, _: bytes) -> bytes:
    """Lists or objects in each other."""
    depth = size(random, 2_000_000)
    begin, end = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"tags":', b"}]")))
    return begin * depth + (b"1" + end * depth if random.random() < 0.5 else b"")


def wide_json(random: Random, _: bytes) -> bytes:
    """Many small values, keys or numbers, on one line or on many."""
    piece = random.choice((b"[],", b"{},", b"1,", b'"a",', b"null,", b"1e5,", b'{"a":1},', b"[[]],"))
    body = piece * (size(random, 24 * MIB) // len(piece) + 1)
    if random.random() < 0.3:
        body = b"".join(b'"%d":0,' % number for number in range(size(random, 1_000_000)))
        return b'{"result":[{' + body[:-1] + b"}]}"
    return (
        random.choice((b"[", b'{"result":[', b'{"address":[')) + body[:-1] + random.choice((b"]", b"]}", b""))
    )


def wide_table(random: Random, good: bytes) -> bytes:
    """Many columns or many empty cells, one long cell, an open quotation mark."""
    header = good.splitlines()[0] if good else b"a"
    kind = random.randrange(5)
    if kind == 0:
        return b",".join(b"c%d" % number for number in range(size(random, 1_000_000))) + b"\n" + good
    if kind == 1:
        return header + b"\n" + b"," * size(random, 24 * MIB) + b"\n"
    if kind == 2:
        return header + b'\n"' + b"x" * size(random, 24 * MIB) + random.choice((b'"\n', b""))
    if kind == 3:
        return header + b'\n"' + (b"y" * size(random, 2_000) + b"\n") * size(random, 20_000)
    return header + b"\n" + b'"' * size(random, 16 * MIB)


def deep_yaml(random: Random, _: bytes) -> bytes:
    """Flow and block collections in each other, with and without ends."""
    depth = size(random, 400_000)
    return random.choice(
        (
            b"tags: " + b"[" * depth,
            b"tags: " + b"{a: " * depth,
            b"- " * depth + b"a",
            b"".join(b" " * min(indent, 2_000) + b"a:\n" for indent in range(min(depth, 3_000))),
            b"? " * depth + b"a",
        )
    )


def wide_yaml(random: Random, good: bytes) -> bytes:
    """Many keys, items, documents, comments or anchors; one long scalar."""
    count = size(random, 2_000_000)
    return random.choice(
        (
            lambda: b"tags:\n" + b"- a\n" * count,
            lambda: b"tags: [" + b"a," * count + b"]",
            lambda: b"".join(b"k%d: v\n" % number for number in range(count // 2)),
            lambda: b"---\na: b\n" * count,
            lambda: b"# x\n" * count + good,
            lambda: b"a: |\n" + b"  xxxxxxx\n" * count,
            lambda: b'a: "' + b"\\x41" * count + b'"',
            lambda: b"a: " + b"x " * count,
            lambda: b"a:\n" + b" \n" * count + b"  - b\n",
        )
    )()


def bomb_yaml(random: Random, _: bytes) -> bytes:
    """Aliases of aliases, and merges of merges: nine lines that mean a billion."""
    merge = random.random() < 0.5
    lines = [b"a0: &a0 {x: 1, y: 2}" if merge else b"a0: &a0 [lol, lol, lol]"]
    width = random.randrange(2, 40)
    for level in range(1, random.randrange(3, 40)):
        names = b", ".join(b"*a%d" % (level - 1) for _ in range(width))
        lines.append(
            b"a%d: &a%d " % (level, level) + (b"{<<: [" + names + b"]}" if merge else b"[" + names + b"]")
        )
    lines.append(b"tags: *a%d" % (len(lines) - 1))
    return b"\n".join(lines)


def deep_xml(random: Random, _: bytes) -> bytes:
    """Elements in each other."""
    name = random.choice((b"a", b"sdnEntry", b"entity", b"DistinctParty"))
    depth = size(random, 300_000)
    return b"<sdnList>" + (b"<" + name + b">") * depth + (b"</" + name + b">") * random.choice((0, depth))


def wide_xml(random: Random, _: bytes) -> bytes:
    """Many elements or attributes, long names and texts, inside an entry and beside it."""
    count = size(random, 1_000_000)
    inside = random.choice(
        (
            lambda: b"<a/>" * count,
            lambda: b"<a " + b"".join(b"x%d='' " % number for number in range(count // 8)) + b"/>",
            lambda: b"<lastName>" + b"x" * (8 * count) + b"</lastName>",
            lambda: b"<" + b"n" * count + b"/>",
            lambda: b"".join(b"<x%d/>" % number for number in range(count)),
            lambda: b"<!--" + b"-x" * count + b"-->",
            lambda: b"<?p " + b"y" * count + b"?>",
            lambda: b"<![CDATA[" + b"]" * count + b"]]>",
            lambda: b"".join(b"<p:a xmlns:p='u:%d'/>" % number for number in range(count // 4)),
            lambda: b"&#65;" * count,
        )
    )()
    wrapped = b"<sdnEntry>" + inside + b"</sdnEntry>" if random.random() < 0.6 else inside
    return b"<sdnList>" + wrapped + b"</sdnList>"


def bomb_xml(random: Random, _: bytes) -> bytes:
    """Entities of entities, of files and of addresses."""
    levels = random.randrange(3, 30)
    entities = [b'<!ENTITY e0 "lol">']
    entities += [
        b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * random.randrange(2, 12))
        for level in range(1, levels)
    ]
    if random.random() < 0.5:
        entities.append(b'<!ENTITY e%d SYSTEM "file:///etc/passwd">' % levels)
        levels += 1
    if random.random() < 0.3:
        entities.append(b'<!ENTITY %% p SYSTEM "http://127.0.0.1:1/x"> %p;')
    text = b"<sdnEntry><lastName>&e%d;</lastName></sdnEntry>" % (levels - 1)
    return b"<!DOCTYPE sdnList [" + b"".join(entities) + b"]><sdnList>" + text + b"</sdnList>"


def parquet_bomb(random: Random, __: bytes) -> bytes:
    """A few kilobytes that are many rows, columns or lists, or one long text a row."""
    kind = random.randrange(5)
    rows = size(random, 20_000_000)
    if kind == 0:
        table = pa.table({"hash": pa.nulls(rows, pa.string())})
    elif kind == 1:
        text = "x" * size(random, 4 * MIB)
        table = pa.table({"from_address": pa.DictionaryArray.from_arrays([0] * min(rows, 20_000), [text])})
    elif kind == 2:
        table = pa.table({f"c{number}": [1] for number in range(size(random, 5_000))})
    elif kind == 3:
        nested = pa.int64()
        for _ in range(random.randrange(2, 60)):
            nested = pa.list_(nested)
        table = pa.table({"topics": pa.array([None], nested)})
    else:
        lists = pa.array([[0] * size(random, 1_000_000)] * random.randrange(1, 12))
        table = pa.table({"topics": lists, "log_index": pa.array([0] * len(lists))})
    out = io.BytesIO()
    parquet.write_table(table, out, compression=random.choice(("zstd", "snappy", "gzip", "none")))
    return out.getvalue()


def parquet_bent(random: Random, __: bytes) -> bytes:
    """A Parquet file with changed bytes, most of them in its footer."""
    out = io.BytesIO()
    parquet.write_table(
        pa.table({"hash": ["0x1"] * 50, "nonce": [1] * 50, "from_address": ["0x2"] * 50}), out
    )
    body = bytearray(out.getvalue())
    for _ in range(random.randrange(1, 12)):
        at = (
            random.randrange(len(body) // 2, len(body))
            if random.random() < 0.8
            else random.randrange(len(body))
        )
        body[at] = random.randrange(256)
    return bytes(body[: random.choice((len(body), random.randrange(len(body))))])


def packed(random: Random, good: bytes) -> tuple[str, bytes]:
    """The suffix and bytes of a packed file: a bomb, one in another, damaged, cut off, or many."""
    plain = random.choice(
        (
            b"\n" * size(random, 512 * MIB),
            b"\0" * size(random, 512 * MIB),
            good * 50,
            b"x" * size(random, 64 * MIB),
        )
    )
    if random.random() < 0.5:
        body = gzip.compress(plain, compresslevel=1)
        suffix = ".gz"
    else:
        body = zstandard.ZstdCompressor(level=1).compress(plain)
        suffix = ".zst"
    del plain
    kind = random.randrange(5)
    if kind == 0:
        body = gzip.compress(body) if suffix == ".gz" else zstandard.compress(body)
    elif kind == 1:
        body = body[: random.randrange(len(body) + 1)]
    elif kind == 2:
        body = bent(random, body)
    elif kind == 3:
        body *= min(200, 2 * MIB // max(len(body), 1) + 1)
    return suffix, body


def json_of(rows: list[dict[str, object]]) -> bytes:
    """Rows as lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


ANY: Final = (noise, one_byte, cut_off, bent, odd_words, foreign, repeated, one_line_of_it)
BY_SUFFIX: Final[dict[str, tuple[Maker, ...]]] = {
    "json": (*ANY, deep_json, wide_json),
    "jsonl": (*ANY, deep_json, wide_json),
    "csv": (*ANY, wide_table),
    "yaml": (*ANY, deep_yaml, wide_yaml, bomb_yaml),
    "xml": (*ANY, deep_xml, wide_xml, bomb_xml),
    "txt": ANY,
    "parquet": (noise, one_byte, parquet_bomb, parquet_bent, parquet_bent, parquet_bomb),
}
