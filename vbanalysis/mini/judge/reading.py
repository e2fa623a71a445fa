"""The judge: reads off a picture what it shows, and holds that against a caption or an edit.

It learnt from rendered scenes alone (`training`) and has seen nothing that a generator drew, so it
takes no side between two of them. How often it errs itself is measured by `quality`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import binary_dilation, gaussian_filter

from vbanalysis.errors import InputError
from vbanalysis.metrics.image import psnr
from vbanalysis.mini.judge.network import JudgeNetwork
from vbanalysis.mini.judge.training import FORMAT
from vbanalysis.mini.language.captions import Claims
from vbanalysis.mini.language.edits import Edit
from vbanalysis.mini.pixels import signed
from vbanalysis.mini.weights import load_weights, read_weights
from vbanalysis.mini.world.graph import CLASSES, COLOURS, STUFF, THINGS, Setting
from vbanalysis.mini.world.render import View, render

ATTRIBUTES = ("setting", "kind", "colour", "count", "relation", "only")
"""What a caption claims that the judge can tell; the looks of ground and walls it cannot."""

LEAST_SHARE = 0.0025
"""What covers less of a picture is not read as an object. Captions name nothing below 0.004."""

UNCHANGED_DB = 25.0
"""The rest of an edited picture counts as unchanged from this PSNR on, an error of 14 of 255.

A blur of 1 pixel leaves 27 dB or more in 95 % of rendered pictures, noise of 10 of 255 leaves 28 dB, and
another scene's picture has 10 to 19 dB.
"""

CLEARED_DB = 20.0
"""Where a thing was removed, the picture must come this near to the truth, an error of 25 of 255.

Chosen on 200 removals of the split `validation`: rendered and blurred by 1 pixel, all are done; a grey
picture passes for 6 % of them, another scene's for 4 %, noise for none.
"""

LEAST_AGREEMENT = 0.6
"""What its pixels are less sure of in the mean, kind or colour, is not recognised as an object.

