"""60_explorers as a user has it, in JupyterLab and as the page of `make app`: what each control shows."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)

SHOTS = Path(__file__).parents[2] / "build/browser"
NO_NEWS = "@jupyterlab/apputils-extension/notification", {"checkForUpdates": False, "fetchNews": "false"}
ANSWER = "text=/8 bits cost [0-9]/"
PICTURES = """box => [...box.querySelectorAll('img, canvas')].map(shown => {
  if (shown.tagName === 'IMG' && !(shown.complete && shown.naturalWidth)) return 'not yet';
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [96, 96];
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(shown, 0, 0, 96, 96);
  return context.getImageData(0, 0, 96, 96).data.reduce((sum, value) => (sum * 31 + value) | 0, 0);
})"""


class Explorers:
    """The notebook in a page, run to its end.

    Attributes:
        page: The page.
        watch: What went wrong in it.
        place: `lab` or `app`.
        votes: Folder of the votes.
        log: What the server said.
    """

    def __init__(self, page, watch, place, votes, log):
        self.page, self.watch, self.place, self.votes, self.log = page, watch, place, votes, log
        view = page.locator(".vba")
        self.codec = view.filter(has_text="resize by")
        self.runs = view.filter(has=page.locator(".widget-select"))
        self.depth, self.normals, self.masks, self.rating = (
            page.locator(f".vba-{name}") for name in ("depth", "normals", "segmentation", "rating")
        )

    def until(self, found, what):
        """Wait until something is so, and give it."""
        for _ in range(600):
            if value := found():
                return value
            self.page.wait_for_timeout(50)
        pytest.fail(f"in vain waited for {what}")

    def changed(self, read, act):
        """What is read once an action has changed it."""
        before = read()
        act()
        return self.until(lambda: (now := read()) != before and (now or " "), f"another thing than {before}")

    def text(self, box, part):
        """Read the words of a part of an explorer, on one line."""
        return lambda: " ".join(box.locator(part).first.inner_text().split())

    def pictures(self, box):
        """Read checksums of all pictures that are there to be seen."""

        def read():
            sums = box.evaluate(PICTURES)
            return read() if "not yet" in sums else sums

        return read

    def shots(self, width=1400, more=""):
        """Pictures of all explorers, for a person; each page is as high as the explorer is."""
        for name in ("codec", "depth", "normals", "masks", "runs", "rating"):
            box = getattr(self, name)
            high = round(box.bounding_box()["height"]) + 200
            self.page.set_viewport_size({"width": width, "height": high})
            box.screenshot(path=SHOTS / f"{self.place}-{name}{more}.png")
        self.page.set_viewport_size({"width": width, "height": 1000})

    def slider(self, box, label):
        return box.locator(".widget-slider").filter(has=self.page.get_by_text(label, exact=True))

    def menu(self, box, label):
        return (
            box.locator(".widget-dropdown")
            .filter(has=self.page.get_by_text(label, exact=True))
            .locator("select")
        )

    def drag(self, target, start, *stops):
        """Press in a target, move, and let go; places are shares of its width and height."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, *stops)]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()


def lab_command(port, notebook):
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={notebook.parent}",
    ]  # fmt: skip


def app_command(port, notebook):
    options = f"--no-browser --port={port} --Voila.port_retries=0"
    binaries = Path(sys.executable).parent
    return ["make", "app", "READY=", f"BIN={binaries}", f"APP={notebook}", f"VOILA={options}"]


