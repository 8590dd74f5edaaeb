"""Copies of signed jars without their signature: signed ones cannot enter an ahead-of-time cache."""

import os
import re
import zipfile
from pathlib import Path

from embedded.cache import cache_dir

_SIGNATURE = re.compile(r"META-INF/[^/]+\.(SF|RSA|DSA|EC)")
_MANIFEST = "META-INF/MANIFEST.MF"
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def unsigned_copy(jar: Path) -> Path:
    """The copy of a jar that `embedded.jars` has verified, made at the first call."""
    copy = cache_dir() / "unsigned" / jar.parent.name / jar.name
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = copy.with_suffix(f".{os.getpid()}.new")
        strip(jar, fresh)
        fresh.replace(copy)
    return copy


def strip(source: Path, target: Path) -> None:
    """Copy a jar without signature files and without the digests per entry in its manifest."""
    with zipfile.ZipFile(source) as jar, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for entry in jar.infolist():
            if _SIGNATURE.fullmatch(entry.filename):
                continue
            content = jar.read(entry)
            if entry.filename == _MANIFEST:
                content = _BLANK_LINE.split(content)[0] + b"\r\n\r\n"
            copy.writestr(entry, content)
