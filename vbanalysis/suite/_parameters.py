"""The parameters of a notebook: read from its `parameters` cell, and checked before any kernel starts.

The cell declares them as a function declares its arguments:

    n_images: int = 4  # how many images to draw

papermill merely warns about a name that is not there, and checks no types.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import os
import tokenize
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbanalysis.errors import SuiteError

TAG = "parameters"
_SCALARS: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "None": type(None)}
_CONTAINERS: dict[str, type] = {"list": list, "tuple": tuple, "dict": dict}
_GENERIC = ("list", "List", "tuple", "Tuple", "dict", "Dict", "Optional", "Union", "Literal")
_BOOLS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Text(str):
    """A value as typed on a command line: it is converted by the type that the notebook declares."""


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a notebook.

    Attributes:
        name: Of the variable.
        type: As written in the notebook, e.g. `"int"` or `"Literal['rgb', 'lab']"`.
        default: As written in the notebook.
        help: The comment beside or above the assignment; empty where there is none.
        kind: The declared type itself.
        value: The default, or its source text where it is not a literal.
    """

    name: str
    type: str
    default: str
    help: str
    kind: Any
    value: Any


def read_parameters(path: Path) -> tuple[Parameter, ...]:
    """Read what the `parameters` cell of a notebook declares, without running it.

    Raises:
        SuiteError: The notebook cannot be read, has not exactly one such cell, or
            an assignment there has no type, no value or a default of another type.
    """
    source = _parameters_cell(path)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SuiteError(f"{path.name}: line {error.lineno} of the parameters cell: {error.msg}") from None
    comments, own_line = _comments(source)
    found: dict[str, Parameter] = {}
    for node in tree.body:
        where = f"{path.name}: line {node.lineno} of the parameters cell"
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_text(node):
            continue
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            raise SuiteError(
                f"{where} is {ast.unparse(node)!r}, but only typed assignments such as "
                "'n_images: int = 4  # how many' may stand there"
            )
        name = node.target.id
        if name in found:
            raise SuiteError(f"{where} declares {name!r} a second time: remove one of the two")
        declared = ast.get_source_segment(source, node.annotation) or ast.unparse(node.annotation)
        default = ast.get_source_segment(source, node.value) or ast.unparse(node.value)
        kind = _kind(node.annotation, where)
        try:
            value = ast.literal_eval(node.value)
        except ValueError:
            value = default
        else:
            if not _accepts(kind, value):
                raise SuiteError(f"{where}: {name} is declared {declared}, but its default is {default}")
        words = comments.get(node.end_lineno or node.lineno) or _above(own_line, node.lineno)
        found[name] = Parameter(name, declared, default, words, kind, value)
    return tuple(found.values())


def resolve(
    declared: Iterable[Parameter], given: Mapping[str, Any], *, notebook: str, source: str
) -> dict[str, Any]:
    """Check values against what a notebook declares.

    Args:
        declared: From `read_parameters`.
        given: Value by name; a `Text` is converted by the declared type, anything else must have it.
        notebook: Name for the messages.
        source: Where the values come from, for the messages.

    Returns:
        The values, as JSON would hold them, in the order given.

    Raises:
        SuiteError: A name is unknown, or a value is of another type.
    """
    known = {parameter.name: parameter for parameter in declared}
    values = {}
    for name, value in given.items():
        if name not in known:
            raise SuiteError(
                f"{notebook} has no parameter {name!r} ({source}){nearest(name, known, 'it has')}"
            )
        parameter = known[name]
        try:
            values[name] = _from_text(value, parameter.kind) if isinstance(value, Text) else value
        except ValueError:
            accepted = False
        else:
            accepted = _accepts(parameter.kind, values[name])
        if not accepted:
            came = str(value) if isinstance(value, Text) else repr(value)
            raise SuiteError(
                f"parameter {name!r} of {notebook} must be {parameter.type}, got {came} ({source}); "
                f"the default is {parameter.default}"
            )
        values[name] = json.loads(json.dumps(values[name], default=os.fspath))
    return values


