"""Neither a key nor the user's home is in any file that a run, a suite or its report writes."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

KEY = "AIzaSy-planted-0123456789-key"
PROGRAM = """
import sys
from pathlib import Path
from vbanalysis.evaluation import compare, evaluate, rescore
from vbanalysis.suite import load_suite, run, write_report

home = Path.home()
good = evaluate("depth", "oracle:jpeg=50", f"folder:{home}/frames", home / "runs/good")
evaluate("depth", f"recorded:{home}/pictures", f"folder:{home}/frames", home / "runs/bad")
rescore(home / "runs/good", home / "runs/again", task="depth?alignment=median")
rescore("~/runs/good", "~/runs/more", task="depth?alignment=median")
compare(home / "runs/good", home / "runs/again")
assert good.n_failed == 0
evaluate("depth", "oracle:jpeg=50", f"folder:{home}/frames", home / "runs/good")  # is still the same run
suite = load_suite(home / "notebooks")
run(suite, out=home / "build", figures=home / "figures", keep_going=True)
write_report(suite, results=home / "build", out=home / "report")
"""
NOTEBOOK = """
from pathlib import Path
import matplotlib.pyplot as plt
from vbanalysis import plots
print(Path.home() / "secret")
fig, ax = plt.subplots()
ax.plot([1, 2])
plots.save(fig, "01_saves/line", caption="A line", inputs=f"folder:{Path.home()}/frames")
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "ada.lovelace"
    frames = folder / "frames"
    for kind in ("images", "depth"):
        (frames / kind).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)).save(
            frames / f"images/{name}.png"
        )
        np.save(frames / f"depth/{name}.npy", rng.uniform(1, 5, (24, 32)).astype(np.float32))
    (folder / "pictures").mkdir()
    (folder / "pictures/a.png").write_bytes(b"no picture")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    for name, source in (
        ("01_saves", NOTEBOOK),
        ("02_fails", "import vbanalysis, os\nos.stat(f'{os.environ[\"HOME\"]}/x')"),
    ):
        parameters = nbformat.v4.new_code_cell("seed: int = 0  # of all", metadata={"tags": ["parameters"]})
        cells = [nbformat.v4.new_markdown_cell("# Why?"), parameters, nbformat.v4.new_code_cell(source)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebooks / f"{name}.ipynb")
    (notebooks / "suite.yaml").write_text(
        "notebooks:\n"
        + "".join(
            f"  - name: {name}\n    question: Why?\n    profiles:\n"
            "      quick: {time_limit_s: 60}\n      full: {time_limit_s: 60}\n"
            for name in ("01_saves", "02_fails")
        )
    )
    return folder


def test_no_key_and_no_home_is_in_any_file(home):
    given = set(home.rglob("*"))
    environment = {**os.environ, "HOME": str(home), "GEMINI_API_KEY": KEY, "GOOGLE_API_KEY": KEY}
    outcome = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=home, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr
    assert KEY not in outcome.stdout + outcome.stderr
    written = [path for path in home.rglob("*") if path.is_file() and path not in given]
    names = {path.name for path in written}
    assert {
        "run.json",
        "journal.jsonl",
        "results.json",
        "manifest.json",
        "index.html",
        "01_saves.ipynb",
    } <= names
    for path in written:
        if path.is_relative_to(home / ".cache") or path.is_relative_to(home / ".ipython"):
            continue  # other programs' own
        found = path.read_bytes()
        assert KEY.encode() not in found, path
        assert str(home).encode() not in found, path
    assert "~/secret" in (home / "build/01_saves.ipynb").read_text()
    assert "No such file or directory: '~/x'" in (home / "build/02_fails.ipynb").read_text()
    assert "~/pictures" in Path(home / "runs/bad/journal.jsonl").read_text()