Else what has no shape has credit for looking a little like everything; of rendered things 1 % is lost.
"""

_INDOORS = [CLASSES.index(name) for name in ("floor", "wall", "ceiling")]
_OUTDOORS = [CLASSES.index(name) for name in ("ground", "sky")]
_WORDS = tuple(COLOURS)
_BATCH = 32


class Sighting(NamedTuple):
    """An object that the judge sees.

    Attributes:
        kind: One of `world.THINGS`.
        colour: One of `world.COLOURS`.
        share: Part of the picture that it covers.
        across: Of its middle: 0 at the left border, 1 at the right one.
        down: Of its middle: 0 at the top, 1 at the bottom.
        depth_m: How far ahead it seems to stand; to be compared within one picture only.
    """

    kind: str
    colour: str
    share: float
    across: float
    down: float
    depth_m: float


class Reading(NamedTuple):
    """What a picture shows.

    Attributes:
        setting: Where it is.
        objects: The biggest first.
        classes: (H, W) int32 labels of `CLASSES`.
        colours: (H, W) int32 places in `COLOURS`, -1 where there is no thing.
    """

    setting: Setting
    objects: tuple[Sighting, ...]
    classes: np.ndarray
    colours: np.ndarray


class Verdict(NamedTuple):
    """How much of a caption is true of a picture.

    Attributes:
        right: Number of true claims by attribute, for those of `ATTRIBUTES` that the caption has claims of.
        claimed: Number of claims.
    """

    right: Mapping[str, int]
    claimed: Mapping[str, int]

    @property
    def share(self) -> float:
        """Share of all claims that are true."""
        return sum(self.right.values()) / sum(self.claimed.values())

    @property
    def whole(self) -> bool:
        """Whether all are."""
        return self.right == self.claimed


class EditVerdict(NamedTuple):
    """Whether a picture is what an edit asked for.

    Attributes:
        done: The thing is of the new colour, or gone.
        rest_psnr_db: Of what the edit was to leave alone against the truth; inf if equal.
        rest_kept: That is at least `UNCHANGED_DB`.
    """

    done: bool
    rest_psnr_db: float
    rest_kept: bool


class Judge:
    """A network that names every pixel, and what its answers add up to.

    Args:
        network: With weights.
    """

    def __init__(self, network: JudgeNetwork) -> None:
        self.network = network.eval()

    @classmethod
    def load(cls, weights: str | Path = "judge") -> Judge:
        """From shipped weights, or from a file that `train_judge` wrote.

        Raises:
            InputError: There are no such weights.
            DataError: They are damaged, or no judge's.
        """
        tensors, _ = read_weights(weights, FORMAT)
        with torch.random.fork_rng(devices=[]):  # its weights are drawn, then replaced
            network = JudgeNetwork()
        return cls(load_weights(network, tensors, weights))

    @torch.inference_mode()
    def read(self, rgb: np.ndarray) -> list[Reading]:
        """What each picture shows.

        Args:
            rgb: (B, H, W, 3) uint8 sRGB; H and W are multiples of 8, and best 64, as in training.

        Raises:
            InputError: These are no such pictures.
        """
        rgb = np.asarray(rgb)
        if rgb.ndim != 4 or rgb.shape[3] != 3 or rgb.dtype != np.uint8 or not rgb.size:
            raise InputError(f"rgb must be (B, H, W, 3) uint8 pictures, got {rgb.dtype} of shape {rgb.shape}")
        if rgb.shape[1] % 8 or rgb.shape[2] % 8:
            raise InputError(f"the judge reads pictures whose sides are multiples of 8, got {rgb.shape[1:3]}")
        readings = []
        for first in range(0, len(rgb), _BATCH):
            scores = self.network(signed(np.ascontiguousarray(rgb[first : first + _BATCH])))
            classes = scores.classes.softmax(dim=1)
            colours = scores.colours.softmax(dim=1)
            for parts in zip(classes, colours, scores.middle, scores.log_depth, strict=True):
                readings.append(_reading(*(part.numpy() for part in parts)))
        return readings


def check(reading: Reading, claims: Claims) -> Verdict:
    """Hold a caption's claims against what a picture shows.

    Each sort of objects that the caption names makes three claims: something of the kind is there (`kind`),
    something of the kind in the colour (`colour`), and exactly as many of these as it says (`count`). The
    `setting` is one more, and so is a `relation`, which is that of the biggest objects of the two sorts; it
    cannot be true if either is missing. A caption that names all that can be seen makes the claim `only`:
    each object is of a sort that it names.
    """
    marks: dict[str, list[bool]] = {"setting": [reading.setting == claims.setting]}
    sorts: dict[int, list[Sighting]] = {}
    for group in claims.objects:
        of_kind = [seen for seen in reading.objects if seen.kind == group.kind]
        fitting = [seen for seen in of_kind if seen.colour == group.colour]
        marks.setdefault("kind", []).append(bool(of_kind))
        marks.setdefault("colour", []).append(bool(fitting))
        marks.setdefault("count", []).append(len(fitting) == len(group.things))
        sorts |= dict.fromkeys(group.things, fitting)
    for name, subject, other in claims.relations:
        both = bool(sorts[subject] and sorts[other])
        marks.setdefault("relation", []).append(both and _relates(name, sorts[subject][0], sorts[other][0]))
    if claims.complete:
        named = {(group.kind, group.colour) for group in claims.objects}
        marks["only"] = [all((seen.kind, seen.colour) in named for seen in reading.objects)]
    return Verdict(
        {name: sum(marked) for name, marked in marks.items()},
        {name: len(marked) for name, marked in marks.items()},
    )


def judge_edit(before: View, edit: Edit, after_rgb: np.ndarray, judge: Judge) -> EditVerdict:
    """Whether an edit was done, and the rest left alone.

    A recolouring is done if where the thing was is still a thing for the greater part, and that in the asked
    colour. A removal is done if the greater part of where the thing was shows what is there after the true
    edit, and looks like it: to `CLEARED_DB`, with a border of a pixel. Places where the edit brings another
    of its kind to light do not count for what is shown. The rest is every pixel that is not the thing's and
    that the true edit does not change, so its shadow and its mirror image are left out.

    Args:
        before: What was to be edited.
        edit: The order, on the scene of that view.
        after_rgb: (H, W, 3) uint8 of the view's size: the picture to judge.
        judge: Reads it.

    Raises:
        InputError: The picture is of another size or type, or the thing cannot be seen in the view.
    """
    if after_rgb.shape != before.rgb.shape or after_rgb.dtype != np.uint8:
        got = f"{after_rgb.dtype} of shape {after_rgb.shape}"
        raise InputError(f"after_rgb must be uint8 of the view's shape {before.rgb.shape}, got {got}")
    mask = before.instances == edit.thing + 1
    if not mask.any():
        raise InputError(f"thing {edit.thing} has no pixel in the view: give the view that was edited")
    truth = render(edit.result, before.classes.shape)
    (reading,) = judge.read(after_rgb[None])
    if edit.colour is None:
        kind = before.classes[mask][0]
        cleared = mask & (truth.classes != kind)
        like = psnr(after_rgb, truth.rgb, region=binary_dilation(mask))
        right = cleared.any() and (reading.classes == truth.classes)[cleared].mean() > 0.5
        done = bool(right and like >= CLEARED_DB)
    else:
        words = reading.colours[mask]
        seen = np.bincount(words[words >= 0], minlength=len(_WORDS))
        done = bool(2 * seen.sum() > mask.sum() and seen.argmax() == _WORDS.index(edit.colour))
    rest = ~mask & (truth.rgb == before.rgb).all(axis=-1)
    kept = psnr(after_rgb, truth.rgb, region=rest) if rest.any() else float("inf")
    return EditVerdict(done, kept, kept >= UNCHANGED_DB)


def _relates(name: str, subject: Sighting, other: Sighting) -> bool:
    if name in ("left of", "right of"):
        return (subject.across < other.across) == (name == "left of")
    return (subject.depth_m > other.depth_m) == (name == "behind")


def _reading(classes: np.ndarray, colours: np.ndarray, middle: np.ndarray, log_depth: np.ndarray) -> Reading:
    """From (12, H, W) and (8, H, W) probabilities, (2, H, W) offsets and (H, W) logarithms."""
    labels = classes.argmax(axis=0).astype(np.int32)
    on_thing = labels >= len(STUFF)
    height, width = labels.shape
    rows, columns = np.indices(labels.shape)
    votes = np.stack([rows + height * middle[1], columns + width * middle[0]], axis=-1)
    objects = []
    # All kinds are grouped at once: a thing that looks like a ball here and a box there is one thing.
    for members in _grouped(on_thing, votes):
        kinds = classes[len(STUFF) :, members].mean(axis=1)
        words = colours[:, members].mean(axis=1)
        if min(kinds.max() / kinds.sum(), words.max()) < LEAST_AGREEMENT:
            continue
        objects.append(
            Sighting(
                THINGS[kinds.argmax()],
                _WORDS[words.argmax()],
                float(members.mean()),
                (float(columns[members].mean()) + 0.5) / width,
                (float(rows[members].mean()) + 0.5) / height,
                float(np.exp(np.median(log_depth[members]))),
            )
        )
    indoors, outdoors = (np.isin(labels, where).sum() for where in (_INDOORS, _OUTDOORS))
    return Reading(
        "room" if indoors > outdoors else "open",
        tuple(sorted(objects, key=lambda seen: seen.share, reverse=True)),
        labels,
        np.where(on_thing, colours.argmax(axis=0), -1).astype(np.int32),
    )


def _grouped(mask: np.ndarray, votes: np.ndarray) -> Iterator[np.ndarray]:
    """Masks of the objects among the pixels on things: those that vote for one middle, parted or not.

    The place with the most votes is the middle of an object, which takes all that votes for near it; the rest
    votes again. The votes of a big object lie farther apart.
    """
    least = LEAST_SHARE * mask.size
    bounds = np.array(mask.shape) - 1
    left = mask.copy()
    while left.sum() >= least:
        cells = np.clip(np.rint(votes[left]), 0, bounds).astype(int)
        poll = np.zeros(mask.shape, np.float32)
        np.add.at(poll, tuple(cells.T), 1)
        peak = divmod(int(gaussian_filter(poll, 1.5).argmax()), mask.shape[1])
        # In widths of the picture; chosen on the split `validation`.
        reach = 0.08 + 0.2 * np.sqrt(left.mean())
        members = left & (np.linalg.norm(votes - peak, axis=-1) <= reach * mask.shape[1])
        if members.sum() >= least:
            yield members
        if not members.any():
            return
        left &= ~members
