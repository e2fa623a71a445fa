"""Pictures against pictures, over a region: what an edit changed of what it was to leave alone.

Source: peak signal-to-noise ratio; SSIM of Wang et al. 2004 with its Gaussian window, through scikit-image.
"""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.metrics._arguments import check_same_shape, mask_or_all

_SIGMA, _RADIUS = 1.5, 5
"""Of the Gaussian window of Wang et al.: 11 pixels across."""


def psnr(image: np.ndarray, reference: np.ndarray, *, region: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB, from the mean squared error of all channels; inf for equal pictures.

    Args:
        image: (H, W, 3) RGB, uint8 or floats in [0, 1].
        reference: (H, W, 3) of the same type.
        region: (H, W) bool, the pixels compared, for instance all that an edit was to leave unchanged.

    Raises:
        InputError: Shapes, types or ranges do not fit, or the region is empty.

    Examples:
        >>> grey = np.full((8, 8, 3), 0.5)
        >>> round(psnr(grey + 0.1, grey), 6)
        20.0
    """
    a, b, inside = _pictures(image, reference, region)
    error = float(np.mean((a[inside] - b[inside]) ** 2))
    return -10 * float(np.log10(error)) if error else float("inf")


def ssim(image: np.ndarray, reference: np.ndarray, *, region: np.ndarray | None = None) -> float:
    """Structural similarity, mean over the channels and the pixels of the region.

    The window of a pixel reaches 5 pixels beyond it, so what lies just outside a region has a part;
    pixels closer than that to the picture's border are left out.

    Args:
        image: (H, W, 3) RGB, uint8 or floats in [0, 1], at least 11 pixels high and wide.
        reference: (H, W, 3) of the same type.
        region: (H, W) bool, the pixels compared.

    Raises:
        InputError: Shapes, types or ranges do not fit, or the region is empty.

    Examples:
        >>> noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
        >>> ssim(noise, noise), round(ssim(noise // 2, noise), 2)
        (1.0, 0.64)
    """
    from skimage.metrics import structural_similarity

    a, b, inside = _pictures(image, reference, region)
    if min(inside.shape) <= 2 * _RADIUS:
        raise InputError(f"image must be at least {2 * _RADIUS + 1} pixels high and wide, got {inside.shape}")
    _, similarity = structural_similarity(
        a,
        b,
        channel_axis=-1,
        data_range=1.0,
        gaussian_weights=True,
        sigma=_SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    core = (slice(_RADIUS, -_RADIUS),) * 2
    if not inside[core].any():
        raise InputError(f"region holds no pixel that is {_RADIUS} or more from the border")
    return float(similarity[core][inside[core]].mean())


def _pictures(
    image: np.ndarray, reference: np.ndarray, region: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both pictures as float64 in [0, 1], and the mask of the pixels compared."""
    a, b = _unit_rgb(image, "image"), _unit_rgb(reference, "reference")
    check_same_shape(a, b, ("image", "reference"))
    if np.asarray(image).dtype.kind != np.asarray(reference).dtype.kind:
        raise InputError("image and reference must be of one type, one is uint8 and one holds floats")
    inside = mask_or_all(region, a.shape[:2], "region")
    if not inside.any():
        raise InputError("region holds no pixel: there is nothing to compare")
    return a, b, inside


def _unit_rgb(image: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(image)
    typed = array.dtype == np.uint8 or array.dtype.kind == "f"
    if not typed or array.ndim != 3 or array.shape[-1] != 3 or not array.size:
        raise InputError(
            f"{name} must be (H, W, 3) RGB, uint8 or floats, got {array.dtype} of shape {array.shape}"
        )
    if array.dtype == np.uint8:
        return array / 255.0
    if not np.all((array >= 0) & (array <= 1)):
        raise InputError(f"{name} holds floats outside [0, 1]: divide by the largest value, and clip")
    return array.astype(np.float64)
