"""The suite runs notebooks as a careful person would, and says plainly what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat
import psutil
import pytest
import yaml
from typer.testing import CliRunner

from vbanalysis.cli.suite import app
from vbanalysis.errors import SuiteError
from vbanalysis.suite import NotebookRun, Suite, Text, load_suite, read_results, run, write_report

REPOSITORY = Path(__file__).resolve().parents[2]

DECLARED = """
from typing import Literal

n_images: int = 4  # how many images to draw
c: float = 10 / 3
# Where the outputs lie;
# None means the gallery.
outputs: str | None = None
space: Literal["rgb", "lab"] = "rgb"
taus: list[int] = [7, 14]  # thresholds
box: tuple[float, float] = (0.0, 1.0)
dry: bool = False
"""


def write_notebook(path: Path, *cells: str, parameters: str = "seed: int = 0  # of the generator") -> None:
    declared = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    text = nbformat.v4.new_markdown_cell(
        "# A question\n\n[next](02_fails.ipynb), [lost](gone.txt), [top](#A-question)\n\nAt $d < 5$ m."
    )
    notebook = nbformat.v4.new_notebook(cells=[text, declared, *map(nbformat.v4.new_code_cell, cells)])
    nbformat.write(notebook, path)


def write_suite(
    folder: Path, *names: str, limits_s: Mapping[str, float] | None = None, **entry: object
) -> Path:
    notebooks = [
        {
            "name": name,
            "question": f"What of <{name}>?",
            "profiles": {
                "quick": {"time_limit_s": (limits_s or {}).get(name, 60)},
                "full": {"time_limit_s": 600},
            },
            **entry,
        }
        for name in names
    ]
    folder.mkdir(exist_ok=True)
    (folder / "suite.yaml").write_text(yaml.safe_dump({"notebooks": notebooks}), encoding="utf-8")
    return folder


def one_notebook(folder: Path, *cells: str, parameters: str = DECLARED) -> Suite:
    write_suite(folder, "01_one")
    write_notebook(folder / "01_one.ipynb", *cells, parameters=parameters)
    return load_suite(folder)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


class TestSuiteFile:
    def test_is_found_from_any_folder_of_a_checkout(self, tmp_path, monkeypatch):
        write_suite(tmp_path / "notebooks", "01_one")
        below = tmp_path / "some" / "folder"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)
        assert load_suite().folder == tmp_path / "notebooks"

    def test_of_the_project_is_valid_and_found_from_elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert load_suite().names[:2] == ("01_codec_invertibility", "02_format_compliance")

    def test_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(SuiteError, match=r"no suite\.yaml in .*name the folder"):
            load_suite(tmp_path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"name": "a/b"}, r"notebooks\.0\.name: .*'a/b'"),
            ({"question": ""}, r"notebooks\.0\.question"),
            ({"profiles": {"quick": {"time_limit_s": 1}}}, r"profiles\.full: Field required"),
            ({"surprise": 1}, r"surprise: Extra inputs"),
        ],
    )
    def test_that_says_what_it_should_not_is_an_error_with_the_place(self, tmp_path, change, message):
        write_suite(tmp_path, "01_one", **change)
        with pytest.raises(SuiteError, match=message):
            load_suite(tmp_path)

    @pytest.mark.parametrize("text", ["notebooks: [", "", "[]", "notebooks: []"])
    def test_that_is_damaged_is_an_error(self, tmp_path, text):
        (tmp_path / "suite.yaml").write_text(text)
        with pytest.raises(SuiteError, match=r"suite\.yaml"):
            load_suite(tmp_path)

    def test_refuses_a_notebook_listed_twice(self, tmp_path):
        with pytest.raises(SuiteError, match="listed twice: 01_one"):
            load_suite(write_suite(tmp_path, "01_one", "01_one"))

    def test_selects_by_name_or_beginning_in_its_own_order(self, tmp_path):
        suite = load_suite(write_suite(tmp_path, "01_depth", "02_masks", "02_masks_more"))
        chosen = [
            [notebook.name for notebook in suite.select(only)] for only in (["02", "01"], ["02_masks"], [])
        ]
        assert chosen == [["01_depth", "02_masks", "02_masks_more"], ["02_masks"], list(suite.names)]
        with pytest.raises(SuiteError, match=r"'02_mask_more'.*did you mean '02_masks_more'"):
            suite.select(["02_mask_more"])


class TestParameters:
    def test_are_read_with_type_default_and_help(self, tmp_path):
        (notebook,) = one_notebook(tmp_path).notebooks
        found = {entry.name: (entry.type, entry.default, entry.help) for entry in notebook.parameters()}
        assert found["n_images"] == ("int", "4", "how many images to draw")
        assert found["c"] == ("float", "10 / 3", "")
        assert found["outputs"] == ("str | None", "None", "Where the outputs lie; None means the gallery.")
        assert found["space"] == ('Literal["rgb", "lab"]', '"rgb"', "")
        assert list(found) == ["n_images", "c", "outputs", "space", "taus", "box", "dry"]

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("n = 4", "only typed assignments"),
            ("n: int", "only typed assignments"),
            ("n: int = 'four'", "declared int, but its default is 'four'"),
            ("n: np.ndarray = 4", "has the type 'np.ndarray'"),
            ("n: dict[str] = {}", r"has the type 'dict\[str\]'"),
            ("n: 'list[' = 4", "has the type"),
            ("n: Literal[a] = 4", "has the type"),
            ("n: int = 1\nn: int = 2", "a second time"),
            ("n: int = (", "line 1 of the parameters cell"),
        ],
    )
    def test_declared_badly_are_an_error(self, tmp_path, source, message):
        (notebook,) = one_notebook(tmp_path, parameters=source).notebooks
        with pytest.raises(SuiteError, match=message):
            notebook.parameters()

    def test_need_exactly_one_cell(self, tmp_path):
        suite = one_notebook(tmp_path)
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / "01_one.ipynb")
        with pytest.raises(SuiteError, match="exactly one code cell tagged 'parameters', it has 0"):
            suite.notebooks[0].parameters()

    def test_of_a_missing_notebook_are_an_error(self, tmp_path):
        (notebook,) = load_suite(write_suite(tmp_path, "01_one")).notebooks
        with pytest.raises(SuiteError, match="the suite lists 01_one, but there is no"):
            notebook.parameters()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"n_image": 3}, "no parameter 'n_image'|no selected notebook has a parameter 'n_image'"),
            ({"n_image": 3}, "did you mean 'n_images'"),
            ({"01_one.seed": 3}, "01_one has no parameter 'seed'"),
            ({"02_two.seed": 3}, "no notebook is named '02_two'"),
            ({"n_images": "3"}, "'n_images' of 01_one must be int, got '3'"),
            ({"n_images": True}, "must be int, got True"),
            ({"n_images": 3.0}, "must be int, got 3.0"),
            ({"n_images": Text("3.5")}, r"must be int, got 3\.5"),
            ({"c": Text("wide")}, "must be float, got wide"),
            ({"space": "hsv"}, "must be Literal"),
            ({"space": Text("hsv")}, "must be Literal"),
            ({"taus": [1, "2"]}, r"must be list\[int\]"),
            ({"taus": Text("1,x")}, r"must be list\[int\]"),
            ({"taus": Text("[1")}, r"must be list\[int\]"),
            ({"box": Text("1,2,3")}, "must be tuple"),
            ({"dry": 1}, "must be bool"),
            ({"dry": Text("maybe")}, "must be bool"),
            ({"outputs": 3}, r"must be str \| None"),
        ],
    )
    def test_that_do_not_fit_stop_the_run_before_anything_is_written(self, tmp_path, given, message):
        suite = one_notebook(tmp_path / "notebooks")
        with pytest.raises(SuiteError, match=message):
            run(suite, parameters=given, out=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_of_a_profile_are_held_to_the_same_rules(self, tmp_path):
        profiles = {
            "quick": {"time_limit_s": 9},
            "full": {"time_limit_s": 9, "parameters": {"n_images": "many"}},
        }
        write_suite(tmp_path, "01_one", profiles=profiles)
        write_notebook(tmp_path / "01_one.ipynb", parameters=DECLARED)
        with pytest.raises(SuiteError, match=r"must be int, got 'many' \(profile full of the suite\)"):
            run(load_suite(tmp_path), profile="full", out=tmp_path / "out")

    def test_typed_on_a_command_line_arrive_with_their_declared_types(self, tmp_path):
        suite = one_notebook(
            tmp_path / "notebooks",
            "import json; print(json.dumps([n_images, c, outputs, space, taus, box, dry]))",
        )
        words = [
            "n_images=3",
            "c=2",
            "outputs=a=b",
            "space=lab",
            "taus=1,2",
            "01_one.box=[0,1e-3]",
            "dry=yes",
        ]
        arguments = [argument for word in words for argument in ("-p", word)]
        out = tmp_path / "out"
        outcome = CliRunner().invoke(
            app, ["run", "--notebooks", str(suite.folder), "--out", str(out), *arguments]
        )
        assert outcome.exit_code == 0, outcome.output
        printed = nbformat.read(out / "01_one.ipynb", 4).cells[-1].outputs[0].text
        assert json.loads(printed) == [3, 2.0, "a=b", "lab", [1, 2], [0.0, 0.001], True]
        assert read_results(out)[0].parameters["taus"] == [1, 2]


@pytest.fixture(scope="module")
def suite_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkout") / "notebooks"
    names = ("01_looks_about", "02_fails", "03_sleeps", "04_dies", "05_rests")
    write_suite(folder, *names, limits_s={"03_sleeps": 8})
    write_notebook(
        folder / "01_looks_about.ipynb",
        "import os, sys\n"
        "told = [os.environ[name] for name in ('VBANALYSIS_FIGURES', 'OMP_NUM_THREADS')]\n"
        "print(os.getcwd(), sys.executable, *told, seed, sep='\\n')",
        """
        from pathlib import Path
        from matplotlib import pyplot
        from IPython.display import HTML, display
        folder = Path(os.environ["VBANALYSIS_FIGURES"], "01_looks_about")
        folder.mkdir(parents=True)
        pyplot.plot([1, 2])
        pyplot.savefig(folder / "error_budget.png")
        pyplot.savefig(folder / "error_budget.pdf")
        display(HTML("<table><tr><td>cells</td></tr></table><script src='https://x.org/a.js'></script>"))
        """,
        parameters="seed: int = 0  # of the generator\nlabel: str = '<script>alert(1)</script>'",
    )
    write_notebook(
        folder / "02_fails.ipynb",
        "fine = 1",
        "def decode():\n    raise ValueError('no <b>walk</b>')",
        "decode()",
    )
    write_notebook(
        folder / "03_sleeps.ipynb",
        "import os, time, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))",
        "time.sleep(600)",
    )
    write_notebook(folder / "04_dies.ipynb", "import os\nos._exit(7)")
    write_notebook(folder / "05_rests.ipynb")
    return folder


@pytest.fixture(scope="module")
def foreign_kernel(tmp_path_factory) -> Path:
    """A folder for JUPYTER_PATH whose `python3` is of no use."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-c", "raise SystemExit('the wrong kernel')", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "foreign", "language": "python"}))
    return folder