@pytest.fixture(scope="module", params=["lab", "app"])
def explorers(request, open_page, serve, new_port, explorers_notebook):
    port, votes = new_port(), explorers_notebook.parents[1] / "out/votes"
    address = f"http://localhost:{port}"
    if request.param == "lab":
        command, setting = lab_command(port, explorers_notebook), NO_NEWS
    elif shutil.which("make") is None:
        pytest.skip("make is not installed")
    else:
        command, setting = app_command(port, explorers_notebook), None
    with serve(request.param, port, command, setting) as log:
        if request.param == "lab":
            page, watch = open_page(f"{address}/lab/tree/{explorers_notebook.name}?reset")
            page.wait_for_selector("#jp-main-statusbar >> text=/Idle/")
            page.click("#jp-MainMenu >> text=Run")
            page.click('li[data-command="runmenu:run-all"]')
        else:
            page, watch = open_page(address)
        page.wait_for_selector(ANSWER, timeout=240_000)
        yield Explorers(page, watch, request.param, votes, log)
        page.close()


# The codec explorer


@pytest.mark.parametrize("label", ["λ", "saturation", "resize by", "quality"])
def test_codec_sliders_obey_keys(explorers, label):
    box, slider = explorers.codec, explorers.slider(explorers.codec, label)
    pictures, value = explorers.pictures(box), explorers.text(slider, ".widget-readout")
    before, was = pictures(), value()
    slider.locator(".noUi-handle").focus()
    explorers.changed(explorers.text(box, ".vba-figures"), lambda: explorers.page.keyboard.press("ArrowLeft"))
    assert value() != was
    explorers.until(lambda: pictures() != before, "other pictures")


def test_codec_sliders_obey_the_mouse(explorers):
    box, slider = explorers.codec, explorers.slider(explorers.codec, "noise, /255")
    charts = explorers.text(box, ".vba-charts")
    assert "Relative error by depth" in charts()
    drawn = box.locator(".vba-charts path").first
    before = drawn.get_attribute("d")
    figures = explorers.changed(
        explorers.text(box, ".vba-figures"),
        lambda: explorers.drag(slider.locator(".noUi-base"), (0.02, 0.5), (0.4, 0.5)),
    )
    assert "unread" in figures
    explorers.until(lambda: drawn.get_attribute("d") != before, "another curve")
    assert float(explorers.text(slider, ".widget-readout")()) > 8


def test_codec_menus_and_reset(explorers):
    box = explorers.codec
    figures, quality = explorers.text(box, ".vba-figures"), explorers.slider(box, "quality")
    box.get_by_role("button", name="Reset").click()
    explorers.until(lambda: quality.locator(".widget-readout").inner_text() == "90", "the first settings")
    explorers.changed(figures, lambda: explorers.menu(box, "stored as").select_option("none"))
    explorers.until(lambda: quality.locator("[disabled]").count(), "a quality that cannot be moved")
    assert explorers.menu(box, "chroma").is_disabled()
    explorers.changed(figures, lambda: explorers.menu(box, "stored as").select_option("JPEG"))
    explorers.changed(figures, lambda: explorers.menu(box, "chroma").select_option("4:4:4"))
    box.get_by_role("button", name="Reset").click()
    explorers.until(lambda: explorers.menu(box, "chroma").input_value() == "4:2:0", "the first settings")


# The depth inspector


def test_depth_under_the_pointer_is_told_in_metres(explorers):
    box = explorers.depth
    reading, told = box.locator(".vba-reading"), explorers.text(box, ".vba-reading")
    assert reading.get_attribute("aria-live") == "polite"
    picture = box.locator(".vba-target").nth(1)
    picture.hover(position={"x": 30, "y": 150})
    first = explorers.until(lambda: re.search(r"row (\d+) column (\d+) depth [\d.]+ m\b", told()), "metres")
    picture.focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("Shift+ArrowRight"))
    moved = re.search(r"row (\d+) column (\d+)", told())
    assert moved[1] == first[1]
    step = int(moved[2]) - int(first[2])
    assert step > 0
    assert step % 10 == 0
    picture.hover(position={"x": 60, "y": 20})
    explorers.until(lambda: moved[0] not in told(), "what lies elsewhere")


