"""`vkitti2:FOLDER`: streets of KITTI rebuilt in a game engine, with the depth of every pixel.

Cabon, Murray, Humenberger, "Virtual KITTI 2", arXiv 2001.10773. Five scenes, each in ten variations, each
with two cameras. Depth is a PNG of uint16 centimetres, up to 655.35 m; the sky has that largest value.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from vbanalysis.datasets._files import Official, check_option, check_size, read_lines
from vbanalysis.errors import DataError
from vbanalysis.geometry import Intrinsics
from vbanalysis.images import read_photo, read_uint16
from vbanalysis.listed import Listed
from vbanalysis.metrics.crops import crop_mask
from vbanalysis.paths import shown
from vbanalysis.types import Sample

OFFICIAL = Official(
    name="vkitti2",
    layout=(
        "SCENE/VARIATION/frames/rgb/Camera_N/rgb_*.jpg, the same of depth_*.png, and "
        "SCENE/VARIATION/intrinsic.txt, together or in the folders vkitti_2.0.3_rgb, vkitti_2.0.3_depth and "
        "vkitti_2.0.3_textgt"
    ),
    source="https://europe.naverlabs.com/proxy-virtual-worlds-vkitti-2/",
)
LICENCE = "CC BY-NC-SA 3.0"

FRAMES = {"Scene01": 447, "Scene02": 233, "Scene06": 270, "Scene18": 339, "Scene20": 837}
"""Frames of each camera in each variation of a scene."""

VARIATIONS = (
    "clone",
    "15-deg-left",
    "15-deg-right",
    "30-deg-left",
    "30-deg-right",
    "fog",
    "morning",
    "overcast",
    "rain",
    "sunset",
)
CAP_M = (1e-3, 80.0)
"""As for KITTI: the cap of the evaluators that use these scenes in its place."""

Protocol = Literal["none", "kb", "garg", "kb+garg"]

_CENTIMETRES = 100.0
_FARTHEST = 65535
_HEADER = ["frame", "cameraID", "K[0,0]", "K[1,1]", "K[0,2]", "K[1,2]"]
_KINDS = {"rgb": "vkitti_2.0.3_rgb", "depth": "vkitti_2.0.3_depth", "textgt": "vkitti_2.0.3_textgt"}


class _Shot(NamedTuple):
    scene: str
    variation: str
    number: str


class Vkitti2(Listed):
    """The frames of one camera, by scene, variation and number: `Scene01/clone/Camera_0/00000`.

    Depth is inf in the sky, and in all that is 655.35 m away or farther. `info` holds `intrinsics` (of the
    frame, from `intrinsic.txt`), `cap_m` and `scene`.

    Args:
        folder: With the scenes, or with the unpacked archives.
        scenes: Names with commas between; all five unless given.
        variations: Names with commas between, or `all`.
        camera: 0, the left one, or 1.
        protocol: Where depth is compared: everywhere, or in one of KITTI's crops, as named in
            `vbanalysis.metrics.crops`.

    Raises:
        InputError: An option has no such value.
        DataError: The folder, or all that was asked for, is not there.
    """

    name = "vkitti2"

    def __init__(
        self,
        folder: str | Path,
        *,
        scenes: str | None = None,
        variations: str = "clone",
        camera: int = 0,
        protocol: Protocol = "none",
    ) -> None:
        self.scenes = _names(scenes or ",".join(FRAMES), "scenes", tuple(FRAMES))
        self.variations = VARIATIONS if variations == "all" else _names(variations, "variations", VARIATIONS)
        check_option(str(camera), "camera", ("0", "1"), self.name)
        check_option(protocol, "protocol", get_args(Protocol), self.name)
        self.camera, self.protocol = camera, protocol
        self.folder = OFFICIAL.folder(folder)
        self._roots = {
            kind: self.folder / part if (self.folder / part).is_dir() else self.folder
            for kind, part in _KINDS.items()
        }
        self._shots = [
            _Shot(scene, variation, path.stem.removeprefix("rgb_"))
            for scene in self.scenes
            for variation in self.variations
            for path in sorted(self._frames(scene, variation, "rgb").glob("rgb_*.jpg"))
        ]
        if not self._shots:
            raise OFFICIAL.missing(
                self._roots["rgb"],
                f"rgb_*.jpg of camera {camera} of {', '.join(self.variations)} in {', '.join(self.scenes)}",
            )
        self.ids = [f"{shot.scene}/{shot.variation}/Camera_{camera}/{shot.number}" for shot in self._shots]
        self._cameras: dict[tuple[str, str], dict[int, Intrinsics]] = {}

    def read(self, place: int) -> Sample:
        """The frame at a place.

        Raises:
            DataError: A file of it is missing, damaged or of another size.
            ImageError: The same of a picture.
        """
        scene, variation, number = self._shots[place]
        image_path = self._frames(scene, variation, "rgb") / f"rgb_{number}.jpg"
        depth_path = self._frames(scene, variation, "depth") / f"depth_{number}.png"
        image, codes = read_photo(image_path), read_uint16(depth_path)
        check_size(depth_path, codes, image, image_path)
        depth_m = (codes / _CENTIMETRES).astype(np.float32)
        depth_m[codes == _FARTHEST] = np.inf
        depth_m[codes == 0] = np.nan
        return Sample(
            id=self.ids[place],
            image=image,
            depth_m=depth_m,
            valid=None if self.protocol == "none" else crop_mask(self.protocol, depth_m.shape),
            info={
                "intrinsics": self._intrinsics(scene, variation, number),
                "cap_m": CAP_M,
                "scene": scene,
                "licence": LICENCE,
            },
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and protocol."""
        crop = "no crop" if self.protocol == "none" else f"{self.protocol} crop"
        return {
            "name": self.name,
            "about": f"rendered streets, {', '.join(self.variations)} of {', '.join(self.scenes)}, "
            f"camera {self.camera}",
            "samples": sum(FRAMES[scene] for scene in self.scenes) * len(self.variations),
            "samples_at_hand": len(self),
            "licence": LICENCE,
            "source": OFFICIAL.source,
            "protocol": f"{crop}, depth in ({CAP_M[0]:g}, {CAP_M[1]:g}] m, so without the sky",
        }

    def _frames(self, scene: str, variation: str, kind: str) -> Path:
        return self._roots[kind] / scene / variation / "frames" / kind / f"Camera_{self.camera}"

    def _intrinsics(self, scene: str, variation: str, number: str) -> Intrinsics:
        path = self._roots["textgt"] / scene / variation / "intrinsic.txt"
        if (scene, variation) not in self._cameras:
            self._cameras[scene, variation] = _read_intrinsics(path, self.camera)
        try:
            return self._cameras[scene, variation][int(number)]
        except (KeyError, ValueError):
            raise DataError(f"{shown(path)} has no line for frame {number} of camera {self.camera}") from None