@pytest.fixture(scope="module")
def finished(suite_folder, foreign_kernel) -> tuple[dict[str, NotebookRun], list[str]]:
    """What came of four notebooks, two at a time, where the first `python3` of Jupyter is a foreign one."""
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(foreign_kernel))
        runs = run(
            load_suite(suite_folder),
            only=["01", "02", "03", "04"],
            parameters={"01_looks_about.seed": 5},
            jobs=2,
            keep_going=True,
            out=suite_folder.parent / "out",
            figures=suite_folder.parent / "figures",
            progress=lines.append,
        )
    return {entry.name: entry for entry in runs}, lines


class TestRun:
    def test_is_in_the_folder_of_the_notebook_with_this_interpreter_and_the_figures_folder(
        self, finished, suite_folder
    ):
        looked = finished[0]["01_looks_about"]
        assert (looked.status, looked.cause, looked.attempts) == ("passed", None, 1)
        assert looked.notebook is not None
        printed = nbformat.read(looked.notebook, 4).cells[3].outputs[0].text
        figures = suite_folder.parent / "figures"
        threads = os.environ.get("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // 2)))
        assert printed.splitlines() == [str(suite_folder), sys.executable, str(figures), threads, "5"]

    def test_tells_how_far_it_is(self, finished):
        lines = [line for line in finished[1] if line.startswith("01_looks_about")]
        assert "01_looks_about: cell 4 of 4, " in lines[-2]
        assert lines[-1].startswith("01_looks_about: passed, ")

    def test_leaves_no_warning_of_unencrypted_tcp(self, finished):
        log = finished[0]["01_looks_about"].log
        assert log is not None
        assert "Executing Cell" in log.read_text()
        assert "without encryption" not in log.read_text()

    def test_that_fails_names_the_cell_and_the_cause(self, finished):
        failed = finished[0]["02_fails"]
        assert (failed.status, failed.attempts) == ("failed", 1)
        cause = failed.cause
        assert cause is not None
        assert (cause.cell, cause.source, cause.exception, cause.message) == (
            4,
            "decode()",
            "ValueError",
            "no <b>walk</b>",
        )
        assert cause.traceback.splitlines()[-1].endswith("raise ValueError('no <b>walk</b>')")
        (shown,) = [line for line in finished[1] if line.startswith("02_fails: FAILED")]
        assert "ValueError: no <b>walk</b>" in shown
        assert len(shown.splitlines()) < 15
        assert "\x1b" not in shown

    def test_whose_kernel_dies_in_a_cell_is_not_tried_again(self, finished):
        dead = finished[0]["04_dies"]
        assert (dead.status, dead.attempts) == ("failed", 1)
        assert dead.cause is not None
        assert (dead.cause.cell, dead.cause.exception) == (2, "DeadKernelError")

    def test_beyond_its_time_limit_is_ended_with_its_kernel_and_keeps_what_it_had(
        self, finished, suite_folder
    ):
        slow = finished[0]["03_sleeps"]
        assert slow.status == "timed out"
        assert 8 <= slow.seconds < 20
        assert slow.cause is not None
        assert "limit of 8 s was reached in cell 3 of 3" in slow.cause.message
        assert not is_running(int((suite_folder / "pid").read_text()))
        assert slow.notebook is not None
        assert nbformat.read(slow.notebook, 4).cells[2].execution_count == 2

    def test_is_recorded_with_all_that_matters(self, finished, suite_folder):
        out = suite_folder.parent / "out"
        recorded = read_results(out)
        assert {entry.name: entry for entry in recorded} == finished[0]
        assert recorded[0].versions["papermill"]
        assert sorted(path.suffix for path in out.iterdir()) == [".ipynb"] * 4 + [".json"] + [".log"] * 4

    def test_stops_at_a_failure_unless_told_to_go_on(self, suite_folder, tmp_path):
        arguments = ["--notebooks", str(suite_folder), "--only", "02", "--only", "05", "--out", str(tmp_path)]
        outcome = CliRunner().invoke(app, ["run", *arguments])
        assert outcome.exit_code == 1
        assert "skipped after the failure (--keep-going runs them): 05_rests" in outcome.output
        assert [entry.status for entry in read_results(tmp_path)] == ["failed", "skipped"]
        # The next run replaces what it runs again, and keeps the rest.
        run(load_suite(suite_folder), only=["05"], out=tmp_path)
        assert [entry.status for entry in read_results(tmp_path)] == ["failed", "passed"]

    @pytest.mark.parametrize(
        ("failures", "status", "attempts"), [(1, "passed", 2), (2, "no kernel", 2)], ids=["once", "twice"]
    )
    def test_starts_one_more_kernel_where_the_first_did_not_come_up(
        self, suite_folder, tmp_path, monkeypatch, failures, status, attempts
    ):
        # IPython runs this file while the kernel starts, before it answers anyone.
        profile = tmp_path / "ipython" / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.py").write_text(
            textwrap.dedent(f"""
            import os, pathlib
            starts = pathlib.Path({str(tmp_path / "starts")!r})
            count = len(starts.read_text()) if starts.exists() else 0
            starts.write_text("x" * (count + 1))
            if count < {failures}:
                os._exit(3)
            """)
        )
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        (outcome,) = run(load_suite(suite_folder), only=["05"], out=tmp_path / "out")
        assert (outcome.status, outcome.attempts) == (status, attempts)
        assert len((tmp_path / "starts").read_text()) == 2

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
    def test_that_is_broken_off_leaves_no_kernel(self, suite_folder, tmp_path, how):
        pid = suite_folder / "pid"
        pid.unlink(missing_ok=True)
        script = (
            # Begun by a shell in the background, the tests and all they start would ignore Ctrl-C.
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from vbanalysis.suite import load_suite, run\n"
            f"run(load_suite({str(suite_folder)!r}), profile='full', only=['03'], out={str(tmp_path)!r})"
        )
        caller = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        assert wait_until(lambda: pid.exists() and pid.read_text())
        kernel = int(pid.read_text())
        assert is_running(kernel)
        caller.send_signal(how)
        assert caller.wait(20) != 0
        assert wait_until(lambda: not is_running(kernel))
        assert not (tmp_path / "results.json").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"jobs": 0}, "jobs must be at least 1"),
            ({"timeout_s": 0}, "timeout_s must be above 0"),
            ({"profile": "slow"}, "profile must be 'quick' or 'full'"),
            ({"only": ["9"]}, "no notebook is named '9'"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, suite_folder, arguments, message):
        with pytest.raises(SuiteError, match=message):
            run(load_suite(suite_folder), **arguments)

    def test_never_writes_over_the_notebooks(self, suite_folder):
        with pytest.raises(SuiteError, match="would replace their sources"):
            run(load_suite(suite_folder), out=suite_folder)


