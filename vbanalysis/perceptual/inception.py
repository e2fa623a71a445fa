"""`inception:FILE`: the 2,048 features of Inception that FID was defined on, through torch-fidelity.

Heusel et al. 2017; the weights are TensorFlow's of 2015-12-05, ported by the package's authors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.models._torch import check_device
from vbanalysis.paths import shown
from vbanalysis.perceptual._pictures import checked, in_batches, whole

_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
_DIGEST = "6726825d"
"""What the file's SHA-256 begins with; the file is pickled, so that no other one is read."""

_GET = (
    "download it from https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    f"{_WEIGHTS} and give  inception:FILE"
)


class Inception:
    """Inception's pool of 2,048 features, "inception-v3-compat" of torch-fidelity.

    Args:
        weights: The file that torch-fidelity's authors offer.
        batch: Pictures at once; those of one size are asked together.
        device: As torch names it.

    Raises:
        InputError: No file is named, or no such device.
        DataError: There is no such file, or it is another one.
        PluginError: torch-fidelity, or torchvision that it needs, is not installed.
    """

    name = "inception-2048"
    protocol = "inception-v3-compat of torch-fidelity, 2,048 features, TensorFlow's bilinear resize to 299 px"

    def __init__(self, weights: str | None = None, *, batch: int = 16, device: str = "cpu") -> None:
        if weights is None:
            raise InputError(f"name the file of weights: {_GET}")
        path = Path(weights).expanduser()
        if not path.is_file():
            raise DataError(f"no file {shown(path)}: {_GET}")
        self.batch, self._device = whole(batch, "batch"), device
        check_device(device)
        try:
            # By name: the user's own package, which no extra asks for.
            FeatureExtractorInceptionV3 = import_module(
                "torch_fidelity.feature_extractor_inceptionv3"
            ).FeatureExtractorInceptionV3
        except ImportError as error:
            raise PluginError(
                f"Inception's features need torch-fidelity with torchvision ({error}): run  pip install "
                "torch-fidelity torchvision  with the torchvision that fits your torch"
            ) from error
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not digest.startswith(_DIGEST):
            raise DataError(f"{shown(path)} is not the published file, SHA-256 {digest[:16]}...: {_GET}")
        self._network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
        ).to(device)

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, 2048) float64.

        Raises:
            InputError: These are no pictures.
        """
        found = checked(pictures)
        size = self.batch if len({each.shape for each in found}) == 1 else 1
        return in_batches(found, size, self._ask)

    def _ask(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous().to(self._device)
        with torch.inference_mode():
            (pool,) = self._network(batch)
        return pool.float().cpu().numpy()


load = Inception
"""Factory of the spec strings `inception:FILE` and `inception:FILE?device=cuda`."""
