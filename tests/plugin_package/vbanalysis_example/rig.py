"""A data set: what one's own depth camera saw, NAME_rgb.png with NAME_depth.png in millimetres beside it."""

from pathlib import Path

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.images import read_rgb, read_uint16
from vbanalysis.listed import Listed
from vbanalysis.types import Sample


class Rig(Listed):
    name = "rig"

    def __init__(self, folder, *, far_m=10.0):
        self.folder, self.far_m = Path(folder), far_m
        self.ids = sorted(file.name.removesuffix("_rgb.png") for file in self.folder.glob("*_rgb.png"))
        if not self.ids:
            raise DataError(f"{folder} holds no *_rgb.png: name the folder with the pictures of the rig")

    def read(self, place):
        name = self.ids[place]
        millimetres = read_uint16(self.folder / f"{name}_depth.png")
        return Sample(
            id=name,
            image=read_rgb(self.folder / f"{name}_rgb.png"),
            depth_m=np.where(millimetres > 0, millimetres / 1000, np.nan).astype(np.float32),
            info={"scene": name.partition("-")[0], "cap_m": (0.1, self.far_m)},
        )

    def describe(self):
        return {
            "about": "frames of our rig, kitchen-0001 being the first one of the kitchen",
            "samples": len(self),
            "samples_at_hand": len(self),
            "licence": "ours",
            "source": "our laboratory",
        }


load = Rig
