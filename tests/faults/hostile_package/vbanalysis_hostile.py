"""Models that answer well, but for one sample."""

import os
import sys
import time

import numpy as np

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec

BAD = 3


def _misbehave(how, truth):
    if how == "raises":
        raise RuntimeError("not in the mood")
    if how == "exits":
        sys.exit("enough")
    if how == "dies":
        os._exit(7)
    if how == "sleeps":
        time.sleep(10_000)
    if how == "more memory than there is":
        return np.empty(10**15)
    if how == "memory":  # only where a limit is set, for this would take the machine's last page
        return [np.ones(10**8) for _ in range(20)]
    if how == "prints":
        print("noise")
        return truth
    if how == "integers":
        return np.nan_to_num(truth, posinf=99).astype(np.int64)
    return {
        "none": None,
        "nan": np.full_like(truth, np.nan, dtype=np.float32),
        "negative": -truth.astype(np.float32),
        "shape": truth[0],
        "float": truth.astype(np.float64),
        "grey": truth[..., 0],
        "alpha": truth[..., [0, 1, 2, 0]],
        "empty": truth[:0],
    }[how]


class Hostile:
    name = "hostile"
    tasks = ("depth",)
    invariance = "none"

    def __init__(self, how="raises"):
        self.how = how

    def predict(self, sample, instruction):
        if sample.id == f"analytic/{BAD}":
            return _misbehave(self.how, sample.depth_m)
        return sample.depth_m

    def describe(self):
        return {"about": "a hostile specialist"}


class Painter:
    name = "painter"

    def __init__(self, how="raises", *, batch=1):
        self.how, self.batch = how, batch
        self.truth = plugins.load("datasets", "analytic?n=6&height=32")

    def sample(self, image, instruction, *, seed=0):
        return self.sample_many([image], [instruction], seeds=[seed])[0]

    def sample_many(self, images, instructions, *, seeds=None):
        pictures = [DepthCodec().encode(self.truth[seed].depth_m) for seed in seeds]
        if BAD in seeds:
            if self.how == "short":
                return pictures[:-1]
            if self.how == "generator":
                return (picture for picture in pictures)
            k = list(seeds).index(BAD)
            pictures[k] = _misbehave(self.how, pictures[k])
        return pictures

    def describe(self):
        return {"about": "a hostile painter"}
