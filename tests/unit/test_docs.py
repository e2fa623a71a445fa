"""What README, docs/ and help say is true: commands parse, Python runs, links and files are there."""

import ast
import importlib
import inspect
import re
import shlex
import shutil
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from vbanalysis.cli import app
from vbanalysis.specs import parse_spec
from vbanalysis.suite import load_suite, parse_assignment

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "plugin_package"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
OTHERS = {"make", "python", "pip", "hf", "papermill", "dask", "head", "conda"}
"""Commands of others that pages may use; arguments of theirs that name files of the project must exist."""

KINDS = {
    "model": "models", "presence": "models", "reasoner": "models", "dataset": "datasets", "task": "tasks",
}  # fmt: skip

page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page, language):
    """Fenced blocks of a language: the text of each, and whether it is marked as not run."""
    pattern = rf"(<!-- not run: [^\n]+ -->\n)?^```{language}\n(.*?)^```"
    found = re.findall(pattern, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [SimpleNamespace(text=text, run=not mark) for mark, text in found]


def prose(page):
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def inline(page):
    return re.findall(r"`([^`\n]+)`", prose(page))


def commands(page):
    """Every command of a page's shell blocks as a list of words, without comments and variables."""
    lines = "\n".join(block.text for block in blocks(page, "sh")).replace("\\\n", " ").splitlines()
    found = []
    for part in (part for line in lines for part in re.split(r" && ", line)):
        words = shlex.split(part, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words.pop(0)
        found += [words] if words else []
    return found


def mentions(page):
    """Commands that the prose of a page mentions, perhaps without their arguments."""
    return [shlex.split(code)[1:] for code in inline(page) if code.startswith("vbanalysis ")]


def parsed(words, command=None, parent=None):
    """The context of the last command in a line of words, parsed but not run; a usage error is raised."""
    command = command or typer.main.get_command(app)
    context = command.make_context(command.name, list(words), parent=parent)
    if not hasattr(command, "commands"):
        return context
    rest = [*context._protected_args, *context.args]
    _, below, rest = command.resolve_command(context, rest)
    return parsed(rest, below, context)


def named(words):
    """The command that a line of words begins with, and the words after it."""
    command, rest = typer.main.get_command(app), list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest


def hold_spec(kind, spec):
    """A spec string names a plugin that takes such an argument and such options."""
    asked = parse_spec(spec)
    (entry,) = entry_points(group=f"vbanalysis.{kind}", name=asked.name)
    arguments = [] if asked.argument is None else [asked.argument]
    inspect.signature(entry.load()).bind(*arguments, **asked.options)


def hold_parameters(only, assignments):
    """Parameters of a suite run are declared by a chosen notebook."""
    chosen = load_suite(ROOT / "notebooks").select(only or ())
    for name, _ in map(parse_assignment, assignments or ()):
        notebook, _, parameter = name.rpartition(".")
        named = [each for each in chosen if notebook in ("", each.name)]
        assert any(parameter == each.name for one in named for each in one.parameters()), name


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder in which the example package is installed, by hand: pip does it in test_plugin_package."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    shutil.copytree(PACKAGE / "vbanalysis_example", folder / "vbanalysis_example")
    about = folder / "vbanalysis_example-1.2.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    offered = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in names.items())
        for group, names in project["entry-points"].items()
    ]
    (about / "entry_points.txt").write_text("\n".join(offered))
    return folder


@pytest.fixture
def installed(site, monkeypatch):
    monkeypatch.syspath_prepend(site)


def hold_command(words):
    """A line of words is taken by the command line, and what it names exists."""
    try:
        context = parsed(words[1:])
    except Exception as error:
        pytest.fail(f"{shlex.join(words)}: {getattr(error, 'message', error)}")
    for name, kind in KINDS.items():
        if spec := context.params.get(name):
            hold_spec(kind, spec)
    if context.info_name == "models" and context.params.get("spec"):
        hold_spec("models", context.params["spec"])
    if "parameter" in context.params:
        hold_parameters(context.params["only"], context.params["parameter"])


@page
def test_every_command_is_one_that_the_command_line_takes(page, installed):
    for words in commands(page):
        if words[0] == "vbanalysis":
            hold_command(words)


@page
def test_every_command_that_is_mentioned_exists_and_has_such_options(page):
    for words in mentions(page):
        command, rest = named(words)
        options = {option for each in command.params for option in each.opts} | {"--help"}
        if words[0] != "COMMAND":  # any of them
            assert command.name != "vbanalysis", words
        assert {word for word in rest if word.startswith("-")} <= options, words


@page
def test_other_commands_are_known_and_their_files_exist(page):
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    for words in commands(page):
        assert words[0] in OTHERS | {"vbanalysis"}, words
        if words[0] == "make":
            assert words[1] in targets, words
        for word in words:
            if re.match(r"(notebooks|data|docs|tests)/", word):
                assert list(ROOT.glob(word)), word
        if words[0] == "papermill":
            hold_parameters([Path(words[1]).stem], [f"{words[words.index('-p') + 1]}=0"])


@page
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not re.match(r"https?://", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@page
def test_notebooks_and_files_that_are_named_exist(page):
    for code in inline(page):
        if re.fullmatch(r"[0-9]{2}_[a-z_]+", code):
            assert code in NOTEBOOKS, code
        if re.match(r"(vbanalysis|tests|notebooks|docs|data|figures)/[\w./*-]+$", code):
            folders = [part for part in code.split("/") if not part.isupper()]
            if folders == code.split("/") and "NAME" not in code:
                assert list(ROOT.glob(code)), code


def test_the_table_of_benchmarks_names_options_that_the_data_sets_take():
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 10
    for specs, _, options in rows:
        names = [parse_spec(spec).name for spec in re.findall(r"`([^`]+)`", specs)]
        loads = [
            entry.load() for name in names for entry in entry_points(group="vbanalysis.datasets", name=name)
        ]
        assert len(loads) == len(names), specs
        for option in re.findall(r"`([^`]+)`", options):
            key, _, value = option.partition("=")
            taking = [load for load in loads if key in inspect.signature(load).parameters]
            assert taking, (specs, option)
            for load in taking:
                allowed = get_args(get_type_hints(load)[key])
                assert not allowed or value in allowed or value.isupper() or type(None) in allowed, option


def every_command(command=None, name="vbanalysis"):
    command = command or typer.main.get_command(app)
    yield name, command
    for below, sub in getattr(command, "commands", {}).items():
        yield from every_command(sub, f"{name} {below}")


def test_examples_in_help_are_taken_by_the_command_that_shows_them():
    shown = 0
    for name, command in every_command():
        for line in re.findall(r"^  (vbanalysis .*)$", command.epilog or "", re.MULTILINE):
            hold_command(shlex.split(line))
            assert line.startswith(name)
            shown += 1
    assert shown > 15


def test_lists_of_commands_cut_no_line_at_80_columns():
    for name, command in every_command():
        for below, sub in getattr(command, "commands", {}).items():
            width = 78 - 4 - max(map(len, command.commands))
            assert not sub.get_short_help_str(width).endswith("..."), f"{name} {below}"


def test_every_option_has_a_help_that_stands_alone():
    for name, command in every_command():
        for parameter in command.params:
            text = getattr(parameter, "help", "") or ""
            assert text, (name, parameter.name)
            assert not re.match(r"(Of|That|Those|Such as|Or) ", text), (name, parameter.name, text)


def test_the_index_lists_every_guide():
    linked = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}


def test_the_readme_is_short_and_names_every_notebook():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    named = set(re.findall(r"`([0-9]{2})_\w+`", text)) | {"11", "12", "13"}  # `10_depth` to `14_referring`
    assert named == {name[:2] for name in NOTEBOOKS}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """What a newcomer has after a while: a picture, a painted depth, two runs, pairs to rate."""
    from vbanalysis import plugins
    from vbanalysis.codecs import DepthCodec
    from vbanalysis.evaluation import evaluate
    from vbanalysis.images import write_png

    folder = tmp_path_factory.mktemp("desk")
    sample = plugins.load("datasets", "scenes:heldout?n=1")[0]
    write_png(folder / "photo.png", sample.image)
    write_png(folder / "output.png", np.asarray(DepthCodec().encode(sample.depth_m)))
    for name, model in (("first", "oracle:noise=8"), ("second", "oracle:noise=2")):
        evaluate("depth", model, "scenes:heldout?n=6", folder / "runs" / name)
    columns = "pair_id\tprompt\tmodel_a\tpicture_a\tmodel_b\tpicture_b"
    (folder / "pairs").mkdir()
    (folder / "pairs" / "pairs.tsv").write_text(f"{columns}\n1\ta room\tx\t../photo.png\ty\t../output.png\n")
    return folder


@page
def test_python_runs_as_it_stands(page, desk, installed, monkeypatch, tmp_path, one_thread):
    import matplotlib

    monkeypatch.chdir(desk)
    monkeypatch.setenv("VBANALYSIS_FIGURES", str(tmp_path))
    names = {"__name__": "page"}
    for block in blocks(page, "python"):
        if block.run:
            with matplotlib.rc_context():
                exec(compile(block.text, page.name, "exec"), names)
        for node in ast.walk(ast.parse(block.text)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("vbanalysis"):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name) or importlib.import_module(
                        f"{node.module}.{alias.name}"
                    )


GUIDES = {
    "your_own_data_set.md": ["rig"],
    "your_own_task.md": ["order"],
    "your_own_score.md": ["named", "histogram"],
}


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_shows_the_plugin_that_is_installed_here(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for module in GUIDES[name]:
        code = (PACKAGE / "vbanalysis_example" / f"{module}.py").read_text()
        assert f"```python\n{code}```" in text
    (told,) = (tomllib.loads(block.text)["project"] for block in blocks(ROOT / "docs" / name, "toml"))
    real = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert all(real[key] == told[key] for key in ("name", "version", "dependencies"))
    for group, offered in told["entry-points"].items():
        assert offered.items() <= real["entry-points"][group].items()


def frames(folder):
    """Frames of a depth camera in the layout of the guide, and in that of `folder:DIR`."""
    from PIL import Image

    from vbanalysis import plugins

    for kind in ("images", "depth"):
        (folder / "my" / kind).mkdir(parents=True)
    (folder / "frames").mkdir()
    for number, sample in enumerate(plugins.load("datasets", "scenes:heldout?n=6")):
        name = f"{'kitchen' if number < 3 else 'hall'}-{number:04}"
        near = np.where(sample.depth_m < 60, sample.depth_m, 0)
        depth = Image.fromarray((near * 1000).astype(np.uint16))
        for rgb_file, depth_file in (
            (f"frames/{name}_rgb.png", f"frames/{name}_depth.png"),
            (f"my/images/{name}.png", f"my/depth/{name}.png"),
        ):
            Image.fromarray(sample.image).save(folder / rgb_file)
            depth.save(folder / depth_file)


@pytest.mark.parametrize("name", GUIDES)
def test_the_commands_of_a_guide_do_what_it_says(name, installed, tmp_path, monkeypatch, one_thread):
    from vbanalysis.evaluation import open_run

    monkeypatch.chdir(tmp_path)
    frames(tmp_path)
    for words in commands(ROOT / "docs" / name):
        line = [word.replace("n=100", "n=5").replace("/my/frames", "my") for word in words[1:]]
        outcome = CliRunner().invoke(app, line)
        broken_on_purpose = line == ["plugins", "--check"]
        assert outcome.exit_code == (1 if broken_on_purpose else 0), (words, outcome.output)
    figures = {run.name: open_run(run).figures for run in (tmp_path / "runs").iterdir()}
    if name == "your_own_data_set.md":
        assert figures["code"]["absrel"].value < 0.002
        assert figures["rig"]["absrel"].clusters == 2
        assert figures["frames"]["absrel"].n == 6
    if name == "your_own_task.md":
        assert figures["code"]["ordered"].value > 0.999
        assert 0.5 < figures["order"]["ordered"].value <= figures["clear"]["ordered"].value
    if name == "your_own_score.md":
        assert "named_colours" in figures["coloured"]
        assert "named_colours" not in figures["drawn"]
