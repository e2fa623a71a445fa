"""Crop and zoom: the field of view changes and the metres do not. How far does each model's depth move?

The middle of a photograph, cut out and brought to the model's size, is what a camera of a longer lens sees.
So no truth is needed: the depth of the cut is held against the same model's depth of the same place in the
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from vbanalysis.codecs import DepthCodec
from vbanalysis.datasets.gallery import Gallery
from vbanalysis.errors import InputError
from vbanalysis.instructions import depth_prompt
from vbanalysis.mini.model import Mini
from vbanalysis.mini.regression import Regressor
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.stats import Estimate, mean_estimate
from vbanalysis.studies.photographs import photographs

ZOOMS = (1.25, 1.5, 2.0, 2.5)
"""Factors by which the focal length grows."""

_RENDERED = 192
"""Side of the rendered pictures: what is cut out of them is still larger than the generator's 64 pixels."""

_LONGEST = 512
"""Pixels of the longer side that photographs are brought to before they are cut: what is cut out of them has
more than the generator's still."""

_FEWEST = 50
"""Pixels that a cut and the whole must both know."""


class Picture(NamedTuple):
    """A picture to be zoomed into.

    Attributes:
        name: What it is called.
        group: Where it comes from.
        rgb: (H, W, 3) uint8.
    """

    name: str
    group: str
    rgb: np.ndarray


class Reader(NamedTuple):
    """A model that reads depth.

    Attributes:
        read: Depth in metres of each picture, (h, w), at the model's own size.
        power: Its metres are what it reads times the focal length to this power: 1 for a pipeline that is
            told each picture's focal length, 0 for one that is not.
    """

    read: Callable[[Sequence[np.ndarray]], list[np.ndarray]]
    power: float


def pictures(n_rendered: int) -> list[Picture]:
    """Held-out scenes, scikit-image's photographs, and the inputs of the gallery that are at hand."""
    scenes = [make_scene("heldout", number) for number in range(n_rendered)]
    found = [Picture(scene.id, "rendered scenes", render(scene, _RENDERED).rgb) for scene in scenes]
    found += [Picture(each.name, "photographs", _smaller(each.rgb)) for each in photographs()]
    gallery, seen = Gallery(), set()
    for sample in gallery if len(gallery) else ():
        assert sample.image is not None
        key = sample.image[::97, ::97].tobytes()  # several outputs share an input
        if key not in seen:
            seen.add(key)
            found.append(Picture(sample.id.rpartition("/")[2], "gallery", _smaller(sample.image)))
    return found


def readers(
    tuned: str = "tuned", pictures: str = "pictures", canonical: str = "canonical"
) -> dict[str, Reader]:
    """The embedded models by name; both pipelines with a focal length are one network, read twice."""
    painted = {name: _painter(Mini(name)) for name in dict.fromkeys((tuned, pictures, canonical))}
    return {
        f"{tuned}, no intrinsics": Reader(painted[tuned], 0.0),
        f"{pictures}, no intrinsics": Reader(painted[pictures], 0.0),
        f"{canonical}, true focal": Reader(painted[canonical], 1.0),
        f"{canonical}, hard-coded": Reader(painted[canonical], 0.0),
        "regression, no intrinsics": Reader(_regressor(Regressor()), 0.0),
    }


def cut(rgb: np.ndarray, zoom: float) -> tuple[np.ndarray, slice, slice]:
    """The middle of a picture, as a lens of `zoom` times the focal length would see it, and where it lies.

    Raises:
        InputError: `zoom` is below 1, or leaves less than 8 pixels.
    """
    if not zoom >= 1:
        raise InputError(f"zoom must be at least 1, got {zoom!r}")
    height, width = rgb.shape[:2]
    rows, columns = round(height / zoom), round(width / zoom)
    if min(rows, columns) < 8:
        raise InputError(f"zoom must leave 8 pixels a side, got {zoom:g} for a picture of {height} x {width}")
    top, left = (height - rows) // 2, (width - columns) // 2
    place = slice(top, top + rows), slice(left, left + columns)
    return rgb[place], *place


