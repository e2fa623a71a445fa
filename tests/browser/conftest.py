"""A real browser, JupyterLab and Voila for the tests of this folder; each is ended, whatever happens."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build/browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = (
    "no browser to test with: `apt-get install chromium` and `pip install playwright`, "
    "or name another one by VBANALYSIS_BROWSER=/path/to/chrome"
)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_S = 120

_LOGS: list[Path] = []
_PAGES: list = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with what the servers said and with a picture of the page."""
    report = yield
    if report.failed and item.path.is_relative_to(Path(__file__).parent):
        for log in _LOGS:
            report.sections.append((log.name, log.read_text(errors="replace")[-4000:]))
        for k, page in enumerate(_PAGES):
            SHOTS.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(Exception):  # a page that has crashed
                page.screenshot(path=SHOTS / f"failed-{re.sub(r'[^a-z0-9]+', '-', item.name)}-{k}.png")
    return report


class Watch:
    """What goes wrong in a page where nobody looks: errors told, requests that fail, other hosts asked.

    Attributes:
        problems: All of it, in words.
        heard: What the page is sent by websockets, while this is a list.
    """

    def __init__(self, page, *own):
        self.problems = []
        self.heard = None
        self._own = own
        page.on("console", lambda told: self._note(told.type == "error", f"console: {told.text}"))
        page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", self._connected)
        page.on(
            "requestfailed", lambda r: self._note("ERR_ABORTED" not in r.failure, f"{r.failure}: {r.url}")
        )
        page.on("response", lambda r: self._note(r.status >= 400, f"{r.status}: {r.url}"))

    def _asked(self, url):
        parts = urlsplit(url)
        own = parts.scheme in ("data", "blob", "about") or (parts.scheme + "://" + parts.netloc) in self._own
        self._note(not own, f"asked of another host: {url}")

    def _connected(self, websocket):
        self._asked(websocket.url)
        websocket.on("framereceived", self._hear)

    def _hear(self, frame):
        if self.heard is not None:
            self.heard.append(frame.decode("latin-1") if isinstance(frame, bytes) else frame)

    def _note(self, wrong, words):
        if wrong:
            self.problems.append(words)


def pytest_runtest_setup(item):
    """Without a browser, a skip that is told once for all tests; or a failure where that is asked for."""
    if browser() is None or importlib.util.find_spec("playwright") is None:
        (pytest.fail if os.environ.get("VBANALYSIS_NEEDS_BROWSER") else pytest.skip)(HOW)


def browser():
    """Path of the browser, or None."""
    named = os.environ.get("VBANALYSIS_BROWSER")
    return next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)


@pytest.fixture(scope="module")
def chromium():
    """The browser, started."""
    from playwright.sync_api import sync_playwright

    # Only while a module runs: its event loop would be in the way of other tests' loops.
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def open_page(chromium):
    """Open a page that is watched: `open_page("http://...", width=1400)` gives page and `Watch`."""

    def open_one(url, *, width=1400, height=1000, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        parts = urlsplit(url)
        watch = Watch(page, f"{parts.scheme}://{parts.netloc}", f"ws://{parts.netloc}")
        _PAGES.append(page)
        page.goto(url)
        return page, watch

    yield open_one
    for page in _PAGES:
        page.context.close()
    _PAGES.clear()


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Serve while a block runs: `with serve("name", port, command) as log`."""

    @contextlib.contextmanager
    def serving(name, port, command, setting=None):
        folder = tmp_path_factory.mktemp(name)
        own = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "MAKE", "MFLAGS"))}
        for what in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):  # what a user has set stays out, and as it is
            own[f"JUPYTER_{what}"] = str(folder / what.lower())
        own |= {"IPYTHONDIR": str(folder / "ipython"), "VBANALYSIS_FIGURES": str(folder / "figures")}
        own["OMP_NUM_THREADS"] = (
            "1"  # beside a browser, threads would wait for each other more than they work
        )
        if setting is not None:
            file = folder / "config_dir/lab/user-settings" / f"{setting[0]}.jupyterlab-settings"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(setting[1]))
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=ROOT, env=own, stdout=out, stderr=out, start_new_session=True
            )
        _LOGS.append(log)
        try:
            end = time.monotonic() + PATIENCE_S
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"{name} did not start:\n{log.read_text()}")
                time.sleep(0.1)
            yield log
        finally:
            _end(process)
            _LOGS.remove(log)

    return serving


def _answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(process):
    """End a server with all that it started."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    assert process.poll() is not None


@pytest.fixture(scope="module")
def new_port():
    """Find a port that nobody listens on."""

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture(scope="module")
def explorers_notebook(tmp_path_factory):
    """60_explorers with few records, and its folder of runs, pairs and votes."""
    import nbformat
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    folder = tmp_path_factory.mktemp("explorers")
    notebook = load_notebook_node(str(ROOT / "notebooks/60_explorers.ipynb"))
    parameters = {
        "n_records": 4,
        "n_pairs": 6,
        "masks": f"outputs:{painted_boxes(folder / 'masks')}",
        "out": str(folder / "out"),
    }
    written = folder / "notebooks" / "60_explorers.ipynb"
    written.parent.mkdir()
    nbformat.write(parameterize_notebook(notebook, parameters), written)
    return written


def painted_boxes(folder):
    """A mask of five instances: two are of nearly one colour, one is in two parts, and one is thin."""
    import numpy as np

    from vbanalysis.images import write_png
    from vbanalysis.instructions import instance_prompt

    rgb = np.zeros((96, 128, 3), np.uint8)
    rgb[10:30, 10:30], rgb[10:30, 30:50] = (220, 40, 40), (220, 70, 40)
    rgb[60:80, 10:30] = rgb[60:80, 40:60] = (40, 200, 40)
    rgb[50:52, 70:120] = (40, 40, 220)
    rgb[70:90, 90:110] = (230, 230, 40)
    folder.mkdir()
    write_png(folder / "boxes.png", rgb)
    (folder / "prompts.csv").write_text(f'output,prompt\nboxes.png,"{instance_prompt("box").text}"\n')
    return folder