def _names(text: str, option: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        check_option(name, option, choices, OFFICIAL.name)
    # In the benchmark's order and each once, whatever the order of asking.
    return tuple(name for name in choices if name in names)


def _read_intrinsics(path: Path, camera: int) -> dict[int, Intrinsics]:
    """The lines of one camera by frame: `frame cameraID K[0,0] K[1,1] K[0,2] K[1,2]`."""
    header, *lines = read_lines(path) or [""]
    if header.split() != _HEADER:
        raise DataError(f"{shown(path)} starts with {header[:60]!r}, expected {' '.join(_HEADER)!r}")
    cameras = {}
    for line in lines:
        try:
            frame, of_camera, *numbers = line.split()
            values = Intrinsics(*map(float, numbers))
            if int(of_camera) == camera:
                cameras[int(frame)] = values
        except (TypeError, ValueError):
            raise DataError(
                f"{shown(path)} has the line {line[:60]!r}, expected {' '.join(_HEADER)!r}"
            ) from None
        if not all(map(math.isfinite, values)) or min(values.fx, values.fy) <= 0:
            raise DataError(f"{shown(path)} has the line {line[:60]!r}: no camera is like that")
    return cameras


def load(
    argument: str | None = None,
    *,
    scenes: str | None = None,
    variations: str = "clone",
    camera: int = 0,
    protocol: Protocol = "none",
) -> Vkitti2:
    """Factory of the spec strings `vkitti2:FOLDER` and `vkitti2:FOLDER?scenes=Scene20&variations=fog,rain`.

    Raises:
        InputError: No folder is named, or an option has no such value.
        DataError: The folder, or all that was asked for, is not there.
    """
    return Vkitti2(
        OFFICIAL.folder(argument), scenes=scenes, variations=variations, camera=camera, protocol=protocol
    )
