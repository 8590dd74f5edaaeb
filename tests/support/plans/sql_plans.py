"""Every SQL statement of the program, and what PostgreSQL would read to answer it in a large record."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from sqlalchemy import TextClause, text

from app.stores.postgres import Postgres
from tests.support.plans.large_statistics import LARGE

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
FEW_ENTRIES = {
    "ix_batches_owed": "batches that wait for the graph",
    "ix_dead_letters_unpublished": "messages that wait for their topic",
    "ix_holes_unseen": "holes that nobody has seen",
    "ix_retractions_imported": "retractions that imports of files brought",
    "ix_registered_assets_symbol": "entries of the registry, of which there are as many as sources list",
    "uq_imports_digest": "imports of files",
    "procrastinate_jobs_id_lock_idx_v1": "jobs that wait or run; those that ended are deleted",
    "uq_labels_current_of_tag": "labels, of which there are as many as sources list",
    "uq_prices_current": "prices, of which there are as many as sources give",
    "uq_registered_assets_current": "entries of the registry, likewise",
}
"""Indexes that have few entries however large the record is, and of what."""
_INDEX_SCANS = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}


def statements(*packages: ModuleType) -> dict[str, str]:
    """Every module-level `text(...)` of these packages, as `module:name`, also those in a mapping."""
    found = {}
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue  # importing it starts the command
            for name, value in vars(import_module(module.name)).items():
                if isinstance(value, TextClause):
                    found[f"{module.name}:{name}"] = value.text
                elif isinstance(value, dict):
                    found |= {
                        f"{module.name}:{name}{key}": one.text
                        for key, one in value.items()
                        if isinstance(one, TextClause)
                    }
    return found


def can_be_planned(sql: str) -> bool:
    """Whether EXPLAIN takes this statement."""
    return sql.split(maxsplit=1)[0].upper() in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}


def plan_of(postgres: Postgres, sql: str, temporary: list[str]) -> dict[str, Any]:
    """The plan without the values of its parameters; `temporary` creates the tables that it names."""
    with postgres.transaction() as connection:
        for statement in temporary:
            connection.execute(text(statement))
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT json) {_numbered(sql)}")
            plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def unbounded_reads(plan: dict[str, Any]) -> list[str]:
    """What the plan reads of a large table without a condition on an index, nor as its first rows."""
    return [
        f"{node['Node Type']} on {node.get('Relation Name') or node.get('Index Name')}"
        for node, parent in _nodes(plan, "")
        if (node.get("Relation Name") in LARGE and node["Node Type"] == "Seq Scan")
        or (node["Node Type"] in _INDEX_SCANS and not _is_bounded(node, parent))
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    return (node for node, _ in _nodes(plan, ""))


def _numbered(sql: str) -> str:
    """The statement with `$1` for its first parameter, and so on."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return _PARAMETER.sub(number, sql)


def _nodes(plan: dict[str, Any], parent: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Each node and the type of the one above it."""
    yield plan, parent
    for child in plan.get("Plans", []):
        yield from _nodes(child, plan["Node Type"])


def _is_bounded(node: dict[str, Any], parent: str) -> bool:
    if node.get("Relation Name", "") not in LARGE | {""} or node.get("Index Name") in FEW_ENTRIES:
        return True
    return "Index Cond" in node or (parent == "Limit" and "Filter" not in node)
