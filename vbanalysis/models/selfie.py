"""`selfie`: people near the camera, by MediaPipe's selfie segmentation.

The general model: 256 x 256 RGB in [0, 1] in, the share of a person out. It was made for one person or a few
within about two metres; others it leaves out, and where nobody is, it may mark what is near, such as a cat.
One of its layers is MediaPipe's own; LiteRT runs it by its XNNPACK kernels.
"""

from __future__ import annotations

from vbanalysis.models._card import Card
from vbanalysis.models._file_model import FileModel
from vbanalysis.models.tflite import TfliteNetwork
from vbanalysis.models.weights import weights

CARD = Card(
    about="people near the camera (MediaPipe selfie segmentation)",
    role="specialist",
    tasks=("instance", "referring"),
    licence="Apache-2.0",
    needs=("ai_edge_litert",),
    extra="tflite",
    weights="vbanalysis data fetch selfie",
    memory_mb=300,
    example="selfie",
    at_hand=lambda: weights("selfie").at_hand(),
)


def load(*, threads: int = 1) -> FileModel:
    """Factory of the spec strings `selfie` and `selfie?threads=4`.

    Raises:
        DataError: The weights are not at hand.
        MissingDependencyError: LiteRT is not installed.
    """
    known = weights("selfie")
    path = known.verified()
    return FileModel("selfie", TfliteNetwork(path, threads), known.card, path)
