"""`lpips`: the learned perceptual distance of two pictures, through torchmetrics.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.
The linear weights come with torchmetrics; the network below them is torchvision's, fetched at first use.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal, get_args

import numpy as np

from vbanalysis.errors import InputError, PluginError
from vbanalysis.models._torch import check_device
from vbanalysis.perceptual._pictures import as_many, checked, in_batches

Network = Literal["alex", "vgg", "squeeze"]
_INSTALL = "pip install torchmetrics torchvision  with the torchvision that fits your torch"


class Lpips:
    """LPIPS, pictures at their own size, from -1 to 1.

    Args:
        network: `alex`, which the authors recommend, `vgg` or `squeeze`.
        device: As torch names it.

    Raises:
        InputError: No such network or device.
        PluginError: torchmetrics or torchvision is not installed.
    """

    name = "lpips"

    def __init__(self, network: Network = "alex", *, device: str = "cpu") -> None:
        if network not in get_args(Network):
            raise InputError(f"network must be one of {', '.join(get_args(Network))}, got {network!r}")
        for package in ("torchmetrics", "torchvision"):
            if importlib.util.find_spec(package) is None:
                raise PluginError(f"LPIPS needs the package {package!r}: run  {_INSTALL}")
        check_device(device)
        self._network: Network = network
        self._device = device
        self.protocol = f"LPIPS 0.1 with {network} by torchmetrics, pictures at their own size"

    def distance(self, pictures: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
        """(n,) float64, 0 for equal pictures.

        Raises:
            InputError: These are no pictures, not as many of each, or two of different sizes.
        """
        found, rest = checked(pictures), checked(others, "others")
        as_many(found, rest, ("pictures", "others"))
        for place, (one, other) in enumerate(zip(found, rest, strict=True)):
            if one.shape != other.shape:
                raise InputError(
                    f"two pictures must have one size, got {one.shape} and {other.shape} at place {place}"
                )
        return in_batches(list(zip(found, rest, strict=True)), 1, self._ask)

    def _ask(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        import torch

        # By name: the user's own package, which no extra asks for.
        learned_perceptual_image_patch_similarity = import_module(
            "torchmetrics.functional.image.lpips"
        ).learned_perceptual_image_patch_similarity

        ((one, other),) = pairs
        with torch.inference_mode():
            found = learned_perceptual_image_patch_similarity(
                self._signed(one), self._signed(other), net_type=self._network
            )
        return np.array([float(found)])

    def _signed(self, rgb: np.ndarray) -> Any:
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(rgb)).to(self._device)
        return tensor.permute(2, 0, 1)[None].float() / 127.5 - 1


load = Lpips
"""Factory of the spec strings `lpips`, `lpips:vgg?device=cuda`."""
