"""The segmentation inspector without a view: a painted mask, read under any prompt and any setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import InstanceCodec, PaletteCodec, separated_palette
from vbanalysis.codecs._distinct import distinct_colours
from vbanalysis.codecs.flat_colours import find_flat_colours
from vbanalysis.errors import InputError
from vbanalysis.types import InstanceResult, Instruction, Rgb, Sample
from vbanalysis.widgets.segmentation_legend import FARTHEST_DRIFT, Legend, legend_of
from vbanalysis.widgets.segmentation_prompt import PromptReading, read_prompt
from vbanalysis.widgets.segmentation_source import SegmentationSource
from vbanalysis.widgets.segmentation_truth import Compared, compare_classes, compare_instances

TAUS = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 17.0, 20.0, 24.0, 28.0, 34.0, 40.0, 50.0, 64.0)
"""Tolerances at which instances are counted, in /255."""

SMALL = 128
"""On pictures of such a short side nothing is eroded at first: an erosion would take thin things away."""

BACKGROUND = "(background)"


@dataclass(frozen=True)
class SegmentationSettings:
    """What can be set, by the names that the codecs have for it.

    Attributes:
        reject: Of `PaletteCodec`: pixels farther than this from all colours are rejected, in /255; None
            takes the nearest however far.
        tau: Of `InstanceCodec`: tolerance of a colour within one instance, in /255.
        min_area: Smallest instance, share of the picture.
        erosion: Least share of an instance that an erosion must leave.
        gamma: How far apart two parts of one colour may lie to be one instance; 0 joins none.
    """

    reject: float | None = None
    tau: float = 14
    min_area: float = 2e-4
    erosion: float = 0.1
    gamma: float = 5


@dataclass(frozen=True, eq=False)
class SegmentationReading:
    """What came of one prompt under one setting.

    Attributes:
        settings: It.
        instruction: What the prompt asks for.
        names: What a pixel can be: classes and the background, or the background and instances.
        colours: (n, 3) uint8, of `names`: as asked, or as painted for instances.
        place: (H, W) int32 place in `names`; the nearest where it is rejected.
        rejected: (H, W) bool.
        residual: (H, W) float32, distance to the colour of `place`, in /255.
        runner_up: (H, W) int32 place in `names` of the next colour; -1 where there is but one.
        margin: (H, W) float32, how much farther that one lies, in /255; inf where there is none.
        instances: What `InstanceCodec` finds: instances, or connected regions of a mask of classes.
        legend: The colours asked for; of instances, the background's alone.
        compared: With the truth; None where it is not known or the prompt asks for something else.
    """

    settings: SegmentationSettings
    instruction: Instruction
    names: tuple[str, ...]
    colours: np.ndarray
    place: np.ndarray
    rejected: np.ndarray
    residual: np.ndarray
    runner_up: np.ndarray
    margin: np.ndarray
    instances: InstanceResult
    legend: Legend
    compared: Compared | None


class Stability(NamedTuple):
    """How many instances there are over the tolerance.

    Attributes:
        taus: `TAUS`.
        counts: (n,) int64, instances at each.
        holds: The smallest and largest of `taus` around the chosen one with its number; None if neither
            neighbour has it.
    """

    taus: np.ndarray
    counts: np.ndarray
    holds: tuple[float, float] | None


class SegmentationInspector:
    """Reads one painted picture; what did not change since the last reading is not done again.

    Args:
        picture: (H, W, 3) uint8.
        prompt: That it was painted to.
        sample: The input photograph and the truth, as far as they are known.
        painter: Who painted it, in words.

    Raises:
        InputError: It is no such picture, or the prompt does not ask for a mask.
    """

    def __init__(
        self, picture: np.ndarray, prompt: str, sample: Sample | None = None, painter: str = ""
    ) -> None:
        given = SegmentationSource.of(picture, prompt)
        self.picture, self.sample, self.painter = given.picture, sample, painter
        self.prompt = read_prompt(prompt)
        if self.prompt.instruction is None:
            raise InputError(f"the prompt cannot be read: {self.prompt.reason}")
        self.instruction = self.prompt.instruction
        self._instances: tuple[InstanceCodec, InstanceResult] | None = None
        self._counts: dict[InstanceCodec, np.ndarray] = {}
        self._two: tuple[bytes, np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, source: Any = "scenes:heldout", prompt: str | None = None) -> SegmentationInspector:
        """An inspector of a picture, a sample, or the first sample of a data set that has a mask.

        Raises:
            InputError: As `SegmentationSource.of`, and where the prompt does not ask for a mask.
            VbanalysisError: The data set cannot be loaded.
        """
        return cls(*SegmentationSource.of(source, prompt))

    @property
    def defaults(self) -> SegmentationSettings:
        """The settings to begin with: those of the codecs."""
        small = min(self.picture.shape[:2]) <= SMALL
        return SegmentationSettings(erosion=0) if small else SegmentationSettings()

    @property
    def counts_instances(self) -> bool:
        """Whether the prompt asks for instances, in colours that the generator chooses."""
        return self.instruction.task == "instance"

    def ask(self, prompt: str) -> PromptReading:
        """Read the picture by another prompt from now on; by the last one if this one cannot be read."""
        self.prompt = read_prompt(prompt)
        if self.prompt.instruction is not None:
            self.instruction = self.prompt.instruction
        return self.prompt

    def palette(self, settings: SegmentationSettings) -> PaletteCodec:
        """What reads classes, as the tasks do it.

        Raises:
            InputError: A setting is out of its range.
        """
        asked = self.instruction
        classes = dict(zip(asked.classes, asked.colours, strict=True))
        if asked.background is None:
            return PaletteCodec(classes, "implicit", settings.reject)
        return PaletteCodec(classes, asked.background, settings.reject)

    def codec(self, settings: SegmentationSettings) -> InstanceCodec:
        """What counts instances, or connected regions of classes.

        Raises:
            InputError: A setting is out of its range.
        """
        if self.counts_instances:
            behind: Rgb = self.instruction.background or (0, 0, 0)
        else:
            palette = self.palette(settings)
            # Without a background every pixel is in some region: a colour far from all stands for none.
            behind = palette.background_colour or separated_palette(1, list(palette.classes.values()))[0]
        return InstanceCodec(behind, settings.tau, settings.min_area, settings.erosion, settings.gamma)

    def read(self, settings: SegmentationSettings | None = None) -> SegmentationReading:
        """Decode, hold to the legend, compare.

        Raises:
            InputError: A setting is out of its range.
        """
        settings = settings or self.defaults
        if self.counts_instances:
            return self._read_instances(settings)
        return self._read_classes(settings)

    def stability(self, settings: SegmentationSettings | None = None) -> Stability:
        """How the number of instances depends on `tau`, all else as set; `tau` itself may move for free."""
        settings = settings or self.defaults
        codec = self.codec(settings)
        key = replace(codec, tau=0)
        if not self.knows_stability(settings):
            counted = [len(_decoded(replace(codec, tau=tau), self.picture)) for tau in TAUS]
            self._counts = {key: np.array(counted)}
        counts, own = self._counts[key], len(self._found(codec))
        taus = np.array(TAUS)
        first = last = int(np.searchsorted(taus, settings.tau))
        while first > 0 and counts[first - 1] == own:
            first -= 1
        while last < len(taus) and counts[last] == own:
            last += 1
        holds = (TAUS[first], TAUS[last - 1]) if last > first else None
        return Stability(taus, counts, holds)

    def knows_stability(self, settings: SegmentationSettings) -> bool:
        """Whether `stability` has its counts at hand; else it decodes the picture once for each of `TAUS`."""
        return replace(self.codec(settings), tau=0) in self._counts

    def rejected_over(self, rejects: np.ndarray) -> np.ndarray:
        """Share of the pixels that each threshold of `reject` leaves out; needs a prompt with colours."""
        colours, counts, _ = self._distinct
        residual = self.palette(SegmentationSettings()).decode(colours.astype(np.uint8)).residual
        order = np.argsort(residual)
        below = np.concatenate([[0], np.cumsum(counts[order])])
        kept = below[np.searchsorted(residual[order], rejects, side="right")]
        return 1 - kept / below[-1]

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distinct colours (N, 3), how often each is, and which one each pixel has: masks hold few."""
        colours, where = distinct_colours(self.picture.reshape(-1, 3), 255, "inverse")
        where = where.astype(np.int32).reshape(self.picture.shape[:2])
        return colours, np.bincount(where.ravel(), minlength=len(colours)), where

    @cached_property
    def _flat(self) -> Any:
        return find_flat_colours(self.picture).colours

    def _read_classes(self, settings: SegmentationSettings) -> SegmentationReading:
        codec = self.palette(settings)
        colours, counts, where = self._distinct
        found = codec.decode(colours.astype(np.uint8))
        asked = dict(codec.classes)
        if codec.background_colour is not None:
            asked[BACKGROUND] = codec.background_colour
        nearest, second = self._nearest_two(np.array(list(asked.values())))
        return SegmentationReading(
            settings,
            self.instruction,
            tuple(asked),
            np.array(list(asked.values()), np.uint8),
            nearest[where],
            ~found.valid[where],
            found.residual[where],
            second[where],
            found.margin[where],
            self._found(self.codec(settings)),
            legend_of(asked, colours, counts, nearest, found.valid, self._flat),
            compare_classes(found.labels[where], self.instruction.classes, self.sample),
        )

    def _read_instances(self, settings: SegmentationSettings) -> SegmentationReading:
        codec = self.codec(settings)
        result = self._found(codec)
        colours, counts, where = self._distinct
        behind = codec.background or (0, 0, 0)
        targets = np.vstack([[behind], result.colours.reshape(-1, 3)]).astype(np.int64)
        nearest, second = (each[where] for each in self._nearest_two(targets))
        rejected = result.labels < 0
        place = np.where(rejected, nearest, result.labels)
        runner_up = np.where(nearest == place, second, nearest)
        residual = self._away(targets, place)
        margin = self._away(targets, runner_up) - residual
        if len(targets) == 1:
            margin = np.full_like(residual, np.inf)
        away = np.sqrt(((colours - np.array(behind)) ** 2).sum(1))
        # What is farther off is some instance, however far the background drifted.
        near = np.where(away <= FARTHEST_DRIFT, 0, -1)
        legend = legend_of({BACKGROUND: behind}, colours, counts, near, away <= codec.tau, self._flat)
        return SegmentationReading(
            settings,
            self.instruction,
            (BACKGROUND, *(f"{k + 1}" for k in range(len(result)))),
            targets.astype(np.uint8),
            place,
            rejected,
            residual,
            runner_up,
            margin,
            result,
            legend._replace(unasked=()),
            compare_instances(result.labels, self.instruction.classes[0], self.sample),
        )

    def _found(self, codec: InstanceCodec) -> InstanceResult:
        if self._instances is None or self._instances[0] != codec:
            self._instances = codec, _decoded(codec, self.picture)
        return self._instances[1]

    def _nearest_two(self, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each distinct colour the place of the nearest of (n, 3) `targets`, and of the next or -1."""
        key = targets.tobytes()
        if self._two is None or self._two[0] != key:
            self._two = key, *_nearest_two(self._distinct[0], targets)
        return self._two[1:]

    def _away(self, targets: np.ndarray, place: np.ndarray) -> np.ndarray:
        """(H, W) float32: distance of each pixel to a colour of its own."""
        squared = np.zeros(place.shape, np.float32)
        for channel in range(3):
            squared += (self.picture[..., channel] - targets.astype(np.float32)[place, channel]) ** 2
        return np.sqrt(squared)


def _decoded(codec: InstanceCodec, picture: np.ndarray) -> InstanceResult:
    result = codec.decode(picture)
    assert isinstance(result, InstanceResult)
    return result


def _nearest_two(colours: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    best = np.full(len(colours), np.iinfo(np.int32).max, np.int32)
    nearest, second = np.full(len(colours), -1, np.int32), np.full(len(colours), -1, np.int32)
    next_best = best.copy()
    for place, target in enumerate(targets):
        away = ((colours - target) ** 2).sum(1).astype(np.int32)
        closer, next_closer = away < best, away < next_best
        second = np.where(closer, nearest, np.where(next_closer, place, second))
        next_best = np.where(closer, best, np.where(next_closer, away, next_best))
        nearest, best = np.where(closer, place, nearest), np.where(closer, away, best)
    return nearest.astype(np.int32), second.astype(np.int32)
