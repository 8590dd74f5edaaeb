"""Java that starts fast: its quick compiler, as the embedded servers have it."""

import pytest


@pytest.fixture(autouse=True)
def _fast_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData")
