"""`u2netp`: the salient object of a photograph, by the small version of U^2-Net.

Qin et al., "U^2-Net: Going Deeper with Nested U-Structure for Salient Object Detection", Pattern Recognition
106, 2020. Prepared and read as in the authors' `u2net_test.py`: 320 x 320, divided by the largest value, the
first output stretched from its least to its largest value. So some object is always marked.
"""

from __future__ import annotations

from vbanalysis.models._card import Card
from vbanalysis.models._file_model import FileModel
from vbanalysis.models.onnx import OnnxNetwork
from vbanalysis.models.weights import weights

CARD = Card(
    about="salient object of a photograph (U^2-Net, small)",
    role="specialist",
    tasks=("instance", "referring"),
    licence="Apache-2.0",
    needs=("onnxruntime",),
    extra="onnx",
    weights="vbanalysis data fetch u2netp",
    memory_mb=400,
    example="u2netp",
    at_hand=lambda: weights("u2netp").at_hand(),
)


def load(*, threads: int = 1) -> FileModel:
    """Factory of the spec strings `u2netp` and `u2netp?threads=4`.

    Raises:
        DataError: The weights are not at hand.
        MissingDependencyError: ONNX Runtime is not installed.
    """
    known = weights("u2netp")
    path = known.verified()
    return FileModel("u2netp", OnnxNetwork(path, threads), known.card, path)
