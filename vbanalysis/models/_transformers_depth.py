"""Depth of transformers' networks: which know metres, and how each is brought to the image's size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.models import Invariance
from vbanalysis.models._transformers_image import normalised_then_resized, read_settings
from vbanalysis.models._transformers_network import finite, processor
from vbanalysis.types import Instruction

DEPTH = (
    "DepthAnythingForDepthEstimation",
    "DepthProForDepthEstimation",
    "DPTForDepthEstimation",
    "GLPNForDepthEstimation",
    "ZoeDepthForDepthEstimation",
)


def invariance_of(config: Any) -> Invariance:
    """What is not known of the depth of a network of this configuration.

    Depth Anything states it (`depth_estimation_type`). Depth Pro gives metres where it estimates the field of
    view. GLPN and ZoeDepth give metres. DPT gives MiDaS' disparity (Ranftl et al., TPAMI 2022), but metres on
    a DINOv2 backbone, whose heads were trained on NYU and KITTI (Oquab et al., TMLR 2024).
    """
    match config.model_type:
        case "depth_anything":
            return "none" if config.depth_estimation_type == "metric" else "disparity"
        case "depth_pro":
            return "none" if config.use_fov_model else "scale"
        case "dpt":
            backbone = getattr(config.backbone_config, "model_type", None)
            return "none" if backbone == "dinov2" else "disparity"
    return "none"


class DepthReader:
    """Reads depth.

    Args:
        network: Of one of the classes `DEPTH`.
        folder: Of its repository.
        invariance: What is not known, where that is not what `invariance_of` says.

    Raises:
        DataError: The settings of its processor are missing or damaged.
    """

    def __init__(self, network: Any, folder: Path, invariance: Invariance | None) -> None:
        self.network = network
        self.invariance: Invariance = invariance or invariance_of(network.config)
        if network.config.model_type == "depth_pro":
            self._settings = read_settings(folder)
        else:
            self._processor = processor(folder)

    def read(self, image: np.ndarray, instruction: Instruction) -> np.ndarray:
        """(H, W) float32 of an (H, W, 3) uint8 image.

        Disparity that is not above 0 is infinite depth; metres that are not above 0, which a cubic
        interpolation can give beside an edge, are unknown.

        Raises:
            DataError: The network gave what is not finite.
        """
        size = (image.shape[0], image.shape[1])
        match self.network.config.model_type:
            case "depth_pro":
                found = self._depth_pro(image, size)
            case "zoedepth":
                found = self._zoedepth(image, size)
            case _:
                outputs = self._outputs(self._prepared(image))
                (one,) = self._processor.post_process_depth_estimation(outputs, target_sizes=[size])
                found = one["predicted_depth"]
        return _depth(found.numpy().reshape(size), self.invariance)

    def told(self) -> dict[str, Any]:
        """For `describe`."""
        return {"invariance": self.invariance}

    def _prepared(self, image: np.ndarray) -> Any:
        from PIL import Image

        return self._processor(images=Image.fromarray(image), return_tensors="pt")["pixel_values"]

    def _outputs(self, pixels: Any) -> Any:
        import torch

        with torch.inference_mode():
            outputs = self.network(pixel_values=pixels.to(self.network.device, self.network.dtype))
        return finite(outputs, "predicted_depth", "field_of_view")

    def _depth_pro(self, image: np.ndarray, size: tuple[int, int]) -> Any:
        """As `DepthProImageProcessor.post_process_depth_estimation`, which needs torchvision."""
        import torch

        outputs = self._outputs(normalised_then_resized(image, self._settings))
        inverse = outputs.predicted_depth[0]
        if outputs.field_of_view is not None:
            focal = 0.5 * size[1] / torch.tan(0.5 * torch.deg2rad(outputs.field_of_view.reshape(())))
            inverse = inverse * size[1] / focal
        return 1 / _interpolated(inverse, size, "bilinear").clamp(1e-4, 1e4)

    def _zoedepth(self, image: np.ndarray, size: tuple[int, int]) -> Any:
        """As `ZoeDepthImageProcessorPil.post_process_depth_estimation`, which needs torchvision.

        The border that the processor adds, against artefacts, is cut off.
        """
        depth = self._outputs(self._prepared(image)).predicted_depth[0]
        rows, columns = (int(np.sqrt(side / 2) * 3) if self._processor.do_pad else 0 for side in size)
        wide = _interpolated(depth, (size[0] + 2 * rows, size[1] + 2 * columns), "bicubic")
        return wide[rows : rows + size[0], columns : columns + size[1]]


def _interpolated(values: Any, size: tuple[int, int], mode: str) -> Any:
    import torch

    return torch.nn.functional.interpolate(values[None, None], size=size, mode=mode, align_corners=False)[
        0, 0
    ]


def _depth(found: np.ndarray, invariance: Invariance) -> np.ndarray:
    found = found.astype(np.float32)
    if not np.isfinite(found).all():
        raise DataError("the network's depth is not finite: try dtype=float32")
    if invariance == "affine":
        return found - min(float(found.min()), 0.0)  # an offset that is not known may as well be this one
    if invariance == "disparity":
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(found > 0, 1 / found, np.inf).astype(np.float32)
    return np.where(found > 0, found, np.nan).astype(np.float32)
