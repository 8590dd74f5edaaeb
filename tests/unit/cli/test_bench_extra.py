"""Benchmarks say which package they lack before they start anything."""

import sys

import pytest

from app.errors import DependencyMissing
from bench import scoring


def test_the_comparison_names_the_extra_that_brings_networkx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)  # as where it is not installed
    monkeypatch.delitem(sys.modules, "bench.neighbours", raising=False)
    monkeypatch.delattr("bench.neighbours", raising=False)
    with pytest.raises(DependencyMissing, match=r"`pip install 'aml-risk\[bench\]'`.*`--sample 0`\.$"):
        scoring.run((1_000,), sample=1)