def test_a_drawn_line_gives_a_profile_of_depth(explorers):
    box = explorers.depth
    profile, picture = box.locator(".vba-profile"), box.locator(".vba-target").nth(1)
    assert "Draw a line" in profile.inner_text()
    explorers.drag(picture, (0.1, 0.5), (0.5, 0.55), (0.9, 0.6))
    curve = profile.locator("svg path").first
    curve.wait_for()
    explorers.changed(
        lambda: curve.get_attribute("d"), lambda: explorers.drag(picture, (0.1, 0.2), (0.9, 0.9))
    )
    picture.focus()
    explorers.page.keyboard.press("Escape")
    explorers.until(lambda: "Draw a line" in profile.inner_text(), "no line")
    for key in ("l", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp", "l"):
        explorers.page.keyboard.press(key)
    profile.locator("svg path").first.wait_for()
    assert explorers.page.locator(".jp-Dialog").count() == 0


def test_the_focal_slider_moves_the_cloud(explorers):
    cloud = explorers.depth.locator(".vba-cloud")
    pictures, told = explorers.pictures(cloud), explorers.text(cloud, ".vba-focal-text")
    assert "field of view" in told()
    slider, before = cloud.locator(".vba-focal"), pictures()
    slider.focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("PageUp"))
    keyed = explorers.until(lambda: (now := pictures()) != before and now, "another cloud")
    explorers.changed(told, lambda: explorers.drag(slider, (0.5, 0.5), (0.15, 0.5)))
    explorers.until(lambda: pictures() != keyed, "another cloud")
    assert slider.get_attribute("aria-valuetext") == told()


def test_the_cloud_turns_zooms_and_changes_its_colours(explorers):
    cloud = explorers.depth.locator(".vba-cloud")
    pictures, stage = explorers.pictures(cloud), cloud.locator("canvas")
    explorers.changed(pictures, lambda: explorers.drag(stage, (0.4, 0.4), (0.6, 0.5)))
    stage.focus()
    explorers.changed(pictures, lambda: explorers.page.keyboard.press("+"))
    explorers.changed(pictures, lambda: explorers.page.keyboard.press("ArrowLeft"))
    explorers.changed(pictures, lambda: cloud.locator("select").select_option("picture"))
    explorers.changed(pictures, lambda: cloud.get_by_role("button", name="Reset view").click())


# The normal inspector


def test_normals_under_the_pointer_are_told(explorers):
    told = explorers.text(explorers.normals, ".vba-reading")
    target = explorers.normals.locator(".vba-target").nth(1)
    target.hover(position={"x": 40, "y": 200})
    explorers.until(lambda: re.search(r"row \d+ column \d+ .*\d\.\d", told()), "a vector")
    target.focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("ArrowUp"))


def test_a_light_that_is_moved_lights_the_surface_anew(explorers):
    light = explorers.normals.locator(".vba-light")
    pictures, told = explorers.pictures(light), explorers.text(light, ".vba-light-text")
    before = pictures()
    explorers.changed(told, lambda: explorers.drag(light.locator(".vba-disc"), (0.3, 0.3), (0.8, 0.7)))
    dragged = explorers.until(lambda: (now := pictures()) != before and now, "another light")
    light.locator(".vba-disc").focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("Shift+ArrowLeft"))
    keyed = explorers.until(lambda: (now := pictures()) != dragged and now, "another light")
    light.locator(".vba-ambient").focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("ArrowRight"))
    explorers.until(lambda: pictures() != keyed, "another light")


# The segmentation inspector


@pytest.mark.parametrize(
    ("label", "place", "count"), [("tau, /255", 0.9, "4"), ("erosion", 0.4, "4"), ("gamma", 0.01, "6")]
)
def test_sliders_of_a_mask_change_its_count(explorers, label, place, count):
    box, slider = explorers.masks, explorers.slider(explorers.masks, label)
    told = explorers.text(box, ".vba-figures")
    box.get_by_role("button", name="Reset").click()
    explorers.until(lambda: "instances 5" in told(), "the five that are painted")
    pictures = explorers.pictures(box)
    before = pictures()
    explorers.drag(slider.locator(".noUi-base"), (0.5, 0.5), (place, 0.5))
    explorers.until(lambda: f"instances {count}" in told(), f"{count} instances")
    explorers.until(lambda: pictures() != before, "other pictures")
    explorers.until(lambda: box.locator(".vba-over-tau:not(.vba-waits) svg").count(), "the count over tau")


