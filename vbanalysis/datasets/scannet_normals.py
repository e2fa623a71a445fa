"""`scannet_normals:FOLDER`: ScanNet with the normals that surface-normal papers compare on.

Dai et al., "ScanNet", CVPR 2017, with the normals and the test images of FrameNet (Huang et al., ICCV 2019),
of which DSINE's evaluation took 300, and after it the papers with ScanNet in their tables. They come in
DSINE's layout with codes of 8 bits, so the reader is that of `dsine_normals`, held to this benchmark: the
spec string `dsine_normals:FOLDER?benchmark=scannet` gives the same samples.
"""

from __future__ import annotations

from vbanalysis.datasets.dsine_normals import DsineNormals, official

_NAME, _BENCHMARK = "scannet_normals", "scannet"


def load(argument: str | None = None) -> DsineNormals:
    """Factory of the spec string `scannet_normals:FOLDER`.

    Args:
        argument: The archive `dsine_eval`, or its folder `scannet`, with `sceneNNNN_NN/NNNNNN_img.png`.

    Raises:
        InputError: No folder is named.
        DataError: The folder is not there or holds no such image.
    """
    return DsineNormals(official(_NAME, _BENCHMARK).folder(argument), benchmark=_BENCHMARK, name=_NAME)
