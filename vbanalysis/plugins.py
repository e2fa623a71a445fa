"""One lazy registry over entry points: every model, data set, task and score comes in by the same door.

A distribution offers a plugin by an entry point in one of the groups `vbanalysis.models`,
`vbanalysis.datasets`, `vbanalysis.tasks`, `vbanalysis.extractors` and `vbanalysis.scores`; the package's own
are declared in the same way. The target is a factory, called with the argument and the options of a spec
string:

    nyuv2:/data/nyu?protocol=eigen   ->   factory("/data/nyu", protocol="eigen")
    gallery                          ->   factory()

Listing reads metadata only. A plugin is imported when it is loaded, and a broken one stays in the
list with its reason.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_args, overload

from vbanalysis.errors import InputError, PluginError, VbanalysisError
from vbanalysis.specs import Spec, parse_spec

Kind = Literal["models", "datasets", "tasks", "extractors", "scores"]
"""What a plugin provides; its entry-point group is `vbanalysis.` and this."""

KINDS: tuple[Kind, ...] = get_args(Kind)

T = TypeVar("T")

_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_Parameter = inspect.Parameter
_NOUN = {
    "models": "model",
    "datasets": "data set",
    "tasks": "task",
    "extractors": "extractor",
    "scores": "score",
}


@dataclass(frozen=True)
class PluginInfo:
    """One line of the list of plugins.

    Attributes:
        name: What a spec string calls it.
        kind: What it provides.
        distribution: Name of the installed distribution that offers it.
        version: Of that distribution.
        target: Its entry point, `module:factory`.
        error: Why it cannot be used, or None where nothing is known against it.
    """

    name: str
    kind: Kind
    distribution: str
    version: str
    target: str
    error: str | None = None


class Provenance(NamedTuple):
    """Where a plugin comes from, for records."""

    distribution: str
    version: str


def available(kind: Kind, *, check: bool = False) -> list[PluginInfo]:
    """Every plugin of a kind that an installed distribution offers, the broken ones too.

    Args:
        kind: One of `KINDS`.
        check: Import each one to find out whether it can be. Otherwise nothing is imported, and only
            what metadata tells is known: a malformed target, a missing package, a name offered twice.

    Returns:
        Sorted by name, then distribution.

    Examples:
        >>> [info.name for info in available("tasks") if info.distribution == "vbanalysis"]
        ['depth', 'edit', 'generation', 'instance', 'normals', 'referring', 'semantic']
    """
    found = _entry_points(kind)
    offers = Counter(entry.name for entry in found)
    infos = []
    for entry in found:
        error = _fault(entry)
        if offers[entry.name] > 1:
            error = f"the name is offered {offers[entry.name]} times: by {_offerers(entry.name, found)}"
        elif error is None and check:
            try:
                _import(entry)
            except PluginError as caught:
                error = str(caught)
        infos.append(PluginInfo(entry.name, kind, *_provenance(entry), entry.value, error))
    return sorted(infos, key=lambda info: (info.name, info.distribution))


@overload
def load(kind: Kind, spec: str | Spec) -> Any: ...
@overload
def load(kind: Kind, spec: str | Spec, expect: type[T]) -> T: ...
def load(kind: Kind, spec: str | Spec, expect: type[Any] = object) -> Any:
    """Import a plugin and make what its spec asks for.

    Calls `factory(argument, **options)`, or `factory(**options)` where the spec has no argument.

    Args:
        kind: One of `KINDS`.
        spec: A spec string, or one parsed before.
        expect: A class, or a protocol marked `runtime_checkable`, that the result must be of.

    Returns:
        What the factory returns.

    Raises:
        InputError: The spec cannot be read.
        PluginError: No such name, or two of it; the plugin cannot be imported, has no such option,
            fails (its own exception is the cause) or makes something that is not `expect`. An error
            that the plugin raises on purpose, any `VbanalysisError`, comes through as it is.

    Examples:
        >>> scenes = load("datasets", "scenes:heldout?n=3")  # Scenes("heldout", n=3)
        >>> len(scenes), scenes[0].id
        (3, 'scenes/heldout/0')
    """
    spec = parse_spec(spec) if isinstance(spec, str) else spec
    entry = _find(kind, spec.name)
    label = f"{_NOUN[kind]} {entry.name!r} of {' '.join(_provenance(entry))}"
    try:
        factory = _import(entry)
    except PluginError as error:
        raise PluginError(f"{label} cannot be loaded: {error}") from error.__cause__
    _check_call(label, factory, spec)
    arguments = () if spec.argument is None else (spec.argument,)
    try:
        made = factory(*arguments, **spec.options)
    except VbanalysisError:
        raise
    except Exception as error:
        raise PluginError(f"{label} failed on {str(spec)!r}: {_reason(error)}") from error
    if not isinstance(made, expect):
        raise PluginError(f"{label} made a {type(made).__name__}, expected a {expect.__name__}")
    return made


def provenance(kind: Kind, name: str) -> Provenance:
    """Distribution and version of a plugin, without importing it.

    Args:
        kind: One of `KINDS`.
        name: As a spec string begins.

    Raises:
        PluginError: No such name, or two of it.

    Examples:
        >>> provenance("models", "mini").distribution
        'vbanalysis'
    """
    return _provenance(_find(kind, name))


def _entry_points(kind: Kind) -> tuple[EntryPoint, ...]:
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    return tuple(entry_points(group=f"vbanalysis.{kind}"))


def _find(kind: Kind, name: str) -> EntryPoint:
    found = _entry_points(kind)
    matches = [entry for entry in found if entry.name == name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PluginError(
            f"{_NOUN[kind]} {name!r} is offered {len(matches)} times, by {_offerers(name, found)}: "
            "uninstall all but one"
        )
    names = sorted({entry.name for entry in found})
    hint = _did_you_mean(name, names)
    listed = ", ".join(names) or "none installed"
    raise PluginError(f"unknown {_NOUN[kind]} {name!r}: {hint}there are: {listed}")


def _provenance(entry: EntryPoint) -> Provenance:
    # Every entry point found by a search of the installed distributions knows its own.
    distribution = cast(Any, entry.dist)
    return Provenance(distribution.name, distribution.version)


def _offerers(name: str, found: tuple[EntryPoint, ...]) -> str:
    return " and ".join(sorted(" ".join(_provenance(entry)) for entry in found if entry.name == name))


def _fault(entry: EntryPoint) -> str | None:
    """What is wrong with an entry point as far as can be known without running any of its code."""
    if not _TARGET.fullmatch(entry.value):
        return f"its target {entry.value!r} is not of the form module:factory"
    package = entry.value.partition(":")[0].partition(".")[0]
    # Only the top level: to look for a submodule would import its parents.
    if package not in sys.modules and importlib.util.find_spec(package) is None:
        return f"its package {package!r} is not installed"
    return None


def _import(entry: EntryPoint) -> Callable[..., Any]:
    """The factory that an entry point names; a `PluginError` of the bare reason where there is none."""
    if fault := _fault(entry):
        raise PluginError(fault)
    try:
        factory = entry.load()
    # A module that calls sys.exit() when imported is as broken as one that raises.
    except (Exception, SystemExit) as error:
        raise PluginError(_reason(error)) from error
    if not callable(factory):
        raise PluginError(f"its target {entry.value!r} is not callable")
    return factory


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, VbanalysisError) else f"{type(error).__name__}: {error}"


def _check_call(label: str, factory: Callable[..., Any], spec: Spec) -> None:
    """Hold a spec to the factory's signature, so that a mistyped option is told from a fault inside."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some callables written in C have none
        return
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].kind in (_Parameter.KEYWORD_ONLY, _Parameter.VAR_KEYWORD):
        if spec.argument is not None:
            raise PluginError(f"{label} takes no argument, got {spec.argument!r}")
    else:
        argument = parameters.pop(0)
        required = argument.default is _Parameter.empty and argument.kind is not _Parameter.VAR_POSITIONAL
        if spec.argument is None and required:
            raise PluginError(f"{label} needs an argument: {spec.name}:{argument.name.upper()}")
    named = (_Parameter.POSITIONAL_OR_KEYWORD, _Parameter.KEYWORD_ONLY)
    options = {parameter.name: parameter for parameter in parameters if parameter.kind in named}
    takes_any = any(parameter.kind is _Parameter.VAR_KEYWORD for parameter in parameters)
    listed = ", ".join(str(parameter) for parameter in options.values()) or "none"
    for name in spec.options:
        if name not in options and not takes_any:
            hint = _did_you_mean(name, list(options))
            raise PluginError(f"{label} has no option {name!r}: {hint}its options are: {listed}")
    for name, parameter in options.items():
        if parameter.default is _Parameter.empty and name not in spec.options:
            raise PluginError(f"{label} needs the option {name!r}; its options are: {listed}")


def _did_you_mean(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}? " if near else ""
