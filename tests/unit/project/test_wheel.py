"""What the wheel holds: every package with its marker of types, and the files that are read at run time."""

import tomllib

from hatchling.builders.wheel import WheelBuilder

from tests.support.paths import PROJECT


def test_the_wheel_has_every_package_with_its_types_and_its_data() -> None:
    described = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    packages = described["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    files = {file.distribution_path for file in WheelBuilder(str(PROJECT)).recurse_included_files()}
    assert {"app", "ingest", "cypher", "embedded", "bench"} == set(packages)
    for package in packages:
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= files
    for folder, pattern in (
        ("app", "**/*.py"),
        ("app/web/templates", "**/*.html"),
        ("cypher", "**/*.cypher"),
    ):
        on_disk = {str(file.relative_to(PROJECT)) for file in (PROJECT / folder).glob(pattern)}
        assert on_disk
        assert on_disk <= files