def test_nbmake_runs_notebooks_in_the_same_kernel(suite_folder, foreign_kernel, tmp_path):
    write_notebook(tmp_path / "one.ipynb", f"import sys\nassert sys.executable == {sys.executable!r}")
    (tmp_path / "conftest.py").write_text((REPOSITORY / "notebooks" / "conftest.py").read_text())
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "-q", "-s", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, "JUPYTER_PATH": str(foreign_kernel)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "without encryption" not in outcome.stdout + outcome.stderr


def test_list_prints_questions_profiles_and_parameters(tmp_path):
    suite = one_notebook(tmp_path)
    outcome = CliRunner().invoke(app, ["list", "--notebooks", str(suite.folder)])
    assert outcome.exit_code == 0
    assert "01_one\n  What of <01_one>?\n  quick up to 60 s\n" in outcome.output
    assert "    n_images: int = 4  # how many images to draw\n" in outcome.output


@pytest.mark.parametrize("text", ["seed", "=3"])
def test_an_assignment_without_name_or_value_is_an_error(text, suite_folder):
    outcome = CliRunner().invoke(app, ["run", "--notebooks", str(suite_folder), "-p", text])
    assert isinstance(outcome.exception, SuiteError)


def test_the_report_shows_what_real_runs_drew_and_said(finished, suite_folder):
    root = suite_folder.parent
    index = write_report(load_suite(suite_folder), results=root / "out", out=root / "report")
    assert "5 notebooks, 1 passed" in index.read_text()
    page = index.with_name("01_looks_about.html").read_text()
    assert "<td>cells</td>" in page
    assert 'src="https://x.org' not in page
    assert (index.parent / "figures" / "01_looks_about" / "error_budget.pdf").is_file()
    assert "no &lt;b&gt;walk&lt;/b&gt;" in index.with_name("02_fails.html").read_text()
    assert finished[0]["01_looks_about"].machine.count(", ") >= 1
