"""Which convention a normal map follows, found from its own statistics.

Two facts hold of any scene, whatever it shows. Visible surfaces face the viewer, which gives the
sign of z. And the normals belong to a surface: along any path the heights must add up, so the two
mixed derivatives of height agree, which gives the sign of x relative to y. Together they tell the
known conventions apart. A third is only likely: floors are seen below the horizon and ceilings
above it; it is reported, and doubted where it disagrees.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbanalysis.codecs._arrays import check_rgb, to_numpy, unit_rgb
from vbanalysis.codecs.normals import AXES, PAINT
from vbanalysis.errors import InputError
from vbanalysis.types import Array, Frame

LEAST_EVIDENCE = 0.05
"""The two deciding statistics must be at least this far from 0, on their scale of -1 to 1, to count."""

CREASE = 0.2
"""A change of slope between neighbours, rise over run, that a sharp crease is granted among flat faces."""


class NormalConvention(NamedTuple):
    """What a normal map's statistics say of its convention.

    Attributes:
        candidates: The conventions that paint like this, best known first; empty when undecided. `paper`
            and `dsine` paint alike (they name the x axis differently), and so do `opengl` and `diode`.
        facing: Evidence for the sign of z: its sum over the image against the sum of its magnitudes.
        handed: Evidence for the signs of x and y: correlation of the two mixed derivatives of height
            with the components as painted; positive where x and y are painted with the same sign
            against right and up.
        upright: How much more the lower half of the image faces up, with y as `candidates` has it.
        message: All this in a sentence.
    """

    candidates: tuple[Frame, ...]
    facing: float
    handed: float
    upright: float
    message: str


def identify_normal_convention(rgb: Array) -> NormalConvention:
    """Tell the convention of a normal map without ground truth.

    Args:
        rgb: (H, W, 3) uint8, uint16 or float in [0, 1], at least 16 x 16.

    Raises:
        InputError: `rgb` is not such an image.

    Examples:
        >>> from vbanalysis.codecs import NormalCodec
        >>> down, right = np.mgrid[-1:1:64j, -1:1:64j]
        >>> hollow = np.stack([-right, down, np.ones_like(down)], axis=2)  # x right, y up, z to the viewer
        >>> hollow /= np.linalg.norm(hollow, axis=2, keepdims=True)
        >>> identify_normal_convention(NormalCodec("opengl").encode(hollow)).candidates
        ('opengl', 'diode')
    """
    check_rgb(rgb)
    if rgb.ndim != 3 or min(rgb.shape[:2]) < 16:
        raise InputError(f"rgb must be one image of at least 16 x 16 pixels, got shape {tuple(rgb.shape)}")
    raw = 2 * to_numpy(unit_rgb(rgb)).astype(np.float64) - 1
    length = np.linalg.norm(raw, axis=-1)
    valid = np.abs(length - 1) < 0.3
    if valid.mean() < 0.1:
        message = f"no normal map: {valid.mean():.0%} of the vectors have a length near 1"
        return NormalConvention((), 0.0, 0.0, 0.0, message)
    # What is no normal must not spread, NaN least of all, when the components are smoothed.
    unit = np.where(valid[..., None], raw, 0.0) / np.where(valid, length, 1.0)[..., None]
    x, y, z = np.moveaxis(unit, -1, 0)
    facing = float(z[valid].sum() / max(np.abs(z[valid]).sum(), 1e-9))
    handed = _integrability(x, y, z * np.sign(facing), valid)
    up = 1 if facing > 0 else -1
    rows = np.linspace(-up, up, raw.shape[0])[:, None] * np.ones(raw.shape[1])
    upright = float((y * rows)[valid].sum() / max(np.abs(y * rows)[valid].sum(), 1e-9))
    evidence = f"facing {facing:+.2f}, handed {handed:+.2f}, upright {upright:+.2f}"
    if abs(facing) < LEAST_EVIDENCE or abs(handed) < LEAST_EVIDENCE:
        return NormalConvention((), facing, handed, upright, f"undecided, the evidence is weak ({evidence})")
    seen = (np.sign(facing), np.sign(handed))
    candidates = tuple(frame for frame in AXES if _signature(frame) == seen)
    if not candidates:
        return NormalConvention((), facing, handed, upright, f"paints like no known convention ({evidence})")
    doubt = "; an unusual view, or x and y are both reversed" if upright < -LEAST_EVIDENCE else ""
    message = f"paints like {' and '.join(candidates)} ({evidence}{doubt})"
    return NormalConvention(candidates, facing, handed, upright, message)


def _signature(frame: Frame) -> tuple[int, int]:
    """Signs that `facing` and `handed` have for a convention."""
    x, y, z = (paint * axis for paint, axis in zip(PAINT[frame], AXES[frame], strict=True))
    return z, x * y


def _integrability(x: np.ndarray, y: np.ndarray, z: np.ndarray, valid: np.ndarray) -> float:
    """Correlation of d2h/dxdy taken both ways, for components to the right, up and to the viewer."""
    from scipy import ndimage

    step = max(1, min(x.shape) // 256)
    x, y, z = (ndimage.uniform_filter(a, step)[::step, ::step] for a in (x, y, z))
    seen = ndimage.binary_erosion(valid[::step, ::step] & (z > 0.2), iterations=2)
    right, up = (np.where(z > 0.2, -a / np.maximum(z, 0.2), 0.0) for a in (x, y))
    across = -np.gradient(right, axis=0)  # rows run downwards
    along = np.gradient(up, axis=1)
    if not seen.any():
        return 0.0
    across, along = across[seen], along[seen]
    # Creases and smooth curvature agree in both; depth edges do not, and are few but large.
    limit = max(CREASE, float(np.quantile(np.abs(np.concatenate([across, along])), 0.98)))
    across, along = np.clip(across, -limit, limit), np.clip(along, -limit, limit)
    energy = np.sqrt((across**2).sum() * (along**2).sum())
    return float((across * along).sum() / energy) if energy > 0 else 0.0
