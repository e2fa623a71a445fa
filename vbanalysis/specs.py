"""Spec strings: a plugin's name, argument and options in one line of text.

The same line names a model, data set or task in Python, on the command line and as a notebook parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, unquote

from vbanalysis.errors import InputError

OptionValue = bool | int | float | str

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(e[+-]?[0-9]+)?|inf|nan)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Spec:
    """A plugin's name with its argument and options, as one string: `name:argument?key=value&k2=v2`.

    The canonical text is `str(spec)`, with the options sorted by name; two specs are equal when their
    texts are, and a spec pickles as its text.

    Attributes:
        name: Letters, digits, `_`, `.` and `-`.
        argument: Any text but the empty one, often a path; or None.
        options: By Python identifier; bool, int, float or str.

    Raises:
        InputError: A part is not of that form.
    """

    name: str
    argument: str | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(f"name must be letters, digits, '_', '.' and '-', got {self.name!r}")
        if self.argument == "":
            raise InputError(f"argument of {self.name!r} is empty: leave it out with its colon, or give one")
        for key, value in self.options.items():
            if not key.isidentifier():
                raise InputError(f"option of {self.name!r} must be named like a Python argument, got {key!r}")
            if not isinstance(value, OptionValue):
                kind = type(value).__name__
                raise InputError(
                    f"option {key!r} of {self.name!r} must be bool, int, float or str, got {kind}"
                )
        object.__setattr__(self, "options", MappingProxyType(dict(sorted(self.options.items()))))

    def __str__(self) -> str:
        argument = "" if self.argument is None else ":" + _escape(self.argument, safe=r"/\:&=")
        options = "&".join(f"{key}={_write_value(value)}" for key, value in self.options.items())
        return self.name + argument + (f"?{options}" if options else "")

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Spec) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Callable[[str], Spec], tuple[str]]:
        return parse_spec, (str(self),)


def parse_spec(text: str) -> Spec:
    r"""Read `name:argument?key=value&k2=v2`; `str` of the result reads back to the same spec.

    The argument goes from the first `:` to the first `?` after it, so it may hold slashes, colons and
    backslashes. `%XX` escapes are decoded in the argument and in the values; `%3F` is a literal `?`,
    `%26` a literal `&`. A value is a bool when it reads `true` or `false` (in any case), else an int,
    else a float (`0.5`, `1e-3`, `inf`, `nan`) where it is written as one, else a string. A value with
    an escape in it is always a string: `%310` is the string "10".

    Raises:
        InputError: Quoting the part that cannot be read.

    >>> parse_spec(r"nyuv2:D:\data\nyu?protocol=eigen&limit=10")
    Spec(name='nyuv2', argument='D:\\data\\nyu', options=mappingproxy({'limit': 10, 'protocol': 'eigen'}))
    >>> str(parse_spec("noise?sigma=0.50&clip=True"))
    'noise?clip=true&sigma=0.5'
    """
    head, question, tail = text.partition("?")
    name, colon, argument = head.partition(":")
    options: dict[str, str] = {}
    for part in tail.split("&") if question else []:
        key, equals, value = part.partition("=")
        if not equals or key in options:
            fault = "is given twice" if key in options else "is not of the form key=value"
            raise InputError(
                f"spec {text!r}: the option {part!r} {fault}; expected name:argument?key=value&k2=v2"
            )
        options[key] = value
    try:
        values = {key: _read_value(value) for key, value in options.items()}
        return Spec(name, _unescape(argument) if colon else None, values)
    except ValueError as error:  # of Spec, or of an int with more digits than Python reads
        raise InputError(f"spec {text!r}: {error}") from None


def _escape(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")


def _unescape(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _read_value(text: str) -> OptionValue:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _unescape(text)


def _write_value(value: OptionValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)  # a NumPy float is a float, but writes itself as np.float64(...)
    text = _escape(value, safe=r"/\:,")
    if "%" not in text and not isinstance(_read_value(text), str):
        return f"%{ord(text[0]):02X}{text[1:]}"
    return text