def test_a_mask_is_read_under_the_pointer(explorers):
    told, target = (
        explorers.text(explorers.masks, ".vba-reading"),
        explorers.masks.locator(".vba-target").first,
    )
    target.hover(position={"x": 40, "y": 40})
    explorers.until(lambda: re.search(r"row \d+ column \d+ \w+", told()), "a reading")
    target.focus()
    explorers.changed(told, lambda: explorers.page.keyboard.press("Shift+ArrowDown"))


def test_a_typed_prompt_changes_the_legend(explorers):
    box = explorers.masks
    prompt = box.locator("textarea")
    asked = prompt.input_value()
    for name in ("crate", "lamp"):
        prompt.fill(
            "Generate a semantic segmentation visualization of this image, using this color mapping: "
            f'{{"{name}": (40, 200, 40), "wall": (220, 40, 40), "background": (0, 0, 0)}}.'
        )
        explorers.until(
            lambda name=name: name in box.locator(".vba-legend").inner_text(), f"the class {name}"
        )
        explorers.until(lambda: "semantic" in explorers.text(box, ".vba-figures")(), "a semantic mask")
    prompt.fill("")
    prompt.press_sequentially("Paint it")
    explorers.until(lambda: box.locator("[role=status]").count(), "a message")
    prompt.fill(asked)
    explorers.until(lambda: "instances" in explorers.text(box, ".vba-figures")(), "the first prompt's mask")


# The run browser


def test_records_are_chosen_by_mouse_and_keys(explorers):
    box = explorers.runs
    records, pictures = box.locator(".widget-select select"), explorers.pictures(explorers.runs)
    names = records.locator("option").all_inner_texts()
    assert len(names) == 4
    records.locator("option").first.click()
    explorers.changed(pictures, lambda: records.locator("option").nth(2).click())
    records.focus()
    explorers.changed(pictures, lambda: explorers.page.keyboard.press("ArrowDown"))
    chosen = records.locator("option:checked").inner_text()
    assert chosen == names[3]
    box.locator("summary").click()
    assert "delta1" in box.locator("details").inner_text()


def test_records_are_sorted_and_filtered(explorers):
    box = explorers.runs
    rows = lambda: box.locator(".widget-select option").all_inner_texts()  # noqa: E731
    explorers.changed(rows, lambda: explorers.menu(box, "order").select_option("small first"))
    explorers.changed(rows, lambda: explorers.menu(box, "sort by").select_option("difference"))
    explorers.changed(
        explorers.text(box, ".vba-charts"), lambda: explorers.menu(box, "metric").select_option("delta1")
    )
    field = lambda label: box.locator(".widget-text").filter(has_text=label).locator("input")  # noqa: E731
    one = rows()[1].split()[0]
    field("contains").fill(one)
    explorers.until(lambda: len(rows()) == 1 and one in rows()[0], "one record")
    assert "1 of 4 records" in box.inner_text()
    field("contains").fill("")
    explorers.until(lambda: len(rows()) == 4, "all records")
    field("from").fill("many")
    explorers.until(
        lambda: "'many' is no number" in box.locator("[role=status]").first.inner_text(), "a message"
    )
    field("from").fill("")
    explorers.until(lambda: "4 of 4 records" in box.inner_text(), "all records")


# The blind rating


