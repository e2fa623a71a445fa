"""What the segmentation inspector shows of a reading, still without a browser: pictures, charts, figures."""

from __future__ import annotations

import colorsys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from vbanalysis.widgets.charts import Axis, Series, chart
from vbanalysis.widgets.look import Panel, figures_html, png_of_map, webp
from vbanalysis.widgets.readouts import Readout, decimal
from vbanalysis.widgets.segmentation import BACKGROUND, SegmentationInspector, SegmentationReading, Stability

FARTHEST = 64.0
"""Residual of the last colour of the map, in /255."""

REJECTS = np.linspace(0, 128, 65)
"""Thresholds of which the chart shows what they reject, in /255."""

_REJECTED = (128, 128, 128)
_LARGEST, _SMALLEST = 640, 256
_LINE = 320
"""Pixels of a picture to one pixel of an outline's width."""


class SegmentationScreen(NamedTuple):
    """What is shown.

    Attributes:
        panels: The picture, what was decoded, the residual, and the photograph if it is known.
        figures: HTML of the figures.
        charts: HTML of the sizes, and of what a rejection threshold leaves out; the count over `tau` is
            `stability_chart`, for it may take longer.
        readouts: What is read at each pixel that is shown.
        step: Pixels of the picture from one that is shown to the next.
    """

    panels: tuple[Panel, ...]
    figures: str
    charts: str
    readouts: tuple[Readout, ...]
    step: int


