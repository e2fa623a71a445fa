"""The report of a real run, opened from the disk: all is there, nothing is fetched, nothing sticks out."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit
from urllib.request import url2pathname

import pytest

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
NOTEBOOK = "15_paper_audit"

PIXELS_OF_MM, SHEET_MM = 96 / 25.4, 267
"""Of CSS, and the longer side of A4 within its margins."""

LOOK = """() => ({
  links: [...document.querySelectorAll('a[href], link[href]')].map(each => each.href),
  names: [...document.querySelectorAll('[id]')].map(each => each.id),
  broken: [...document.images].filter(each => !each.naturalWidth || !each.alt).map(each => each.src),
  images: document.images.length,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  paper: getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number),
})"""
"""What a page holds."""

ALL_IMAGES = """() => Promise.all([...document.images].map(image => {
  image.loading = 'eager';
  return image.decode().catch(() => null);
}))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Pages of one notebook that was run, beside those of all that were not."""
    folder = tmp_path_factory.mktemp("report")
    command = Path(sys.executable).with_name("vbanalysis")
    places = ["--figures", folder / "figures"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for words in (
        ["run", "--only", NOTEBOOK, "--out", folder / "runs", *places],
        ["report", "--results", folder / "runs", "--out", folder / "pages", *places],
    ):
        subprocess.run([command, "suite", *words], cwd=ROOT, env=environment, check=True, capture_output=True)
    return folder / "pages"


@pytest.fixture(scope="module")
def pages(report):
    found = sorted(report.glob("*.html"))
    assert {"index", NOTEBOOK} <= {page.stem for page in found}
    return found


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_every_page_is_whole_and_fits(open_page, pages, light, width):
    page, watch = open_page(pages[0].as_uri(), width=width, color_scheme=light)
    images = 0
    for each in pages:
        page.goto(each.as_uri())
        page.evaluate(ALL_IMAGES)
        seen = page.evaluate(LOOK)
        images += seen["images"]
        assert seen["broken"] == [], each.name
        assert seen["wide"] <= 0, each.name
        assert (sum(seen["paper"]) > 3 * 127) == (light == "light"), each.name
        (ROOT / "build/browser").mkdir(parents=True, exist_ok=True)
        if each.stem in ("index", NOTEBOOK):
            page.screenshot(path=ROOT / f"build/browser/report-{each.stem}-{light}-{width}.png")
    assert images > 0
    assert watch.problems == []


def test_what_is_printed_fits_its_sheets(open_page, pages):
    page, _ = open_page(
        pages[0].as_uri(), width=round(180 * PIXELS_OF_MM), height=round(SHEET_MM * PIXELS_OF_MM)
    )
    page.emulate_media(media="print")
    findings = 0
    for each in pages:
        page.goto(each.as_uri())
        page.evaluate(ALL_IMAGES)
        if each.stem != "tables":  # those lie on their side
            assert page.evaluate(LOOK)["wide"] <= 0, each.name
        high = page.evaluate(
            "() => [...document.querySelectorAll('.finding, figure')].map(e => e.offsetHeight)"
        )
        assert all(0 < height < SHEET_MM * PIXELS_OF_MM for height in high), each.name
        findings += page.locator(".finding").count()
    assert findings > 0
    page.goto(next(page for page in pages if page.stem == "tables").as_uri())
    page.set_viewport_size({"width": round(SHEET_MM * PIXELS_OF_MM), "height": 680})
    assert page.evaluate(LOOK)["wide"] <= 0


def test_every_link_leads_somewhere(open_page, pages):
    page, _ = open_page(pages[0].as_uri())
    names, links = {}, []
    for each in pages:
        page.goto(each.as_uri())
        seen = page.evaluate(LOOK)
        names[each] = set(seen["names"])
        links += [(each.name, link) for link in seen["links"]]
    assert len(links) > len(pages)
    dead = []
    for where, link in links:
        address, fragment = urldefrag(link)
        if urlsplit(address).scheme != "file":
            continue  # to the paper and the like: followed by a reader, not by the page
        target = Path(url2pathname(urlsplit(address).path))
        if not target.is_file() or (fragment and unquote(fragment) not in names.get(target, ())):
            dead.append((where, link))
    assert dead == []


def test_the_button_turns_the_light_and_it_stays(open_page, pages):
    index, notebook = (next(page for page in pages if page.stem == stem) for stem in ("index", NOTEBOOK))
    page, watch = open_page(index.as_uri(), color_scheme="light")
    page.click("#theme")
    assert sum(page.evaluate(LOOK)["paper"]) < 3 * 127
    page.goto(notebook.as_uri())
    assert sum(page.evaluate(LOOK)["paper"]) < 3 * 127
    assert watch.problems == []


def test_pages_are_walked_by_their_links(open_page, pages):
    page, watch = open_page(next(page for page in pages if page.stem == "index").as_uri())
    page.click(f"a[href^='{NOTEBOOK}.html'] >> nth=0")
    page.wait_for_url(f"**/{NOTEBOOK}.html*")
    assert page.locator("h1").count() == 1
    page.click("a[href^='index.html'] >> nth=0")
    page.wait_for_url("**/index.html*")
    assert watch.problems == []
