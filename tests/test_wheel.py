"""What `pip install .` brings: everything the program needs at run time is inside the wheel."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from b24app.lib.paths import ROOT


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = next(iter(WheelBuilder(str(ROOT)).build(directory=str(folder))))
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["templates", "static", "migrations"])
def test_every_file_beside_the_package_is_inside_it(inside: set[str], folder: str) -> None:
    here = {path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert here
    assert {f"b24app/{path.relative_to(ROOT).as_posix()}" for path in here} <= inside


@pytest.mark.parametrize(
    "name",
    [
        "b24app/install.json",
        "b24app/locale/ru/LC_MESSAGES/messages.po",
        "b24app/scorecards/templates/sales.json",
        "b24app/demo/data/sales_pipeline.csv",
    ],
)
def test_data_files_are_inside(inside: set[str], name: str) -> None:
    assert name in inside


def test_the_command_is_inside(inside: set[str]) -> None:
    assert any(Path(name).name == "entry_points.txt" for name in inside)
