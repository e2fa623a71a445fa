"""The report is read from a disk, in any light and on any screen, and says plainly what is missing."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from vbanalysis.errors import SuiteError
from vbanalysis.studies.findings import findings
from vbanalysis.suite import Cause, NotebookRun, load_suite, write_report
from vbanalysis.suite._findings import _DIFFERENCES, _LEVELS, DRAWN_BY, TOPICS, read_findings, say
from vbanalysis.suite._results import write_results

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTILE = """
<script>document.title = 'taken'</script><img src=x onerror="document.title='taken'">
<svg onload=alert(1)></svg><iframe srcdoc="<script>alert(1)</script>"></iframe>
<a href="java&#10;script:alert(1)">look</a><link rel=stylesheet href=https://evil.example/a.css>
<style>@import 'https://evil.example/b.css'; td {background: url(https://evil.example/c.png)}</style>
<meta http-equiv=refresh content="0;url=https://evil.example">
<img src="https://evil.example/d.png" alt="far away"><b id="content">fine</b>
<b id="twice">a</b><i id="twice">b</i><table><tr><td>cell</td></tr></table>
"""
ANSWER = "AbsRel <0.13> [0.11, 0.18] n=32\n<script>alert(1)</script>"


def png(colour: str = "white", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(colour: str):
    data = {"image/png": base64.b64encode(png(colour)).decode(), "text/plain": "<Figure>"}
    return new_output("display_data", data=data, metadata={})


def printed(text: str):
    return new_output("stream", name="stdout", text=text)


def looks() -> nbformat.NotebookNode:
    code = 'show(fig, "error_budget", "words")\nwide = "' + "x" * 300 + '"'
    hostile = new_output("display_data", data={"text/html": HOSTILE})
    return new_notebook(
        cells=[
            new_markdown_cell("# A question\n\n[next](02_fails.ipynb), [lost](gone.txt), [answer](#Answer)"),
            new_markdown_cell("#### Deep\n\nAt $d < 5$ m.\n\n# Another title"),
            new_code_cell(code, execution_count=1, outputs=[drawn("red")]),
            new_code_cell("HTML(...)", execution_count=2, outputs=[hostile]),
            new_code_cell("plot()", execution_count=3, outputs=[drawn("blue")]),
            new_markdown_cell("## Answer"),
            new_code_cell("say()", execution_count=4, outputs=[printed(ANSWER)]),
        ]
    )


def run_of(name: str, folder: Path, status: str = "passed") -> NotebookRun:
    return NotebookRun(
        name=name,
        profile="quick",
        status=status,
        seconds=3.21,
        parameters={"label": "<script>alert(1)</script>"},
        cause=None,
        attempts=1,
        notebook=folder / f"{name}.ipynb",
        log=None,
        figures=folder.parent / "figures",
        finished="2026-01-02T03:04:05+00:00",
        versions={"python": "3.11.7"},
        machine="Linux x86_64, 2 cores, 8 GiB",
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """Three runs of five notebooks, of which one failed, one lost its notebook and two never ran."""
    root = tmp_path_factory.mktemp("checkout with spaces & more")
    names = ("01_looks", "02_fails", "03_lost", "04_rests", "05_rests")
    profiles = {"quick": {"time_limit_s": 60}, "full": {"time_limit_s": 600}}
    listed = [{"name": name, "question": f"What of <{name}>?", "profiles": profiles} for name in names]
    (root / "notebooks").mkdir()
    (root / "notebooks" / "suite.yaml").write_text(yaml.safe_dump({"notebooks": listed}))
    results = root / "out"
    results.mkdir()
    nbformat.write(looks(), results / "01_looks.ipynb")
    nbformat.write(new_notebook(cells=[new_code_cell("decode()")]), results / "02_fails.ipynb")
    failed = run_of("02_fails", results, "failed")
    cause = Cause("ValueError", "no <b>walk</b>", 4, "decode()")
    runs = [run_of("01_looks", results), replace(failed, cause=cause), run_of("03_lost", results)]
    write_results(results, runs)
    figures = root / "figures" / "01_looks"
    figures.mkdir(parents=True)
    for name in ("error_budget", "odd #1 & <two>?"):
        (figures / f"{name}.png").write_bytes(png("green"))
        (figures / f"{name}.pdf").write_bytes(b"%PDF")
    (figures / "torn.png").write_bytes(b"png")
    with (figures / "walks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["walk", "<value>"], *([f"walk {n}", n] for n in range(100))])
    told = {
        "caption": 'Loss by "depth", n = 3',
        "inputs": "scenes:heldout",
        "parameters": {"seed": 3},
        "versions": {"numpy": "2.4"},
    }
    manifest = {"error_budget": told, "gone": told, "gone.csv": told, "walks.csv": {"caption": "Walks."}}
    (figures / "manifest.json").write_text(json.dumps(manifest))
    return root


@pytest.fixture(scope="module")
def index(checkout) -> Path:
    suite, results = load_suite(checkout / "notebooks"), checkout / "out"
    return write_report(suite, results=results, figures=checkout / "figures", out=checkout / "report")


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def pages(index) -> dict[str, BeautifulSoup]:
    return {path.name: soup(path) for path in sorted(index.parent.glob("*.html"))}


class TestSite:
    def test_has_an_overview_a_page_a_notebook_and_what_is_shared(self, pages):
        assert list(pages) == [
            "01_looks.html",
            "02_fails.html",
            "environment.html",
            "figures.html",
            "index.html",
            "tables.html",
        ]
        for name, page in pages.items():
            linked = {link["href"] for link in page.select("nav.pages a")}
            assert linked == {"index.html", "figures.html", "tables.html", "environment.html"}
            assert len(page.select("nav.pages [aria-current=page]")) == (not name[0].isdigit())

    def test_every_link_leads_somewhere(self, index, pages):
        n = 0
        for page in pages.values():
            for link in page.select("a[href]"):
                file, _, fragment = link["href"].partition("#")
                target = (index.parent / unquote(file)) if file else None
                assert target is None or target.is_file(), link
                reached = pages[target.name] if target and target.suffix == ".html" else page
                assert not fragment or reached.find(id=unquote(fragment)), link
                n += 1
        assert n > 40

    def test_ids_are_unique_and_headings_in_order(self, pages):
        for name, page in pages.items():
            ids = [element["id"] for element in page.find_all(id=True)]
            assert len(ids) == len(set(ids)), name
            levels = [int(each.name[1]) for each in page.find_all(re.compile("^h[1-6]$"))]
            assert levels[0] == 1
            assert levels.count(1) == 1
            assert all(after <= before + 1 for before, after in pairwise(levels)), levels

    def test_pictures_lie_beside_the_pages_with_words_and_sizes(self, index, pages):
        n = 0
        for page in pages.values():
            for image in page.select("img"):
                assert image["alt"].strip()
                if not image["src"].startswith("data:image/svg+xml"):
                    assert (index.parent / unquote(image["src"])).is_file()
                    assert (image["width"], image["height"]) == ("40", "30")
                    n += 1
        assert n == 4

    def test_a_saved_figure_is_described_by_its_caption_where_its_cell_draws_it(self, pages):
        words = [image["alt"] for image in pages["01_looks.html"].select(".picture img")]
        assert words == ['Loss by "depth", n = 3', "Figure of cell 3, Another title"]

    def test_is_light_and_dark_with_a_choice_that_is_kept(self, pages):
        for page in pages.values():
            style = page.style.get_text()
            assert "prefers-color-scheme: dark" in style
            assert ":root[data-theme=dark]" in style
            assert "@media print" in style
            assert ":focus-visible" in style
            (script,) = page.select("script")
            assert "localStorage.setItem" in script.get_text()
            assert page.select_one("button#theme[aria-label]")

    def test_code_and_tables_scroll_in_boxes_that_a_keyboard_reaches(self, pages):
        assert pages["01_looks.html"].select("table")
        for page in pages.values():
            assert all(block["tabindex"] == "0" for block in page.select("pre"))
            for table in page.select("table"):
                assert table.find_parent(class_="scroll")["tabindex"] == "0"

    def test_is_small(self, index):
        size = sum(file.stat().st_size for file in index.parent.rglob("*") if file.is_file())
        assert size < 400_000

    def test_names_no_folder_of_the_machine(self, index, checkout):
        for path in index.parent.glob("*.html"):
            assert str(checkout) not in path.read_text()


class TestHostileOutput:
    def test_neither_runs_nor_loads(self, pages):
        page = pages["01_looks.html"]
        text = str(page.main)
        assert "evil.example" not in text
        for refused in ("script", "iframe", "link", "meta"):
            assert not page.main.select(refused)
        for element in page.main.find_all(True):
            assert not [name for name in element.attrs if name.lower().startswith("on")]
            assert "script:" not in re.sub(r"\s", "", element.get("href") or "")
        assert "[picture: far away]" in text
        assert page.main.find("b", string="fine")

    def test_is_forbidden_by_the_page_too(self, pages):
        for page in pages.values():
            policy = page.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
            digest = base64.b64encode(hashlib.sha256(page.script.string.encode()).digest()).decode()
            assert "default-src 'none'" in policy
            assert f"script-src 'sha256-{digest}';" in policy

    def test_in_text_is_text(self, pages):
        for name in ("index.html", "01_looks.html"):
            assert "<script>alert(1)</script>" in pages[name].main.get_text()
        assert "no <b>walk</b>" in pages["02_fails.html"].select_one(".cause").get_text()


class TestOverview:
    def test_tells_what_became_of_each_notebook(self, pages):
        page = pages["index.html"]
        told = {each["id"]: each for each in page.select("article.notebook")}
        assert [each.select_one(".status").get_text() for each in told.values()] == [
            "passed", "failed", "passed", "not run", "not run",
        ]  # fmt: skip
        assert "5 notebooks, 2 passed, 2 not run, 1 did not pass." in page.get_text()
        assert "AbsRel <0.13> [0.11, 0.18] n=32" in told["01_looks"].select_one(".answer").get_text()
        assert "ValueError" in told["02_fails"].select_one(".cause").get_text()
        assert not told["02_fails"].select(".answer")
        assert "vbanalysis suite run --only 04_rests" in told["04_rests"].get_text()

    def test_tells_which_notebooks_read_kept_results(self, checkout, tmp_path):
        results = tmp_path / "out"
        results.mkdir()
        for name, code in (("01_looks", "n = 1"), ("02_fails", 'table = read_kept("heads").table')):
            cell = new_code_cell(code, execution_count=1, outputs=[printed("n      1")])
            nbformat.write(new_notebook(cells=[cell]), results / f"{name}.ipynb")
        write_results(results, [run_of("01_looks", results), run_of("02_fails", results)])
        suite = load_suite(checkout / "notebooks")
        index = write_report(suite, results=results, figures=tmp_path, out=tmp_path / "report")
        told = [each.get_text() for each in soup(index).select("article.notebook .kind")]
        assert told == ["live", "live and kept"]
        assert soup(index.with_name("02_fails.html")).select_one(".kind").get_text() == "live and kept"
        assert soup(index).select_one(".answer pre")["class"] == ["aligned"]

    def test_of_another_suite_claims_no_findings(self, pages):
        assert not pages["index.html"].select(".finding")

    def test_tells_machine_version_and_command(self, pages):
        text = pages["environment.html"].get_text(" ")
        for word in ("Linux x86_64, 2 cores, 8 GiB", "3.11.7", "--only 01_looks --profile quick", "3.2 s"):
            assert word in text


class TestFiguresAndTables:
    def test_have_their_provenance_and_their_vector_form(self, index, pages):
        item = pages["figures.html"].select_one(".item")
        assert item.select_one(".card")["href"] == "figures/01_looks/error_budget.pdf"
        told = item.select_one(".origin").get_text(" ")
        for word in ("scenes:heldout", "seed = 3", "numpy 2.4"):
            assert word in told
        (odd,) = (index.parent / "figures" / "01_looks").glob("odd*.pdf")
        assert odd.read_bytes() == b"%PDF"

    def test_that_are_damaged_or_gone_are_named(self, pages):
        text = pages["figures.html"].get_text(" ", strip=True)
        assert "The picture of this figure is damaged" in text
        assert "without a file: gone , gone.csv" in text
        assert "without a file: gone, gone.csv" in pages["index.html"].get_text()

    def test_of_a_damaged_manifest_say_so(self, checkout, tmp_path):
        (tmp_path / "01_looks").mkdir()
        (tmp_path / "01_looks" / "a_b.png").write_bytes(png())
        (tmp_path / "01_looks" / "manifest.json").write_text("{")
        index = report(checkout, tmp_path)
        assert "manifest.json cannot be read" in index.read_text()
        assert soup(index.with_name("figures.html")).select_one(".card img")["alt"] == "A b"

    def test_that_are_not_there_yet_break_nothing(self, checkout, tmp_path):
        index = report(checkout, tmp_path)
        assert "There are no figures yet" in index.with_name("figures.html").read_text()
        assert "There are no tables yet" in index.with_name("tables.html").read_text()

    def test_long_tables_show_their_first_rows(self, pages):
        page = pages["tables.html"]
        assert len(page.select("tbody tr")) == 60
        assert "60 of 100 rows" in page.get_text()
        assert [cell.get_text() for cell in page.select("thead th")] == ["walk", "<value>"]

    def test_left_by_an_earlier_report_are_removed_and_nothing_else(self, checkout, tmp_path):
        figures = tmp_path / "01_looks"
        figures.mkdir()
        (figures / "a.png").write_bytes(png("pink"))
        index = report(checkout, tmp_path)
        mine = index.parent / "media" / "mine.webp"
        mine.write_bytes(b"mine")
        before = set(index.parent.rglob("*.*"))
        (figures / "a.png").unlink()
        report(checkout, tmp_path)
        gone = before - set(index.parent.rglob("*.*"))
        assert sorted(file.suffix for file in gone) == [".png", ".webp"]
        assert mine.exists()


class TestFindings:
    def test_each_has_a_topic_a_sentence_and_a_figure_that_exists(self):
        found, trouble = read_findings()
        assert not trouble
        table = findings()
        assert sum(map(len, found.values())) == len(table)
        for words in table.finding:
            patterns = [each for each in (*_LEVELS, *_DIFFERENCES) if re.fullmatch(each, words)]
            assert len(patterns) == 1, words
        names = load_suite(REPOSITORY / "notebooks").names
        assert DRAWN_BY in names
        for topic in TOPICS:
            assert topic.notebook in names
            for suffix in ("png", "pdf"):
                assert (REPOSITORY / "figures" / DRAWN_BY / f"{topic.figure}.{suffix}").is_file()

    def test_of_differences_say_when_their_interval_holds_zero(self):
        words = "IoU more lost by narrow tuning on new words"
        assert say(words, 0.1, (-0.1, 0.3), 9, "").caution == "not told from zero"
        assert not say(words, 0.2, (0.1, 0.3), 9, "").caution
        assert not say("attributes drawn, base", 0.2, (0.0, 0.3), 9, "").caution

    def test_stand_first_beside_their_figures_and_apart_from_the_runs(self, checkout, tmp_path):
        suite = load_suite(REPOSITORY / "notebooks")
        run = replace(run_of("10_depth", tmp_path / "out"), figures=None)
        (tmp_path / "out").mkdir()
        nbformat.write(looks(), tmp_path / "out" / "10_depth.ipynb")
        write_results(tmp_path / "out", [run])
        only = tmp_path / "figures" / DRAWN_BY
        only.mkdir(parents=True)
        (only / "marks.png").write_bytes(png())
        index = write_report(suite, results=tmp_path / "out", figures=only.parent, out=tmp_path / "report")
        page = soup(index)
        cards = page.select("article.finding")
        assert [card["id"] for card in cards] == [f"finding-{topic.figure}" for topic in TOPICS]
        assert len(page.select(".finding li .interval")) == len(findings())
        assert cards[0].select_one("img")
        assert "Its figure is not drawn yet" in cards[1].get_text()
        assert "03_embedded_generator, which is not part of these runs" in cards[0].get_text()
        order = [each["aria-labelledby"] for each in page.select("section")]
        assert order == ["findings", "notebooks"]
        assert page.select_one(".findings .kind").get_text() == "kept"
        assert page.select_one(".notebooks .kind").get_text() == "live"


def report(checkout: Path, figures: Path) -> Path:
    return write_report(
        load_suite(checkout / "notebooks"), results=checkout / "out", figures=figures, out=figures / "report"
    )


def test_of_nothing_says_what_to_do(checkout, tmp_path):
    with pytest.raises(SuiteError, match="run  vbanalysis suite run  first"):
        write_report(load_suite(checkout / "notebooks"), results=tmp_path)


def test_of_a_damaged_record_says_so(checkout, tmp_path):
    (tmp_path / "results.json").write_text('{"notebooks": [{"name": 3')
    with pytest.raises(SuiteError, match="is damaged"):
        write_report(load_suite(checkout / "notebooks"), results=tmp_path)