def test_votes_by_keys_and_buttons_are_on_the_disk_and_blind(explorers):
    box, rater = explorers.rating, f"Ann of the {explorers.place}"
    file = explorers.votes / f"{rater}.votes.jsonl"
    lines = lambda: [json.loads(line) for line in file.read_text().splitlines()[1:]] if file.exists() else []  # noqa: E731
    explorers.watch.heard = []
    box.locator(".vba-name input").fill(rater)
    explorers.page.keyboard.press("Enter")
    told = explorers.text(box, ".vba-progress")
    ways = [
        ("1", "left"),
        ("ArrowRight", "right"),
        ("Space", "tie"),
        ("Left", "left"),
        ("Skip", "skip"),
        ("u", None),
    ]
    for k, (way, choice) in enumerate(ways):
        explorers.until(lambda k=k: told() == f"{k} of 6 by {rater}", f"pair {k + 1}")
        box.evaluate(
            "box => Promise.all([...box.querySelectorAll('img')].map(image => image.decode()))"
            ".then(() => new Promise(requestAnimationFrame))"
        )
        if len(way) > 1 and way in ("Left", "Skip"):
            box.get_by_role("button", name=way).click()
        else:
            explorers.page.keyboard.press(way)
        explorers.until(lambda k=k: len(lines()) == k + 1, "a line on the disk")
        if choice:
            assert lines()[-1]["vote"]["choice"] == choice
    explorers.until(lambda: told() == f"4 of 6 by {rater}", "a vote less")
    assert "undo" in lines()[-1]
    assert explorers.page.locator(".jp-Dialog").count() == 0
    judged = {line["vote"]["pair_id"] for line in lines()[:-1]}
    sides = {line["vote"][side] for line in lines()[:-1] for side in ("left", "right")}
    assert len(judged) == 5
    assert len(sides) == 2
    shown = box.evaluate("box => box.outerHTML") + "".join(explorers.watch.heard)
    assert rater in shown
    explorers.watch.heard = None
    assert not [secret for secret in judged | {f'"{side}"' for side in sides} if secret in shown]


# The page of `make app`


@pytest.mark.parametrize("explorers", ["app"], indirect=True)
def test_the_app_tells_its_address_and_shows_no_code(explorers):
    page = explorers.page
    assert page.url in explorers.log.read_text().splitlines()
    assert page.locator("h2").count() >= 6
    assert page.locator(".jp-InputArea-editor:visible, .highlight:visible").count() == 0
    assert "CodecExplorer.of" not in page.locator("#rendered_cells").inner_text()


@pytest.mark.parametrize("explorers", ["app"], indirect=True)
@pytest.mark.parametrize("width", [400, 1600])
def test_the_app_fits_the_width_of_a_screen(explorers, width):
    page = explorers.page
    page.set_viewport_size({"width": width, "height": 1000})
    explorers.until(
        lambda: page.evaluate(
            "() => [document.documentElement, document.querySelector('#rendered_cells')]"
            ".every((each) => each.scrollWidth <= each.clientWidth)"
        ),
        "a page that is no wider than the screen",
    )
    explorers.shots(width, f"-{width}")
    page.set_viewport_size({"width": 1400, "height": 1000})


# Names and places


def test_every_slider_has_a_name_and_says_its_value_as_it_is_shown(explorers):
    sliders = explorers.page.locator(".vba .widget-slider")
    assert sliders.count() > 10
    for k in range(sliders.count()):
        slider = sliders.nth(k)
        handle = slider.get_by_role("slider")
        label, shown = (slider.locator(f".widget-{part}").text_content() for part in ("label", "readout"))
        assert handle.get_attribute("aria-label") == label
        assert handle.get_attribute("aria-valuetext") == shown
        assert slider.locator(".widget-label").get_attribute("title") == label


def test_no_explorer_is_wider_than_its_place(explorers):
    for name in ("codec", "depth", "normals", "masks", "runs"):
        box = getattr(explorers, name)
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0, name


# Last: what went wrong behind the page in all of the above


def test_no_error_was_told_and_no_other_host_asked(explorers):
    explorers.shots()
    assert explorers.watch.problems == []
