"""Pictures as networks see them, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def signed(rgb: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(rgb).permute(0, 3, 1, 2).float() / 127.5 - 1


def unsigned(pictures: Tensor) -> np.ndarray:
    """(B, 3, H, W) float in [-1, 1], on any device, to (B, H, W, 3) uint8; what lies outside is clipped."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