class Shown(NamedTuple):
    """A reading at the size at which it is shown: rows and columns left out, or repeated, and none mixed.

    Attributes:
        label: (h, w) int32 place in the reading's `names`, -1 rejected.
        outline: (h, w) bool, where one label meets another.
        ink: (h, w) int32, `label` with outlines in that of the thing, not of the background beside it.
        thin: Every so manieth pixel is shown.
        repeat: So many times.
    """

    label: np.ndarray
    outline: np.ndarray
    ink: np.ndarray
    thin: int
    repeat: int

    @classmethod
    def of(cls, reading: SegmentationReading) -> Shown:
        """Of a reading."""
        thin, repeat = scales(reading.place.shape)
        label = np.where(reading.rejected, -1, reading.place)[::thin, ::thin]
        label = label.repeat(repeat, axis=0).repeat(repeat, axis=1)
        outline, ink = np.zeros(label.shape, bool), label.copy()
        behind = reading.names.index(BACKGROUND) if BACKGROUND in reading.names else -1
        for turn in (lambda array: array, np.transpose):  # across, then down
            of, edges, inks = turn(label), turn(outline), turn(ink)  # views, written through
            meets = of[:, 1:] != of[:, :-1]
            for width in range(1, 2 + max(label.shape) // _LINE):
                here = meets[:, : of.shape[1] - width]
                edges[:, width:] |= here
                np.copyto(inks[:, width:], of[:, :-width], where=here & (of[:, width:] == behind))
        return cls(label, outline, ink, thin, repeat)


def scales(shape: tuple[int, ...]) -> tuple[int, int]:
    """Of a picture of this shape every so manieth pixel is shown, so many times."""
    longest = max(shape[:2])
    return -(-longest // _LARGEST), max(1, _SMALLEST // longest)


def segmentation_screen(
    inspector: SegmentationInspector, reading: SegmentationReading, before: SegmentationReading | None = None
) -> SegmentationScreen:
    """Draw a reading.

    Args:
        inspector: Whose it is.
        reading: What came of a setting.
        before: The one before it, with which the count is compared.
    """
    shown = Shown.of(reading)
    colours = label_colours(reading)
    kind = "instances" if inspector.counts_instances else "classes"
    with ThreadPoolExecutor(3) as pool:  # compression lets other threads run
        decoded = pool.submit(webp, _filled(shown, colours))
        residual = pool.submit(_residual, reading, shown.thin)
        photo = None if _photo(inspector) is None else pool.submit(_outlined, inspector, shown, colours)
    coarse = max(reading.place.shape) < _SMALLEST
    panels = [
        Panel(f"Painted: {inspector.painter}", _painted(inspector), "webp", coarse),
        Panel(f"Decoded {kind}, outlined; rejected grey", decoded.result(), "webp", coarse),
        Panel(
            f"Distance to the colour, 0 dark to {FARTHEST:g}/255 bright; rejected grey",
            residual.result(),
            coarse=coarse,
        ),
    ]
    if photo is not None:
        panels.append(Panel("Input with the outlines of what was decoded", photo.result(), "webp"))
    return SegmentationScreen(
        tuple(panels),
        figures_html(_figures(inspector, reading, before)),
        _charts(inspector, reading),
        segmentation_readouts(reading, shown.thin),
        shown.thin,
    )


def segmentation_readouts(reading: SegmentationReading, step: int = 1) -> tuple[Readout, ...]:
    """Class or instance, residual, runner-up and margin of each pixel, as words.

    Args:
        reading: What came of a setting.
        step: Every so manieth row and column is told.
    """
    instances = reading.instruction.task == "instance"
    names = [name.strip("()") for name in reading.names]
    own = list(names)
    if instances:
        shares = 100 * reading.instances.areas / reading.place.size
        own[1:] = [f"{name} ({share:.2f} %)" for name, share in zip(names[1:], shares, strict=True)]
    place, rejected, runner_up, residual, margin = (
        each[::step, ::step]
        for each in (reading.place, reading.rejected, reading.runner_up, reading.residual, reading.margin)
    )
    told = (*own, *(f"rejected, nearest {name}" for name in names))
    return (
        Readout(
            "instance" if instances else "class", (place + len(names) * rejected).astype(np.uint16), told
        ),
        decimal("residual", residual, "/255"),
        Readout("runner-up", (runner_up + 1).astype(np.uint16), ("none", *names)),
        decimal("margin", margin, "/255"),
    )


def label_colours(reading: SegmentationReading) -> np.ndarray:
    """(n + 1, 3) uint8: a colour for each of the reading's `names`, and one for what is rejected.

    Classes have that of the prompt. Instances have hues of their own: a generator's may look alike.
    """
    if reading.instruction.task != "instance":
        return np.vstack([reading.colours, [_REJECTED]]).astype(np.uint8)
    found = [(20, 20, 20)]
    for k in range(len(reading.names) - 1):
        hue = k * 0.618034 % 1  # successive hues as far apart as can be
        rgb = colorsys.hsv_to_rgb(hue, (0.85, 0.55)[k % 2], (1.0, 0.8, 0.95)[k % 3])
        found.append((round(255 * rgb[0]), round(255 * rgb[1]), round(255 * rgb[2])))
    return np.array([*found, _REJECTED], np.uint8)


def stability_chart(inspector: SegmentationInspector, reading: SegmentationReading, found: Stability) -> str:
    """The count over the tolerance, and whether it is stable around the chosen one, as HTML."""
    what, count = _counted(inspector), len(reading.instances)
    told = f"{what[0].upper()}{what[1:]} over tau, and at the chosen {reading.settings.tau:g}: {count}"
    if found.holds is None:
        told += "; a little more or less changes the count"
    else:
        told += f", the same from {found.holds[0]:g} to {found.holds[1]:g}"
    top = max(4.0, 1.1 * float(max(found.counts.max(), count)))
    chosen = Series("chosen", np.full(2, min(reading.settings.tau, 64.0)), np.array([0.0, count]), "dashed")
    return chart(
        told,
        Axis("tau, /255", 0, 64),
        Axis(what, 0, top),
        [Series("count", found.taus, found.counts.astype(float)), chosen],
    )


def _counted(inspector: SegmentationInspector) -> str:
    return "instances" if inspector.counts_instances else "regions"


def _figures(
    inspector: SegmentationInspector, reading: SegmentationReading, before: SegmentationReading | None
) -> dict[str, str]:
    count, what = len(reading.instances), _counted(inspector)
    change = 0 if before is None else count - len(before.instances)
    told = {
        "asked for": reading.instruction.task,
        what: f"{count} ({change:+d})" if change else f"{count}",
        "rejected": f"{100 * reading.rejected.mean():.2f} %",
    }
    found = reading.compared
    if found is None:
        return told | {"truth": "not known for this prompt"}
    if found.n_true is not None:
        told["true instances"] = f"{found.n_true}"
        told["F1 at IoU 0.5"] = f"{found.f1_50:.3f}"
    elif found.miou is not None:
        told["mIoU" if len(found.iou) > 1 else "IoU"] = f"{found.miou:.4f}"
    return told


def _charts(inspector: SegmentationInspector, reading: SegmentationReading) -> str:
    sizes = 100 * np.sort(reading.instances.areas)[::-1] / reading.place.size
    what = _counted(inspector)
    drawn = chart(
        f"Sizes of the {what}, the largest first; the smallest that counts dashed",
        Axis(what, 0, max(len(sizes), 4) + 1),
        Axis("share of the picture, %", 0.01, 100, log=True),
        [
            Series("", np.arange(len(sizes)) + 1.0, sizes, "bars"),
            Series(
                "smallest",
                np.array([0, max(len(sizes), 4) + 1.0]),
                np.full(2, 100 * reading.settings.min_area),
                "dashed",
            ),
        ],
    )
    if inspector.counts_instances:
        return drawn
    shares = 100 * inspector.rejected_over(REJECTS)
    series = [Series("rejected", REJECTS, np.where(shares > 0, shares, np.nan))]
    if reading.settings.reject is not None:
        at = np.full(2, min(reading.settings.reject, float(REJECTS[-1])))
        left_out = 100 * float(inspector.rejected_over(at)[0])
        series.append(Series("chosen", at, np.array([0.01, left_out]), "dashed"))
    return drawn + chart(
        "Pixels that a threshold of reject leaves out",
        Axis("reject, /255", 0, float(REJECTS[-1])),
        Axis("pixels, %", 0.01, 100, log=True),
        series,
    )


def _filled(shown: Shown, colours: np.ndarray) -> np.ndarray:
    """Labels in their colours, with outlines that are dark on light colours and light on dark ones."""
    light = colours @ np.array([0.299, 0.587, 0.114]) > 128
    table = np.vstack([colours, np.where(light[:, None], [0] * 3, [255] * 3)]).astype(np.uint8)
    index = np.where(shown.label < 0, len(colours) - 1, shown.label)
    return np.asarray(table[index + len(colours) * shown.outline])


def _outlined(inspector: SegmentationInspector, shown: Shown, colours: np.ndarray) -> bytes:
    photo = _photo(inspector)
    assert photo is not None
    drawn = photo.copy()
    places = np.nonzero(shown.outline)
    drawn[places] = colours[shown.ink[places]]  # -1 is the last one
    return webp(drawn)


def _residual(reading: SegmentationReading, thin: int) -> bytes:
    shown = reading.residual[::thin, ::thin].copy()
    shown[reading.rejected[::thin, ::thin]] = np.inf
    return png_of_map(shown, 0, FARTHEST, "magma")


@lru_cache(maxsize=4)
def _painted(inspector: SegmentationInspector) -> bytes:
    thin, _ = scales(inspector.picture.shape)
    return webp(inspector.picture[::thin, ::thin])


@lru_cache(maxsize=4)
def _photo(inspector: SegmentationInspector) -> np.ndarray | None:
    """The input at the size at which labels are shown."""
    if inspector.sample is None or inspector.sample.image is None:
        return None
    thin, repeat = scales(inspector.picture.shape)
    height, width = (-(-side // thin) * repeat for side in inspector.picture.shape[:2])
    image = Image.fromarray(np.ascontiguousarray(inspector.sample.image))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))
