"""Forward hooks: what named layers of any torch network say while it looks at something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vbanalysis.errors import InputError

_SHOWN = 40
"""Names of layers that an error lists."""


class Tokens(NamedTuple):
    """How a network that works on tokens lays a picture out among them.

    Attributes:
        height: Rows of the grid.
        width: Columns of the grid.
        first: Place of the picture's first token in the sequence.
        total: Length of that sequence, by which it is told from one of words; None for height * width.
    """

    height: int
    width: int
    first: int = 0
    total: int | None = None

    @property
    def length(self) -> int:
        """Length of the sequence that holds the picture."""
        return self.first + self.height * self.width if self.total is None else self.total


def layer_names(module: nn.Module, patterns: str | Sequence[str] = "*") -> list[str]:
    """Names of the layers that fit a pattern, in the order of the network's parts.

    Args:
        module: Any network.
        patterns: One or several shell patterns, such as `"up.*"` or `"middle"`; `*` crosses dots.

    Raises:
        InputError: A pattern fits no layer; the message lists those that there are.
    """
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    names = [name for name, _ in module.named_modules() if name]
    if not wanted:
        raise InputError(f"layers must name at least one layer: {_listed(names)}")
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"no layer fits {pattern!r}: {_listed(names)}")
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in wanted)]


@contextmanager
def recording(
    module: nn.Module, layers: Sequence[str], tokens: Tokens | None = None
) -> Iterator[dict[str, Tensor]]:
    """Record what layers say, as maps, while the block runs the network.

    Args:
        module: The network; its weights and its answers are left as they are.
        layers: Names, as `layer_names` gives them.
        tokens: How sequences are laid out; None for a square grid of nothing else.

    Yields:
        By name, the (B, C, h, w) float32 map of the layer's last call on the CPU; filled as the network runs.

    Raises:
        InputError: There is no such layer, or a layer says nothing that is a map.
    """
    parts = dict(module.named_modules())
    for name in layers:
        if name not in parts or not name:
            raise InputError(f"no layer {name!r}: {_listed([each for each in parts if each])}")
    said: dict[str, Tensor] = {}

    def hook(name: str) -> Any:
        def keep(part: nn.Module, given: Any, output: Any) -> None:
            said[name] = as_map(output, tokens, name).detach().float().cpu()

        return keep

    hooks = [parts[name].register_forward_hook(hook(name)) for name in layers]
    try:
        yield said
    finally:
        for each in hooks:
            each.remove()


def as_map(output: Any, tokens: Tokens | None = None, name: str = "output") -> Tensor:
    """What a layer returned as a (B, C, h, w) map.

    A tensor of four axes is one already. One of three, (B, N, C), holds tokens. Of a tuple or a mapping, the
    last part that is either is taken: blocks of two streams return their words first.

    Raises:
        InputError: No part is a map, or the tokens fit no grid.
    """
    for part in reversed(list(_tensors(output))):
        if part.ndim == 4:
            return part
        if part.ndim != 3:
            continue
        if tokens is not None and part.shape[1] == tokens.length:
            places = slice(tokens.first, tokens.first + tokens.height * tokens.width)
            return part[:, places].transpose(1, 2).unflatten(2, (tokens.height, tokens.width))
        side = round(part.shape[1] ** 0.5)
        if tokens is None and side * side == part.shape[1]:
            return part.transpose(1, 2).unflatten(2, (side, side))
    shapes = ", ".join(str(tuple(part.shape)) for part in _tensors(output)) or type(output).__name__
    expected = "a square number of tokens" if tokens is None else f"{tokens.length} tokens"
    raise InputError(
        f"the layer {name!r} says no map: it returned {shapes}, expected (B, C, h, w) or (B, N, C) with "
        f"{expected}; choose another layer"
    )


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, dict):
        for part in output.values():
            yield from _tensors(part)
    elif isinstance(output, tuple | list):
        for part in output:
            yield from _tensors(part)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} below them" if len(names) > _SHOWN else ""
    # The outer ones first: they are what one would name.
    shown = sorted(names, key=lambda name: name.count("."))[:_SHOWN]
    return f"there are {', '.join(shown)}{more}"
