"""Every public name says what it takes: each package's `__all__` is walked, and each parameter looked for."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def packages():
    """Modules of vbanalysis that say what is public."""
    for file in sorted((ROOT / "vbanalysis").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public():
    """Public classes and functions of the package by their full names, each once."""
    seen, found = set(), []
    for package in packages():
        module = importlib.import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)) or thing in seen:
                continue
            if thing.__module__.startswith("vbanalysis"):
                seen.add(thing)
                found.append(pytest.param(thing, id=f"{package}.{name}"))
    return found


def parameters(thing):
    if inspect.isclass(thing) and issubclass(thing, str) and "__init__" not in vars(thing):
        return []  # a kind of text takes what text takes, and has no signature
    return [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]


def entries(text):
    """What the sections Args and Attributes of a docstring name."""
    sections = re.split(r"^(\w+):\n", inspect.cleandoc(text), flags=re.MULTILINE)
    named = zip(sections[1::2], sections[2::2], strict=True)
    listed = "\n".join(body for title, body in named if title in ("Args", "Attributes"))
    return set(re.findall(r"^ {4}\*{0,2}(\w+):", listed, re.MULTILINE))


def undocumented(thing):
    """Parameters of a function, or of a class's constructor, that have no line of their own.

    What an abstract method or a base class says of a parameter holds for what overrides it too.
    """
    if inspect.isclass(thing) and getattr(thing, "_is_protocol", False):
        return set()
    return set(parameters(thing)) - entries(thing.__doc__)


def methods(cls):
    """Public methods that a class defines itself, with the docstrings that hold for each."""
    for name, member in vars(cls).items():
        function = getattr(member, "__func__", member)
        if not name.startswith("_") and inspect.isfunction(function):
            inherited = [getattr(base, name, None) for base in cls.__mro__]
            yield name, function, " ".join(each.__doc__ or "" for each in inherited if each)


@pytest.mark.parametrize("thing", public())
def test_every_public_name_documents_each_parameter(thing):
    assert thing.__doc__
    assert not undocumented(thing)


# The methods of explorers take what their controls show, and say so in the class.
CLASSES = [each for each in public() if inspect.isclass(each.values[0]) and ".widgets." not in each.id]


@pytest.mark.parametrize("thing", CLASSES)
def test_every_public_method_speaks_of_each_parameter(thing):
    silent = {
        f"{name}({parameter})"
        for name, function, text in methods(thing)
        for parameter in parameters(function)
        if not re.search(rf"\b{parameter}\b", text)
    }
    assert not silent


@pytest.mark.parametrize(
    "package", ["codecs", "instructions", "metrics", "stats", "geometry", "plugins", "specs"]
)
def test_most_public_functions_of_what_computes_show_an_example(package):
    module = importlib.import_module(f"vbanalysis.{package}")
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    functions = [
        thing
        for thing in (getattr(module, name) for name in names)
        if inspect.isfunction(thing) and thing.__module__.startswith(module.__name__)
    ]
    assert functions
    silent = [function.__name__ for function in functions if ">>>" not in function.__doc__]
    assert len(silent) <= NEEDS_MORE_THAN_LINES.get(package, 0), silent


NEEDS_MORE_THAN_LINES = {"codecs": 1}
"""Functions whose example would need a picture that is made first."""


def test_the_walk_notices_a_parameter_without_a_line():
    def add(first, second):
        """Add.

        Args:
            first: One.

        Returns:
            second: no parameter, though it looks like one.
        """

    assert undocumented(add) == {"second"}
