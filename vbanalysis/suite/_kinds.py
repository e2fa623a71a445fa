"""The types that a parameter can have: spelt in a notebook, checked, and read from a command line."""

from __future__ import annotations

import ast
import json
import os
import types
import typing
from typing import Any

_SCALARS: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool, "None": type(None)}
_CONTAINERS: dict[str, type] = {"list": list, "tuple": tuple, "dict": dict}
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


def spelt_type(node: ast.expr) -> Any:
    """The type that an annotation spells; nothing of the notebook is evaluated.

    Raises:
        ValueError: It is none that a parameter can have (a SyntaxError where a quoted type is no Python).
    """
    match node:
        case ast.Constant(value=None):
            return type(None)
        case ast.Constant(value=str(text)):
            return spelt_type(ast.parse(text, mode="eval").body)
        case ast.Name(id=name) if name in _SCALARS or name in _CONTAINERS:
            return _SCALARS[name] if name in _SCALARS else _CONTAINERS[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return typing.Union[spelt_type(left), spelt_type(right)]  # noqa: UP007 - built at run time
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _generic(name.lower(), items)
    raise ValueError


def _generic(name: str, items: list[ast.expr]) -> Any:
    if name == "literal":
        return typing.Literal[tuple(ast.literal_eval(item) for item in items)]
    kinds = tuple(... if _is_ellipsis(item) else spelt_type(item) for item in items)
    match name, len(kinds):
        case "optional", 1:
            return typing.Optional[kinds[0]]  # noqa: UP045
        case "union", _:
            return typing.Union[kinds]  # noqa: UP007
        case ("list", 1) | ("dict", 2) | ("tuple", _):
            return types.GenericAlias(_CONTAINERS[name], kinds)
    raise ValueError


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def accepts(kind: Any, value: Any) -> bool:
    """Whether a value has a type, as JSON sees both: an int will do for a float, a list for a tuple."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(kind).validate_json(json.dumps(value, default=os.fspath), strict=True)
    except (ValidationError, TypeError, ValueError):
        return False
    return True


def as_json(value: Any) -> Any:
    """A value as it comes back from a JSON file: tuples are lists, paths are text."""
    return json.loads(json.dumps(value, default=os.fspath))


def from_text(text: str, kind: Any) -> Any:
    """Convert what was typed on a command line; ValueError where it is not of that type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        # str accepts everything, so it is asked last.
        for member in sorted(inner, key=lambda member: member is str):
            try:
                return from_text(text, member)
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
        return {key: _element(value, value_kind) for key, value in items.items()}
    if kind is tuple and inner and ... not in inner:
        if len(items) != len(inner):
            raise ValueError(text)
        return [from_text(item, member) for item, member in zip(items, inner, strict=True)]
    return [_element(item, inner[0] if inner else str) for item in items]


def _element(item: Any, kind: Any) -> Any:
    if not isinstance(item, str):
        raise ValueError(item)
    return from_text(item, kind)
