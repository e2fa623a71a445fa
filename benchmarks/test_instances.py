"""Instance decoding of 1216x880 against the same stages on scikit-image and scipy.ndimage."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import numpy as np
import pytest

from vbanalysis.codecs.instances import InstanceCodec

ORACLE = Path(__file__).parents[1] / "tests/parity/test_instances_skimage.py"
PUBLISHED = {
    "insseg1_1": (0, 0, 0),
    "insseg1_2": (88, 50, 82),
    "insseg2_1": (0, 0, 0),
    "insseg2_2": (0, 0, 0),
}


def synthetic(height: int = 880, width: int = 1216) -> np.ndarray:
    """Forty ellipses, some touching, with anti-aliased edges and mild noise."""
    rng = np.random.default_rng(7)
    ys, xs = np.mgrid[:height, :width]
    rgb = np.zeros((height, width, 3))
    colours = rng.permutation(np.stack(np.meshgrid(*[(60, 125, 190, 255)] * 3), -1).reshape(-1, 3))
    for k in range(40):
        cy, cx = 88 + 176 * (k // 8), 76 + 152 * (k % 8)
        ry, rx, turn = rng.uniform((40, 40, 0), (90, 90, np.pi))
        u = (xs - cx) * np.cos(turn) + (ys - cy) * np.sin(turn)
        v = (ys - cy) * np.cos(turn) - (xs - cx) * np.sin(turn)
        radius = np.hypot(u / rx, v / ry)
        cover = np.clip(0.5 + (1 - radius) * min(rx, ry), 0, 1)[..., None]
        rgb = rgb * (1 - cover) + cover * colours[k]
    return np.clip(np.round(rgb + rng.normal(0, 1.5, rgb.shape)), 0, 255).astype(np.uint8)


def published(name: str) -> np.ndarray:
    from PIL import Image

    root = os.environ.get("VBANALYSIS_CACHE")
    if not root:
        pytest.skip("VBANALYSIS_CACHE is not set")
    path = Path(root, "vision-banana-gallery/files/images/insseg", f"{name}.png")
    if not path.exists():
        pytest.skip(f"the gallery in VBANALYSIS_CACHE has no {name}.png")
    return np.array(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("name", ["synthetic", *PUBLISHED])
def test_instance_decoding(benchmark, versus, best, name):
    rgb = synthetic() if name == "synthetic" else published(name)
    codec = InstanceCodec(background=PUBLISHED.get(name, (0, 0, 0)))
    oracle = runpy.run_path(str(ORACLE))["oracle"]
    found = []

    result = benchmark(codec.decode, rgb)
    peer_s = best(1, lambda: found.append(oracle(rgb, background=codec.background)))
    np.testing.assert_array_equal(result.labels, found[0])
    if name == "synthetic":
        assert len(result) == 40
    versus(
        f"instances, {name} {rgb.shape[1]}x{rgb.shape[0]}",
        best(10, lambda: codec.decode(rgb)),
        "scikit-image flood + scipy.ndimage",
        peer_s,
        at_least=20,
        within_s=0.060,
    )
