"""Which walk an image follows, found from its colours alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from vbanalysis.codecs._distinct import count_colours
from vbanalysis.codecs.flat_colours import LEAST_FLAT, find_flat_colours
from vbanalysis.codecs.walk import WALKS, project
from vbanalysis.errors import InputError
from vbanalysis.types import Array

NEAR_CODE = 24.0
"""A pixel within this distance of a walk, in /255, is taken to lie on it (published: 3.4 on average)."""

LEAST_SHARE = 0.5
"""Share of pixels that must lie near the best walk for an image to be a depth image at all."""

LEAST_VOTES = 1e-4
"""Share of the pixels that must speak for the best walk against each other walk."""

LEAST_MAJORITY = 5.0
"""How many times more pixels must speak for the best walk than against it."""

PAPER_WALK = "KRYGCBMW"
PAPER_WALK_IN_BGR = "KBCGYRMW"


class WalkScore(NamedTuple):
    """How well one walk explains an image.

    Attributes:
        name: The walk's corners, such as `KRYGCBMW`.
        score: Mean distance of the pixels to the walk, in /255; lower is better.
        pixels: Pixels within `NEAR_CODE` of the walk.
    """

    name: str
    score: float
    pixels: int


class WalkIdentification(NamedTuple):
    """The six walks, best first, and what to make of them.

    Attributes:
        ranking: Six `WalkScore`, best first.
        n_pixels: Pixels looked at (NaN colours and exact mid-grey, "unknown", are left out).
        verdict: `"walk"`: the image follows `ranking[0]`. `"bgr"`: it follows the paper's walk with
            red and blue exchanged. `"ambiguous"`: it is on the code, but its colours are shared by
            several walks (only near depths, say). `"none"`: no walk at all.
        message: The verdict in a sentence.
    """

    ranking: tuple[WalkScore, ...]
    n_pixels: int
    verdict: Literal["walk", "bgr", "ambiguous", "none"]
    message: str

    @property
    def walk(self) -> str | None:
        """Name of the walk to decode with (after exchanging channels for `"bgr"`), or None."""
        if self.verdict == "walk":
            return self.ranking[0].name
        return PAPER_WALK if self.verdict == "bgr" else None


def identify_walk(rgb: Array) -> WalkIdentification:
    """Rank the six walks by how closely an image follows them.

    Walks share edges: a scene between 1.8 and 8.7 m lies almost as near to two other walks as to
    the paper's. So beside the mean distance, the pixels vote that lie on one walk and off the other.

    Args:
        rgb: (..., 3) uint8, uint16 or float in [0, 1].

    Raises:
        InputError: `rgb` is not an image of colours or has no pixel to look at.

    Examples:
        >>> from vbanalysis.codecs import DepthCodec
        >>> image = DepthCodec().encode(np.geomspace(0.3, 60, 4096).reshape(64, 64))
        >>> found = identify_walk(image)
        >>> found.verdict, found.ranking[0].name
        ('walk', 'KRYGCBMW')
        >>> identify_walk(image[..., ::-1]).verdict
        'bgr'
    """
    colours, counts = count_colours(rgb)
    usable = (colours != 128).any(axis=1)
    colours, counts = colours[usable].astype(np.float64), counts[usable]
    n_pixels = int(counts.sum())
    if not n_pixels:
        raise InputError(
            f"rgb has no pixel to identify a walk from (shape {tuple(rgb.shape)}, NaN and mid-grey left out)"
        )
    distances = {name: project(colours, name, 255).residual for name in WALKS}
    near = {name: distance <= NEAR_CODE for name, distance in distances.items()}
    ranking = tuple(
        sorted(
            (
                WalkScore(name, float(distances[name] @ counts / n_pixels), int(counts[near[name]].sum()))
                for name in WALKS
            ),
            key=lambda walk: walk.score,
        )
    )
    best = ranking[0]
    share = best.pixels / n_pixels
    unsettled = []
    for rival in ranking[1:]:
        lead = distances[rival.name] - distances[best.name]
        pro = counts[near[best.name] & (lead > NEAR_CODE)].sum()
        contra = counts[near[rival.name] & (lead < -NEAR_CODE)].sum()
        if pro < max(1, LEAST_VOTES * n_pixels) or pro < LEAST_MAJORITY * contra:
            unsettled.append(rival.name)
    verdict: Literal["walk", "bgr", "ambiguous", "none"]
    if share < LEAST_SHARE:
        verdict = "none"
        message = f"no depth walk: only {share:.0%} of the pixels lie near {best.name}, the closest"
    elif unsettled and (flat := find_flat_colours(rgb).share) >= LEAST_FLAT:
        verdict = "none"
        message = f"no depth walk: {flat:.0%} of the pixels are painted in flat colours, as in a mask"
    elif unsettled:
        verdict = "ambiguous"
        message = (
            f"on the code, but it shows too little of it to tell {best.name} from {', '.join(unsettled)}"
        )
    elif best.name == PAPER_WALK_IN_BGR:
        verdict = "bgr"
        message = f"follows {best.name}, the paper's walk in BGR order: reverse the image's channels"
    else:
        verdict = "walk"
        second = ranking[1]
        message = (
            f"follows {best.name} at {best.score:.1f}/255 on average ({second.name}: {second.score:.1f})"
        )
    return WalkIdentification(ranking, n_pixels, verdict, message)
