"""`depth-anything-3`: depth by Depth Anything 3, through its own package, from its authors.

Lin et al., "Depth Anything 3: Recovering the Visual Space from Any Views", 2025. One view at a time; the
answer has the network's resolution.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.geometry import Intrinsics
from vbanalysis.models import Invariance
from vbanalysis.models._card import Card
from vbanalysis.models._hub import licence, on_disk, read_config, snapshot, title
from vbanalysis.models._torch import check_device, loading, weights_size
from vbanalysis.types import Instruction, Sample, Task

_REPO = "depth-anything/DA3METRIC-LARGE"
_INSTALL = "pip install git+https://github.com/ByteDance-Seed/Depth-Anything-3"


def _installed() -> bool:
    return importlib.util.find_spec("depth_anything_3") is not None


CARD = Card(
    about="depth by Depth Anything 3: metres, or up to a factor, as the weights are",
    role="specialist",
    tasks=("depth",),
    licence="of the repository",
    weights=f"{_INSTALL} && hf download {_REPO}",
    at_hand=lambda: _installed() and on_disk(_REPO),
    example="depth-anything-3:depth-anything/DA3NESTED-GIANT-LARGE-1.1?device=cuda",
)

_SERIES: dict[str, Invariance] = {
    r"da3nested": "none",
    r"da3metric": "none",
    r"da3mono": "affine",
    r"da3-(small|base|large|giant)": "scale",
}
"""What is not known of the depth, by the start of a model's name.

The nested models estimate the camera themselves, and give metres. DA3METRIC needs the focal length. DA3MONO
was trained against depth whose factor and offset are open, the any-view models against one whose factor is.
"""

_CANONICAL_FOCAL_PX = 300.0
"""Focal length of the camera that the depth of DA3METRIC is of (`utils/alignment.py`)."""


class DepthAnything3:
    """Depth of single views.

    Args:
        repo: A hub id whose weights are on disk, or a folder.
        revision: Of the hub id.
        size: Longer side that images are brought to, pixels.
        device: As torch names it.

    Attributes:
        invariance: Of its depth, by the name of the model: `DA3NESTED` and `DA3METRIC` none, `DA3MONO`
            affine, `DA3-SMALL` to `DA3-GIANT` scale.

    Raises:
        InputError: A setting is out of its range, no such device, or the repository's model is not known.
        DataError: The weights are not on disk, damaged, or pickled.
        PluginError: The package depth_anything_3 is not installed.
    """

    tasks: tuple[Task, ...] = CARD.tasks
    invariance: Invariance

    def __init__(
        self, repo: str = _REPO, *, revision: str | None = None, size: int = 504, device: str = "cpu"
    ) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or size < 14:
            raise InputError(f"size must be a whole number of at least 14 pixels, got {size!r}")
        if not _installed():
            raise PluginError(f"Depth Anything 3 needs the package 'depth_anything_3': run  {_INSTALL}")
        folder = snapshot(repo, revision)
        self._series, self.invariance = _series(folder, repo)
        check_device(device)
        self.network = _loaded(folder, device)
        self.name, self.size, self._folder = f"depth-anything-3:{repo}", size, folder

    def predict(self, sample: Sample, instruction: Instruction) -> np.ndarray:
        """(h, w) float32 of its invariance, inf where the model sees sky, NaN where depth is not above 0.

        Raises:
            DataError: The sample has no image, or no `info["intrinsics"]` where metres follow from them; or
                the model gave what is no depth.
        """
        if sample.image is None:
            raise DataError(f"sample {sample.id} has no image")
        image = np.ascontiguousarray(sample.image)
        camera = _camera(sample) if self._series == "da3metric" else None
        prediction = self.network.inference([image], process_res=self.size)
        depth = _one(prediction.depth, "depth").astype(np.float32)
        if not np.isfinite(depth).all():
            raise DataError("the model's depth is not finite")
        if camera is not None:
            # The canonical camera is of the network's pixels, not of the image's.
            rows, columns = depth.shape[0] / image.shape[0], depth.shape[1] / image.shape[1]
            depth = depth * np.float32((camera.fx * columns + camera.fy * rows) / 2 / _CANONICAL_FOCAL_PX)
        if self.invariance == "affine":
            depth = depth - min(float(depth.min()), 0.0)  # an offset that is not known may as well be this
        else:
            depth = np.where(depth > 0, depth, np.nan)
        if (sky := getattr(prediction, "sky", None)) is not None:
            # Sky is given the depth of what is farthest of all else.
            depth = np.where(_one(sky, "sky").astype(bool), np.inf, depth)
        return depth.astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """What it is, with its licence, size and what is not known of its depth."""
        return {
            "name": self.name,
            "about": f"{self._series} of Depth Anything 3",
            "tasks": self.tasks,
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "licence": licence(self._folder),
            "source": self.name.partition(":")[2],
            "weights_mb": round(weights_size(self._folder) / 1e6),
            "invariance": self.invariance,
            "size": self.size,
        }


def _series(folder: Path, repo: str) -> tuple[str, Invariance]:
    """Which model it is: by its configuration, else by the repository's name."""
    stated = str(read_config(folder / "config.json").get("model_name", ""))
    for name in (stated, Path(repo).name):
        for start, invariance in _SERIES.items():
            if found := re.match(start, name, re.IGNORECASE):
                return found[0].lower(), invariance
    raise InputError(
        f"{repo!r} is {stated or 'of no stated model'}, whose depth may be metres or not: known are "
        "DA3NESTED-, DA3METRIC-, DA3MONO-, and DA3-SMALL, -BASE, -LARGE and -GIANT"
    )


def _loaded(folder: Path, device: str) -> Any:
    with loading(f"Depth Anything 3 of {title(folder)}"):
        # By name: it is no requirement of ours, since the release on PyPI asks for numpy below 2.
        api = importlib.import_module("depth_anything_3.api")
        return api.DepthAnything3.from_pretrained(str(folder)).to(device)


def _camera(sample: Sample) -> Intrinsics:
    camera = sample.info.get("intrinsics")
    if camera is None:
        raise DataError(
            f"sample {sample.id} has no info['intrinsics'], and DA3METRIC's depth is metres only with the "
            "focal length: take DA3NESTED, which estimates it, or a data set with intrinsics"
        )
    found = Intrinsics(*camera)
    if not (np.isfinite(found[:2]).all() and found.fx > 0 and found.fy > 0):
        raise DataError(
            f"the focal lengths of {sample.id} are {found.fx} and {found.fy}, expected pixels above 0"
        )
    return found


def _one(values: Any, what: str) -> np.ndarray:
    found = np.asarray(values.cpu() if hasattr(values, "cpu") else values)
    if found.ndim != 3 or found.shape[0] != 1 or not found.size:
        raise DataError(f"the model gave {what} of the shape {found.shape}, expected (1, h, w)")
    return found[0]


load = DepthAnything3
"""Factory of the spec strings `depth-anything-3` and `depth-anything-3:REPO?device=cuda`."""
