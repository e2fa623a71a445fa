"""An extractor: the colours of a picture, counted, so that KID and FID compare palettes and nothing else."""

import numpy as np


class Histogram:
    name, batch = "histogram", 32

    def __init__(self, *, bins=4):
        self.bins = bins
        self.protocol = f"shares of {bins}^3 bins of RGB, pictures at their own size"

    def features(self, pictures):
        sides = [np.linspace(0, 256, self.bins + 1)] * 3
        counts = [np.histogramdd(picture.reshape(-1, 3), sides)[0].ravel() for picture in pictures]
        return np.array([each / each.sum() for each in counts])


load = Histogram
