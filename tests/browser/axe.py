"""Accessibility, judged by axe-core."""

from functools import cache

import pytest
from playwright.sync_api import Page

from app.settings import PROJECT

AXE = PROJECT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@cache
def _source() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not built: `make .venv/.installed-dev` fetches it from npm's registry")
    return AXE.read_text()


def violations(page: Page, *, without: str | None = None) -> list[str]:
    """What axe finds wrong in the page, each with the elements it is about."""
    page.evaluate(_source())
    found = page.evaluate(
        "without => axe.run(without ? {exclude: [without]} : document, {resultTypes: ['violations']})",
        without,
    )
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
