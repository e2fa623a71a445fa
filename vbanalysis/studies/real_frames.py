"""The few real frames at hand: enough to see how a model fares outside its world, too few for a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vbanalysis.paths import samples_dir
from vbanalysis.specs import Spec
from vbanalysis.types import Task

_SAMPLES: Mapping[Task, Mapping[str, tuple[str, str, dict[str, str | int | float | bool]]]] = {
    "depth": {
        "NYUv2": ("nyuv2", "nyuv2", {}),
        "KITTI": ("kitti", "kitti", {}),
        "nuScenes": ("nuscenes", "nuscenes", {}),
        "TUM RGB-D": ("tum_rgbd", "tum_rgbd", {}),
    },
    "normals": {"TartanAir": ("dsine_normals", "tartanair_normals", {})},
    "semantic": {"Cityscapes": ("cityscapes", "cityscapes", {"split": "train"})},
}
"""By task and name: the reader, its folder among the samples, its options."""


def real_sets(task: Task) -> dict[str, str]:
    """Spec strings of the real data sets at hand for a task, by name.

    Middlebury's motorcycle comes with scikit-image; the others need `VBANALYSIS_SAMPLES`.
    """
    found = {"Motorcycle": "motorcycle"} if task in ("depth", "normals") else {}
    folder = samples_dir()
    for name, (reader, place, options) in _SAMPLES.get(task, {}).items():
        if folder is not None and (Path(folder) / place).is_dir():
            found[name] = str(Spec(reader, str(Path(folder) / place), options))
    return found
