"""The parameters of a notebook: read from its `parameters` cell, and checked before any kernel starts.

The cell declares them as a function declares its arguments:

    n_images: int = 4  # how many images to draw

papermill merely warns about a name that is not there, and checks no types.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbanalysis.errors import SuiteError
from vbanalysis.suite._kinds import accepts, as_json, from_text, spelt_type

TAG = "parameters"


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
        try:
            kind = spelt_type(node.annotation)
        except (SyntaxError, ValueError):
            raise SuiteError(
                f"{where} has the type {declared!r}; a parameter can be int, float, str, bool, None, "
                "Literal[...], list[...], tuple[...], dict[str, ...] and unions of these"
            ) from None
        try:
            value = ast.literal_eval(node.value)
        except ValueError:
            value = default
        else:
            if not accepts(kind, value):
                raise SuiteError(f"{where}: {name} is declared {declared}, but its default is {default}")
            value = as_json(value)
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
            values[name] = from_text(value, parameter.kind) if isinstance(value, Text) else value
        except ValueError:
            accepted = False
        else:
            accepted = accepts(parameter.kind, values[name])
        if not accepted:
            came = str(value) if isinstance(value, Text) else repr(value)
            raise SuiteError(
                f"parameter {name!r} of {notebook} must be {parameter.type}, got {came} ({source}); "
                f"the default is {parameter.default}"
            )
        values[name] = as_json(values[name])
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
