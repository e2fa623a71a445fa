"""`recover_focal` on measured depth, on published depth images, and on what the generator itself paints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.datasets.gallery import Gallery
from vbanalysis.errors import DataError, VbanalysisError
from vbanalysis.geometry import Intrinsics
from vbanalysis.instructions import depth_prompt
from vbanalysis.mini.world.graph import Scene
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.models import Generator
from vbanalysis.studies.focal import recover_focal
from vbanalysis.studies.focal_check import coverage, median_error
from vbanalysis.studies.real_frames import real_sets

ETH3D_FOCAL = 3411.4 / 6048
"""Of ETH3D's DSLR in widths of its pictures, from `cameras.txt` of the scene courtyard; other scenes differ
by thousandths. The published picture has the size of the originals, which are distorted: a guide only."""

_KNOWN = {"depth_eth3d_47_1": ETH3D_FOCAL}


class Depth(NamedTuple):
    """A depth map of a real scene.

    Attributes:
        name: What it is called.
        source: `measured`, or `published` for one that Vision Banana painted.
        rgb: (H, W, 3) uint8 of any size, what it is of.
        depth_m: (h, w) metres.
        focal: The camera's, in widths of the picture; NaN where nobody says.
    """

    name: str
    source: str
    rgb: np.ndarray
    depth_m: np.ndarray
    focal: float

    @property
    def colours(self) -> np.ndarray:
        """(h, w, 3) uint8, the picture's pixel nearest to each of the depth's."""
        rows, columns = (
            np.arange(n) * whole // n for n, whole in zip(self.depth_m.shape, self.rgb.shape[:2], strict=True)
        )
        return np.asarray(self.rgb[np.ix_(rows, columns)])


def measured_depths() -> Iterator[Depth]:
    """The first frames with dense measured depth that are at hand: the motorcycle, NYUv2, TUM RGB-D."""
    for name, spec in real_sets("depth").items():
        if name not in ("Motorcycle", "NYUv2", "TUM RGB-D"):
            continue  # lidar is too sparse for planes
        try:
            samples = plugins.load("datasets", spec)
            count = len(samples)
        except VbanalysisError:
            continue
        for place in range(min(count, 2)):
            sample = samples[place]
            intrinsics: Intrinsics = sample.info["intrinsics"]
            title = name if count == 1 else f"{name} {place + 1}"
            focal = intrinsics.fx / sample.image.shape[1]
            yield Depth(title, "measured", sample.image, sample.depth_m, focal)


def published_depths() -> Iterator[Depth]:
    """The depth images of the gallery that are at hand, decoded."""
    gallery = Gallery("depth")
    for sample in gallery if len(gallery) else ():
        assert sample.image is not None
        assert sample.output is not None
        name = sample.id.rpartition("/")[2]
        depth = np.asarray(DepthCodec().decode(sample.output).depth_m)
        yield Depth(name, "published", sample.image, depth, _KNOWN.get(name, float("nan")))


def recovered(depth: Depth, seed: int = 0) -> dict[str, object]:
    """A row of `name, source, true, focal, low, high, pairs, refused` of one depth map."""
    told = {"name": depth.name, "source": depth.source, "true": depth.focal}
    return {**told, **_recovered(depth.depth_m, np.random.default_rng(seed))}


def painted_rooms(generator: Generator, n: int, split: str = "heldout") -> pd.DataFrame:
    """Recover the focal lengths of rooms from the depth that a generator paints of them.

    Args:
        generator: Who paints.
        n: Rooms; open grounds are passed over.
        split: Of the scenes.

    Returns:
        Rows as of `focal_check.check_rooms`.
    """
    rooms: list[Scene] = []
    number = 0
    while len(rooms) < n:
        scene = make_scene(split, number)
        number += 1
        if scene.setting == "room":
            rooms.append(scene)
    views = [render(scene) for scene in rooms]
    pictures = generator.sample_many([view.rgb for view in views], [depth_prompt()] * n)
    rows = []
    for scene, view, picture in zip(rooms, views, pictures, strict=True):
        true = view.intrinsics.fx / view.depth_m.shape[1]
        depth = np.asarray(DepthCodec().decode(picture).depth_m)
        rows.append({"scene": scene.id, "true": true, **_recovered(depth, np.random.default_rng(0))})
    return pd.DataFrame(rows)


def checked(rooms: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How well rooms give their focal lengths back, by what their depth is.

    Args:
        rooms: Rows of `check_rooms` or `painted_rooms`, by name.

    Returns:
        Rows `depth, rooms, told, error, coverage, holds, constant`: `error` is the median of
        |ln(recovered / true)|, `holds` whether a coverage of 0.95 is within what was seen, and `constant`
        what the best constant guess for the same rooms would have; NaN where no room tells one.
    """
    rows = []
    for name, table in rooms.items():
        told = table[table.refused == ""]
        row: dict[str, object] = {"depth": name, "rooms": len(table), "told": len(told)}
        if len(told):
            logs = np.log(told.true)
            row["error"] = f"{median_error(table):.3f}"
            row["coverage"] = f"{coverage(table):.3f}"
            row["holds"] = coverage(table).high >= 0.95
            row["constant"] = float(np.median(np.abs(logs - np.median(logs))))
        rows.append(row)
    return pd.DataFrame(rows, columns=["depth", "rooms", "told", "error", "coverage", "holds", "constant"])


def answer(rooms: pd.DataFrame, real: pd.DataFrame) -> str:
    """What `checked` and the rows of `recovered` say, in sentences."""
    lines = [
        f"Focal length from {row.depth}: told by {row.told} of {row.rooms} rooms, median error of its "
        f"logarithm {row.error}, intervals hold the true one in {row.coverage} "
        f"(a constant guess: {row.constant:.3f})."
        for row in rooms.itertuples()
        if row.told
    ]
    short = rooms[rooms.holds.eq(False)].depth.tolist()
    if short:
        lines.append(
            f"Intervals are too short for: {'; '.join(short)}. They know the fit, not bent walls: those of "
            "painted depth below may be too short as well."
        )
    for row in real.itertuples():
        if row.refused:
            lines.append(f"{row.name}: refused, {row.refused}.")
            continue
        said = f"{row.name}: {row.focal:.3f} [{row.low:.3f}, {row.high:.3f}]"
        if np.isfinite(row.true):
            held = "within" if row.low <= row.true <= row.high else "outside"
            about = "about " if row.source == "published" else ""
            said += f"; the camera's is {about}{row.true:.3f}, {held} the interval"
        lines.append(f"{said}.")
    return "\n".join(lines)


def _recovered(depth_m: np.ndarray, rng: np.random.Generator) -> dict[str, object]:
    try:
        found = recover_focal(depth_m, rng).focal
    except DataError as error:
        nothing = float("nan")
        return {"focal": nothing, "low": nothing, "high": nothing, "pairs": 0, "refused": str(error)}
    return {"focal": found.value, "low": found.low, "high": found.high, "pairs": found.n, "refused": ""}
