"""`deeplab-cityscapes`: the 19 classes of Cityscapes, by DeepLab on MobileNetEdgeTPU in 8 bits.

Chen et al., "Encoder-Decoder with Atrous Separable Convolution", ECCV 2018, in the version that Coral tests
its accelerators with. Every picture is stretched to 513 x 513 pixels, a quarter of the width of Cityscapes'
images, so poles and far signs are lost; and it was trained on Cityscapes' own training images.
"""

from __future__ import annotations

from vbanalysis.models._card import Card
from vbanalysis.models._file_model import FileModel
from vbanalysis.models.tflite import TfliteNetwork
from vbanalysis.models.weights import weights

CARD = Card(
    about="Cityscapes' 19 classes (DeepLab on MobileNetEdgeTPU, slim, 8 bits)",
    role="specialist",
    tasks=("semantic",),
    licence="Apache-2.0",
    needs=("ai_edge_litert",),
    extra="tflite",
    weights="vbanalysis data fetch deeplab-cityscapes",
    memory_mb=400,
    example="deeplab-cityscapes",
    at_hand=lambda: weights("deeplab-cityscapes").at_hand(),
)


def load(*, threads: int = 1) -> FileModel:
    """Factory of the spec strings `deeplab-cityscapes` and `deeplab-cityscapes?threads=4`.

    Raises:
        DataError: The weights are not at hand.
        MissingDependencyError: LiteRT is not installed.
    """
    known = weights("deeplab-cityscapes")
    path = known.verified()
    return FileModel("deeplab-cityscapes", TfliteNetwork(path, threads), known.card, path)
