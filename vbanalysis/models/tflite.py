"""`tflite:FILE`: a TensorFlow Lite network, run by LiteRT on the CPU; a card says what goes in and out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.models._card import Card
from vbanalysis.models._file_card import FileCard, find_card, read_card
from vbanalysis.models._file_model import FileModel
from vbanalysis.models._network import TensorInfo, model_file
from vbanalysis.paths import shown

CARD = Card(
    about="anyone's network in a TensorFlow Lite file, described by a card beside it",
    role="specialist",
    tasks=("depth", "normals", "semantic", "instance", "referring"),
    licence="of the file",
    needs=("ai_edge_litert",),
    extra="tflite",
    weights="a file of yours, with its card",
    example="tflite:my.tflite?card=my.yaml",
)


class TfliteNetwork:
    """A network in a TensorFlow Lite file.

    Args:
        path: The file.
        threads: That it may use.

    Raises:
        InputError: `threads` is below 1.
        MissingDependencyError: LiteRT is not installed.
        DataError: The file is damaged, or no network that LiteRT can run.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
            raise InputError(f"threads must be a whole number from 1, got {threads!r}")
        if CARD.missing():
            raise MissingDependencyError("ai-edge-litert", "tflite", f"the model file {shown(path)}")
        from ai_edge_litert.interpreter import Interpreter

        self.path, self._lock = path, threading.Lock()
        try:
            # Of the bytes and not of the path: a file that is cut while it is mapped would end the process.
            self._interpreter = Interpreter(model_content=path.read_bytes(), num_threads=threads)
            self._interpreter.allocate_tensors()
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
            self.inputs, self.outputs = tuple(map(_info, inputs)), tuple(map(_info, outputs))
        except Exception as error:  # it raises ValueError and RuntimeError without a common base
            raise DataError(
                f"{shown(path)} cannot be loaded as a TensorFlow Lite model, is it damaged?  {_reason(error)}"
            ) from error
        self._places = {output["name"]: output["index"] for output in outputs}
        self._input: int = inputs[0]["index"] if inputs else -1
        self._shape: tuple[int, ...] | None = None

    def run(self, value: np.ndarray) -> Mapping[str, np.ndarray]:
        """The outputs by name.

        Raises:
            DataError: LiteRT cannot run it on this value.
        """
        with self._lock:  # an interpreter has one set of tensors
            try:
                if None in self.inputs[0].shape and value.shape != self._shape:
                    self._interpreter.resize_tensor_input(self._input, value.shape, strict=True)
                    self._interpreter.allocate_tensors()
                    self._shape = value.shape
                self._interpreter.set_tensor(self._input, value)
                self._interpreter.invoke()
                return {name: self._interpreter.get_tensor(place) for name, place in self._places.items()}
            except Exception as error:
                raise DataError(
                    f"{shown(self.path)} fails on an input of {value.shape} {value.dtype}: {_reason(error)}"
                ) from error


def _info(details: Mapping[str, Any]) -> TensorInfo:
    scales = details["quantization_parameters"]["scales"]
    if len(scales) > 1:
        raise ValueError(
            f"the tensor {details['name']!r} is quantised channel by channel, expected one scale"
        )
    scale, zero_point = details["quantization"]
    shape = tuple(int(side) if side >= 0 else None for side in details["shape_signature"])
    if not shape:
        shape = tuple(int(side) for side in details["shape"])
    return TensorInfo(details["name"], shape, np.dtype(details["dtype"]), float(scale), int(zero_point))


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def load(argument: str | None = None, *, card: str | None = None, threads: int = 1) -> FileModel:
    """Factory of the spec strings `tflite:FILE` and `tflite:FILE?card=CARD.yaml&threads=4`.

    Raises:
        InputError: No file is named, or `threads` is below 1.
        DataError: The file or its card is missing or damaged, or they do not fit.
        MissingDependencyError: LiteRT is not installed.
    """
    path = model_file(argument, "tflite")
    described = read_card(find_card(path) if card is None else Path(card).expanduser(), FileCard)
    return FileModel(f"tflite:{argument}", TfliteNetwork(path, threads), described, path)
