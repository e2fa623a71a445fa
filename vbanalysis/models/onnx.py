"""`onnx:FILE`: a network in ONNX, run by ONNX Runtime on the CPU; a card says what goes in and comes out."""

from __future__ import annotations

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
    about="anyone's network in an ONNX file, described by a card beside it",
    role="specialist",
    tasks=("depth", "normals", "semantic", "instance", "referring"),
    licence="of the file",
    needs=("onnxruntime",),
    extra="onnx",
    weights="a file of yours, with its card",
    example="onnx:my.onnx?card=my.yaml",
)

_TYPES = {
    "float": np.float32,
    "float16": np.float16,
    "double": np.float64,
    "uint8": np.uint8,
    "int8": np.int8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "int64": np.int64,
    "bool": np.bool_,
}
_FATAL_ONLY = 4
"""Of the levels of its log: what goes wrong is raised."""


class OnnxNetwork:
    """A network in an ONNX file.

    Args:
        path: The file.
        threads: That it may use; the results may differ in the last bits with their number.

    Raises:
        InputError: `threads` is below 1.
        MissingDependencyError: ONNX Runtime is not installed.
        DataError: The file is damaged, or no network that ONNX Runtime can run.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
            raise InputError(f"threads must be a whole number from 1, got {threads!r}")
        if CARD.missing():
            raise MissingDependencyError("onnxruntime", "onnx", f"the model file {shown(path)}")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _FATAL_ONLY
        self.path = path
        try:
            # Without its second attempt, which would only print.
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
            self.inputs = tuple(_info(node) for node in self._session.get_inputs())
            self.outputs = tuple(_info(node) for node in self._session.get_outputs())
        except Exception as error:  # it has no base class of its own
            raise DataError(
                f"{shown(path)} cannot be loaded as an ONNX model, is it damaged?  {_reason(error)}"
            ) from error

    def run(self, value: np.ndarray) -> Mapping[str, np.ndarray]:
        """The outputs by name.

        Raises:
            DataError: ONNX Runtime cannot run it on this value.
        """
        names = [output.name for output in self.outputs]
        try:
            found = self._session.run(names, {self.inputs[0].name: value})
        except Exception as error:
            raise DataError(
                f"{shown(self.path)} fails on an input of {value.shape} {value.dtype}: {_reason(error)}"
            ) from error
        return dict(zip(names, found, strict=True))


def _info(node: Any) -> TensorInfo:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(side if isinstance(side, int) and side >= 0 else None for side in node.shape or ())
    return TensorInfo(node.name, shape, np.dtype(_TYPES.get(kind, object)))


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def load(argument: str | None = None, *, card: str | None = None, threads: int = 1) -> FileModel:
    """Factory of the spec strings `onnx:FILE` and `onnx:FILE?card=CARD.yaml&threads=4`.

    Raises:
        InputError: No file is named, or `threads` is below 1.
        DataError: The file or its card is missing or damaged, or they do not fit.
        MissingDependencyError: ONNX Runtime is not installed.
    """
    path = model_file(argument, "onnx")
    described = read_card(find_card(path) if card is None else Path(card).expanduser(), FileCard)
    return FileModel(f"onnx:{argument}", OnnxNetwork(path, threads), described, path)
