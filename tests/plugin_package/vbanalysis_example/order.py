"""A task: which of two points is nearer, for many pairs of points of each image."""

import numpy as np

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import DataError, InputError
from vbanalysis.instructions import depth_prompt
from vbanalysis.tasks import VisionTask, resized


class DepthOrder(VisionTask):
    name = "depth"  # the kind of answer: who answers depth is asked, and what comes is checked as depth
    headline, larger_is_better = "ordered", True
    averaged = compared = ("ordered",)

    def __init__(self, *, pairs=1000, ratio=1.1):
        if pairs < 1 or ratio < 1:
            raise InputError(f"pairs and ratio must be at least 1, got {pairs} and {ratio}")
        self.pairs, self.ratio, self.codec = pairs, ratio, DepthCodec()
        self.protocol = f"of {pairs} pairs of pixels those {ratio:g} times apart or more; mean over images"

    def instruction(self, sample):
        return depth_prompt()

    def decode(self, rgb, instruction):
        return self.codec.decode(rgb).depth_m

    def encode(self, sample, instruction):
        return self.codec.encode(np.where(np.isnan(sample.depth_m), np.inf, sample.depth_m))

    def score(self, answer, sample):
        if sample.depth_m is None or not np.isfinite(sample.depth_m).any():
            raise DataError(f"sample {sample.id} has no depth: choose another data set")
        known = np.isfinite(sample.depth_m)
        depth, answer = sample.depth_m[known], resized(answer, known.shape)[known]
        one, other = np.random.default_rng(0).integers(len(depth), size=(2, self.pairs))
        clear = depth[one] >= self.ratio * depth[other]
        right = answer[one] > answer[other]  # of an unknown depth this is false: a miss
        return {"ordered": right[clear].mean() if clear.any() else np.nan, "n_pairs": int(clear.sum())}


load = DepthOrder
