"""A real package that adds to vbanalysis from outside, installed by pip and used by the real command."""

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


DOC = Path(__file__).parents[2] / "docs" / "your_own_model.md"


def test_the_page_shows_the_model_that_is_installed_here():
    text = DOC.read_text(encoding="utf-8")
    code = (PACKAGE / "vbanalysis_example" / "ground.py").read_text()
    assert f"```python\n{code}```" in text
    _, table = text.split("```toml\n")
    told = tomllib.loads(table.partition("```")[0])
    real = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
    offered = told["project"]["entry-points"]["vbanalysis.models"]
    assert offered.items() <= real["project"]["entry-points"]["vbanalysis.models"].items()
    assert all(real["project"][key] == told["project"][key] for key in ("name", "version", "dependencies"))


def test_the_commands_of_the_page_do_what_it_says(environment, tmp_path):
    commands = [
        line.partition("#")[0].strip()
        for line in DOC.read_text(encoding="utf-8").split("```sh\n")[1].partition("```")[0].splitlines()
    ]
    assert len(commands) == 5
    Image.fromarray(np.full((60, 80, 3), 99, np.uint8)).save(tmp_path / "photo.png")
    scripts = f"{COMMAND.parent}{os.pathsep}{environment['PATH']}"
    for command in commands:
        outcome = run(
            ["/bin/sh", "-c", command.replace("n=100", "n=6")], {**environment, "PATH": scripts}, tmp_path
        )
        assert outcome.returncode == 0, (command, outcome.stderr)
        if command == "vbanalysis models":
            (line,) = [line for line in outcome.stdout.splitlines() if line.startswith("ground ")]
            assert line.split() == ["ground", "specialist", "depth", "CC0-1.0", "yes", "yes"]
    depth = np.load(tmp_path / "depth.npy")
    assert np.isinf(depth[:30]).all()
    assert depth[-1, 0] == pytest.approx(1.5 * 80 / 29.5)
    assert "absrel" in outcome.stdout


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
