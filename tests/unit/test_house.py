"""The house keeps its own rules: requirements agree, imports go down, starting is light, make is careful."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

HEAVY = ["torch", "matplotlib", "numba", "pandas", "pooch", "papermill", "skimage"]


def requirements_of_the_pyproject() -> list[str]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    asked = {Requirement(line) for group in groups for line in group}
    return sorted(str(requirement) for requirement in asked if requirement.name != PROJECT["name"])


def missing() -> list[str]:
    def is_missing(line: str) -> bool:
        try:
            return not version(Requirement(line).name)
        except PackageNotFoundError:
            return True

    return [line for line in requirements_of_the_pyproject() if is_missing(line)]


whole = pytest.mark.skipif(bool(missing()), reason="needs every extra: pip install -e '.[all,dev,bench]'")


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def modules_imported_by(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


def test_the_conda_environment_asks_for_what_the_pyproject_asks():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip_section,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    lines = [line for line in pip_section if not line.startswith("-")]
    assert sorted(str(Requirement(line)) for line in lines) == requirements_of_the_pyproject()
    assert f"python{PROJECT['requires-python']}" in entries


@pytest.mark.parametrize("line", requirements_of_the_pyproject())
def test_every_requirement_has_a_tested_pin_within_its_bounds(line):
    requirement = Requirement(line)
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@whole
def test_every_pin_installs_on_the_oldest_python_that_the_pyproject_allows():
    (oldest,) = SpecifierSet(PROJECT["requires-python"])
    refused = {
        name: asked
        for name in pins()
        if (asked := metadata(name).get("Requires-Python"))
        and f"{oldest.version}.0" not in SpecifierSet(asked)
    }
    assert not refused


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11),
    reason="the pins are for Linux and Python 3.11",
)
@whole
def test_the_pins_are_those_packages_and_all_that_they_need():
    needed, todo = set(), [Requirement(line) for line in requirements_of_the_pyproject()]
    while todo:
        asked = todo.pop()
        for name in {(canonicalize_name(asked.name), extra) for extra in ("", *asked.extras)} - needed:
            needed.add(name)
            brought_in = map(Requirement, requires(asked.name) or [])
            todo += [r for r in brought_in if r.marker is None or r.marker.evaluate({"extra": name[1]})]
    # The CUDA build of torch asks for exact versions of its own libraries, so they need no pin.
    unpinned = ("triton", "nvidia-", "cuda-")
    assert {name for name, _ in needed if not name.startswith(unpinned)} == pins().keys()


@pytest.mark.parametrize(
    ("folders", "extras"),
    [
        (["vbanalysis"], PROJECT["optional-dependencies"].keys() - {"dev", "bench"}),
        (["tests", "benchmarks", "notebooks"], PROJECT["optional-dependencies"]),
    ],
)
@whole
def test_what_is_imported_is_asked_for_by_name(folders, extras):
    distributions = packages_distributions()
    imported = {
        module
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if "plugin_package" not in file.parts
        for module in modules_imported_by(file)
    }
    groups = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    asked = {canonicalize_name(Requirement(line).name) for group in groups for line in group}
    # Of a name that several distributions share, such as google, one is enough.
    unasked = {
        module
        for module in imported
        if not {canonicalize_name(each) for each in distributions.get(module, [module])}
        & (asked | {PROJECT["name"]})
    }
    assert unasked == set()


def test_imports_only_go_down_the_floors():
    lint = Path(sysconfig.get_path("scripts")) / "lint-imports"
    outcome = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("module", ["vbanalysis", "vbanalysis.cli"])
def test_importing_brings_in_nothing_heavy(module):
    program = f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stdout.split() == []


PYTHON_STAND_IN = """#!/bin/sh
# Answers like a fitting Python; the pip of the environments it makes fails while there is a file `offline`.
case "$*" in
  "-m venv "*)
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\necho installed; test ! -e offline\\n' > "$3/bin/python"
    chmod +x "$3/bin/python" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with what `make` reads, and a stand-in for Python that builds an environment in no time."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "stand-in"
    python.write_text(PYTHON_STAND_IN)
    python.chmod(0o755)

    def make(*arguments):
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
        command = ["make", f"PYTHON={python}", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return tmp_path, make


def test_make_builds_the_environment_once(checkout):
    _, make = checkout
    assert "installed" in make(".venv/.ready").stdout
    assert "installed" not in make(".venv/.ready").stdout


def test_make_brings_the_environment_up_to_date_when_a_pin_changes(checkout):
    folder, make = checkout
    make(".venv/.ready")
    (folder / ".venv/kept").touch()
    os.utime(folder / "constraints.txt", (4e9, 4e9))
    assert "installed" in make(".venv/.ready").stdout
    assert (folder / ".venv/kept").exists()


def test_make_does_not_take_a_half_made_environment_for_a_whole_one(checkout):
    folder, make = checkout
    (folder / "offline").touch()
    assert make(".venv/.ready").returncode != 0
    (folder / ".venv/leftover").touch()
    (folder / "offline").unlink()
    assert "installed" in make(".venv/.ready").stdout
    assert not (folder / ".venv/leftover").exists()


def test_make_says_which_python_it_needs(checkout):
    _, make = checkout
    outcome = make(".venv/.ready", "PYTHON=false")
    assert outcome.returncode != 0
    assert "no Python 3.11 or newer" in outcome.stderr


def test_make_help_names_every_target(checkout):
    folder, make = checkout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (folder / "Makefile").read_text(), re.MULTILINE)
    assert all(f"make {target} " in make("help").stdout for target in phony.split())