def moved(
    models: Mapping[str, Reader], shown: Sequence[Picture], zooms: Sequence[float] = ZOOMS
) -> pd.DataFrame:
    """How the depth of a place changes when it is zoomed into.

    Args:
        models: By name.
        shown: What is zoomed into.
        zooms: Above 1.

    Returns:
        Rows `model, group, picture, zoom, factor`: the median over pixels of the cut's depth by the whole's.
        1 is right, 1 / zoom what a perfect pipeline with a hard-coded focal length says. Pictures where one
        of the two is unknown or unbounded nearly everywhere have no row.
    """
    cuts = [[cut(each.rgb, zoom) for zoom in zooms] for each in shown]
    flat = [each.rgb for each in shown] + [one[0] for each in cuts for one in each]
    read: dict[int, list[np.ndarray]] = {}
    rows = []
    for name, model in models.items():
        if id(model.read) not in read:
            read[id(model.read)] = model.read(flat)
        said = read[id(model.read)]
        closer = iter(said[len(shown) :])
        for whole, picture, ones in zip(said, shown, cuts, strict=False):
            for zoom, (_, rows_at, columns_at) in zip(zooms, ones, strict=True):
                near = next(closer)
                there = _same_place(whole, picture.rgb.shape[:2], rows_at, columns_at, near.shape)
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio = near / there
                known = ratio[np.isfinite(ratio) & (ratio > 0)]
                if len(known) >= _FEWEST:
                    factor = float(np.median(known)) * zoom**model.power
                    rows.append(
                        {
                            "model": name,
                            "group": picture.group,
                            "picture": picture.name,
                            "zoom": zoom,
                            "factor": factor,
                        }
                    )
    return pd.DataFrame(rows, columns=["model", "group", "picture", "zoom", "factor"])


def exponents(table: pd.DataFrame) -> pd.DataFrame:
    """The power of the zoom that each model's depth follows: 0 is right, -1 as with a hard-coded focal.

    Fitted to each picture by least squares of ln factor on ln zoom, then averaged over pictures.

    Args:
        table: From `moved`.

    Returns:
        Rows `group, model, value, low, high, n`; below five pictures `low` and `high` are a range.
    """
    return pd.DataFrame(list(_exponents(table)))


def answer(powers: pd.DataFrame) -> str:
    """What `exponents` says, a line a group of pictures."""
    lines = []
    for group, rows in powers.groupby("group", sort=False):
        each = ", ".join(
            f"{row.model} {Estimate(row.value, row.low, row.high, int(row.n)):+.2f}"
            for row in rows.itertuples()
        )
        lines.append(f"Zoomed into {group}, depth follows the zoom to the power (0 is right): {each}.")
    return "\n".join(lines)


def _exponents(table: pd.DataFrame) -> Iterator[dict[str, str | float]]:
    for (group, model), rows in table.groupby(["group", "model"], sort=False):
        x, y = np.log(rows.zoom), np.log(rows.factor)
        sums = pd.DataFrame({"picture": rows.picture, "xy": x * y, "xx": x * x}).groupby("picture").sum()
        estimate = mean_estimate((sums.xy / sums.xx).to_numpy())
        told = {name: getattr(estimate, name) for name in ("value", "low", "high", "n")}
        yield {"group": group, "model": model, **told}


def _smaller(rgb: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(rgb)
    picture.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)
    return np.asarray(picture)


def _same_place(
    depth_m: np.ndarray, shape: tuple[int, ...], rows: slice, columns: slice, size: tuple[int, ...]
) -> np.ndarray:
    """The depth of a part of a picture at the pixels of a map of that part: nearest, no depths are mixed."""
    places = []
    for whole, part, pixels, length in zip(shape, (rows, columns), depth_m.shape, size, strict=True):
        middle = part.start + (np.arange(length) + 0.5) * (part.stop - part.start) / length
        places.append(np.minimum((middle * pixels / whole).astype(int), pixels - 1))
    return np.asarray(depth_m[np.ix_(*places)])


def _painter(mini: Mini) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    prompt = depth_prompt()

    def read(shown: Sequence[np.ndarray]) -> list[np.ndarray]:
        painted = mini.sample_many(list(shown), [prompt] * len(shown), seeds=[0] * len(shown))
        return [np.asarray(DepthCodec().decode(each).depth_m) for each in painted]

    return read


def _regressor(regressor: Regressor) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    text = depth_prompt().text

    def read(shown: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [regressor.predict(each, depth=text, normals=text, semantic=text).depth_m for each in shown]

    return read
