import json

import matplotlib
import numpy as np
import pandas as pd
import pytest

from vbanalysis import plots
from vbanalysis.errors import InputError
from vbanalysis.geometry import Intrinsics

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture
def figures(tmp_path, monkeypatch):
    monkeypatch.setenv("VBANALYSIS_FIGURES", str(tmp_path))
    return tmp_path


def draw():
    with plt.rc_context(plots.style()):
        fig, axes = plt.subplots(1, 4, figsize=plots.size(2, 0.25))
        depth = np.geomspace(0.5, 40, 600 * 50).reshape(50, 600)
        depth[:, :9], depth[:, 9:20] = np.nan, np.inf
        plots.show_depth(axes[0], depth, "depth")
        plots.show_labels(axes[1], np.arange(-1, 5).repeat(20).reshape(10, 12), "labels", numbers=True)
        rgb = np.full((50, 600, 3), 90, np.uint8)
        plots.show_points(axes[2], depth, rgb, Intrinsics(500, 500, 300, 25), "points")
        plots.show_normals(
            axes[3], np.where(np.isfinite(depth)[..., None], (0.0, 0.6, 0.8), np.nan), "normals"
        )
        return fig


def test_a_figure_has_the_same_bytes_when_it_is_drawn_again(figures):
    written = []
    for _ in range(2):
        fig = draw()
        path = plots.save(fig, "a_notebook/a_figure", caption="A caption, n = 1.", inputs="computed")
        plt.close(fig)
        written.append(
            [
                path.read_bytes(),
                path.with_suffix(".pdf").read_bytes(),
                (path.parent / "manifest.json").read_bytes(),
            ]
        )
    assert written[0] == written[1]


def test_the_manifest_keeps_every_figure_with_its_caption_and_versions(figures):
    fig = draw()
    plots.save(fig, "nb/one", caption="First.", parameters={"n": 3}, inputs="motorcycle")
    plots.save(fig, "nb/two", caption="Second.")
    plt.close(fig)
    entries = json.loads((figures / "nb" / "manifest.json").read_text())
    assert set(entries) == {"one", "two"}
    assert entries["one"]["parameters"] == {"n": 3}
    assert entries["one"]["inputs"] == "motorcycle"
    assert "numpy" in entries["two"]["versions"]


def test_a_table_is_written_as_csv_and_latex(figures):
    table = pd.DataFrame({"code": ["8 bits", "JPEG_75 & co"], "absrel": [0.00123456789, np.nan]})
    path = plots.save_table(table, "nb/table", caption="Losses, n = 2.")
    assert path.read_text().splitlines()[1] == "8 bits,0.00123457"
    latex = path.with_suffix(".tex").read_text()
    assert r"JPEG\_75 \& co" in latex
    assert r"\toprule" in latex
    assert "Losses, n = 2." in latex


@pytest.mark.parametrize("name", ["figure", "a/b/c", "../up/here", "a/.hidden", "/abs/x", "a/"])
def test_a_name_cannot_leave_the_folder_of_figures(figures, name):
    fig = plt.figure()
    with pytest.raises(InputError, match="NOTEBOOK/NAME"):
        plots.save(fig, name, caption="x")
    plt.close(fig)
    assert not list(figures.rglob("*"))


def test_colours_of_labels_are_distinct():
    colours = plots.label_colours(40)
    assert len(np.unique(colours, axis=0)) == len(colours) == 41
