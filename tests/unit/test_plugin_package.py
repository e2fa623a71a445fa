"""A real package that adds to vbanalysis from outside, installed by pip and used by the real command."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "plugin_package"
COMMAND = Path(sysconfig.get_path("scripts")) / "vbanalysis"
RIVAL = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "rival"
version = "3.0"

[project.entry-points."vbanalysis.datasets"]
ball = "rival:load"

[tool.hatch.build.targets.wheel]
packages = ["rival"]
""",
    "rival/__init__.py": "from pathlib import Path\n\nPath('imported').touch()\nload = list\n",
}


def pip_install(source, target):
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", target, source]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Environment variables under which the example package is installed beside vbanalysis."""
    target = tmp_path_factory.mktemp("site")
    pip_install(PACKAGE, target)
    return {**os.environ, "PYTHONPATH": str(target)}


def run(command, environment, folder):
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)


def line_of(name, listing):
    (line,) = [line for line in listing.splitlines() if f" {name} " in line]
    return line


def test_the_command_lists_an_installed_package_with_its_version(environment, tmp_path):
    listing = run([COMMAND, "plugins"], environment, tmp_path)
    assert listing.returncode == 0, listing.stderr
    assert "vbanalysis-example 1.2.0" in line_of("ball", listing.stdout)
    assert "gallery" in listing.stdout


def test_the_check_imports_and_shows_why_one_is_broken(environment, tmp_path):
    listing = run([COMMAND, "plugins", "--check"], environment, tmp_path)
    assert listing.returncode == 1
    assert line_of("ball", listing.stdout).endswith("ok")
    assert "ModuleNotFoundError: No module named 'a_runtime_that_nobody_has'" in line_of(
        "broken", listing.stdout
    )


def test_its_data_set_loads_by_a_spec_string(environment, tmp_path):
    program = (
        "from vbanalysis.plugins import load; (sample,) = load('datasets', 'ball:near?size=48');"
        "print(sample.id, *sample.image.shape, round(float(sample.depth_m.min()), 2))"
    )
    outcome = run([sys.executable, "-c", program], environment, tmp_path)
    assert outcome.stdout.split() == ["near", "48", "48", "3", "1.0"], outcome.stderr


def test_two_packages_with_one_name_are_listed_unimported_and_refused(environment, tmp_path):
    for name, text in RIVAL.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(text)
    pip_install(tmp_path / "source", tmp_path / "site")
    path = os.pathsep.join([str(tmp_path / "site"), environment["PYTHONPATH"]])
    both = "rival 3.0 and vbanalysis-example 1.2.0"

    listing = run([COMMAND, "plugins", "--check"], {**environment, "PYTHONPATH": path}, tmp_path)
    assert listing.stdout.count(both) == 2

    program = "from vbanalysis.plugins import load; load('datasets', 'ball')"
    outcome = run([sys.executable, "-c", program], {**environment, "PYTHONPATH": path}, tmp_path)
    assert f"data set 'ball' is offered 2 times, by {both}" in outcome.stderr
    assert not (tmp_path / "imported").exists()
