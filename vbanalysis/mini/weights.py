"""Weights on disk: float16 safetensors that say what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.network import NetworkConfig
from vbanalysis.paths import data_dir, replacing, shown

if TYPE_CHECKING:
    from vbanalysis.mini.training.stages import Stage

Net = TypeVar("Net", bound=nn.Module)

FORMAT = "vbanalysis-mini-1"
"""What the metadata of a file of ours begins with."""


def weights_dir() -> Path:
    """Where the shipped weights are."""
    return data_dir() / "mini" / "weights"


def shipped_weights(expected: str = FORMAT) -> list[str]:
    """Names of the shipped weights of a format, those of the generator and its controls by default."""
    return sorted(path.stem for path in weights_dir().glob("*.safetensors") if _format(path) == expected)


def find_weights(name: str | Path, expected: str = FORMAT) -> Path:
    """The file of shipped weights by name, or a path as it is.

    Args:
        name: Such as `"tuned"`, or a path that ends in .safetensors.
        expected: The format of the weights that are wanted, for the error.

    Raises:
        InputError: There are no such weights; the message lists those of the format.
    """
    if not isinstance(name, str | Path):
        raise InputError(f"weights are a name or a path, got {type(name).__name__}")
    path = Path(name).expanduser()
    if path.suffix != ".safetensors":
        path = weights_dir() / f"{name}.safetensors"
    if path.is_file():
        return path
    known = ", ".join(shipped_weights(expected)) or "none"
    raise InputError(
        f"no weights {str(name)!r}: shipped are {known}; or give the path of a .safetensors file"
    )


def save_weights(
    path: Path, weights: Mapping[str, Tensor], stage: Stage, samples: int, seconds: float
) -> None:
    """Write weights in float16 with their stage, samples and seconds of training."""
    told = {
        "format": FORMAT,
        "stage": stage.model_dump_json(),
        "samples": str(samples),
        "seconds": f"{seconds:.0f}",
    }
    write_tensors(path, weights, told)


def write_tensors(path: Path, weights: Mapping[str, Tensor], told: Mapping[str, str]) -> None:
    """Write weights in float16, whole or not at all, with metadata whose "format" says what they are of."""
    from safetensors.torch import save

    tensors = {name: weight.to(torch.float16).contiguous() for name, weight in weights.items()}
    with replacing(path) as file:
        file.write(save(tensors, metadata=dict(told)))


def read_weights(name: str | Path, expected: str = FORMAT) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The float16 tensors of a file and its metadata.

    Args:
        name: As for `find_weights`.
        expected: The format that the file must say it has.

    Raises:
        InputError: There is no such file.
        DataError: It is damaged, or not ours.
    """
    from safetensors import SafetensorError, safe_open

    path = find_weights(name, expected)
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 it is no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{shown(path)} is damaged or no safetensors file: {error}") from error
    if told.get("format") != expected:
        raise DataError(
            f"{shown(path)} holds weights of something else: expected a file whose format is {expected!r}, "
            f"got {told.get('format')!r}; shipped of that format are "
            f"{', '.join(shipped_weights(expected)) or 'none'}"
        )
    return tensors, told


def read_told(path: Path) -> dict[str, str]:
    """What a file of weights says of itself, without reading the weights.

    Raises:
        DataError: It is damaged or no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{shown(path)} is damaged or no safetensors file: {error}") from error


class Story(NamedTuple):
    """What a file of weights says of itself.

    Attributes:
        network: The sizes that the weights are for.
        samples: Exercises seen in training.
        seconds: Of training.
    """

    network: NetworkConfig
    samples: int
    seconds: float


def read_story(told: Mapping[str, str], path: str | Path) -> Story:
    """The story in a file's metadata.

    Raises:
        DataError: It cannot be read.
    """
    try:
        network = NetworkConfig.from_dict(json.loads(told["stage"])["network"])
        return Story(network, int(told["samples"]), float(told["seconds"]))
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"{shown(Path(path))} does not say what network it is for and how it was trained: "
            f"{type(error).__name__}: {error}"
        ) from error


def load_weights(network: Net, tensors: Mapping[str, Tensor], name: str | Path) -> Net:
    """Put weights into a network of the same sizes.

    Args:
        network: Changed in place, and returned.
        tensors: As `read_weights` gives them.
        name: What the weights are called in errors.

    Raises:
        DataError: They are for a network of other sizes, or not all finite.
    """
    wanted = {key: tuple(weight.shape) for key, weight in network.named_parameters()}
    given = {key: tuple(weight.shape) for key, weight in tensors.items()}
    if wanted != given:
        wrong = sorted(key for key in wanted.keys() | given.keys() if wanted.get(key) != given.get(key))
        raise DataError(
            f"the weights {str(name)!r} are for a network of other sizes: {len(wrong)} tensors differ, "
            f"such as {wrong[0]} ({given.get(wrong[0], 'missing')}, expected {wanted.get(wrong[0], 'none')})"
        )
    if not all(bool(torch.isfinite(weight).all()) for weight in tensors.values()):
        raise DataError(f"the weights {str(name)!r} hold numbers that are not finite: the file is damaged")
    network.load_state_dict({key: weight.float() for key, weight in tensors.items()})
    return network


def _format(path: Path) -> str | None:
    try:
        return read_told(path).get("format")
    except DataError:
        return None
