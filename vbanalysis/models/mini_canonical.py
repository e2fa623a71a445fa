"""`mini-canonical`: a pipeline with camera intrinsics built in, of the embedded generator's network.

It paints depth as a camera of one focal length, the canonical one, would need it, and then rescales to metres
with a focal length that somebody has to tell it: Metric3D's way (Yin et al., "Metric3D", ICCV 2023, section
3.1, the transformation of labels). Two cameras that see the same picture at different focal lengths then have
the same answer to paint, and the metres come from outside.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.geometry import Intrinsics
from vbanalysis.models import Invariance
from vbanalysis.models._card import Card
from vbanalysis.types import Instruction, Sample, Task

CARD = Card(
    about="depth for a canonical camera, rescaled by a focal length: intrinsics built into the pipeline",
    role="specialist",
    tasks=("depth",),
    licence="Apache-2.0",
    weights="shipped",
    memory_mb=600,
    example="mini-canonical:canonical?focal=0.83",
)


class MiniCanonical:
    """The pipeline.

    Args:
        weights: Name of shipped weights or the path of a .safetensors file.
        focal: Focal length of every camera, in short sides of the picture: hard-coded. None takes each
            sample's own intrinsics. The short side is what becomes the network's 64 pixels.
        device: As torch names it.

    Raises:
        InputError: There are no such weights, or they paint metres; `focal` is not positive.
        DataError: The weights are damaged.
    """

    tasks: tuple[Task, ...] = CARD.tasks
    invariance: Invariance = "none"

    def __init__(
        self, weights: str = "canonical", *, focal: float | None = None, device: str = "cpu"
    ) -> None:
        from vbanalysis.mini.model import Mini

        if focal is not None and not _is_positive(focal):
            raise InputError(f"focal must be a positive number, in short sides of the picture, got {focal!r}")
        self.canonical_focal = canonical_focal(weights)
        self.focal = None if focal is None else float(focal)
        self.name = f"mini-canonical:{weights}" + ("" if focal is None else f"?focal={focal:g}")
        self._mini = Mini(weights, device=device)

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """Depth in metres, at 64 pixels of the short side.

        Raises:
            InputError: Something else than depth is asked for.
            DataError: The sample has no image; or no focal length is set, and it has no intrinsics.
        """
        from vbanalysis.codecs import ColormapCodec, DepthCodec

        if instruction.task != "depth":
            raise InputError(f"{self.name} answers depth, not {instruction.task}")
        if sample.image is None:
            raise DataError(f"sample {sample.id} has no image")
        focal = focal_sides(sample) if self.focal is None else self.focal
        painted = self._mini.sample(sample.image, instruction)
        named = instruction.colormap
        codec = DepthCodec() if named in (None, "rainbow") else ColormapCodec(named)
        return metres(np.asarray(codec.decode(painted).depth_m), focal, self.canonical_focal)

    def describe(self) -> dict[str, Any]:
        """What it is, with both focal lengths."""
        return {
            **self._mini.describe(),
            "name": self.name,
            "about": CARD.about,
            "tasks": self.tasks,
            "canonical_focal": self.canonical_focal,
            "focal": "of each sample" if self.focal is None else self.focal,
        }


def metres(canonical_m: np.ndarray, focal: float, canonical_focal: float) -> np.ndarray:
    """Depth as a camera of the canonical focal length needs it, to metres for another camera.

    Args:
        canonical_m: (...) depth as it was painted; inf and NaN stay.
        focal: Focal length that the camera is taken to have, in short sides of the picture.
        canonical_focal: The one that the depth was painted for, in the same unit.

    Example:
        >>> metres(np.array([2.0, np.inf]), focal=1.66, canonical_focal=0.83).tolist()
        [4.0, inf]
    """
    return canonical_m * np.float32(focal / canonical_focal)


def focal_sides(sample: Sample) -> float:
    """Focal length of a sample's camera, in short sides of its image.

    Raises:
        DataError: The sample has no intrinsics.
    """
    intrinsics = sample.info.get("intrinsics")
    if not isinstance(intrinsics, Intrinsics):
        raise DataError(
            f"sample {sample.id} has no intrinsics, and depth painted for a canonical camera is no metres "
            "without them: give a focal length in short sides of the picture, such as  "
            "mini-canonical:canonical?focal=0.83"
        )
    assert sample.image is not None
    return intrinsics.fx / min(sample.image.shape[:2])


def canonical_focal(weights: str) -> float:
    """The focal length that weights paint for, in short sides of the picture.

    Raises:
        InputError: There are no such weights, or they paint metres.
        DataError: They are damaged.
    """
    from vbanalysis.mini.weights import find_weights, read_told

    stage = json.loads(read_told(find_weights(weights)).get("stage", "{}"))
    found = stage.get("canonical_focal")
    if not _is_positive(found):
        raise InputError(
            f"the weights {str(weights)!r} paint metres, not depth for a canonical camera: load them as "
            f"mini:{weights}, or choose weights trained with a canonical_focal, such as 'canonical'"
        )
    return float(found)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


load = MiniCanonical
"""Factory of the spec strings `mini-canonical`, `mini-canonical:my.safetensors?focal=0.83`."""
