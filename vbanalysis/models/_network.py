"""A network in a file, whatever runs it: named tensors in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.paths import shown


class TensorInfo(NamedTuple):
    """What a file says of one of its tensors.

    Attributes:
        name: Of the tensor.
        shape: None where a side is free.
        dtype: Of its numbers.
        scale: Of quantised numbers, value = scale * (number - zero_point); 0 where they are not quantised.
        zero_point: See `scale`.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype
    scale: float = 0.0
    zero_point: int = 0

    def __str__(self) -> str:
        sides = " x ".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name!r} ({sides} {self.dtype})"


class Network(Protocol):
    """A network that can be run."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]

    def run(self, value: np.ndarray) -> Mapping[str, np.ndarray]:
        """The outputs by name for one value of the only input.

        Raises:
            DataError: The network cannot be run on it.
        """
        ...


def only_input(network: Network, path: Path) -> TensorInfo:
    """The input of a network that has one.

    Raises:
        DataError: It has another number, or its input is no batch of pictures in a known type.
    """
    if len(network.inputs) != 1:
        listed = ", ".join(map(str, network.inputs)) or "none"
        raise DataError(f"{shown(path)} has the inputs {listed}, expected one that takes a picture")
    found = network.inputs[0]
    if len(found.shape) != 4 or found.dtype.kind not in "fui" or found.shape[0] not in (None, 1):
        raise DataError(
            f"{shown(path)} takes {found}, expected a batch of one picture: (1, 3, h, w) or (1, h, w, 3)"
        )
    return found


def named_output(network: Network, name: str | None, path: Path) -> TensorInfo:
    """The output of that name, the first one where None is given.

    Raises:
        DataError: There is none.
    """
    for output in network.outputs:
        if name in (None, output.name):
            return output
    listed = ", ".join(map(str, network.outputs)) or "none"
    raise DataError(f"{shown(path)} has no output {name!r} as its card's output.name says: it has {listed}")


def model_file(argument: str | None, suffix: str) -> Path:
    """The path that a spec string names.

    Raises:
        InputError: It names none.
        DataError: There is no such file.
    """
    if argument is None:
        raise InputError(f"name the model file: {suffix}:FILE.{suffix}")
    path = Path(argument).expanduser()
    if not path.is_file():
        raise DataError(f"no model file {shown(path)}: give the path of a .{suffix} file")
    return path