def nearest(name: str, known: Iterable[str], introduction: str) -> str:
    """The end of an error message that helps with a misspelt name.

    >>> nearest("n_image", ["n_images", "seed"], "it has")
    ": did you mean 'n_images'? it has n_images, seed"
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f": {guess}{introduction} {', '.join(names) or 'none'}"


def _parameters_cell(path: Path) -> str:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise SuiteError(f"the suite lists {path.stem}, but there is no {path}") from None
    except Exception as error:
        raise SuiteError(f"{path} cannot be read as a notebook: {error}") from error
    cells = [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]
    if len(cells) != 1 or cells[0].cell_type != "code":
        raise SuiteError(
            f"{path.name} must have exactly one code cell tagged {TAG!r}, it has {len(cells)} tagged cells"
        )
    return cells[0].source


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _comments(source: str) -> tuple[dict[int, str], dict[int, str]]:
    """Comments by line number: those behind code, and those that have a line of their own."""
    behind: dict[int, str] = {}
    own_line: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            place = own_line if not token.line[: token.start[1]].strip() else behind
            place[token.start[0]] = token.string.lstrip("#").strip()
    return behind, own_line


def _above(own_line: dict[int, str], line: int) -> str:
    words: list[str] = []
    while (line := line - 1) in own_line:
        words.insert(0, own_line[line])
    return " ".join(words)


def _kind(node: ast.expr, where: str) -> Any:
    """The type that an annotation spells; nothing of the notebook is evaluated."""
    match node:
        case ast.Constant(value=None):
            return type(None)
        case ast.Constant(value=str(text)):
            return _kind(ast.parse(text, mode="eval").body, where)
        case ast.Name(id=name) if name in _SCALARS or name in _CONTAINERS:
            return _SCALARS[name] if name in _SCALARS else _CONTAINERS[name]
        case ast.Attribute(value=ast.Name(id="typing" | "t"), attr=name):
            return _kind(ast.Name(name), where)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return typing.Union[_kind(left, where), _kind(right, where)]  # noqa: UP007 - built at run time
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inner) if (
            name in _GENERIC
        ):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "Literal":
                return typing.Literal[tuple(ast.literal_eval(item) for item in items)]
            kinds = tuple(
                ... if isinstance(item, ast.Constant) and item.value is ... else _kind(item, where)
                for item in items
            )
            match name.lower():
                case "optional":
                    return typing.Optional[kinds[0]]  # noqa: UP045
                case "union":
                    return typing.Union[kinds]  # noqa: UP007
                case container:
                    return types.GenericAlias(_CONTAINERS[container], kinds)
    raise SuiteError(
        f"{where} has the type {ast.unparse(node)!r}; a parameter can be int, float, str, bool, None, "
        "Literal[...], list[...], tuple[...], dict[str, ...] and unions of these"
    )


def _accepts(kind: Any, value: Any) -> bool:
    """Whether a value has a type, as JSON sees both: an int will do for a float, a list for a tuple."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(kind).validate_json(json.dumps(value, default=os.fspath), strict=True)
    except (ValidationError, TypeError, ValueError):
        return False
    return True


def _from_text(text: str, kind: Any) -> Any:
    """Convert what was typed on a command line; ValueError where it is not of that type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        # str accepts everything, so it is asked last.
        for member in sorted(inner, key=lambda member: member is str):
            try:
                return _from_text(text, member)
            except ValueError:
                continue
        raise ValueError(text)
    if origin is typing.Literal:
        for choice in inner:
            if str(choice) == text:
                return choice
        raise ValueError(text)
    if kind is type(None) or kind is bool:
        words = _BOOLS if kind is bool else {"none": None, "null": None}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]
    if kind in (int, float, str):
        return kind(text)
    return _container_from_text(text, origin or kind, inner)


def _container_from_text(text: str, kind: type, inner: tuple[Any, ...]) -> Any:
    """Lists and dictionaries as YAML writes them; the outer brackets may be left out."""
    import yaml

    text = text.strip()
    bracketed = text[:1] + text[-1:] in (("{}",) if kind is dict else ("[]", "()"))
    bare = text[1:-1] if bracketed else text
    # The base loader leaves every scalar a string, so that the declared type decides.
    try:
        items = yaml.load(f"{{{bare}}}" if kind is dict else f"[{bare}]", Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        raise ValueError(text) from None
    if kind is dict:
        value_kind = inner[1] if inner else str
        return {key: _from_text(value, value_kind) for key, value in items.items()}
    if kind is tuple and inner and ... not in inner:
        if len(items) != len(inner):
            raise ValueError(text)
        return [_from_text(item, member) for item, member in zip(items, inner, strict=True)]
    return [_element(item, inner[0] if inner else str) for item in items]


def _element(item: Any, kind: Any) -> Any:
    if not isinstance(item, str):
        raise ValueError(item)
    return _from_text(item, kind)
