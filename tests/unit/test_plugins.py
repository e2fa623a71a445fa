"""The registry lists without importing, loads on demand, and says what is wrong with what it cannot load."""

import sys
from itertools import count

import pytest

from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.plugins import available, load, provenance

MODULES = count()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a distribution with one module and its entry points on the path; returns the module's name."""

    def install(source, *, kind="models", name="demo", version="1.0", **targets):
        folder = tmp_path / f"{name}-{version}"
        module = f"vbanalysis_test_plugin_{next(MODULES)}"
        metadata = folder / f"{name}-{version}.dist-info"
        metadata.mkdir(parents=True)
        (folder / f"{module}.py").write_text(source)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{plugin} = {target.format(module=module)}" for plugin, target in targets.items()]
        (metadata / "entry_points.txt").write_text("\n".join([f"[vbanalysis.{kind}]", *lines]))
        monkeypatch.syspath_prepend(folder)
        return module

    return install


def errors(kind, *, check=False):
    found = available(kind, check=check)
    return {info.name: info.error for info in found if info.distribution != "vbanalysis"}


ECHO = "def load(argument=None, *, seed=0, scale=1.0):\n    return argument, seed, scale\n"


def test_a_plugin_gets_the_argument_and_the_options_of_the_spec(install):
    install(ECHO, echo="{module}:load")
    assert load("models", "echo") == (None, 0, 1.0)
    assert load("models", r"echo:C:\x?seed=7") == (r"C:\x", 7, 1.0)


def test_the_argument_is_left_to_the_factory_where_the_spec_has_none(install):
    install("def load():\n    return 'made'\n", bare="{module}:load")
    assert load("models", "bare") == "made"
    with pytest.raises(PluginError, match=r"model 'bare' of demo 1.0 takes no argument, got 'x'"):
        load("models", "bare:x")


def test_listing_does_not_import(install):
    module = install(ECHO, echo="{module}:load")
    assert errors("models") == {"echo": None}
    assert provenance("models", "echo") == ("demo", "1.0")
    assert module not in sys.modules
    available("models", check=True)
    assert module in sys.modules


def test_the_data_sets_of_the_package_come_in_by_the_same_door():
    built_in = {info.name for info in available("datasets") if info.distribution == "vbanalysis"}
    assert built_in >= {"gallery", "motorcycle"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no target at all", "is not of the form module:factory"),
        ("{module}", "is not of the form module:factory"),
        ("nowhere_to_be_found.models:load", "its package 'nowhere_to_be_found' is not installed"),
    ],
)
def test_breakage_that_metadata_shows_is_listed_without_importing(install, target, reason):
    module = install(ECHO, bad=target)
    assert reason in errors("models")["bad"]
    assert module not in sys.modules
    with pytest.raises(PluginError, match=r"model 'bad' of demo 1.0 cannot be loaded: its ") as caught:
        load("models", "bad")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def load(:", "SyntaxError: "),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("", "AttributeError: "),
        ("load = 3", "is not callable"),
    ],
)
def test_breakage_inside_is_found_by_the_check_and_by_loading(install, source, reason):
    install(source, bad="{module}:load")
    assert errors("models") == {"bad": None}
    assert reason in errors("models", check=True)["bad"]
    with pytest.raises(PluginError, match=r"model 'bad' of demo 1.0 cannot be loaded: ") as caught:
        load("models", "bad")
    assert reason in str(caught.value)


def test_an_exception_of_the_plugin_is_the_cause(install):
    install("def load():\n    return {}['weights']\n", bad="{module}:load")
    with pytest.raises(PluginError, match=r"model 'bad' of demo 1.0 failed on 'bad': KeyError: ") as caught:
        load("models", "bad")
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_that_the_plugin_raises_on_purpose_comes_through(install):
    install(
        "from vbanalysis.errors import DataError\ndef load():\n    raise DataError('fetch it first')\n",
        kind="datasets",
        remote="{module}:load",
    )
    with pytest.raises(DataError, match=r"^fetch it first$"):
        load("datasets", "remote")


def test_an_unknown_name_lists_what_there_is_and_the_nearest(install):
    install(ECHO, echo="{module}:load", other="{module}:load")
    with pytest.raises(
        PluginError, match=r"unknown model 'ecco': did you mean 'echo'\? there are: .*\becho, .*other"
    ):
        load("models", "ecco")
    with pytest.raises(PluginError, match=r"unknown model 'zzz': there are: .*\becho, .*other"):
        provenance("models", "zzz")


def test_an_unknown_option_lists_the_options_of_the_factory(install):
    install(ECHO, echo="{module}:load")
    message = (
        r"model 'echo' of demo 1.0 has no option 'sead': did you mean 'seed'\? "
        r"its options are: seed=0, scale=1.0"
    )
    with pytest.raises(PluginError, match=message):
        load("models", "echo?sead=3")


def test_a_required_argument_or_option_is_asked_for(install):
    install("def load(path, *, protocol):\n    return path\n", strict="{module}:load")
    with pytest.raises(PluginError, match="needs an argument: strict:PATH"):
        load("models", "strict?protocol=eigen")
    with pytest.raises(PluginError, match="needs the option 'protocol'"):
        load("models", "strict:x")


def test_a_factory_that_takes_anything_gets_anything(install):
    install("def load(*arguments, **options):\n    return arguments, options\n", any="{module}:load")
    assert load("models", "any") == ((), {})
    assert load("models", "any:x?k=1") == (("x",), {"k": 1})


def test_two_distributions_that_offer_one_name_are_an_error_that_names_both(install):
    install(ECHO, name="demo", version="1.0", echo="{module}:load")
    install(ECHO, name="rival", version="2.0", echo="{module}:load", own="{module}:load")
    both = "demo 1.0 and rival 2.0"
    assert [info.distribution for info in available("models") if both in (info.error or "")] == [
        "demo",
        "rival",
    ]
    for use in (load, provenance):
        with pytest.raises(PluginError, match=f"model 'echo' is offered 2 times, by {both}"):
            use("models", "echo")
    assert load("models", "own") == (None, 0, 1.0)


def test_what_the_plugin_makes_can_be_held_to_a_type(install):
    install(ECHO, echo="{module}:load")
    made: tuple = load("models", "echo", tuple)
    assert made[1] == 0
    with pytest.raises(PluginError, match="made a tuple, expected a dict"):
        load("models", "echo", dict)


def test_an_unknown_kind_names_the_kinds():
    with pytest.raises(
        InputError, match="kind must be one of models, datasets, tasks, extractors, scores, got 'metrics'"
    ):
        available("metrics")
