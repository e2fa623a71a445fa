import re

import matplotlib
import pytest

from vbanalysis import plots
from vbanalysis.errors import DataError, InputError
from vbanalysis.plots import assembled
from vbanalysis.plots.style import COLUMN_INCH, PAGE_INCH
from vbanalysis.studies import findings as found
from vbanalysis.studies.kept import read_kept

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", assembled.FIGURES)
def test_a_figure_is_as_wide_as_its_columns_lettered_and_says_its_n_and_source(name):
    with plt.rc_context(plots.style()):
        each = assembled.assemble(name)[name]
    assert each.figure.get_figwidth() == {1: COLUMN_INCH, 2: PAGE_INCH}[each.columns]
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in each.figure.axes]
    letters = [re.match(r"\$\\bf\{(\w)\}\$", title) for title in titles if title]
    assert [letter and letter[1] for letter in letters] == (
        list("abcdefghij")[: len(letters)] if len(letters) > 1 else [None] * len(letters)
    )
    assert "n = " in each.caption or name == "votes"
    assert each.caption.endswith(".")
    assert all(source.startswith("vbanalysis ") for source in each.sources)


def test_captions_are_set_with_signs_that_latex_reads():
    made = assembled.assemble("marks, votes")
    text = assembled.captions_tex(made)
    assert text.count(r"\begin{figure*}") == 1
    assert text.count(r"\begin{figure}") == 1
    assert r"\includegraphics{votes}" in text
    assert not re.search(r"(?<!\\)%", text)


def test_an_unknown_figure_is_answered_with_those_that_there_are():
    with pytest.raises(InputError, match="no figure 'cats': there are marks, intrinsics"):
        assembled.assemble("marks,cats")


def test_findings_are_rows_of_kept_results_within_their_intervals():
    table = found.findings()
    assert len(table) > 20
    assert (table.low <= table.value).all()
    assert (table.value <= table.high).all()
    assert (table.n > 0).all()
    inside = read_kept("intrinsics").table
    inside = inside[
        (inside["look"] == "inside")
        & (inside.seed.astype(str) == "all")
        & (inside.metric == "delta1")
        & (inside.pipeline == "true")
    ]
    told = table[table.finding == "from 30 to 110 degrees, the true focal length, delta1"]
    assert told.value.tolist() == inside.value.tolist()


def test_a_result_without_the_row_of_a_finding_is_an_error(monkeypatch):
    whole = read_kept("narrow")
    less = whole._replace(table=whole.table[whole.table.group != "words neither met"])
    monkeypatch.setattr(found, "read_kept", lambda name: less if name == "narrow" else read_kept(name))
    with pytest.raises(DataError, match=r"left 0 rows of .*words neither met"):
        found.findings()


def test_text_is_saved_beside_the_figures_and_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("VBANALYSIS_FIGURES", str(tmp_path))
    path = plots.save_text("one\n", "50_x/captions.tex", caption="Captions.")
    assert path.read_text() == "one\n"
    assert "captions.tex" in (tmp_path / "50_x" / "manifest.json").read_text()
    for name in ("50_x/captions", "captions.tex", "50_x/captions.t3x"):
        with pytest.raises(InputError, match="name must be"):
            plots.save_text("one\n", name, caption="x")
